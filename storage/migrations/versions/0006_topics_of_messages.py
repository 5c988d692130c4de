"""What a message that goes out is news of, so that newer news takes its place

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('outbox') as batch_op:
        batch_op.add_column(sa.Column('topic', sa.String(length=80), server_default='', nullable=False))
        batch_op.create_index(
            'ix_outbox_topic',
            ['topic'],
            unique=False,
            sqlite_where=sa.text("topic <> ''"),
            postgresql_where=sa.text("topic <> ''"),
        )


def downgrade() -> None:
    with op.batch_alter_table('outbox') as batch_op:
        batch_op.drop_index('ix_outbox_topic')
        batch_op.drop_column('topic')
