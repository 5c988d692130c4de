"""Ballot papers of which nobody has been told yet

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('unannounced_papers',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('vote_number', _BIG, nullable=False),
    sa.Column('serial', sa.String(length=32), nullable=False),
    sa.Column('act', sa.Enum('received', 'refused', 'voided', name='act', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_unannounced_papers_compound_id_compounds')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'serial', 'act', name=op.f('pk_unannounced_papers'))
    )


def downgrade() -> None:
    op.drop_table('unannounced_papers')
