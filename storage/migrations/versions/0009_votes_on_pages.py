"""Votes: whom to ask and where to bring what; objections to a result; sheets of the roll between two steps

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_SAID = ('contact', 'objections_to', 'papers_to', 'platform')
_STATE = sa.Enum('open', 'accepted', 'declined', name='state', native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    with op.batch_alter_table('votes') as batch_op:
        for name in _SAID:
            batch_op.add_column(sa.Column(name, sa.String(length=200), server_default='', nullable=False))
    op.create_table('vote_objections',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('vote_number', _BIG, nullable=False),
    sa.Column('objection_number', sa.Integer(), nullable=False),
    sa.Column('command_key', sa.String(length=60), nullable=False),
    sa.Column('text_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('entered_by', _BIG, nullable=False),
    sa.Column('state', _STATE, nullable=False),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('decided_by', _BIG, nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_vote_objections_compound_id_compounds')),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_vote_objections_compound_id_votes')),
    sa.ForeignKeyConstraint(['decided_by'], ['persons.person_id'], name=op.f('fk_vote_objections_decided_by_persons')),
    sa.ForeignKeyConstraint(['entered_by'], ['persons.person_id'], name=op.f('fk_vote_objections_entered_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'objection_number', name=op.f('pk_vote_objections')),
    sa.UniqueConstraint('compound_id', 'vote_number', 'command_key', name=op.f('uq_vote_objections_compound_id_vote_number_command_key'))
    )
    op.create_table('roll_uploads',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('upload_number', _BIG, nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('said', sa.JSON(), nullable=False),
    sa.Column('uploaded_by', _BIG, nullable=False),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_roll_uploads_compound_id_compounds')),
    sa.ForeignKeyConstraint(['uploaded_by'], ['persons.person_id'], name=op.f('fk_roll_uploads_uploaded_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'upload_number', name=op.f('pk_roll_uploads')),
    sa.UniqueConstraint('compound_id', 'digest', name=op.f('uq_roll_uploads_compound_id_digest'))
    )
    with op.batch_alter_table('roll_uploads') as batch_op:
        batch_op.create_index('ix_roll_uploads_uploaded_at', ['uploaded_at'], unique=False)


def downgrade() -> None:
    op.drop_table('roll_uploads')
    op.drop_table('vote_objections')
    with op.batch_alter_table('votes') as batch_op:
        for name in _SAID:
            batch_op.drop_column(name)
