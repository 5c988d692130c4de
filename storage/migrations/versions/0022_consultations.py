"""The monthly consultation: plans, meetings, agendas, who comes

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_WAITS = {'sqlite_where': sa.text('next_at IS NOT NULL'), 'postgresql_where': sa.text('next_at IS NOT NULL')}


def upgrade() -> None:
    op.create_table('consultation_plans',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('meets_by', sa.Enum('date', 'weekday', name='meets_by', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('day', sa.Integer(), nullable=False),
    sa.Column('nth', sa.Integer(), nullable=False),
    sa.Column('weekday', sa.Integer(), nullable=False),
    sa.Column('minute', sa.Integer(), nullable=False),
    sa.Column('form', sa.Enum('bench', 'courtyard', 'sunshine', 'online', name='form', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_consultation_plans_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', name=op.f('pk_consultation_plans'))
    )
    op.create_table('consultations',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('meets_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('form', sa.Enum('bench', 'courtyard', 'sunshine', 'online', name='form', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('agreed_by', _BIG, nullable=True),
    sa.Column('moved', sa.Integer(), nullable=False),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('noticed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('told_after', _BIG, nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('late_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attended', sa.Integer(), nullable=True),
    sa.Column('present', sa.JSON(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('recorded_by', _BIG, nullable=True),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_why', sa.String(length=200), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['agreed_by'], ['persons.person_id'], name=op.f('fk_consultations_agreed_by_persons')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_consultations_compound_id_compounds')),
    sa.ForeignKeyConstraint(['recorded_by'], ['persons.person_id'], name=op.f('fk_consultations_recorded_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'month', name=op.f('pk_consultations'))
    )
    with op.batch_alter_table('consultations') as batch_op:
        batch_op.create_index('ix_consultations_next_at', ['next_at'], unique=False, **_WAITS)
    op.create_table('consultation_items',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('item_number', _BIG, nullable=False),
    sa.Column('month', sa.String(length=7), nullable=True),
    sa.Column('source', sa.Enum('matter', 'resident', 'committee', 'promise', name='source', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('state', sa.Enum('proposed', 'on', 'dropped', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('said', sa.Text(), nullable=True),
    sa.Column('why', sa.String(length=200), nullable=False),
    sa.Column('person_id', _BIG, nullable=True),
    sa.Column('matter_number', _BIG, nullable=True),
    sa.Column('topic_number', _BIG, nullable=True),
    sa.Column('from_item', _BIG, nullable=True),
    sa.Column('answer', sa.String(length=500), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', sa.Enum('order', 'topic', 'mediation', 'answered', 'deferred', name='outcome', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('outcome_words', sa.String(length=500), nullable=False),
    sa.Column('holder', sa.String(length=60), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_words', sa.String(length=500), nullable=False),
    sa.Column('carried_to', _BIG, nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'month'], ['consultations.compound_id', 'consultations.month'], name=op.f('fk_consultation_items_compound_id_month_consultations')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_consultation_items_compound_id_compounds')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_consultation_items_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'item_number', name=op.f('pk_consultation_items'))
    )
    with op.batch_alter_table('consultation_items') as batch_op:
        batch_op.create_index(batch_op.f('ix_consultation_items_compound_id_month'), ['compound_id', 'month'], unique=False)
        batch_op.create_index('ix_consultation_items_person_id', ['person_id'], unique=False)
    op.create_table('consultation_seats',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('person_id', _BIG, nullable=False),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('name_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('came', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'month'], ['consultations.compound_id', 'consultations.month'], name=op.f('fk_consultation_seats_compound_id_month_consultations')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_consultation_seats_compound_id_compounds')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_consultation_seats_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'month', 'person_id', name=op.f('pk_consultation_seats'))
    )
    with op.batch_alter_table('consultation_seats') as batch_op:
        batch_op.create_index('ix_consultation_seats_person_id', ['person_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('consultation_seats') as batch_op:
        batch_op.drop_index('ix_consultation_seats_person_id')
    op.drop_table('consultation_seats')
    with op.batch_alter_table('consultation_items') as batch_op:
        batch_op.drop_index('ix_consultation_items_person_id')
        batch_op.drop_index(batch_op.f('ix_consultation_items_compound_id_month'))
    op.drop_table('consultation_items')
    with op.batch_alter_table('consultations') as batch_op:
        batch_op.drop_index('ix_consultations_next_at')
    op.drop_table('consultations')
    op.drop_table('consultation_plans')
