"""Property companies and what they say, campaigns, how often residents are asked about their committee

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_TIME = sa.DateTime(timezone=True)
_RHYTHM = sa.Enum(
    *('never', 'quarterly', 'yearly'), name='review', native_enum=False, create_constraint=True, length=32
)


def _key(table: str, column: str = 'compound_id', to: str = 'compounds.compound_id') -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f'fk_{table}_{column}_{to.partition(".")[0]}'))


def upgrade() -> None:
    op.create_table(
        'property_contracts',
        sa.Column('compound_id', _BIG, nullable=False),
        sa.Column('since_on', sa.Date(), nullable=False),
        sa.Column('company', sa.String(length=80), nullable=False),
        sa.Column('until_on', sa.Date(), nullable=True),
        _key('property_contracts'),
        sa.PrimaryKeyConstraint('compound_id', 'since_on', name=op.f('pk_property_contracts')),
    )
    op.create_table(
        'property_statements',
        sa.Column('compound_id', _BIG, nullable=False),
        sa.Column('quarter', sa.String(length=6), nullable=False),
        sa.Column('words', sa.Text(), nullable=False),
        sa.Column('written_by', _BIG, nullable=True),
        sa.Column('written_at', _TIME, nullable=False),
        _key('property_statements'),
        _key('property_statements', 'written_by', 'persons.person_id'),
        sa.PrimaryKeyConstraint('compound_id', 'quarter', name=op.f('pk_property_statements')),
    )
    op.create_table(
        'campaigns',
        sa.Column('compound_id', _BIG, nullable=False),
        sa.Column('number', _BIG, nullable=False),
        sa.Column('title', sa.String(length=60), nullable=False),
        sa.Column('leaves', sa.JSON(), nullable=False),
        sa.Column('starts_on', sa.Date(), nullable=False),
        sa.Column('ends_on', sa.Date(), nullable=False),
        sa.Column('created_by', _BIG, nullable=False),
        sa.Column('created_at', _TIME, nullable=False),
        _key('campaigns'),
        _key('campaigns', 'created_by', 'persons.person_id'),
        sa.PrimaryKeyConstraint('compound_id', 'number', name=op.f('pk_campaigns')),
    )
    with op.batch_alter_table('oversight_settings') as batch_op:
        batch_op.add_column(
            sa.Column('rate_cards', sa.Boolean(), server_default=sa.text('false'), nullable=False)
        )
        batch_op.add_column(sa.Column('review', _RHYTHM, server_default='never', nullable=False))
        batch_op.add_column(sa.Column('review_by', _BIG, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f('fk_oversight_settings_review_by_persons'), 'persons', ['review_by'], ['person_id']
        )


def downgrade() -> None:
    with op.batch_alter_table('oversight_settings') as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_oversight_settings_review_by_persons'), type_='foreignkey')
        batch_op.drop_column('review_by')
        batch_op.drop_constraint(batch_op.f('ck_oversight_settings_review'), type_='check')
        batch_op.drop_column('review')
        batch_op.drop_column('rate_cards')
    op.drop_table('campaigns')
    op.drop_table('property_statements')
    op.drop_table('property_contracts')
