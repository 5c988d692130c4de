"""Points for taking part (社区信用积分): off in a compound until somebody switches them on."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.states import PointKind
from storage.types import BigId, UtcDateTime, enum_text


class PointSettings(SQLModel, table=True):
    """Whether a compound gives points. on_since: None while it gives none; what happened before earns nothing.

    swept_at: when the ledger was last held against the records.
    """

    __tablename__ = "point_settings"
    __table_args__ = (Index(None, "swept_at"),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    on_since: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    swept_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class PointEntry(SQLModel, table=True):
    """Points for one thing that somebody did; `source` names it ("report:1001"), and gives points once.

    at: when they did it. taken_back_at: the source went away; should it come back, so do the points.
    person_id: of somebody who was forgotten a random negative number, so that the totals stay.
    """

    __tablename__ = "point_entries"
    __table_args__ = (Index("ix_point_entries_person_id", "person_id"), Index(None, "compound_id", "at"))

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    source: str = Field(primary_key=True, max_length=60)
    person_id: int = Field(primary_key=True, sa_type=BigId)
    kind: PointKind = Field(sa_type=enum_text(PointKind, "kind"))
    points: int
    at: datetime = Field(sa_type=UtcDateTime)
    taken_back_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
