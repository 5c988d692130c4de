"""Union ids of followers: when to ask the platform for them

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('channel_identities') as batch_op:
        batch_op.add_column(sa.Column('ask_union_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            batch_op.f('ix_channel_identities_account_ask_union_at'), ['account', 'ask_union_at'], unique=False
        )

    # Nobody was asked for yet. Accounts that are not asked about are never looked up by this column.
    op.execute("UPDATE channel_identities SET ask_union_at = first_seen_at WHERE following AND union_id = ''")


def downgrade() -> None:
    with op.batch_alter_table('channel_identities') as batch_op:
        batch_op.drop_index(batch_op.f('ix_channel_identities_account_ask_union_at'))
        batch_op.drop_column('ask_union_at')
