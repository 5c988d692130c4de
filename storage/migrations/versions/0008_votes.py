"""Owners' votes: the roll, votes, ballots, their log; polls

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

APPEND_ONLY = ('ballots', 'ballot_units', 'vote_leaves', 'vote_log_entries', 'vote_checkpoints')


def _append_only(table: str) -> None:
    """On PostgreSQL by the function that came with the audit log."""
    if op.get_bind().dialect.name == 'sqlite':
        for verb in ('UPDATE', 'DELETE'):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def upgrade() -> None:
    op.create_table('binding_attempts',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('attempt_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit_code', sa.String(length=60), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_binding_attempts_compound_id_compounds')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_binding_attempts_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'attempt_id', name=op.f('pk_binding_attempts'))
    )
    with op.batch_alter_table('binding_attempts') as batch_op:
        batch_op.create_index(batch_op.f('ix_binding_attempts_compound_id_person_id_at'), ['compound_id', 'person_id', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_binding_attempts_compound_id_unit_code_at'), ['compound_id', 'unit_code', 'at'], unique=False)

    op.create_table('polls',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('poll_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('straw', 'satisfaction', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('choose', sa.Integer(), nullable=False),
    sa.Column('places', sa.JSON(), nullable=False),
    sa.Column('about', sa.JSON(), nullable=False),
    sa.Column('created_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opens_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_polls_compound_id_compounds')),
    sa.ForeignKeyConstraint(['created_by'], ['persons.person_id'], name=op.f('fk_polls_created_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'poll_number', name=op.f('pk_polls'))
    )
    with op.batch_alter_table('polls') as batch_op:
        batch_op.create_index(batch_op.f('ix_polls_compound_id_closes_at'), ['compound_id', 'closes_at'], unique=False)

    op.create_table('roll_objections',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit_code', sa.String(length=60), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('text_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('open', 'accepted', 'declined', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_roll_objections_compound_id_compounds')),
    sa.ForeignKeyConstraint(['decided_by'], ['persons.person_id'], name=op.f('fk_roll_objections_decided_by_persons')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_roll_objections_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'number', name=op.f('pk_roll_objections'))
    )
    with op.batch_alter_table('roll_objections') as batch_op:
        batch_op.create_index(batch_op.f('ix_roll_objections_compound_id_state'), ['compound_id', 'state'], unique=False)
        batch_op.create_index('ix_roll_objections_person_id', ['person_id'], unique=False)

    op.create_table('roll_owners',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('person', 'company', 'developer', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('name_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('document_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('document_lookup', sa.LargeBinary(), nullable=True),
    sa.Column('document_tail', sa.LargeBinary(), nullable=True),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('phone_lookup', sa.LargeBinary(), nullable=True),
    sa.Column('minor', sa.Boolean(), nullable=False),
    sa.Column('guardian_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_roll_owners_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'owner_number', name=op.f('pk_roll_owners'))
    )
    with op.batch_alter_table('roll_owners') as batch_op:
        batch_op.create_index(batch_op.f('ix_roll_owners_compound_id_document_lookup'), ['compound_id', 'document_lookup'], unique=False)
        batch_op.create_index(batch_op.f('ix_roll_owners_compound_id_phone_lookup'), ['compound_id', 'phone_lookup'], unique=False)

    op.create_table('roll_units',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit_code', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.Enum('residential', 'shop', 'parking', 'developer_unsold', 'sold_undelivered', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('building', sa.String(length=20), nullable=False),
    sa.Column('entrance', sa.String(length=20), nullable=False),
    sa.Column('room', sa.String(length=40), nullable=False),
    sa.Column('area_register', sa.BigInteger(), nullable=True),
    sa.Column('area_survey', sa.BigInteger(), nullable=True),
    sa.Column('area_contract', sa.BigInteger(), nullable=True),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_roll_units_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'unit_code', name=op.f('pk_roll_units'))
    )
    with op.batch_alter_table('roll_units') as batch_op:
        batch_op.create_index(batch_op.f('ix_roll_units_compound_id_building'), ['compound_id', 'building'], unique=False)

    op.create_table('unsealed_leaves',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('leaf_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_unsealed_leaves_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'leaf_id', name=op.f('pk_unsealed_leaves'))
    )
    op.create_table('votes',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.Enum('draft', 'linted', 'noticed', 'open', 'closed', 'tallied', 'published', 'final', 'revoked', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('mode', sa.Enum('here', 'official_platform', name='mode', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('linted_revision', sa.Integer(), nullable=True),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('template', sa.String(length=40), nullable=False),
    sa.Column('profile', sa.String(length=40), nullable=False),
    sa.Column('rules', sa.JSON(), nullable=False),
    sa.Column('convener', sa.JSON(), nullable=False),
    sa.Column('checked', sa.JSON(), nullable=False),
    sa.Column('operator_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('noticed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('opens_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tallied_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('final_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('roll_root', sa.LargeBinary(), nullable=True),
    sa.Column('roll_persons', sa.Integer(), nullable=True),
    sa.Column('roll_area', sa.BigInteger(), nullable=True),
    sa.Column('result', sa.JSON(), nullable=True),
    sa.Column('revoked_reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_votes_compound_id_compounds')),
    sa.ForeignKeyConstraint(['operator_id'], ['persons.person_id'], name=op.f('fk_votes_operator_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', name=op.f('pk_votes'))
    )
    with op.batch_alter_table('votes') as batch_op:
        batch_op.create_index(batch_op.f('ix_votes_compound_id_state'), ['compound_id', 'state'], unique=False)
        batch_op.create_index('ix_votes_next_at', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))

    op.create_table('ballot_papers',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('serial', sa.String(length=32), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner_key', sa.String(length=32), nullable=False),
    sa.Column('state', sa.Enum('printed', 'received', 'entered', 'matched', 'mismatched', 'voided', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('printed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('received_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('batch', sa.String(length=32), nullable=True),
    sa.Column('first_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('first_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('second_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('second_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('second_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('proxy_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('scan_address', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_ballot_papers_compound_id_vote_number_votes')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_ballot_papers_compound_id_compounds')),
    sa.ForeignKeyConstraint(['first_by'], ['persons.person_id'], name=op.f('fk_ballot_papers_first_by_persons')),
    sa.ForeignKeyConstraint(['received_by'], ['persons.person_id'], name=op.f('fk_ballot_papers_received_by_persons')),
    sa.ForeignKeyConstraint(['second_by'], ['persons.person_id'], name=op.f('fk_ballot_papers_second_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'serial', name=op.f('pk_ballot_papers'))
    )
    with op.batch_alter_table('ballot_papers') as batch_op:
        batch_op.create_index(batch_op.f('ix_ballot_papers_compound_id_vote_number_owner_key'), ['compound_id', 'vote_number', 'owner_key'], unique=False)

    op.create_table('ballot_slots',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit_code', sa.String(length=60), nullable=False),
    sa.Column('ballot_id', sa.String(length=32), nullable=False),
    sa.Column('channel', sa.Enum('online', 'paper', 'phone', name='channel', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('changes', sa.Integer(), nullable=False),
    sa.Column('contested', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_ballot_slots_compound_id_vote_number_votes')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_ballot_slots_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'unit_code', name=op.f('pk_ballot_slots'))
    )
    op.create_table('ballots',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('ballot_id', sa.String(length=32), nullable=False),
    sa.Column('cast_key', sa.String(length=64), nullable=False),
    sa.Column('channel', sa.Enum('online', 'paper', 'phone', name='channel', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('cast_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('owner_key', sa.String(length=32), nullable=False),
    sa.Column('voter', sa.String(length=40), nullable=True),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('proxy', sa.String(length=40), nullable=True),
    sa.Column('serial', sa.String(length=32), nullable=True),
    sa.Column('choices_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('nonce_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('leaf_hash', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_ballots_compound_id_vote_number_votes')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_ballots_compound_id_compounds')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_ballots_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'ballot_id', name=op.f('pk_ballots')),
    sa.UniqueConstraint('compound_id', 'vote_number', 'cast_key', name=op.f('uq_ballots_compound_id_vote_number_cast_key'))
    )
    with op.batch_alter_table('ballots') as batch_op:
        batch_op.create_index(batch_op.f('ix_ballots_compound_id_vote_number_owner_key'), ['compound_id', 'vote_number', 'owner_key'], unique=False)
        batch_op.create_index('ix_ballots_person_id', ['person_id'], unique=False)

    op.create_table('canvass_contacts',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit_code', sa.String(length=60), nullable=False),
    sa.Column('state', sa.Enum('reached', 'paper_given', 'refused', 'moved', 'absent', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('noted_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_canvass_contacts_compound_id_vote_number_votes')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_canvass_contacts_compound_id_compounds')),
    sa.ForeignKeyConstraint(['noted_by'], ['persons.person_id'], name=op.f('fk_canvass_contacts_noted_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'unit_code', name=op.f('pk_canvass_contacts'))
    )
    op.create_table('owner_bindings',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('binding_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.Enum('pending', 'bound', 'contested', 'revoked', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('possession', sa.String(length=16), nullable=False),
    sa.Column('possession_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('knowledge', sa.String(length=16), nullable=True),
    sa.Column('approved_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('seconded_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('bound_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['approved_by'], ['persons.person_id'], name=op.f('fk_owner_bindings_approved_by_persons')),
    sa.ForeignKeyConstraint(['compound_id', 'owner_number'], ['roll_owners.compound_id', 'roll_owners.owner_number'], name=op.f('fk_owner_bindings_compound_id_owner_number_roll_owners')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_owner_bindings_compound_id_compounds')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_owner_bindings_person_id_persons')),
    sa.ForeignKeyConstraint(['seconded_by'], ['persons.person_id'], name=op.f('fk_owner_bindings_seconded_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'binding_number', name=op.f('pk_owner_bindings'))
    )
    with op.batch_alter_table('owner_bindings') as batch_op:
        batch_op.create_index('ix_owner_bindings_person_id', ['person_id'], unique=False)
        batch_op.create_index('uq_owner_bindings_standing', ['compound_id', 'owner_number', 'person_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.create_table('poll_answers',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('poll_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('ticked', sa.JSON(), nullable=False),
    sa.Column('home_code', sa.String(length=60), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'poll_number'], ['polls.compound_id', 'polls.poll_number'], name=op.f('fk_poll_answers_compound_id_poll_number_polls')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_poll_answers_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'poll_number', 'person_id', name=op.f('pk_poll_answers'))
    )
    with op.batch_alter_table('poll_answers') as batch_op:
        batch_op.create_index('ix_poll_answers_person_id', ['person_id'], unique=False)

    op.create_table('roll_titles',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit_code', sa.String(length=60), nullable=False),
    sa.Column('owner_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('representative', sa.Boolean(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'owner_number'], ['roll_owners.compound_id', 'roll_owners.owner_number'], name=op.f('fk_roll_titles_compound_id_owner_number_roll_owners')),
    sa.ForeignKeyConstraint(['compound_id', 'unit_code'], ['roll_units.compound_id', 'roll_units.unit_code'], name=op.f('fk_roll_titles_compound_id_unit_code_roll_units')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_roll_titles_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'unit_code', 'owner_number', 'since', name=op.f('pk_roll_titles'))
    )
    with op.batch_alter_table('roll_titles') as batch_op:
        batch_op.create_index(batch_op.f('ix_roll_titles_compound_id_owner_number'), ['compound_id', 'owner_number'], unique=False)

    op.create_table('unit_codes',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code_lookup', sa.LargeBinary(), nullable=False),
    sa.Column('unit_code', sa.String(length=60), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('issued_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('used_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'unit_code'], ['roll_units.compound_id', 'roll_units.unit_code'], name=op.f('fk_unit_codes_compound_id_unit_code_roll_units')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_unit_codes_compound_id_compounds')),
    sa.ForeignKeyConstraint(['issued_by'], ['persons.person_id'], name=op.f('fk_unit_codes_issued_by_persons')),
    sa.ForeignKeyConstraint(['used_by'], ['persons.person_id'], name=op.f('fk_unit_codes_used_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'code_lookup', name=op.f('pk_unit_codes'))
    )
    with op.batch_alter_table('unit_codes') as batch_op:
        batch_op.create_index(batch_op.f('ix_unit_codes_compound_id_unit_code'), ['compound_id', 'unit_code'], unique=False)

    op.create_table('vote_cases',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('case_number', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('subject', sa.String(length=80), nullable=False),
    sa.Column('person', sa.String(length=32), nullable=False),
    sa.Column('question_id', sa.String(length=16), nullable=True),
    sa.Column('state', sa.Enum('open', 'ruled', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decision_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('decided_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('seconded_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('ruled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('nonce_sealed', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_vote_cases_compound_id_vote_number_votes')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_vote_cases_compound_id_compounds')),
    sa.ForeignKeyConstraint(['decided_by'], ['persons.person_id'], name=op.f('fk_vote_cases_decided_by_persons')),
    sa.ForeignKeyConstraint(['seconded_by'], ['persons.person_id'], name=op.f('fk_vote_cases_seconded_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'case_number', name=op.f('pk_vote_cases')),
    sa.UniqueConstraint('compound_id', 'vote_number', 'kind', 'subject', name=op.f('uq_vote_cases_compound_id_vote_number_kind_subject'))
    )
    op.create_table('vote_checkpoints',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.String(length=16), nullable=False),
    sa.Column('key_id', sa.String(length=16), nullable=False),
    sa.Column('signature', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_vote_checkpoints_compound_id_vote_number_votes')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_vote_checkpoints_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'size', name=op.f('pk_vote_checkpoints'))
    )
    op.create_table('vote_documents',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_number', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('public', sa.Boolean(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_vote_documents_compound_id_vote_number_votes')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_vote_documents_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'document_number', name=op.f('pk_vote_documents'))
    )
    op.create_table('vote_leaves',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('leaf_id', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('entry', sa.Text(), nullable=False),
    sa.Column('leaf_hash', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_vote_leaves_compound_id_vote_number_votes')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_vote_leaves_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'leaf_id', name=op.f('pk_vote_leaves'))
    )
    op.create_table('vote_owners',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner_key', sa.String(length=32), nullable=False),
    sa.Column('owner_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'owner_number'], ['roll_owners.compound_id', 'roll_owners.owner_number'], name=op.f('fk_vote_owners_compound_id_owner_number_roll_owners')),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_vote_owners_compound_id_vote_number_votes')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_vote_owners_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'owner_key', 'owner_number', name=op.f('pk_vote_owners'))
    )
    with op.batch_alter_table('vote_owners') as batch_op:
        batch_op.create_index(batch_op.f('ix_vote_owners_compound_id_vote_number_owner_number'), ['compound_id', 'vote_number', 'owner_number'], unique=False)

    op.create_table('vote_questions',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('question_id', sa.String(length=16), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('item', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_vote_questions_compound_id_vote_number_votes')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_vote_questions_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'question_id', name=op.f('pk_vote_questions'))
    )
    op.create_table('vote_units',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit_code', sa.String(length=60), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('owner_key', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.Enum('residential', 'shop', 'parking', 'developer_unsold', 'sold_undelivered', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('building', sa.String(length=20), nullable=False),
    sa.Column('entrance', sa.String(length=20), nullable=False),
    sa.Column('room', sa.String(length=40), nullable=False),
    sa.Column('area', sa.BigInteger(), nullable=False),
    sa.Column('area_basis', sa.String(length=10), nullable=False),
    sa.Column('co_owned', sa.Boolean(), nullable=False),
    sa.Column('owner_minor', sa.Boolean(), nullable=False),
    sa.Column('representative', sa.String(length=32), nullable=True),
    sa.Column('salt', sa.LargeBinary(), nullable=False),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_vote_units_compound_id_vote_number_votes')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_vote_units_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'unit_code', name=op.f('pk_vote_units'))
    )
    with op.batch_alter_table('vote_units') as batch_op:
        batch_op.create_index(batch_op.f('ix_vote_units_compound_id_vote_number_owner_key'), ['compound_id', 'vote_number', 'owner_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_vote_units_compound_id_vote_number_position'), ['compound_id', 'vote_number', 'position'], unique=False)

    op.create_table('ballot_units',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('ballot_id', sa.String(length=32), nullable=False),
    sa.Column('unit_code', sa.String(length=60), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number', 'ballot_id'], ['ballots.compound_id', 'ballots.vote_number', 'ballots.ballot_id'], name=op.f('fk_ballot_units_compound_id_vote_number_ballot_id_ballots')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_ballot_units_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'ballot_id', 'unit_code', name=op.f('pk_ballot_units'))
    )
    with op.batch_alter_table('ballot_units') as batch_op:
        batch_op.create_index(batch_op.f('ix_ballot_units_compound_id_vote_number_unit_code'), ['compound_id', 'vote_number', 'unit_code'], unique=False)

    op.create_table('vote_log_entries',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vote_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('log_index', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('leaf_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number', 'leaf_id'], ['vote_leaves.compound_id', 'vote_leaves.vote_number', 'vote_leaves.leaf_id'], name=op.f('fk_vote_log_entries_compound_id_vote_number_leaf_id_vote_leaves')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_vote_log_entries_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'log_index', name=op.f('pk_vote_log_entries')),
    sa.UniqueConstraint('compound_id', 'vote_number', 'leaf_id', name=op.f('uq_vote_log_entries_compound_id_vote_number_leaf_id'))
    )

    for table in APPEND_ONLY:
        _append_only(table)


def downgrade() -> None:
    op.drop_table('vote_log_entries')
    with op.batch_alter_table('ballot_units') as batch_op:
        batch_op.drop_index(batch_op.f('ix_ballot_units_compound_id_vote_number_unit_code'))

    op.drop_table('ballot_units')
    with op.batch_alter_table('vote_units') as batch_op:
        batch_op.drop_index(batch_op.f('ix_vote_units_compound_id_vote_number_position'))
        batch_op.drop_index(batch_op.f('ix_vote_units_compound_id_vote_number_owner_key'))

    op.drop_table('vote_units')
    op.drop_table('vote_questions')
    with op.batch_alter_table('vote_owners') as batch_op:
        batch_op.drop_index(batch_op.f('ix_vote_owners_compound_id_vote_number_owner_number'))

    op.drop_table('vote_owners')
    op.drop_table('vote_leaves')
    op.drop_table('vote_documents')
    op.drop_table('vote_checkpoints')
    op.drop_table('vote_cases')
    with op.batch_alter_table('unit_codes') as batch_op:
        batch_op.drop_index(batch_op.f('ix_unit_codes_compound_id_unit_code'))

    op.drop_table('unit_codes')
    with op.batch_alter_table('roll_titles') as batch_op:
        batch_op.drop_index(batch_op.f('ix_roll_titles_compound_id_owner_number'))

    op.drop_table('roll_titles')
    with op.batch_alter_table('poll_answers') as batch_op:
        batch_op.drop_index('ix_poll_answers_person_id')

    op.drop_table('poll_answers')
    with op.batch_alter_table('owner_bindings') as batch_op:
        batch_op.drop_index('uq_owner_bindings_standing', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.drop_index('ix_owner_bindings_person_id')

    op.drop_table('owner_bindings')
    op.drop_table('canvass_contacts')
    with op.batch_alter_table('ballots') as batch_op:
        batch_op.drop_index('ix_ballots_person_id')
        batch_op.drop_index(batch_op.f('ix_ballots_compound_id_vote_number_owner_key'))

    op.drop_table('ballots')
    op.drop_table('ballot_slots')
    with op.batch_alter_table('ballot_papers') as batch_op:
        batch_op.drop_index(batch_op.f('ix_ballot_papers_compound_id_vote_number_owner_key'))

    op.drop_table('ballot_papers')
    with op.batch_alter_table('votes') as batch_op:
        batch_op.drop_index('ix_votes_next_at', sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_votes_compound_id_state'))

    op.drop_table('votes')
    op.drop_table('unsealed_leaves')
    with op.batch_alter_table('roll_units') as batch_op:
        batch_op.drop_index(batch_op.f('ix_roll_units_compound_id_building'))

    op.drop_table('roll_units')
    with op.batch_alter_table('roll_owners') as batch_op:
        batch_op.drop_index(batch_op.f('ix_roll_owners_compound_id_phone_lookup'))
        batch_op.drop_index(batch_op.f('ix_roll_owners_compound_id_document_lookup'))

    op.drop_table('roll_owners')
    with op.batch_alter_table('roll_objections') as batch_op:
        batch_op.drop_index('ix_roll_objections_person_id')
        batch_op.drop_index(batch_op.f('ix_roll_objections_compound_id_state'))

    op.drop_table('roll_objections')
    with op.batch_alter_table('polls') as batch_op:
        batch_op.drop_index(batch_op.f('ix_polls_compound_id_closes_at'))

    op.drop_table('polls')
    with op.batch_alter_table('binding_attempts') as batch_op:
        batch_op.drop_index(batch_op.f('ix_binding_attempts_compound_id_unit_code_at'))
        batch_op.drop_index(batch_op.f('ix_binding_attempts_compound_id_person_id_at'))

    op.drop_table('binding_attempts')
