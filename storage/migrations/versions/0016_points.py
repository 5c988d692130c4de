"""Residents' points

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('point_entries',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.String(length=60), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('report', 'consultation', 'rating', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('points', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('taken_back_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_point_entries_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'source', 'person_id', name=op.f('pk_point_entries'))
    )
    with op.batch_alter_table('point_entries') as batch_op:
        batch_op.create_index(batch_op.f('ix_point_entries_compound_id_at'), ['compound_id', 'at'], unique=False)
        batch_op.create_index('ix_point_entries_person_id', ['person_id'], unique=False)

    op.create_table('point_settings',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('on_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('swept_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_point_settings_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', name=op.f('pk_point_settings'))
    )
    with op.batch_alter_table('point_settings') as batch_op:
        batch_op.create_index(batch_op.f('ix_point_settings_swept_at'), ['swept_at'], unique=False)


def downgrade() -> None:
    op.drop_table('point_settings')
    op.drop_table('point_entries')
