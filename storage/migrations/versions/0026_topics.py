"""Topics

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('topics',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('topic_number', _BIG, nullable=False),
    sa.Column('template', sa.String(length=40), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('open', 'done', 'ended', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('step', sa.Enum('propose', 'discuss', 'decide', 'execute', 'review', name='step', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('entry', sa.Integer(), nullable=False),
    sa.Column('lawful', sa.Boolean(), nullable=False),
    sa.Column('items', sa.JSON(), nullable=False),
    sa.Column('matter_number', _BIG, nullable=True),
    sa.Column('vote_number', _BIG, nullable=True),
    sa.Column('poll_number', _BIG, nullable=True),
    sa.Column('work', sa.JSON(), nullable=False),
    sa.Column('created_by', _BIG, nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('remind_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('overdue_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_topics_compound_id_compounds')),
    sa.ForeignKeyConstraint(['created_by'], ['persons.person_id'], name=op.f('fk_topics_created_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'topic_number', name=op.f('pk_topics'))
    )
    with op.batch_alter_table('topics') as batch_op:
        batch_op.create_index(batch_op.f('ix_topics_compound_id_state'), ['compound_id', 'state'], unique=False)
        batch_op.create_index('ix_topics_next_at', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
    op.create_table('topic_documents',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('topic_number', _BIG, nullable=False),
    sa.Column('document_number', sa.Integer(), nullable=False),
    sa.Column('entry', sa.Integer(), nullable=False),
    sa.Column('step', sa.Enum('propose', 'discuss', 'decide', 'execute', 'review', name='step', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('milestone', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('public', sa.Boolean(), nullable=False),
    sa.Column('made_by', _BIG, nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'topic_number'], ['topics.compound_id', 'topics.topic_number'], name=op.f('fk_topic_documents_compound_id_topic_number_topics')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_topic_documents_compound_id_compounds')),
    sa.ForeignKeyConstraint(['made_by'], ['persons.person_id'], name=op.f('fk_topic_documents_made_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'topic_number', 'document_number', name=op.f('pk_topic_documents'))
    )
    with op.batch_alter_table('topic_documents') as batch_op:
        batch_op.create_index(batch_op.f('ix_topic_documents_compound_id_address'), ['compound_id', 'address'], unique=False)
    op.create_table('topic_events',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('topic_number', _BIG, nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('command_key', sa.String(length=80), nullable=False),
    sa.Column('verb', sa.Enum('proposed', 'advanced', 'skipped', 'went_back', 'finished', 'ended', 'task_done', 'document_added', 'vote_required', 'vote_linked', 'decided', 'milestone_planned', 'milestone_done', 'elected', 'representative_named', 'signed', 'refused', 'paper_entered', 'objected', 'answered', 'poll_started', 'stated', 'reminded', 'overdue', name='verb', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('step', sa.Enum('propose', 'discuss', 'decide', 'execute', 'review', name='step', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_id', _BIG, nullable=True),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['persons.person_id'], name=op.f('fk_topic_events_actor_id_persons')),
    sa.ForeignKeyConstraint(['compound_id', 'topic_number'], ['topics.compound_id', 'topics.topic_number'], name=op.f('fk_topic_events_compound_id_topic_number_topics')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_topic_events_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'topic_number', 'seq', name=op.f('pk_topic_events')),
    sa.UniqueConstraint('compound_id', 'topic_number', 'command_key', name=op.f('uq_topic_events_compound_id_topic_number_command_key'))
    )
    op.create_table('topic_objections',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('topic_number', _BIG, nullable=False),
    sa.Column('objection_number', sa.Integer(), nullable=False),
    sa.Column('entry', sa.Integer(), nullable=False),
    sa.Column('step', sa.Enum('propose', 'discuss', 'decide', 'execute', 'review', name='step', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('state', sa.Enum('open', 'accepted', 'declined', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('person_id', _BIG, nullable=True),
    sa.Column('entered_by', _BIG, nullable=True),
    sa.Column('text_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('decided_by', _BIG, nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'topic_number'], ['topics.compound_id', 'topics.topic_number'], name=op.f('fk_topic_objections_compound_id_topic_number_topics')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_topic_objections_compound_id_compounds')),
    sa.ForeignKeyConstraint(['decided_by'], ['persons.person_id'], name=op.f('fk_topic_objections_decided_by_persons')),
    sa.ForeignKeyConstraint(['entered_by'], ['persons.person_id'], name=op.f('fk_topic_objections_entered_by_persons')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_topic_objections_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'topic_number', 'objection_number', name=op.f('pk_topic_objections')),
    sa.UniqueConstraint('compound_id', 'topic_number', 'entry', 'person_id', name=op.f('uq_topic_objections_compound_id_topic_number_entry_person_id'))
    )
    with op.batch_alter_table('topic_objections') as batch_op:
        batch_op.create_index('ix_topic_objections_person_id', ['person_id'], unique=False)
    op.create_table('topic_representatives',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('topic_number', _BIG, nullable=False),
    sa.Column('representative_number', sa.Integer(), nullable=False),
    sa.Column('person_id', _BIG, nullable=True),
    sa.Column('name_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('unit_code', sa.String(length=60), nullable=False),
    sa.Column('accepts', sa.Boolean(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('paper_accepts', sa.Boolean(), nullable=True),
    sa.Column('paper_reason', sa.Text(), nullable=False),
    sa.Column('paper_by', _BIG, nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'topic_number'], ['topics.compound_id', 'topics.topic_number'], name=op.f('fk_topic_representatives_compound_id_topic_number_topics')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_topic_representatives_compound_id_compounds')),
    sa.ForeignKeyConstraint(['paper_by'], ['persons.person_id'], name=op.f('fk_topic_representatives_paper_by_persons')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_topic_representatives_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'topic_number', 'representative_number', name=op.f('pk_topic_representatives')),
    sa.UniqueConstraint('compound_id', 'topic_number', 'person_id', name=op.f('uq_topic_representatives_compound_id_topic_number_person_id'))
    )
    with op.batch_alter_table('topic_representatives') as batch_op:
        batch_op.create_index('ix_topic_representatives_person_id', ['person_id'], unique=False)


def downgrade() -> None:
    op.drop_table('topic_representatives')
    op.drop_table('topic_objections')
    op.drop_table('topic_events')
    op.drop_table('topic_documents')
    op.drop_table('topics')
