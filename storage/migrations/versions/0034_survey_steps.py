"""What households said is told in steps of at least five; what was told before stays told

Revision ID: 0034
Revises: 0033
"""

from collections import Counter
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None

FEWEST = 5
KEY = ('compound_id', 'survey_number', 'round_number')
_BIG = sa.BigInteger()


def _of_round(name: str, *columns: sa.ColumnClause[Any]) -> sa.TableClause:
    return sa.table(name, *(sa.column(key, _BIG) for key in KEY), *columns)


rounds = _of_round(
    'survey_rounds',
    sa.column('state', sa.String()),
    sa.column('told_steps', sa.Integer()),
    sa.column('told_apart', sa.JSON()),
)
units = _of_round(
    'survey_units',
    sa.column('unit_code', sa.String()),
    sa.column('building', sa.String()),
    sa.column('told_in', sa.Text()),
)
answers = _of_round(
    'survey_answers',
    sa.column('unit_code', sa.String()),
    sa.column('seq', sa.Integer()),
    sa.column('answered_at', sa.DateTime(timezone=True)),
    sa.column('in_force', sa.Boolean()),
    sa.column('waits', sa.Boolean()),
    sa.column('told', sa.Boolean()),
)


def upgrade() -> None:
    with op.batch_alter_table('survey_rounds') as batch_op:
        batch_op.add_column(sa.Column('told_steps', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('told_apart', sa.JSON(), server_default='[]', nullable=False))
    with op.batch_alter_table('survey_units') as batch_op:
        batch_op.add_column(sa.Column('told_in', sa.Text(), server_default='', nullable=False))
    with op.batch_alter_table('survey_answers') as batch_op:
        batch_op.add_column(sa.Column('waits', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('told', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        'uq_survey_answers_told',
        'survey_answers',
        [*KEY, 'unit_code'],
        unique=True,
        sqlite_where=sa.text('told'),
        postgresql_where=sa.text('told'),
    )
    op.create_index(
        'ix_survey_answers_waits',
        'survey_answers',
        list(KEY),
        sqlite_where=sa.text('waits = 1'),
        postgresql_where=sa.text('waits'),
    )
    bind = op.get_bind()
    for row in bind.execute(sa.select(*(rounds.c[name] for name in KEY), rounds.c.state).where(rounds.c.state != 'draft')).fetchall():
        key = tuple(row)[:3]
        if row.state == 'closed':
            _closed(bind, key)
        else:
            _open(bind, key)


def _of(table: sa.TableClause, key: tuple[int, ...]) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in zip(KEY, key, strict=True)))


def _closed(bind: sa.Connection, key: tuple[int, ...]) -> None:
    """All that is in force was told where it is five, buildings apart where five answered, as it was."""
    same = sa.and_(*(answers.c[name] == units.c[name] for name in (*KEY, 'unit_code')))
    statement = sa.select(units.c.building).select_from(units.join(answers, same))
    counts = Counter(bind.scalars(statement.where(_of(units, key), answers.c.in_force)))
    if counts.total() < FEWEST:
        return
    bind.execute(sa.update(answers).where(_of(answers, key), answers.c.in_force).values(told=True))
    few, apart = counts.pop('', 0), []
    for building, count in sorted(counts.items(), key=lambda each: (each[1], each[0])):
        if count < FEWEST or 0 < few < FEWEST:
            few += count
        else:
            apart.append(building)
    if 0 < few < FEWEST or len(apart) + bool(few) < 2:
        apart = []
    bind.execute(sa.update(rounds).where(_of(rounds, key)).values(told_apart=sorted(apart)))


def _open(bind: sa.Connection, key: tuple[int, ...]) -> None:
    """What units answered first was told, by fives in that order."""
    statement = sa.select(answers.c.unit_code, answers.c.seq, answers.c.answered_at)
    kept = bind.execute(statement.where(_of(answers, key)).order_by(answers.c.unit_code, answers.c.seq)).fetchall()
    first = [next(of_unit) for _code, of_unit in groupby(kept, key=lambda each: each.unit_code)]
    first.sort(key=lambda each: (each.answered_at, each.unit_code))
    told = first[: len(first) - len(first) % FEWEST]
    waiting = [each.unit_code for each in first[len(told) :]]
    waits = sa.and_(_of(answers, key), answers.c.unit_code.in_(waiting), answers.c.in_force)
    bind.execute(sa.update(answers).where(waits).values(waits=True))
    for place, each in enumerate(told):
        one = sa.and_(_of(answers, key), answers.c.unit_code == each.unit_code, answers.c.seq == each.seq)
        bind.execute(sa.update(answers).where(one).values(told=True))
        unit = sa.and_(_of(units, key), units.c.unit_code == each.unit_code)
        bind.execute(sa.update(units).where(unit).values(told_in=str(place // FEWEST + 1)))
    bind.execute(sa.update(rounds).where(_of(rounds, key)).values(told_steps=len(told) // FEWEST))


def downgrade() -> None:
    op.drop_index('ix_survey_answers_waits', 'survey_answers')
    op.drop_index('uq_survey_answers_told', 'survey_answers')
    # Not in a batch: SQLite would put the tables up anew, which others refer to.
    op.drop_column('survey_answers', 'told')
    op.drop_column('survey_answers', 'waits')
    op.drop_column('survey_units', 'told_in')
    op.drop_column('survey_rounds', 'told_apart')
    op.drop_column('survey_rounds', 'told_steps')
