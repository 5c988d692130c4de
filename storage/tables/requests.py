"""Requests: a confirmed matter on its way from 下单 to 评单."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.states import Ladder, MediationOutcome, Rating, RequestState, Role
from storage.types import BigId, UtcDateTime, enum_text

_TIMED = text("next_at IS NOT NULL")


class Request(SQLModel, table=True):
    """A request (诉求) has the number of its matter: one of each.

    role, assignee_id: whose it is now; a role without a person is everybody's who holds it; neither while it waits to
    be dispatched. helpers: co-handlers, [{"role", "person_id"}, ...]. level: how far up the ladder it has gone.
    round: 1, and one more for each reopening; it began at round_at. accept_by, done_by: deadlines of this round.
    remind_at, warn_at, climb_at, close_at: when the clock has something to say, each None when it is said or not to
    be; next_at: the first of them. accepted_in_time, done_in_time: of the first round, None until it is known.
    rating: the worst one of this round.
    """

    __tablename__ = "requests"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "number"], ["matters.compound_id", "matters.number"]),
        Index(None, "compound_id", "state"),
        Index(None, "compound_id", "raised_at"),
        # What became of requests in a week.
        Index(None, "compound_id", "dispatched_at"),
        Index(None, "compound_id", "done_at"),
        Index("ix_requests_assignee_id", "assignee_id"),
        Index("ix_requests_next_at", "next_at", sqlite_where=_TIMED, postgresql_where=_TIMED),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    state: RequestState = Field(sa_type=enum_text(RequestState, "state"))
    level: Ladder = Field(default=Ladder.COMPOUND, sa_type=enum_text(Ladder, "level"))
    role: Role | None = Field(default=None, sa_type=enum_text(Role, "role"), nullable=True)
    assignee_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    helpers: list[dict[str, Any]] = Field(default=[], sa_type=JSON)
    round: int = 1
    refusals: int = 0
    raised_at: datetime = Field(sa_type=UtcDateTime)
    round_at: datetime = Field(sa_type=UtcDateTime)
    dispatched_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    accept_by: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    done_by: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    remind_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    warn_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    climb_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    close_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    accepted_in_time: bool | None = None
    done_in_time: bool | None = None
    rating: Rating | None = Field(default=None, sa_type=enum_text(Rating, "rating"), nullable=True)


class RequestEvent(SQLModel, table=True):
    """One entry of a request's timeline. `seq` counts up without a gap; command_key: a command acts once.

    public: its words are for the reporters too. details: ids and states, never words.
    """

    __tablename__ = "request_events"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "number"], ["requests.compound_id", "requests.number"]),
        UniqueConstraint("compound_id", "command_key"),
        Index("ix_request_events_actor_id", "actor_id"),
        Index(None, "compound_id", "verb", "at"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    seq: int = Field(primary_key=True)
    verb: str = Field(max_length=40)
    at: datetime = Field(sa_type=UtcDateTime)
    actor_id: int | None = Field(default=None, sa_type=BigId)
    public: bool = False
    text: str | None = Field(default=None, sa_type=Text)
    details: dict[str, Any] = Field(default={}, sa_type=JSON)
    command_key: str | None = Field(default=None, max_length=120)


class RequestRating(SQLModel, table=True):
    """What one reporter thought of one round; rating again replaces it."""

    __tablename__ = "request_ratings"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "number"], ["requests.compound_id", "requests.number"]),
        Index("ix_request_ratings_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    round: int = Field(primary_key=True)
    person_id: int = Field(primary_key=True, sa_type=BigId)
    rating: Rating = Field(sa_type=enum_text(Rating, "rating"))
    comment: str | None = Field(default=None, sa_type=Text)
    rated_at: datetime = Field(sa_type=UtcDateTime)


class Mediation(SQLModel, table=True):
    """That somebody mediated (调解) in what a request is about; its entry in the timeline has the same `seq`.

    mediators: who did, as colleagues know them. sealed: the parties and what was agreed, as JSON, for those who may see
    it; None when its time is over.
    """

    __tablename__ = "mediations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["compound_id", "number", "seq"],
            ["request_events.compound_id", "request_events.number", "request_events.seq"],
        ),
        Index("ix_mediations_recorded_at", "recorded_at"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    seq: int = Field(primary_key=True)
    mediated_on: date
    outcome: MediationOutcome = Field(sa_type=enum_text(MediationOutcome, "outcome"))
    mediators: str = Field(max_length=80)
    sealed: bytes | None = None
    recorded_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class DispatchRule(SQLModel, table=True):
    """Who gets what: category is a leaf, a top category or "*"; building "" is the whole compound.

    The closest rule wins: leaf before top before "*", then a building before none. auto: a confirmed matter goes there
    at once; otherwise it is what whoever dispatches is advised.
    """

    __tablename__ = "dispatch_rules"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    category: str = Field(primary_key=True, max_length=60)
    building: str = Field(default="", primary_key=True, max_length=20)
    role: Role = Field(sa_type=enum_text(Role, "role"))
    assignee_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    auto: bool = False
