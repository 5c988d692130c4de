"""The weekly round for hazards

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('hazard_findings',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('opinion_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('week', sa.String(length=10), nullable=False),
    sa.Column('item', sa.String(length=40), nullable=False),
    sa.Column('found_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'opinion_number'], ['opinions.compound_id', 'opinions.number'], name=op.f('fk_hazard_findings_compound_id_opinion_number_opinions')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_hazard_findings_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'opinion_number', name=op.f('pk_hazard_findings'))
    )
    with op.batch_alter_table('hazard_findings') as batch_op:
        batch_op.create_index(batch_op.f('ix_hazard_findings_compound_id_week'), ['compound_id', 'week'], unique=False)

    op.create_table('hazard_lists',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('week', sa.String(length=10), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('items', sa.JSON(), nullable=False),
    sa.Column('seen', sa.JSON(), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_hazard_lists_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'week', 'person_id', name=op.f('pk_hazard_lists'))
    )
    with op.batch_alter_table('hazard_lists') as batch_op:
        batch_op.create_index('ix_hazard_lists_person_id', ['person_id'], unique=False)

    op.create_table('hazard_settings',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('weekly', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_hazard_settings_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', name=op.f('pk_hazard_settings'))
    )


def downgrade() -> None:
    op.drop_table('hazard_settings')
    op.drop_table('hazard_lists')
    op.drop_table('hazard_findings')
