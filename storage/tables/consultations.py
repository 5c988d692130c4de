"""The monthly consultation (议事协商): when, what about, who comes, what came of it."""

from datetime import date, datetime

from sqlalchemy import JSON, Date, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field, SQLModel

from storage.states import ItemOutcome, ItemSource, ItemState, MeetingBy, MeetingForm
from storage.types import BigId, UtcDateTime, enum_text

_WAITS = text("next_at IS NOT NULL")


class ConsultationPlan(SQLModel, table=True):
    """When a compound sits together; one without a row has the defaults.

    day: of the month. nth, weekday: the nth Monday (1) to Sunday (7) of the month, 5 for the last. minute: after
    midnight, Asia/Shanghai. seats: None for as many as come.
    """

    __tablename__ = "consultation_plans"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    enabled: bool = True
    meets_by: MeetingBy = Field(sa_type=enum_text(MeetingBy, "meets_by"))
    day: int
    nth: int
    weekday: int
    minute: int
    form: MeetingForm = Field(sa_type=enum_text(MeetingForm, "form"))
    place: str = Field(default="", max_length=120)
    seats: int | None = None


class Consultation(SQLModel, table=True):
    """One month of one compound, 2026-11; each step has the time at which it was done.

    moved: how often it was moved after it had been announced, each of which is announced anew. told_after: the
    residents up to this one were told, None when nobody is left to tell. asked_at: for the record; late_at: the
    community was told that there is none. checked_at: what was promised was looked at. ended_why: "" when nobody
    settled the agenda in time. present: staff who came, a line each. next_at: when the clock has to look again.
    """

    __tablename__ = "consultations"
    __table_args__ = (
        Index("ix_consultations_next_at", "next_at", sqlite_where=_WAITS, postgresql_where=_WAITS),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    month: str = Field(primary_key=True, max_length=7)
    meets_at: datetime = Field(sa_type=UtcDateTime)
    form: MeetingForm = Field(sa_type=enum_text(MeetingForm, "form"))
    place: str = Field(default="", max_length=120)
    seats: int | None = None
    opened_at: datetime = Field(sa_type=UtcDateTime)
    agreed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    agreed_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    moved: int = 0
    reminded_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    noticed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    told_after: int | None = Field(default=None, sa_type=BigId)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    late_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    attended: int | None = None
    present: list[str] = Field(default=[], sa_type=JSON)
    summary: str = Field(default="", sa_type=Text)
    recorded_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    recorded_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    checked_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    ended_why: str = Field(default="", max_length=200)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class ConsultationItem(SQLModel, table=True):
    """Something to talk about. month: None while it waits for the next meeting.

    title, body: public. said: a resident's own words, for staff. why: what put it here, in words. answer: why it was
    dropped, as its resident reads it. holder, until: who sees to what was decided, and by when. settled_at: what was
    promised is done. carried_to: the item of a later meeting that goes on with it.
    """

    __tablename__ = "consultation_items"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "month"], ["consultations.compound_id", "consultations.month"]),
        Index(None, "compound_id", "month"),
        Index("ix_consultation_items_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    item_number: int = Field(primary_key=True, sa_type=BigId)
    month: str | None = Field(default=None, max_length=7)
    source: ItemSource = Field(sa_type=enum_text(ItemSource, "source"))
    state: ItemState = Field(sa_type=enum_text(ItemState, "state"))
    position: int = 0
    title: str = Field(max_length=120)
    body: str = Field(default="", sa_type=Text)
    said: str | None = Field(default=None, sa_type=Text, nullable=True)
    why: str = Field(default="", max_length=200)
    person_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    matter_number: int | None = Field(default=None, sa_type=BigId)
    topic_number: int | None = Field(default=None, sa_type=BigId)
    from_item: int | None = Field(default=None, sa_type=BigId)
    answer: str = Field(default="", max_length=500)
    added_at: datetime = Field(sa_type=UtcDateTime)
    outcome: ItemOutcome | None = Field(
        default=None, sa_type=enum_text(ItemOutcome, "outcome"), nullable=True
    )
    outcome_words: str = Field(default="", max_length=500)
    holder: str = Field(default="", max_length=60)
    until: date | None = Field(default=None, sa_type=Date, nullable=True)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    settled_words: str = Field(default="", max_length=500)
    carried_to: int | None = Field(default=None, sa_type=BigId)


class ConsultationSeat(SQLModel, table=True):
    """That somebody wants to come. name_sealed: what the minutes may call them, None for nothing. came: as recorded."""

    __tablename__ = "consultation_seats"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "month"], ["consultations.compound_id", "consultations.month"]),
        Index("ix_consultation_seats_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    month: str = Field(primary_key=True, max_length=7)
    person_id: int = Field(primary_key=True, foreign_key="persons.person_id", sa_type=BigId)
    signed_at: datetime = Field(sa_type=UtcDateTime)
    name_sealed: bytes | None = None
    came: bool = False
