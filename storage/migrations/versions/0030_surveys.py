"""Surveys of households

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_TIME = sa.DateTime(timezone=True)
_ROUND = ['compound_id', 'survey_number', 'round_number']
_UNIT = [*_ROUND, 'unit_code']


def _text(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _key(table: str, column: str = 'compound_id', to: str = 'compounds.compound_id') -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f'fk_{table}_{column}_{to.partition(".")[0]}'))


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return _key(table, column, 'persons.person_id')


def _survey(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ['compound_id', 'survey_number'],
        ['surveys.compound_id', 'surveys.survey_number'],
        name=op.f(f'fk_{table}_compound_id_survey_number_surveys'),
    )


def _round(table: str) -> sa.ForeignKeyConstraint:
    columns = [f'survey_rounds.{name}' for name in _ROUND]
    return sa.ForeignKeyConstraint(_ROUND, columns, name=op.f(f'fk_{table}_survey_rounds'))


def _unit(table: str) -> sa.ForeignKeyConstraint:
    columns = [f'survey_units.{name}' for name in _UNIT]
    return sa.ForeignKeyConstraint(_UNIT, columns, name=op.f(f'fk_{table}_survey_units'))


def _of_survey() -> list[sa.Column[int]]:
    return [sa.Column('compound_id', _BIG, nullable=False), sa.Column('survey_number', _BIG, nullable=False)]


def _of_round() -> list[sa.Column[int]]:
    return [*_of_survey(), sa.Column('round_number', sa.Integer(), nullable=False)]


def upgrade() -> None:
    op.create_table(
        'surveys',
        *_of_survey(),
        sa.Column('title', sa.String(length=120), nullable=False),
        sa.Column('body', sa.Text(), nullable=False),
        sa.Column('template', sa.String(length=40), nullable=False),
        sa.Column('item', sa.Integer(), nullable=True),
        sa.Column('topic_number', _BIG, nullable=True),
        sa.Column('created_by', _BIG, nullable=False),
        sa.Column('created_at', _TIME, nullable=False),
        _key('surveys'),
        _person('surveys', 'created_by'),
        sa.PrimaryKeyConstraint('compound_id', 'survey_number', name=op.f('pk_surveys')),
    )
    op.create_index(op.f('ix_surveys_compound_id_topic_number'), 'surveys', ['compound_id', 'topic_number'])
    op.create_table(
        'survey_rounds',
        *_of_round(),
        sa.Column('phase', _text('phase', 'plan', 'notice', 'works', 'other'), nullable=False),
        sa.Column('name', sa.String(length=20), nullable=False),
        sa.Column('question', sa.Text(), nullable=False),
        sa.Column('buildings', sa.JSON(), nullable=False),
        sa.Column('starts_on', sa.Date(), nullable=False),
        sa.Column('ends_on', sa.Date(), nullable=False),
        sa.Column('state', _text('state', 'draft', 'open', 'closed'), nullable=False),
        sa.Column('set_at', _TIME, nullable=True),
        sa.Column('opened_at', _TIME, nullable=True),
        sa.Column('closed_at', _TIME, nullable=True),
        sa.Column('remind_at', _TIME, nullable=True),
        sa.Column('reminded_after', _BIG, nullable=False),
        sa.Column('next_at', _TIME, nullable=True),
        _key('survey_rounds'),
        _survey('survey_rounds'),
        sa.PrimaryKeyConstraint(*_ROUND, name=op.f('pk_survey_rounds')),
    )
    timed = sa.text('next_at IS NOT NULL')
    op.create_index(
        'ix_survey_rounds_next_at', 'survey_rounds', ['next_at'], sqlite_where=timed, postgresql_where=timed
    )
    op.create_table(
        'survey_units',
        *_of_round(),
        sa.Column('unit_code', sa.String(length=60), nullable=False),
        sa.Column('building', sa.String(length=20), nullable=False),
        sa.Column('entrance', sa.String(length=20), nullable=False),
        sa.Column('room', sa.String(length=80), nullable=False),
        sa.Column('area', sa.BigInteger(), nullable=True),
        sa.Column('position', sa.Integer(), nullable=False),
        _key('survey_units'),
        _round('survey_units'),
        sa.PrimaryKeyConstraint(*_UNIT, name=op.f('pk_survey_units')),
    )
    op.create_table(
        'survey_answers',
        *_of_round(),
        sa.Column('unit_code', sa.String(length=60), nullable=False),
        sa.Column('seq', sa.Integer(), nullable=False),
        sa.Column('choice', _text('choice', 'agree', 'against', 'either'), nullable=False),
        sa.Column('reasons', sa.JSON(), nullable=False),
        sa.Column('words_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('channel', _text('channel', 'page', 'chat', 'door', 'phone'), nullable=False),
        sa.Column('giver', _text('giver', 'owner', 'resident', 'staff'), nullable=False),
        sa.Column('person_id', _BIG, nullable=True),
        sa.Column('recorded_by', _BIG, nullable=True),
        sa.Column('answered_at', _TIME, nullable=False),
        sa.Column('in_force', sa.Boolean(), nullable=False),
        _key('survey_answers'),
        _unit('survey_answers'),
        _person('survey_answers', 'person_id'),
        _person('survey_answers', 'recorded_by'),
        sa.PrimaryKeyConstraint(*_UNIT, 'seq', name=op.f('pk_survey_answers')),
    )
    stands = sa.text('in_force')
    op.create_index(
        'uq_survey_answers_in_force',
        'survey_answers',
        _UNIT,
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )
    op.create_index('ix_survey_answers_person_id', 'survey_answers', ['person_id'])
    op.create_table(
        'survey_attempts',
        *_of_round(),
        sa.Column('unit_code', sa.String(length=60), nullable=False),
        sa.Column('tried_on', sa.Date(), nullable=False),
        sa.Column('noted_by', _BIG, nullable=False),
        sa.Column('outcome', _text('outcome', 'absent', 'refused', 'empty'), nullable=False),
        sa.Column('noted_at', _TIME, nullable=False),
        _key('survey_attempts'),
        _unit('survey_attempts'),
        _person('survey_attempts', 'noted_by'),
        sa.PrimaryKeyConstraint(*_UNIT, 'tried_on', 'noted_by', name=op.f('pk_survey_attempts')),
    )
    op.create_table(
        'survey_canvassers',
        *_of_survey(),
        sa.Column('person_id', _BIG, nullable=False),
        sa.Column('part', sa.String(length=60), nullable=False),
        sa.Column('named_by', _BIG, nullable=False),
        sa.Column('named_at', _TIME, nullable=False),
        _key('survey_canvassers'),
        _survey('survey_canvassers'),
        _person('survey_canvassers', 'person_id'),
        _person('survey_canvassers', 'named_by'),
        sa.PrimaryKeyConstraint(
            'compound_id', 'survey_number', 'person_id', 'part', name=op.f('pk_survey_canvassers')
        ),
    )
    op.create_table(
        'survey_replies',
        *_of_round(),
        sa.Column('reason', sa.String(length=20), nullable=False),
        sa.Column('summary', sa.Text(), nullable=False),
        sa.Column('answer', sa.Text(), nullable=False),
        sa.Column('answered_by', _BIG, nullable=False),
        sa.Column('answered_at', _TIME, nullable=False),
        sa.Column('told_after', _BIG, nullable=True),
        _key('survey_replies'),
        _round('survey_replies'),
        _person('survey_replies', 'answered_by'),
        sa.PrimaryKeyConstraint(*_ROUND, 'reason', name=op.f('pk_survey_replies')),
    )
    to_tell = sa.text('told_after IS NOT NULL')
    op.create_index(
        'ix_survey_replies_told_after',
        'survey_replies',
        ['told_after'],
        sqlite_where=to_tell,
        postgresql_where=to_tell,
    )


def downgrade() -> None:
    for table in ('replies', 'canvassers', 'attempts', 'answers', 'units', 'rounds'):
        op.drop_table(f'survey_{table}')
    op.drop_table('surveys')
