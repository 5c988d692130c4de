"""The weekly round for hazards (每周安全隐患排查): lists of who goes round, and what they found."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKeyConstraint, Index, false
from sqlmodel import Field, SQLModel

from storage.types import BigId, UtcDateTime


class HazardSettings(SQLModel, table=True):
    """Whether the grid workers of a compound are reminded of the round."""

    __tablename__ = "hazard_settings"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    weekly: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class HazardList(SQLModel, table=True):
    """One person's round in a week (its Monday). items: as they were when it began; seen: those that were looked at.

    person_id: of somebody who was forgotten a random negative number, so that the counts stay.
    """

    __tablename__ = "hazard_lists"
    __table_args__ = (Index("ix_hazard_lists_person_id", "person_id"),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    week: str = Field(primary_key=True, max_length=10)
    person_id: int = Field(primary_key=True, sa_type=BigId)
    items: list[str] = Field(default=[], sa_type=JSON)
    seen: list[str] = Field(default=[], sa_type=JSON)
    begun_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class HazardFinding(SQLModel, table=True):
    """A hazard of a round: the opinion it became, which has the words and photos."""

    __tablename__ = "hazard_findings"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "opinion_number"], ["opinions.compound_id", "opinions.number"]),
        Index(None, "compound_id", "week"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    opinion_number: int = Field(primary_key=True, sa_type=BigId)
    week: str = Field(max_length=10)
    item: str = Field(max_length=40)
    found_at: datetime = Field(sa_type=UtcDateTime)
