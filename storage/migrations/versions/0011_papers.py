"""Ballot papers: boxes, who decided, who voided, what a paper became; ballots by phone have a serial, too

Nothing used the table of papers before, so it is made anew.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_TIME = sa.DateTime(timezone=True)
_STATES = ('printed', 'received', 'entered', 'matched', 'mismatched', 'voided')
_CHANNELS = ('online', 'paper', 'phone')


def _choice(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _of_vote(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ['compound_id', 'vote_number'],
            ['votes.compound_id', 'votes.vote_number'],
            name=op.f(f'fk_{table}_compound_id_vote_number_votes'),
        ),
        sa.ForeignKeyConstraint(
            ['compound_id'], ['compounds.compound_id'], name=op.f(f'fk_{table}_compound_id_compounds')
        ),
    )


def _persons(table: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([name], ['persons.person_id'], name=op.f(f'fk_{table}_{name}_persons'))
        for name in columns
    ]


def _index() -> None:
    with op.batch_alter_table('ballot_papers') as batch_op:
        batch_op.create_index(
            batch_op.f('ix_ballot_papers_compound_id_vote_number_owner_key'),
            ['compound_id', 'vote_number', 'owner_key'],
            unique=False,
        )


def upgrade() -> None:
    op.drop_table('ballot_papers')
    op.create_table(
        'ballot_papers',
        sa.Column('compound_id', _BIG, nullable=False),
        sa.Column('serial', sa.String(length=32), nullable=False),
        sa.Column('vote_number', _BIG, nullable=False),
        sa.Column('owner_key', sa.String(length=32), nullable=False),
        sa.Column('channel', _choice('channel', _CHANNELS), nullable=False),
        sa.Column('state', _choice('state', _STATES), nullable=False),
        sa.Column('printed_at', _TIME, nullable=False),
        sa.Column('printed_by', _BIG, nullable=True),
        sa.Column('received_at', _TIME, nullable=True),
        sa.Column('registered_at', _TIME, nullable=True),
        sa.Column('received_by', _BIG, nullable=True),
        sa.Column('batch', sa.String(length=32), nullable=True),
        sa.Column('recording_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('first_by', _BIG, nullable=True),
        sa.Column('first_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('first_at', _TIME, nullable=True),
        sa.Column('second_by', _BIG, nullable=True),
        sa.Column('second_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('second_at', _TIME, nullable=True),
        sa.Column('decided_by', _BIG, nullable=True),
        sa.Column('decided_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('seconded_by', _BIG, nullable=True),
        sa.Column('ballot_id', sa.String(length=32), nullable=True),
        sa.Column('void_reason', sa.String(length=20), nullable=True),
        sa.Column('voided_by', _BIG, nullable=True),
        sa.Column('void_seconded_by', _BIG, nullable=True),
        sa.Column('voided_at', _TIME, nullable=True),
        sa.Column('proxy_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('scan_address', sa.String(length=64), nullable=True),
        sa.Column('scan_hash', sa.LargeBinary(), nullable=True),
        *_of_vote('ballot_papers'),
        *_persons(
            'ballot_papers',
            *('printed_by', 'received_by', 'first_by', 'second_by', 'decided_by', 'seconded_by'),
            *('voided_by', 'void_seconded_by'),
        ),
        sa.PrimaryKeyConstraint('compound_id', 'serial', name=op.f('pk_ballot_papers')),
    )
    _index()
    op.create_table(
        'paper_batches',
        sa.Column('compound_id', _BIG, nullable=False),
        sa.Column('vote_number', _BIG, nullable=False),
        sa.Column('batch', sa.String(length=32), nullable=False),
        sa.Column('papers', sa.Integer(), nullable=False),
        sa.Column('counted_by', _BIG, nullable=False),
        sa.Column('counted_at', _TIME, nullable=False),
        sa.Column('signed_by', _BIG, nullable=True),
        sa.Column('signed_at', _TIME, nullable=True),
        *_of_vote('paper_batches'),
        *_persons('paper_batches', 'counted_by', 'signed_by'),
        sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'batch', name=op.f('pk_paper_batches')),
    )


def downgrade() -> None:
    op.drop_table('paper_batches')
    op.drop_table('ballot_papers')
    op.create_table(
        'ballot_papers',
        sa.Column('compound_id', _BIG, nullable=False),
        sa.Column('serial', sa.String(length=32), nullable=False),
        sa.Column('vote_number', _BIG, nullable=False),
        sa.Column('owner_key', sa.String(length=32), nullable=False),
        sa.Column('state', _choice('state', _STATES), nullable=False),
        sa.Column('printed_at', _TIME, nullable=False),
        sa.Column('received_at', _TIME, nullable=True),
        sa.Column('received_by', _BIG, nullable=True),
        sa.Column('batch', sa.String(length=32), nullable=True),
        sa.Column('first_by', _BIG, nullable=True),
        sa.Column('first_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('first_at', _TIME, nullable=True),
        sa.Column('second_by', _BIG, nullable=True),
        sa.Column('second_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('second_at', _TIME, nullable=True),
        sa.Column('proxy_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('scan_address', sa.String(length=64), nullable=True),
        *_of_vote('ballot_papers'),
        *_persons('ballot_papers', 'received_by', 'first_by', 'second_by'),
        sa.PrimaryKeyConstraint('compound_id', 'serial', name=op.f('pk_ballot_papers')),
    )
    _index()
