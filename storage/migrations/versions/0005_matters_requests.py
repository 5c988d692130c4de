"""Matters, requests, photos, learning

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('tag_models',
    sa.Column('version', sa.String(length=40), nullable=False),
    sa.Column('trained_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('trained', 'active', 'retired', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('version', name=op.f('pk_tag_models'))
    )
    op.create_table('replays',
    sa.Column('replay_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.String(length=40), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('requested_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('only_compound', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('after_compound', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('after_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('changed', sa.Integer(), nullable=False),
    sa.Column('lease_owner', sa.String(length=40), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['requested_by'], ['persons.person_id'], name=op.f('fk_replays_requested_by_persons')),
    sa.PrimaryKeyConstraint('replay_id', name=op.f('pk_replays'))
    )
    op.create_table('dispatch_rules',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('category', sa.String(length=60), nullable=False),
    sa.Column('building', sa.String(length=20), nullable=False),
    sa.Column('role', sa.Enum('secretary', 'committee', 'property', 'community_worker', 'grid_worker', 'supervisor', 'duty', 'operator', name='role', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('assignee_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('auto', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['assignee_id'], ['persons.person_id'], name=op.f('fk_dispatch_rules_assignee_id_persons')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_dispatch_rules_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'category', 'building', name=op.f('pk_dispatch_rules'))
    )
    op.create_table('local_phrases',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('phrase', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.Enum('name', 'place', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_local_phrases_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'phrase', name=op.f('pk_local_phrases'))
    )
    op.create_table('matters',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('leaf', sa.String(length=60), nullable=True),
    sa.Column('urgency', sa.Integer(), nullable=False),
    sa.Column('building', sa.String(length=20), nullable=True),
    sa.Column('entrance', sa.String(length=20), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('heard_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('candidate', 'confirmed', 'dismissed', 'merged', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('merged_into', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('merged_voices', sa.JSON(), nullable=True),
    sa.Column('households', sa.Integer(), nullable=False),
    sa.Column('speakers', sa.Integer(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('confirmed_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('solved_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'merged_into'], ['matters.compound_id', 'matters.number'], name=op.f('fk_matters_compound_id_merged_into_matters')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_matters_compound_id_compounds')),
    sa.ForeignKeyConstraint(['confirmed_by'], ['persons.person_id'], name=op.f('fk_matters_confirmed_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'number', name=op.f('pk_matters'))
    )
    with op.batch_alter_table('matters') as batch_op:
        batch_op.create_index(batch_op.f('ix_matters_compound_id_leaf_heard_at'), ['compound_id', 'leaf', 'heard_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_matters_compound_id_state_heard_at'), ['compound_id', 'state', 'heard_at'], unique=False)

    op.create_table('photos',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('inbox_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account', sa.String(length=32), nullable=False),
    sa.Column('media_id', sa.String(length=255), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('opinion_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('event_seq', sa.Integer(), nullable=True),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('wanted', 'kept', 'gone', 'refused', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_photos_compound_id_compounds')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_photos_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'inbox_id', name=op.f('pk_photos'))
    )
    with op.batch_alter_table('photos') as batch_op:
        batch_op.create_index(batch_op.f('ix_photos_compound_id_opinion_number'), ['compound_id', 'opinion_number'], unique=False)
        batch_op.create_index('ix_photos_person_id', ['person_id'], unique=False)
        batch_op.create_index('ix_photos_wanted', ['next_at'], unique=False, sqlite_where=sa.text("state = 'wanted'"), postgresql_where=sa.text("state = 'wanted'"))

    op.create_table('requests',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.Enum('raised', 'dispatched', 'refused', 'accepted', 'done', 'reopened', 'rated', 'closed', 'cancelled', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('level', sa.Enum('compound', 'community', 'subdistrict', name='level', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('role', sa.Enum('secretary', 'committee', 'property', 'community_worker', 'grid_worker', 'supervisor', 'duty', 'operator', name='role', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('assignee_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('helpers', sa.JSON(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('refusals', sa.Integer(), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('round_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('dispatched_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accept_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('remind_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('warn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('climb_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('close_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_in_time', sa.Boolean(), nullable=True),
    sa.Column('done_in_time', sa.Boolean(), nullable=True),
    sa.Column('rating', sa.Enum('satisfied', 'fair', 'dissatisfied', 'beside_the_point', name='rating', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.ForeignKeyConstraint(['assignee_id'], ['persons.person_id'], name=op.f('fk_requests_assignee_id_persons')),
    sa.ForeignKeyConstraint(['compound_id', 'number'], ['matters.compound_id', 'matters.number'], name=op.f('fk_requests_compound_id_number_matters')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_requests_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'number', name=op.f('pk_requests'))
    )
    with op.batch_alter_table('requests') as batch_op:
        batch_op.create_index('ix_requests_assignee_id', ['assignee_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_requests_compound_id_raised_at'), ['compound_id', 'raised_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_requests_compound_id_state'), ['compound_id', 'state'], unique=False)
        batch_op.create_index('ix_requests_next_at', ['next_at'], unique=False, sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))

    op.create_table('request_events',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('verb', sa.String(length=40), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('public', sa.Boolean(), nullable=False),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('command_key', sa.String(length=120), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'number'], ['requests.compound_id', 'requests.number'], name=op.f('fk_request_events_compound_id_number_requests')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_request_events_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'number', 'seq', name=op.f('pk_request_events')),
    sa.UniqueConstraint('compound_id', 'command_key', name=op.f('uq_request_events_compound_id_command_key'))
    )
    with op.batch_alter_table('request_events') as batch_op:
        batch_op.create_index('ix_request_events_actor_id', ['actor_id'], unique=False)

    op.create_table('request_ratings',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rating', sa.Enum('satisfied', 'fair', 'dissatisfied', 'beside_the_point', name='rating', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('comment', sa.Text(), nullable=True),
    sa.Column('rated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'number'], ['requests.compound_id', 'requests.number'], name=op.f('fk_request_ratings_compound_id_number_requests')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_request_ratings_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'number', 'round', 'person_id', name=op.f('pk_request_ratings'))
    )
    with op.batch_alter_table('request_ratings') as batch_op:
        batch_op.create_index('ix_request_ratings_person_id', ['person_id'], unique=False)

    op.create_table('corrections',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('opinion_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('before', sa.JSON(), nullable=False),
    sa.Column('after', sa.JSON(), nullable=False),
    sa.Column('urgency_before', sa.Integer(), nullable=False),
    sa.Column('urgency_after', sa.Integer(), nullable=False),
    sa.Column('version', sa.String(length=40), nullable=False),
    sa.Column('corrected_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('corrected_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'opinion_number'], ['opinions.compound_id', 'opinions.number'], name=op.f('fk_corrections_compound_id_opinion_number_opinions')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_corrections_compound_id_compounds')),
    sa.ForeignKeyConstraint(['corrected_by'], ['persons.person_id'], name=op.f('fk_corrections_corrected_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'opinion_number', 'seq', name=op.f('pk_corrections'))
    )
    with op.batch_alter_table('inbox') as batch_op:
        batch_op.create_index('ix_inbox_room', ['account', 'room', 'inbox_id'], unique=False, sqlite_where=sa.text("room <> ''"), postgresql_where=sa.text("room <> ''"))

    with op.batch_alter_table('opinions') as batch_op:
        batch_op.add_column(sa.Column('matter_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('echo', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('repost_of', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.create_index(batch_op.f('ix_opinions_compound_id_matter_number'), ['compound_id', 'matter_number'], unique=False)
        batch_op.create_index(batch_op.f('ix_opinions_group_id_said_at'), ['group_id', 'said_at'], unique=False)
        batch_op.create_index('ix_opinions_unmattered', ['compound_id', 'number'], unique=False, sqlite_where=sa.text('matter_number IS NULL'), postgresql_where=sa.text('matter_number IS NULL'))



def downgrade() -> None:
    with op.batch_alter_table('opinions') as batch_op:
        batch_op.drop_index('ix_opinions_unmattered', sqlite_where=sa.text('matter_number IS NULL'), postgresql_where=sa.text('matter_number IS NULL'))
        batch_op.drop_index(batch_op.f('ix_opinions_group_id_said_at'))
        batch_op.drop_index(batch_op.f('ix_opinions_compound_id_matter_number'))
        batch_op.drop_column('repost_of')
        batch_op.drop_column('echo')
        batch_op.drop_column('matter_number')

    with op.batch_alter_table('inbox') as batch_op:
        batch_op.drop_index('ix_inbox_room', sqlite_where=sa.text("room <> ''"), postgresql_where=sa.text("room <> ''"))

    op.drop_table('corrections')
    with op.batch_alter_table('request_ratings') as batch_op:
        batch_op.drop_index('ix_request_ratings_person_id')

    op.drop_table('request_ratings')
    with op.batch_alter_table('request_events') as batch_op:
        batch_op.drop_index('ix_request_events_actor_id')

    op.drop_table('request_events')
    with op.batch_alter_table('requests') as batch_op:
        batch_op.drop_index('ix_requests_next_at', sqlite_where=sa.text('next_at IS NOT NULL'), postgresql_where=sa.text('next_at IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_requests_compound_id_state'))
        batch_op.drop_index(batch_op.f('ix_requests_compound_id_raised_at'))
        batch_op.drop_index('ix_requests_assignee_id')

    op.drop_table('requests')
    with op.batch_alter_table('photos') as batch_op:
        batch_op.drop_index('ix_photos_wanted', sqlite_where=sa.text("state = 'wanted'"), postgresql_where=sa.text("state = 'wanted'"))
        batch_op.drop_index('ix_photos_person_id')
        batch_op.drop_index(batch_op.f('ix_photos_compound_id_opinion_number'))

    op.drop_table('photos')
    with op.batch_alter_table('matters') as batch_op:
        batch_op.drop_index(batch_op.f('ix_matters_compound_id_state_heard_at'))
        batch_op.drop_index(batch_op.f('ix_matters_compound_id_leaf_heard_at'))

    op.drop_table('matters')
    op.drop_table('local_phrases')
    op.drop_table('dispatch_rules')
    op.drop_table('replays')
    op.drop_table('tag_models')
