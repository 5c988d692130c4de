"""Telling people of votes, who sees which units have not voted, and polls whose figures are live

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_UNDONE = {'sqlite_where': sa.text('done_at IS NULL'), 'postgresql_where': sa.text('done_at IS NULL')}
_UNENDED = {'sqlite_where': sa.text('ended_at IS NULL'), 'postgresql_where': sa.text('ended_at IS NULL')}


def _of_vote(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f(f'fk_{table}_compound_id_compounds')),
        sa.ForeignKeyConstraint(
            ['compound_id', 'vote_number'],
            ['votes.compound_id', 'votes.vote_number'],
            name=op.f(f'fk_{table}_compound_id_vote_number_votes'),
        ),
    ]


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ['persons.person_id'], name=op.f(f'fk_{table}_{column}_persons'))


def upgrade() -> None:
    op.create_table('vote_news',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('vote_number', _BIG, nullable=False),
    sa.Column('news', sa.String(length=40), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('after_person', _BIG, nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    *_of_vote('vote_news'),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'news', name=op.f('pk_vote_news'))
    )
    with op.batch_alter_table('vote_news') as batch_op:
        batch_op.create_index('ix_vote_news_due_at', ['due_at'], unique=False, **_UNDONE)
    op.create_table('vote_reaches',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('vote_number', _BIG, nullable=False),
    sa.Column('person_id', _BIG, nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reminded', sa.Integer(), nullable=False),
    *_of_vote('vote_reaches'),
    _person('vote_reaches', 'person_id'),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'person_id', name=op.f('pk_vote_reaches'))
    )
    with op.batch_alter_table('vote_reaches') as batch_op:
        batch_op.create_index('ix_vote_reaches_person_id', ['person_id'], unique=False)
    op.create_table('vote_officers',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('vote_number', _BIG, nullable=False),
    sa.Column('person_id', _BIG, nullable=False),
    sa.Column('named_by', _BIG, nullable=False),
    sa.Column('named_at', sa.DateTime(timezone=True), nullable=False),
    *_of_vote('vote_officers'),
    _person('vote_officers', 'person_id'),
    _person('vote_officers', 'named_by'),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'person_id', name=op.f('pk_vote_officers'))
    )
    with op.batch_alter_table('polls') as batch_op:
        batch_op.add_column(sa.Column('live', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index('ix_polls_open', ['closes_at'], unique=False, **_UNENDED)


def downgrade() -> None:
    with op.batch_alter_table('polls') as batch_op:
        batch_op.drop_index('ix_polls_open')
        batch_op.drop_column('live')
    op.drop_table('vote_officers')
    op.drop_table('vote_reaches')
    op.drop_table('vote_news')
