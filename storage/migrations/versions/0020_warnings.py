"""Counts of weeks, early warnings, and what of it a compound has switched off

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_TIME = sa.DateTime(timezone=True)


def _of_compound(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ['compound_id'], ['compounds.compound_id'], name=op.f(f'fk_{table}_compound_id_compounds')
    )


def _rise() -> list[sa.Column[object]]:
    return [
        sa.Column('category', sa.String(length=60), nullable=False),
        sa.Column('week', sa.String(length=10), nullable=False),
        sa.Column('weeks', sa.Integer(), nullable=False),
        sa.Column('people', sa.Integer(), nullable=False),
        sa.Column('usual_tenths', sa.Integer(), nullable=False),
        sa.Column('still_usual', sa.Integer(), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        'oversight_settings',
        sa.Column('compound_id', _BIG, nullable=False),
        sa.Column('warnings', sa.Boolean(), server_default=sa.text('true'), nullable=False),
        _of_compound('oversight_settings'),
        sa.PrimaryKeyConstraint('compound_id', name=op.f('pk_oversight_settings')),
    )
    op.create_table(
        'week_tallies',
        sa.Column('compound_id', _BIG, nullable=False),
        sa.Column('week', sa.String(length=10), nullable=False),
        sa.Column('people', sa.JSON(), nullable=False),
        sa.Column('counted_at', _TIME, nullable=False),
        _of_compound('week_tallies'),
        sa.PrimaryKeyConstraint('compound_id', 'week', name=op.f('pk_week_tallies')),
    )
    op.create_table(
        'early_warnings',
        sa.Column('compound_id', _BIG, nullable=False),
        *_rise(),
        sa.Column('matters', sa.JSON(), nullable=False),
        sa.Column('raised_at', _TIME, nullable=False),
        sa.Column('ended_week', sa.String(length=10), nullable=True),
        _of_compound('early_warnings'),
        sa.PrimaryKeyConstraint('compound_id', 'category', 'week', name=op.f('pk_early_warnings')),
    )
    op.create_table(
        'community_warnings',
        sa.Column('region_code', sa.String(length=40), nullable=False),
        *_rise(),
        sa.Column('compounds', sa.JSON(), nullable=False),
        sa.Column('raised_at', _TIME, nullable=False),
        sa.Column('ended_week', sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ['region_code'], ['regions.code'], name=op.f('fk_community_warnings_region_code_regions')
        ),
        sa.PrimaryKeyConstraint('region_code', 'category', 'week', name=op.f('pk_community_warnings')),
    )


def downgrade() -> None:
    op.drop_table('community_warnings')
    op.drop_table('early_warnings')
    op.drop_table('week_tallies')
    op.drop_table('oversight_settings')
