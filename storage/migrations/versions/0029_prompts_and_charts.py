"""When residents' groups were last prompted; a picture of a week

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_TIME = sa.DateTime(timezone=True)
_CHART = 'chart_tried_at IS NULL AND digest IS NOT NULL'


def upgrade() -> None:
    op.create_table(
        'group_prompts',
        sa.Column('compound_id', _BIG, nullable=False),
        sa.Column('group_id', _BIG, nullable=False),
        sa.Column('week', sa.String(length=10), nullable=False),
        sa.Column('prompted_at', _TIME, nullable=False),
        sa.Column('unanswered', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['compound_id'], ['compounds.compound_id'], name=op.f('fk_group_prompts_compound_id_compounds')
        ),
        sa.ForeignKeyConstraint(
            ['group_id'], ['chat_groups.group_id'], name=op.f('fk_group_prompts_group_id_chat_groups')
        ),
        sa.PrimaryKeyConstraint('compound_id', 'group_id', name=op.f('pk_group_prompts')),
    )
    with op.batch_alter_table('weekly_cycles') as batch_op:
        batch_op.add_column(sa.Column('chart_tried_at', _TIME, nullable=True))
        batch_op.add_column(sa.Column('chart_address', sa.String(length=64), nullable=True))
    # Nobody wants pictures of the weeks before.
    op.execute('UPDATE weekly_cycles SET chart_tried_at = digested_at')
    op.create_index(
        'ix_weekly_cycles_chart',
        'weekly_cycles',
        ['digested_at'],
        sqlite_where=sa.text(_CHART),
        postgresql_where=sa.text(_CHART),
    )


def downgrade() -> None:
    op.drop_index('ix_weekly_cycles_chart', table_name='weekly_cycles')
    with op.batch_alter_table('weekly_cycles') as batch_op:
        batch_op.drop_column('chart_address')
        batch_op.drop_column('chart_tried_at')
    op.drop_table('group_prompts')
