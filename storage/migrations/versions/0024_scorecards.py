"""Cards of months

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_TIME = sa.DateTime(timezone=True)
_UNCHECKED = sa.text('revision = 1 AND checked_at IS NULL')


def upgrade() -> None:
    op.create_table(
        'scorecards',
        sa.Column('compound_id', _BIG, nullable=False),
        sa.Column('month', sa.String(length=7), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.Column('place', sa.String(length=40), nullable=False),
        sa.Column('figures', sa.JSON(), nullable=False),
        sa.Column('score', sa.Integer(), nullable=True),
        sa.Column('made_at', _TIME, nullable=False),
        sa.Column('checked_at', _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ['compound_id'], ['compounds.compound_id'], name=op.f('fk_scorecards_compound_id_compounds')
        ),
        sa.PrimaryKeyConstraint('compound_id', 'month', 'revision', name=op.f('pk_scorecards')),
    )
    with op.batch_alter_table('scorecards') as batch_op:
        batch_op.create_index(batch_op.f('ix_scorecards_month_place'), ['month', 'place'], unique=False)
        batch_op.create_index(
            'ix_scorecards_unchecked',
            ['month'],
            unique=False,
            sqlite_where=_UNCHECKED,
            postgresql_where=_UNCHECKED,
        )


def downgrade() -> None:
    op.drop_table('scorecards')
