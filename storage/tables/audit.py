"""The append-only audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from storage.types import BigId, UtcDateTime


class AuditEvent(SQLModel, table=True):
    """Who did what to what. Ids and hashes only, never names, phones or chat text; a trigger refuses UPDATE and DELETE.

    compound_id 0 is the platform itself; actor_id None is the system.
    """

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "compound_id", "at"),)

    compound_id: int = Field(primary_key=True, sa_type=BigId)
    event_id: str = Field(primary_key=True, max_length=32)
    at: datetime = Field(sa_type=UtcDateTime)
    actor_id: int | None = Field(default=None, sa_type=BigId)
    verb: str = Field(max_length=40)
    subject: str = Field(max_length=120)
    details: dict[str, Any] = Field(default={}, sa_type=JSON)
