"""Ballots of which nobody has been told yet

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('unannounced_ballots',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('vote_number', _BIG, nullable=False),
    sa.Column('ballot_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_unannounced_ballots_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'ballot_id', name=op.f('pk_unannounced_ballots'))
    )


def downgrade() -> None:
    op.drop_table('unannounced_ballots')
