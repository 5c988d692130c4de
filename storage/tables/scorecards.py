"""What the records say of a month of a compound."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from storage.types import BigId, UtcDateTime

_UNCHECKED = text("revision = 1 AND checked_at IS NULL")


class Scorecard(SQLModel, table=True):
    """A compound's month as it was counted (handlers/oversight/scoring.py); its figures never change.

    month: 2026-11. revision: 1 when the month was over, 2 a month later where the records then said something else.
    place: the subdistrict in which it is ranked, as the tree was then; "" outside of all. score: tenths of a point of
    100, None for one with too few records. checked_at: when it was counted once more.
    """

    __tablename__ = "scorecards"
    __table_args__ = (
        Index(None, "month", "place"),
        Index("ix_scorecards_unchecked", "month", sqlite_where=_UNCHECKED, postgresql_where=_UNCHECKED),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    month: str = Field(primary_key=True, max_length=7)
    revision: int = Field(primary_key=True)
    place: str = Field(default="", max_length=40)
    figures: dict[str, Any] = Field(default={}, sa_type=JSON)
    score: int | None = None
    made_at: datetime = Field(sa_type=UtcDateTime)
    checked_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
