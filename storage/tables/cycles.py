"""The weekly collection (民情民意每周收集), and the safety alerts that do not wait for it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, text
from sqlmodel import Field, SQLModel

from storage.types import BigId, UtcDateTime


class CycleSettings(SQLModel, table=True):
    """When a compound's week opens, prompts and closes; a compound without a row has the defaults.

    Weekdays 1 (Monday) to 7; minutes after midnight, Asia/Shanghai.
    """

    __tablename__ = "cycle_settings"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    enabled: bool = True
    open_weekday: int
    open_minute: int
    prompt_weekday: int
    prompt_minute: int
    close_weekday: int
    close_minute: int


class WeeklyCycle(SQLModel, table=True):
    """One week of one compound; each step has the time at which it was done. `week` is the Monday, 2026-11-16.

    skipped: the week had passed before anybody was there; nothing was sent for it. digest: what the committee got,
    so that the page shows the same as the message. chart_tried_at: when its picture was made or could not be;
    chart_address: the blob that has it, while it is kept.
    """

    __tablename__ = "weekly_cycles"
    __table_args__ = (
        Index(
            "ix_weekly_cycles_chart",
            "digested_at",
            sqlite_where=text("chart_tried_at IS NULL AND digest IS NOT NULL"),
            postgresql_where=text("chart_tried_at IS NULL AND digest IS NOT NULL"),
        ),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    week: str = Field(primary_key=True, max_length=10)
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    prompted_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    digested_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    skipped: bool = False
    digest: dict[str, Any] | None = Field(default=None, sa_type=JSON, nullable=True)
    chart_tried_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    chart_address: str | None = Field(default=None, max_length=64)


class GroupPrompt(SQLModel, table=True):
    """The last prompt that a residents' group got, so that one in which nobody answers gets fewer.

    week: the Monday. unanswered: how many prompts in a row had no opinion after them, this one among them.
    """

    __tablename__ = "group_prompts"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    group_id: int = Field(primary_key=True, foreign_key="chat_groups.group_id", sa_type=BigId)
    week: str = Field(max_length=10)
    prompted_at: datetime = Field(sa_type=UtcDateTime)
    unanswered: int = 1


class AlertEpisode(SQLModel, table=True):
    """A safety matter as the duty persons see it: many messages, one alert until someone acknowledges it.

    matter: category and place, "fire.gas@3-2". number: what staff answer with.
    """

    __tablename__ = "alert_episodes"
    __table_args__ = (
        Index(None, "compound_id", "matter"),
        Index(None, "acknowledged_at", "escalated_at", "alerted_at"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    matter: str = Field(max_length=160)
    opinion_number: int | None = Field(default=None, sa_type=BigId)
    hits: int = 1
    opened_at: datetime = Field(sa_type=UtcDateTime)
    alerted_at: datetime = Field(sa_type=UtcDateTime)
    last_hit_at: datetime = Field(sa_type=UtcDateTime)
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    acknowledged_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    escalated_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
