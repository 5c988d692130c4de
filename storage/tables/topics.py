"""Topics (议题) on their way through the five steps, with their record."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.states import ObjectionState, TopicState, TopicStep, TopicVerb
from storage.types import BigId, UtcDateTime, enum_text

_TIMED = text("next_at IS NOT NULL")


def _of_topic() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["compound_id", "topic_number"], ["topics.compound_id", "topics.topic_number"]
    )


class Topic(SQLModel, table=True):
    """One topic, and where it stands.

    template: which steps need what (handlers/topics/templates.toml). entry: counts how often a step was entered, ends
    included. lawful: owners decide it by a vote, under one of the `items` of art. 278. matter_number: what it began
    with. vote_number, poll_number: of the present round. work: what was done in the steps (handlers/topics/record.py).
    due_at: until when the step should be left. remind_at, overdue_at: when the clock has to say so, None when it did.
    next_at: the first of the two.
    """

    __tablename__ = "topics"
    __table_args__ = (
        Index(None, "compound_id", "state"),
        Index("ix_topics_next_at", "next_at", sqlite_where=_TIMED, postgresql_where=_TIMED),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    topic_number: int = Field(primary_key=True, sa_type=BigId)
    template: str = Field(max_length=40)
    title: str = Field(max_length=120)
    body: str = Field(default="", sa_type=Text)
    state: TopicState = Field(default=TopicState.OPEN, sa_type=enum_text(TopicState, "state"))
    step: TopicStep = Field(default=TopicStep.PROPOSE, sa_type=enum_text(TopicStep, "step"))
    entry: int = 1
    lawful: bool = False
    items: list[int] = Field(default=[], sa_type=JSON)
    matter_number: int | None = Field(default=None, sa_type=BigId)
    vote_number: int | None = Field(default=None, sa_type=BigId)
    poll_number: int | None = Field(default=None, sa_type=BigId)
    work: dict[str, Any] = Field(default={}, sa_type=JSON)
    created_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcDateTime)
    entered_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    remind_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    overdue_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class TopicEvent(SQLModel, table=True):
    """An entry of a topic's record; they number themselves without a gap. command_key: names the command, which then
    acts once. actor_id: None for the clock. words: what staff wrote, never what a resident said."""

    __tablename__ = "topic_events"
    __table_args__ = (_of_topic(), UniqueConstraint("compound_id", "topic_number", "command_key"))

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    topic_number: int = Field(primary_key=True, sa_type=BigId)
    seq: int = Field(primary_key=True)
    command_key: str = Field(max_length=80)
    verb: TopicVerb = Field(sa_type=enum_text(TopicVerb, "verb"))
    step: TopicStep = Field(sa_type=enum_text(TopicStep, "step"))
    at: datetime = Field(sa_type=UtcDateTime)
    actor_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    words: str = Field(default="", sa_type=Text)
    details: dict[str, Any] = Field(default={}, sa_type=JSON)


class TopicObjection(SQLModel, table=True):
    """What a resident has against a topic, and what they were answered. One of a person in each entry of a step.

    person_id: None for one that staff wrote down for somebody, and after they were forgotten, with their words.
    """

    __tablename__ = "topic_objections"
    __table_args__ = (
        _of_topic(),
        UniqueConstraint("compound_id", "topic_number", "entry", "person_id"),
        Index("ix_topic_objections_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    topic_number: int = Field(primary_key=True, sa_type=BigId)
    objection_number: int = Field(primary_key=True)
    entry: int
    step: TopicStep = Field(sa_type=enum_text(TopicStep, "step"))
    state: ObjectionState = Field(default=ObjectionState.OPEN, sa_type=enum_text(ObjectionState, "state"))
    person_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    entered_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    text_sealed: bytes | None = None
    made_at: datetime = Field(sa_type=UtcDateTime)
    answer: str = Field(default="", sa_type=Text)
    decided_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class TopicRepresentative(SQLModel, table=True):
    """An elected representative of the residents, who accepts the works or refuses to (竣工验收).

    unit_code: where they live. person_id: None for one who signs on paper. accepts: None while they said neither.
    paper_accepts, paper_by: what one of staff read on a paper; it counts when another reads the same.
    """

    __tablename__ = "topic_representatives"
    __table_args__ = (
        _of_topic(),
        UniqueConstraint("compound_id", "topic_number", "person_id"),
        Index("ix_topic_representatives_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    topic_number: int = Field(primary_key=True, sa_type=BigId)
    representative_number: int = Field(primary_key=True)
    person_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    name_sealed: bytes | None = None
    unit_code: str = Field(default="", max_length=60)
    accepts: bool | None = None
    reason: str = Field(default="", sa_type=Text)
    said_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    paper_accepts: bool | None = None
    paper_reason: str = Field(default="", sa_type=Text)
    paper_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)


class TopicDocument(SQLModel, table=True):
    """A document or a photo of a topic. milestone: the one it shows, by its place from 0. public: residents see it."""

    __tablename__ = "topic_documents"
    __table_args__ = (_of_topic(), Index(None, "compound_id", "address"))

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    topic_number: int = Field(primary_key=True, sa_type=BigId)
    document_number: int = Field(primary_key=True)
    entry: int
    step: TopicStep = Field(sa_type=enum_text(TopicStep, "step"))
    milestone: int | None = None
    name: str = Field(max_length=120)
    address: str = Field(max_length=64)
    public: bool = True
    made_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    made_at: datetime = Field(sa_type=UtcDateTime)
