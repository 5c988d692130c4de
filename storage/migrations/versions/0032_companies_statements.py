"""Each property company has its own statement to a quarter in which the company changed

Revision ID: 0032
Revises: 0031
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None

NAME = 'pk_property_statements'
KEY = ['compound_id', 'quarter']
LOCAL = ZoneInfo('Asia/Shanghai')

statements = sa.table(
    'property_statements',
    sa.column('compound_id', sa.BigInteger()),
    sa.column('quarter', sa.String()),
    sa.column('company', sa.String()),
    sa.column('written_at', sa.DateTime(timezone=True)),
)
contracts = sa.table(
    'property_contracts',
    sa.column('compound_id', sa.BigInteger()),
    sa.column('since_on', sa.Date()),
    sa.column('until_on', sa.Date()),
    sa.column('company', sa.String()),
)


def upgrade() -> None:
    with op.batch_alter_table('property_statements') as batch_op:
        batch_op.add_column(sa.Column('company', sa.String(length=80), nullable=True))
    name_writers()
    with op.batch_alter_table('property_statements') as batch_op:
        batch_op.alter_column('company', existing_type=sa.String(length=80), nullable=False)
        batch_op.drop_constraint(batch_op.f(NAME), type_='primary')
        batch_op.create_primary_key(batch_op.f(NAME), [*KEY, 'company'])


def name_writers() -> None:
    """A statement is of the company that served on the day on which it was written; of nobody where none did."""
    bind = op.get_bind()
    served: dict[int, list[tuple[date, date | None, str]]] = {}
    listed = sa.select(contracts.c.compound_id, contracts.c.since_on, contracts.c.until_on, contracts.c.company)
    for compound_id, since_on, until_on, company in bind.execute(listed.order_by(contracts.c.since_on)):
        served.setdefault(compound_id, []).append((since_on, until_on, company))
    written = sa.select(statements.c.compound_id, statements.c.quarter, statements.c.written_at)
    for compound_id, quarter, written_at in bind.execute(written).all():
        day = local_day(written_at)
        writer = next(
            (name for since, until, name in served.get(compound_id, ()) if since <= day <= (until or day)), ''
        )
        row = sa.and_(statements.c.compound_id == compound_id, statements.c.quarter == quarter)
        bind.execute(sa.update(statements).where(row).values(company=writer))


def local_day(at: datetime) -> date:
    """SQLite gives no zone: it is UTC."""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(LOCAL).date()


def downgrade() -> None:
    # One row must say what two did: the one with words, of two the newer.
    op.execute(
        "DELETE FROM property_statements WHERE EXISTS (SELECT 1 FROM property_statements AS other "
        "WHERE other.compound_id = property_statements.compound_id AND other.quarter = property_statements.quarter "
        "AND other.company <> property_statements.company "
        "AND ((other.words <> '' AND property_statements.words = '') "
        "OR ((other.words = '') = (property_statements.words = '') "
        "AND (other.written_at > property_statements.written_at "
        "OR (other.written_at = property_statements.written_at AND other.company > property_statements.company)))))"
    )
    with op.batch_alter_table('property_statements') as batch_op:
        batch_op.drop_constraint(batch_op.f(NAME), type_='primary')
        batch_op.drop_column('company')
        batch_op.create_primary_key(batch_op.f(NAME), KEY)
