"""Oversight (督促考核): what is watched week by week, and what the records say of a month."""

from datetime import datetime

from sqlalchemy import JSON, false, true
from sqlmodel import Field, SQLModel

from storage.states import ReviewRhythm
from storage.types import BigId, UtcDateTime, enum_text


class OversightSettings(SQLModel, table=True):
    """What a compound has switched on; one without a row has the defaults.

    warnings: told when more people than usual speak of one kind of thing. rate_cards: its property company has a rate
    card, and may be on a list. review: how often residents are asked about their committee; review_by: who said so.
    """

    __tablename__ = "oversight_settings"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    warnings: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    rate_cards: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    review: ReviewRhythm = Field(
        default=ReviewRhythm.NEVER,
        sa_type=enum_text(ReviewRhythm, "review"),
        sa_column_kwargs={"server_default": ReviewRhythm.NEVER.value},
    )
    review_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)


class WeekTally(SQLModel, table=True):
    """How many people of a compound said something of a category in a week: {"elevator": 4, ...}, others 0.

    Counts only, so they stay when words and people are forgotten. `week` is the Monday, 2026-11-16.
    """

    __tablename__ = "week_tallies"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    week: str = Field(primary_key=True, max_length=10)
    people: dict[str, int] = Field(default={}, sa_type=JSON)
    counted_at: datetime = Field(sa_type=UtcDateTime)


class EarlyWarning(SQLModel, table=True):
    """An episode in which more people of a compound than usual spoke of a category.

    week: the one that showed it. weeks, people, usual_tenths: so many people in so many weeks, where usually so many
    tenths of one are. still_usual: people in a week that are no rise. matters: examples, by number. ended_week: the
    last week of the episode.
    """

    __tablename__ = "early_warnings"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    category: str = Field(primary_key=True, max_length=60)
    week: str = Field(primary_key=True, max_length=10)
    weeks: int
    people: int
    usual_tenths: int
    still_usual: int
    matters: list[int] = Field(default=[], sa_type=JSON)
    raised_at: datetime = Field(sa_type=UtcDateTime)
    ended_week: str | None = Field(default=None, max_length=10)


class CommunityWarning(SQLModel, table=True):
    """The same of all compounds of a community together. compounds: those where most spoke of it, by code."""

    __tablename__ = "community_warnings"

    region_code: str = Field(primary_key=True, foreign_key="regions.code", max_length=40)
    category: str = Field(primary_key=True, max_length=60)
    week: str = Field(primary_key=True, max_length=10)
    weeks: int
    people: int
    usual_tenths: int
    still_usual: int
    compounds: list[str] = Field(default=[], sa_type=JSON)
    raised_at: datetime = Field(sa_type=UtcDateTime)
    ended_week: str | None = Field(default=None, max_length=10)
