"""Photos that people sent, from the platform's handle to the blob."""

from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.states import PhotoState
from storage.types import BigId, UtcDateTime, enum_text

_WANTED = text("state = 'wanted'")


class Photo(SQLModel, table=True):
    """A picture of one message, or one that was added on a page. The platform forgets the former after days: a worker
    fetches it while it can.

    photo_key: the message and the picture's place in it, or the form: what comes again finds its row.
    inbox_id: the message, None for one that was added on a page. account, media_id: where the platform has it.
    opinion_number: whose picture it is, None for one of staff's. request_number, event_seq: the entry of a timeline it
    was sent with. address: the blob, once it is kept. next_at: when to fetch it, and until then whoever fetches it
    now has it to themselves. attempts: how often somebody set out to; of two the later one's result counts.
    """

    __tablename__ = "photos"
    __table_args__ = (
        UniqueConstraint("compound_id", "photo_key"),
        Index(None, "compound_id", "opinion_number"),
        Index(None, "compound_id", "request_number"),
        Index(None, "compound_id", "address"),
        Index("ix_photos_wanted", "next_at", sqlite_where=_WANTED, postgresql_where=_WANTED),
        Index("ix_photos_person_id", "person_id"),
        Index("ix_photos_inbox_id", "inbox_id"),
        Index("ix_photos_said_at", "said_at"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    photo_key: str = Field(max_length=60)
    inbox_id: int | None = Field(default=None, sa_type=BigId)
    account: str = Field(default="", max_length=32)
    media_id: str = Field(default="", sa_type=Text)
    person_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    opinion_number: int | None = Field(default=None, sa_type=BigId)
    request_number: int | None = Field(default=None, sa_type=BigId)
    event_seq: int | None = None
    said_at: datetime = Field(sa_type=UtcDateTime)
    state: PhotoState = Field(default=PhotoState.WANTED, sa_type=enum_text(PhotoState, "state"))
    next_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    address: str | None = Field(default=None, max_length=64)
