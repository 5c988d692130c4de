"""Codes of units are on paper only

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('unit_codes') as batch_op:
        batch_op.drop_column('owner_number')


def downgrade() -> None:
    with op.batch_alter_table('unit_codes') as batch_op:
        batch_op.add_column(sa.Column('owner_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
