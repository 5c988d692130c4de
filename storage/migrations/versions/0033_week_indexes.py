"""What became of requests in a week is looked up by its moments

Revision ID: 0033
Revises: 0032
"""

from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None

INDEXES = (
    ('ix_requests_compound_id_dispatched_at', 'requests', ['compound_id', 'dispatched_at']),
    ('ix_requests_compound_id_done_at', 'requests', ['compound_id', 'done_at']),
    ('ix_request_events_compound_id_verb_at', 'request_events', ['compound_id', 'verb', 'at']),
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(op.f(name), table, columns, unique=False)


def downgrade() -> None:
    for name, table, _columns in reversed(INDEXES):
        op.drop_index(op.f(name), table_name=table)
