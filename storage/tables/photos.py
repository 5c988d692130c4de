"""Photos that people sent, from the platform's handle to the blob."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from storage.states import PhotoState
from storage.types import BigId, UtcDateTime, enum_text

_WANTED = text("state = 'wanted'")


class Photo(SQLModel, table=True):
    """A picture of one message. The platform forgets it after days: a worker fetches it while it can.

    opinion_number: whose picture it is. event_seq: the request's event it was sent with, on the opinion's matter.
    address: the blob, once it is kept.
    """

    __tablename__ = "photos"
    __table_args__ = (
        Index(None, "compound_id", "opinion_number"),
        Index("ix_photos_wanted", "next_at", sqlite_where=_WANTED, postgresql_where=_WANTED),
        Index("ix_photos_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    inbox_id: int = Field(primary_key=True, sa_type=BigId)
    account: str = Field(max_length=32)
    media_id: str = Field(max_length=255)
    person_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    opinion_number: int | None = Field(default=None, sa_type=BigId)
    event_seq: int | None = None
    said_at: datetime = Field(sa_type=UtcDateTime)
    state: PhotoState = Field(default=PhotoState.WANTED, sa_type=enum_text(PhotoState, "state"))
    next_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    address: str | None = Field(default=None, max_length=64)
