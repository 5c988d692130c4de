"""Bindings that are not the owner's are ended by two operators, with their ballots

Revision ID: 0021
Revises: 0020
"""

from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

KIND = 'ck_owner_registrations_kind'
BEFORE = ('representative', 'proxy', 'revocation', 'restoration')


def _allow(*kinds: str) -> None:
    listed = ', '.join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table('owner_registrations') as batch_op:
        batch_op.drop_constraint(batch_op.f(KIND), type_='check')
        batch_op.create_check_constraint(batch_op.f(KIND), f'kind IN ({listed})')


def upgrade() -> None:
    _allow(*BEFORE, 'disowning')


def downgrade() -> None:
    # What the older program does not know. The bindings it ended stay so, and the audit log has who said it.
    op.execute("DELETE FROM owner_registrations WHERE kind = 'disowning'")
    _allow(*BEFORE)
