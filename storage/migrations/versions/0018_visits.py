"""Homes to visit, and stewards on the spot

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('steward_visits',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('visited_on', sa.Date(), nullable=False),
    sa.Column('place_code', sa.String(length=60), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_steward_visits_compound_id_compounds')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_steward_visits_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'person_id', 'visited_on', name=op.f('pk_steward_visits'))
    )
    with op.batch_alter_table('steward_visits') as batch_op:
        batch_op.create_index('ix_steward_visits_person_id', ['person_id', 'visited_on'], unique=False)

    op.create_table('visit_plans',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('household_lookup', sa.LargeBinary(), nullable=True),
    sa.Column('household_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('level', sa.Enum('weekly', 'monthly', 'quarterly', 'general', name='level', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('reason_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('worker_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('begun_on', sa.Date(), nullable=False),
    sa.Column('met_on', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_visit_plans_compound_id_compounds')),
    sa.ForeignKeyConstraint(['worker_id'], ['persons.person_id'], name=op.f('fk_visit_plans_worker_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'number', name=op.f('pk_visit_plans')),
    sa.UniqueConstraint('compound_id', 'household_lookup', name=op.f('uq_visit_plans_compound_id_household_lookup'))
    )
    with op.batch_alter_table('visit_plans') as batch_op:
        batch_op.create_index('ix_visit_plans_worker_id', ['worker_id'], unique=False, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.create_table('home_visits',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('visited_on', sa.Date(), nullable=False),
    sa.Column('visited_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('met', sa.Boolean(), nullable=False),
    sa.Column('note_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'number'], ['visit_plans.compound_id', 'visit_plans.number'], name=op.f('fk_home_visits_compound_id_number_visit_plans')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_home_visits_compound_id_compounds')),
    sa.ForeignKeyConstraint(['visited_by'], ['persons.person_id'], name=op.f('fk_home_visits_visited_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'number', 'seq', name=op.f('pk_home_visits'))
    )
    with op.batch_alter_table('home_visits') as batch_op:
        batch_op.create_index('ix_home_visits_recorded_at', ['recorded_at'], unique=False)


def downgrade() -> None:
    op.drop_table('home_visits')
    op.drop_table('visit_plans')
    op.drop_table('steward_visits')
