"""First tables

Revision ID: 0001
Revises: 
"""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_events",)


def refuse_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def upgrade() -> None:
    op.create_table('audit_events',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('verb', sa.String(length=40), nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('compound_id', 'event_id', name=op.f('pk_audit_events'))
    )
    with op.batch_alter_table('audit_events') as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_events_compound_id_at'), ['compound_id', 'at'], unique=False)

    op.create_table('claims',
    sa.Column('job', sa.String(length=60), nullable=False),
    sa.Column('period', sa.String(length=40), nullable=False),
    sa.Column('owner', sa.String(length=40), nullable=False),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('job', 'period', name=op.f('pk_claims'))
    )
    op.create_table('erasures',
    sa.Column('subject_lookup', sa.LargeBinary(), nullable=False),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('subject_lookup', 'erased_at', name=op.f('pk_erasures'))
    )
    op.create_table('inbox',
    sa.Column('inbox_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account', sa.String(length=32), nullable=False),
    sa.Column('message_key', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('sender', sa.String(length=64), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('scene', sa.String(length=128), nullable=False),
    sa.Column('media_id', sa.String(length=255), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('new', 'done', 'failed', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('lease_owner', sa.String(length=40), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('outcome', sa.String(length=40), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('inbox_id', name=op.f('pk_inbox')),
    sa.UniqueConstraint('account', 'message_key', name=op.f('uq_inbox_account_message_key'))
    )
    with op.batch_alter_table('inbox') as batch_op:
        batch_op.create_index('ix_inbox_new', ['inbox_id'], unique=False, sqlite_where=sa.text("state = 'new'"), postgresql_where=sa.text("state = 'new'"))
        batch_op.create_index('ix_inbox_person_id', ['person_id'], unique=False, sqlite_where=sa.text('person_id IS NOT NULL'), postgresql_where=sa.text('person_id IS NOT NULL'))

    op.create_table('outbox',
    sa.Column('outbox_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account', sa.String(length=32), nullable=False),
    sa.Column('dedupe_key', sa.String(length=120), nullable=False),
    sa.Column('recipient', sa.String(length=64), nullable=False),
    sa.Column('message_class', sa.Enum('reply', 'receipt', 'alert', 'notice', 'prompt', 'digest', 'reminder', name='message_class', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('inbox_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('pending', 'sending', 'waiting', 'offered', 'sent', 'uncertain', 'dead', 'cancelled', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('lease_owner', sa.String(length=40), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=120), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('outbox_id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('account', 'dedupe_key', name=op.f('uq_outbox_account_dedupe_key'))
    )
    with op.batch_alter_table('outbox') as batch_op:
        batch_op.create_index(batch_op.f('ix_outbox_account_recipient_state'), ['account', 'recipient', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_created_at'), ['created_at'], unique=False)
        batch_op.create_index('ix_outbox_due', ['not_before'], unique=False, sqlite_where=sa.text("state IN ('pending', 'sending')"), postgresql_where=sa.text("state IN ('pending', 'sending')"))
        batch_op.create_index('ix_outbox_inbox_id', ['inbox_id'], unique=False)

    op.create_table('persons',
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('name_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('phone_lookup', sa.LargeBinary(), nullable=True),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_persons'))
    )
    with op.batch_alter_table('persons') as batch_op:
        batch_op.create_index(batch_op.f('ix_persons_phone_lookup'), ['phone_lookup'], unique=False)

    op.create_table('regions',
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('level', sa.Enum('district', 'subdistrict', 'community', 'precinct', name='level', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('parent_code', sa.String(length=40), nullable=True),
    sa.ForeignKeyConstraint(['parent_code'], ['regions.code'], name=op.f('fk_regions_parent_code_regions')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_regions'))
    )
    with op.batch_alter_table('regions') as batch_op:
        batch_op.create_index(batch_op.f('ix_regions_parent_code'), ['parent_code'], unique=False)

    op.create_table('send_windows',
    sa.Column('account', sa.String(length=32), nullable=False),
    sa.Column('recipient', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.Enum('message', 'gesture', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('allowed', sa.Integer(), nullable=False),
    sa.Column('used', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('account', 'recipient', 'kind', name=op.f('pk_send_windows'))
    )
    op.create_table('channel_identities',
    sa.Column('identity_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account', sa.String(length=32), nullable=False),
    sa.Column('external_id', sa.String(length=64), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('first_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('following', sa.Boolean(), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('opted_out_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_channel_identities_person_id_persons')),
    sa.PrimaryKeyConstraint('identity_id', name=op.f('pk_channel_identities')),
    sa.UniqueConstraint('account', 'external_id', name=op.f('uq_channel_identities_account_external_id'))
    )
    with op.batch_alter_table('channel_identities') as batch_op:
        batch_op.create_index(batch_op.f('ix_channel_identities_person_id'), ['person_id'], unique=False)

    op.create_table('compounds',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('region_code', sa.String(length=40), nullable=True),
    sa.Column('tenure', sa.Enum('commercial', 'reformed', 'public', 'affordable', 'joint_funded', name='tenure', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('stewardship', sa.Enum('hired', 'community_run', 'self_run', 'state_backed', 'none', name='stewardship', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('built_year', sa.Integer(), nullable=True),
    sa.Column('households', sa.Integer(), nullable=True),
    sa.Column('residents', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['region_code'], ['regions.code'], name=op.f('fk_compounds_region_code_regions')),
    sa.PrimaryKeyConstraint('compound_id', name=op.f('pk_compounds')),
    sa.UniqueConstraint('code', name=op.f('uq_compounds_code'))
    )
    with op.batch_alter_table('compounds') as batch_op:
        batch_op.create_index(batch_op.f('ix_compounds_name'), ['name'], unique=False)
        batch_op.create_index(batch_op.f('ix_compounds_region_code'), ['region_code'], unique=False)

    op.create_table('role_grants',
    sa.Column('grant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('role', sa.Enum('secretary', 'committee', 'property', 'community_worker', 'grid_worker', 'supervisor', 'operator', name='role', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('scope_code', sa.String(length=101), nullable=False),
    sa.Column('title', sa.String(length=40), nullable=False),
    sa.Column('public', sa.Boolean(), nullable=False),
    sa.Column('granted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_role_grants_person_id_persons')),
    sa.PrimaryKeyConstraint('grant_id', name=op.f('pk_role_grants')),
    sa.UniqueConstraint('person_id', 'role', 'scope_code', name=op.f('uq_role_grants_person_id_role_scope_code'))
    )
    with op.batch_alter_table('role_grants') as batch_op:
        batch_op.create_index(batch_op.f('ix_role_grants_scope_code'), ['scope_code'], unique=False)

    op.create_table('blobs',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('media_type', sa.String(length=80), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_blobs_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'address', name=op.f('pk_blobs'))
    )
    with op.batch_alter_table('blobs') as batch_op:
        batch_op.create_index(batch_op.f('ix_blobs_compound_id_created_at'), ['compound_id', 'created_at'], unique=False)

    op.create_table('counters',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.Column('value', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_counters_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'name', name=op.f('pk_counters'))
    )
    op.create_table('opinions',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('inbox_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('home_code', sa.String(length=60), nullable=True),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('filed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('categories', sa.JSON(), nullable=False),
    sa.Column('hits', sa.JSON(), nullable=False),
    sa.Column('urgency', sa.Integer(), nullable=False),
    sa.Column('building', sa.String(length=20), nullable=True),
    sa.Column('entrance', sa.String(length=20), nullable=True),
    sa.Column('unit', sa.String(length=20), nullable=True),
    sa.Column('lexicon_version', sa.String(length=40), nullable=False),
    sa.Column('state', sa.Enum('filed', 'withdrawn', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_opinions_compound_id_compounds')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_opinions_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'number', name=op.f('pk_opinions')),
    sa.UniqueConstraint('compound_id', 'inbox_id', name=op.f('uq_opinions_compound_id_inbox_id'))
    )
    with op.batch_alter_table('opinions') as batch_op:
        batch_op.create_index(batch_op.f('ix_opinions_compound_id_filed_at'), ['compound_id', 'filed_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_opinions_compound_id_person_id'), ['compound_id', 'person_id'], unique=False)
        batch_op.create_index('ix_opinions_inbox_id', ['inbox_id'], unique=False)
        batch_op.create_index('ix_opinions_person_id', ['person_id'], unique=False)

    op.create_table('places',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.Column('level', sa.Enum('building', 'entrance', 'unit', 'household', name='level', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('parent_code', sa.String(length=60), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'parent_code'], ['places.compound_id', 'places.code'], name=op.f('fk_places_compound_id_parent_code_places')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_places_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'code', name=op.f('pk_places'))
    )
    with op.batch_alter_table('places') as batch_op:
        batch_op.create_index(batch_op.f('ix_places_compound_id_parent_code'), ['compound_id', 'parent_code'], unique=False)

    op.create_table('residencies',
    sa.Column('compound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('place_code', sa.String(length=60), nullable=True),
    sa.Column('bound_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id', 'place_code'], ['places.compound_id', 'places.code'], name=op.f('fk_residencies_compound_id_place_code_places')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_residencies_compound_id_compounds')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_residencies_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'person_id', name=op.f('pk_residencies'))
    )
    with op.batch_alter_table('residencies') as batch_op:
        batch_op.create_index(batch_op.f('ix_residencies_compound_id_place_code'), ['compound_id', 'place_code'], unique=False)
        batch_op.create_index('ix_residencies_person_id', ['person_id'], unique=False)

    for table in APPEND_ONLY:
        refuse_changes(table)


def downgrade() -> None:
    with op.batch_alter_table('residencies') as batch_op:
        batch_op.drop_index('ix_residencies_person_id')
        batch_op.drop_index(batch_op.f('ix_residencies_compound_id_place_code'))

    op.drop_table('residencies')
    with op.batch_alter_table('places') as batch_op:
        batch_op.drop_index(batch_op.f('ix_places_compound_id_parent_code'))

    op.drop_table('places')
    with op.batch_alter_table('opinions') as batch_op:
        batch_op.drop_index('ix_opinions_person_id')
        batch_op.drop_index('ix_opinions_inbox_id')
        batch_op.drop_index(batch_op.f('ix_opinions_compound_id_person_id'))
        batch_op.drop_index(batch_op.f('ix_opinions_compound_id_filed_at'))

    op.drop_table('opinions')
    op.drop_table('counters')
    with op.batch_alter_table('blobs') as batch_op:
        batch_op.drop_index(batch_op.f('ix_blobs_compound_id_created_at'))

    op.drop_table('blobs')
    with op.batch_alter_table('role_grants') as batch_op:
        batch_op.drop_index(batch_op.f('ix_role_grants_scope_code'))

    op.drop_table('role_grants')
    with op.batch_alter_table('compounds') as batch_op:
        batch_op.drop_index(batch_op.f('ix_compounds_region_code'))
        batch_op.drop_index(batch_op.f('ix_compounds_name'))

    op.drop_table('compounds')
    with op.batch_alter_table('channel_identities') as batch_op:
        batch_op.drop_index(batch_op.f('ix_channel_identities_person_id'))

    op.drop_table('channel_identities')
    op.drop_table('send_windows')
    with op.batch_alter_table('regions') as batch_op:
        batch_op.drop_index(batch_op.f('ix_regions_parent_code'))

    op.drop_table('regions')
    with op.batch_alter_table('persons') as batch_op:
        batch_op.drop_index(batch_op.f('ix_persons_phone_lookup'))

    op.drop_table('persons')
    with op.batch_alter_table('outbox') as batch_op:
        batch_op.drop_index('ix_outbox_inbox_id')
        batch_op.drop_index('ix_outbox_due', sqlite_where=sa.text("state IN ('pending', 'sending')"), postgresql_where=sa.text("state IN ('pending', 'sending')"))
        batch_op.drop_index(batch_op.f('ix_outbox_created_at'))
        batch_op.drop_index(batch_op.f('ix_outbox_account_recipient_state'))

    op.drop_table('outbox')
    with op.batch_alter_table('inbox') as batch_op:
        batch_op.drop_index('ix_inbox_person_id', sqlite_where=sa.text('person_id IS NOT NULL'), postgresql_where=sa.text('person_id IS NOT NULL'))
        batch_op.drop_index('ix_inbox_new', sqlite_where=sa.text("state = 'new'"), postgresql_where=sa.text("state = 'new'"))

    op.drop_table('inbox')
    op.drop_table('erasures')
    op.drop_table('claims')
    with op.batch_alter_table('audit_events') as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_events_compound_id_at'))

    op.drop_table('audit_events')
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_change()")
