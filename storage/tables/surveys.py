"""Surveys of households (入户征询): asked in rounds, one answer of a unit in force, earlier ones kept. Never a vote."""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, ForeignKeyConstraint, Index, Text, false, text
from sqlmodel import Field, SQLModel

from storage.states import (
    DoorOutcome,
    SurveyChannel,
    SurveyChoice,
    SurveyGiver,
    SurveyPhase,
    SurveyState,
)
from storage.types import BigId, UtcDateTime, enum_text

_TIMED = text("next_at IS NOT NULL")
_STANDS = text("in_force")
_WAITS = text("waits")
_WAITS_SQLITE = text("waits = 1")  # as it is asked: SQLite takes a partial index for the same words only
_TOLD = text("told")
_TO_TELL = text("told_after IS NOT NULL")
_ROUND = ["compound_id", "survey_number", "round_number"]
_UNIT = [*_ROUND, "unit_code"]


# Named by hand: the columns together are longer than a name may be.
def _of_round(table: str) -> ForeignKeyConstraint:
    columns = [f"survey_rounds.{name}" for name in _ROUND]
    return ForeignKeyConstraint(_ROUND, columns, name=f"fk_{table}_survey_rounds")


def _of_unit(table: str) -> ForeignKeyConstraint:
    columns = [f"survey_units.{name}" for name in _UNIT]
    return ForeignKeyConstraint(_UNIT, columns, name=f"fk_{table}_survey_units")


class Survey(SQLModel, table=True):
    """What households are asked about. body: the plan, as they read it. template: which reasons are offered
    (handlers/surveys/reasons.toml). item: of art. 278 paragraph 1, under which owners would have to decide it; None
    where nobody has said. topic_number: the topic it is for."""

    __tablename__ = "surveys"
    __table_args__ = (Index(None, "compound_id", "topic_number"),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    survey_number: int = Field(primary_key=True, sa_type=BigId)
    title: str = Field(max_length=120)
    body: str = Field(default="", sa_type=Text)
    template: str = Field(max_length=40)
    item: int | None = None
    topic_number: int | None = Field(default=None, sa_type=BigId)
    created_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcDateTime)


class SurveyRound(SQLModel, table=True):
    """One round of asking. buildings: their codes, empty for all. set_at: it opens by itself on its first day.

    remind_at: when whoever has not answered is reminded, None when that is done; reminded_after: the last person who
    was. next_at: when the clock has to look again. told_steps: in how many steps what households said was told
    (handlers/surveys/steps.py). told_apart: codes of the buildings that have figures of their own, once it is over.
    """

    __tablename__ = "survey_rounds"
    __table_args__ = (
        ForeignKeyConstraint(
            ["compound_id", "survey_number"], ["surveys.compound_id", "surveys.survey_number"]
        ),
        Index("ix_survey_rounds_next_at", "next_at", sqlite_where=_TIMED, postgresql_where=_TIMED),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    survey_number: int = Field(primary_key=True, sa_type=BigId)
    round_number: int = Field(primary_key=True)
    phase: SurveyPhase = Field(sa_type=enum_text(SurveyPhase, "phase"))
    name: str = Field(max_length=20)
    question: str = Field(sa_type=Text)
    buildings: list[str] = Field(default=[], sa_type=JSON)
    starts_on: date
    ends_on: date
    state: SurveyState = Field(default=SurveyState.DRAFT, sa_type=enum_text(SurveyState, "state"))
    set_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    remind_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    reminded_after: int = Field(default=0, sa_type=BigId)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    told_steps: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    told_apart: list[str] = Field(default=[], sa_type=JSON, sa_column_kwargs={"server_default": "[]"})


class SurveyUnit(SQLModel, table=True):
    """A unit that is asked in a round, as it was when the round opened. area: in millionths of a square metre.

    told_in: the numbers of the steps in which its choice was told, with commas between, empty for none.
    """

    __tablename__ = "survey_units"
    __table_args__ = (_of_round("survey_units"),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    survey_number: int = Field(primary_key=True, sa_type=BigId)
    round_number: int = Field(primary_key=True)
    unit_code: str = Field(primary_key=True, max_length=60)
    building: str = Field(default="", max_length=20)
    entrance: str = Field(default="", max_length=20)
    room: str = Field(default="", max_length=80)
    area: int | None = Field(default=None, sa_type=BigInteger)
    position: int
    told_in: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})


