"""Photos by a number of their own, and longer handles of media

Nothing used the table of photos before, so it is made anew. The handles of the chat archive (sdkfileid) are longer than
255 characters, and one message may have several.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_STATE = sa.Enum('wanted', 'kept', 'gone', 'refused', name='state', native_enum=False, create_constraint=True, length=32)
_WANTED = {'sqlite_where': sa.text("state = 'wanted'"), 'postgresql_where': sa.text("state = 'wanted'")}


def upgrade() -> None:
    op.drop_table('photos')
    op.create_table('photos',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('number', _BIG, nullable=False),
    sa.Column('photo_key', sa.String(length=60), nullable=False),
    sa.Column('inbox_id', _BIG, nullable=True),
    sa.Column('account', sa.String(length=32), nullable=False),
    sa.Column('media_id', sa.Text(), nullable=False),
    sa.Column('person_id', _BIG, nullable=True),
    sa.Column('opinion_number', _BIG, nullable=True),
    sa.Column('request_number', _BIG, nullable=True),
    sa.Column('event_seq', sa.Integer(), nullable=True),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', _STATE, nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_photos_compound_id_compounds')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.person_id'], name=op.f('fk_photos_person_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'number', name=op.f('pk_photos')),
    sa.UniqueConstraint('compound_id', 'photo_key', name=op.f('uq_photos_compound_id_photo_key'))
    )
    with op.batch_alter_table('photos') as batch_op:
        batch_op.create_index(batch_op.f('ix_photos_compound_id_address'), ['compound_id', 'address'], unique=False)
        batch_op.create_index(batch_op.f('ix_photos_compound_id_opinion_number'), ['compound_id', 'opinion_number'], unique=False)
        batch_op.create_index(batch_op.f('ix_photos_compound_id_request_number'), ['compound_id', 'request_number'], unique=False)
        batch_op.create_index('ix_photos_inbox_id', ['inbox_id'], unique=False)
        batch_op.create_index('ix_photos_person_id', ['person_id'], unique=False)
        batch_op.create_index('ix_photos_said_at', ['said_at'], unique=False)
        batch_op.create_index('ix_photos_wanted', ['next_at'], unique=False, **_WANTED)
    with op.batch_alter_table('inbox') as batch_op:
        batch_op.alter_column('media_id', existing_type=sa.String(length=255), type_=sa.Text(), existing_nullable=False)


def downgrade() -> None:
    op.execute(sa.text("UPDATE inbox SET media_id = '' WHERE length(media_id) > 255"))
    with op.batch_alter_table('inbox') as batch_op:
        batch_op.alter_column('media_id', existing_type=sa.Text(), type_=sa.String(length=255), existing_nullable=False)
    op.drop_table('photos')
    op.create_table('photos',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('inbox_id', _BIG, nullable=False),
    sa.Column('account', sa.String(length=32), nullable=False),
    sa.Column('media_id', sa.String(length=255), nullable=False),
    sa.Column('person_id', _BIG, nullable=True),
    sa.Column('opinion_number', _BIG, nullable=True),
    sa.Column('event_seq', sa.Integer(), nullable=True),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', _STATE, nullable=False),
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
        batch_op.create_index('ix_photos_wanted', ['next_at'], unique=False, **_WANTED)
