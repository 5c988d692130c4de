"""Homes that are visited regularly (分级关注), and stewards' days on the spot (下沉).

Who is on the list, why and how often is known to whoever visits and to the community's head. What would say whose home
it is, why, and what was found there is sealed.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.states import VisitLevel
from storage.types import BigId, UtcDateTime, enum_text

_GOES_ON = text("ended_at IS NULL")


class VisitPlan(SQLModel, table=True):
    """A home to visit. household_lookup: keyed hash of its place's code, so that no home is on the list twice.

    met_on: when somebody was last met there. ended_at: they moved out, or need it no more; what says whose home it was
    and why is gone then.
    """

    __tablename__ = "visit_plans"
    __table_args__ = (
        UniqueConstraint("compound_id", "household_lookup"),
        Index("ix_visit_plans_worker_id", "worker_id", sqlite_where=_GOES_ON, postgresql_where=_GOES_ON),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    household_lookup: bytes | None = None
    household_sealed: bytes | None = None
    level: VisitLevel = Field(sa_type=enum_text(VisitLevel, "level"))
    reason_sealed: bytes | None = None
    worker_id: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    begun_on: date
    met_on: date | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class HomeVisit(SQLModel, table=True):
    """One visit to such a home."""

    __tablename__ = "home_visits"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "number"], ["visit_plans.compound_id", "visit_plans.number"]),
        Index("ix_home_visits_recorded_at", "recorded_at"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    seq: int = Field(primary_key=True)
    visited_on: date
    visited_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    met: bool
    note_sealed: bytes | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class StewardVisit(SQLModel, table=True):
    """That a steward was in a compound on a day, once a day. place_code: the building, None for all of it."""

    __tablename__ = "steward_visits"
    __table_args__ = (Index("ix_steward_visits_person_id", "person_id", "visited_on"),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    person_id: int = Field(primary_key=True, foreign_key="persons.person_id", sa_type=BigId)
    visited_on: date = Field(primary_key=True)
    place_code: str | None = Field(default=None, max_length=60)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