class SurveyAnswer(SQLModel, table=True):
    """What was said for a unit. in_force: it counts; of a unit one does. reasons: codes of reasons.toml.

    waits: it is in force, and nothing of its unit is told yet. told: it is in the figures that are told; of a unit one
    at most is, and not always the one in force.
    person_id: the resident who answered, None for who was forgotten and for what staff wrote down. recorded_by: of
    staff. words_sealed: in their own words; they go with time.
    """

    __tablename__ = "survey_answers"
    __table_args__ = (
        _of_unit("survey_answers"),
        Index(
            "uq_survey_answers_in_force", *_UNIT, unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS
        ),
        Index("uq_survey_answers_told", *_UNIT, unique=True, sqlite_where=_TOLD, postgresql_where=_TOLD),
        Index("ix_survey_answers_waits", *_ROUND, sqlite_where=_WAITS_SQLITE, postgresql_where=_WAITS),
        Index("ix_survey_answers_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    survey_number: int = Field(primary_key=True, sa_type=BigId)
    round_number: int = Field(primary_key=True)
    unit_code: str = Field(primary_key=True, max_length=60)
    seq: int = Field(primary_key=True)
    choice: SurveyChoice = Field(sa_type=enum_text(SurveyChoice, "choice"))
    reasons: list[str] = Field(default=[], sa_type=JSON)
    words_sealed: bytes | None = None
    channel: SurveyChannel = Field(sa_type=enum_text(SurveyChannel, "channel"))
    giver: SurveyGiver = Field(sa_type=enum_text(SurveyGiver, "giver"))
    person_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    recorded_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    answered_at: datetime = Field(sa_type=UtcDateTime)
    in_force: bool
    waits: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    told: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class SurveyAttempt(SQLModel, table=True):
    """That somebody was at a door, or rang up, and got no answer; one of a person and day, the last one stands."""

    __tablename__ = "survey_attempts"
    __table_args__ = (_of_unit("survey_attempts"),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    survey_number: int = Field(primary_key=True, sa_type=BigId)
    round_number: int = Field(primary_key=True)
    unit_code: str = Field(primary_key=True, max_length=60)
    tried_on: date = Field(primary_key=True)
    noted_by: int = Field(primary_key=True, foreign_key="persons.person_id", sa_type=BigId)
    outcome: DoorOutcome = Field(sa_type=enum_text(DoorOutcome, "outcome"))
    noted_at: datetime = Field(sa_type=UtcDateTime)


class SurveyCanvasser(SQLModel, table=True):
    """Who goes from door to door for a survey. part: the code of a building or entrance, empty for all of it."""

    __tablename__ = "survey_canvassers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["compound_id", "survey_number"], ["surveys.compound_id", "surveys.survey_number"]
        ),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    survey_number: int = Field(primary_key=True, sa_type=BigId)
    person_id: int = Field(primary_key=True, foreign_key="persons.person_id", sa_type=BigId)
    part: str = Field(primary_key=True, max_length=60)
    named_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    named_at: datetime = Field(sa_type=UtcDateTime)


class SurveyReply(SQLModel, table=True):
    """What staff answer to a reason against, for everybody to read. summary: the concern, in staff's words.

    told_after: the last person who was told, of those who gave the reason; None when all were.
    """

    __tablename__ = "survey_replies"
    __table_args__ = (
        _of_round("survey_replies"),
        Index("ix_survey_replies_told_after", "told_after", sqlite_where=_TO_TELL, postgresql_where=_TO_TELL),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    survey_number: int = Field(primary_key=True, sa_type=BigId)
    round_number: int = Field(primary_key=True)
    reason: str = Field(primary_key=True, max_length=20)
    summary: str = Field(default="", sa_type=Text)
    answer: str = Field(sa_type=Text)
    answered_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    answered_at: datetime = Field(sa_type=UtcDateTime)
    told_after: int | None = Field(default=0, sa_type=BigId, nullable=True)
