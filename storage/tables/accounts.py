"""Who may sign in, and who is signed in."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.states import SessionKind
from storage.types import BigId, UtcDateTime, enum_text


class StaffAccount(SQLModel, table=True):
    """A local account of a member of staff. What they may do follows from their role grants."""

    __tablename__ = "staff_accounts"

    person_id: int = Field(primary_key=True, foreign_key="persons.person_id", sa_type=BigId)
    username: str = Field(unique=True, max_length=40)
    password_hash: str = Field(default="", max_length=200)
    failures: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class WebSession(SQLModel, table=True):
    """A signed-in browser. Only the hash of its cookie is kept.

    read_only: signed in with a virtual account (快照页), which may look but not act.
    """

    __tablename__ = "web_sessions"
    __table_args__ = (Index(None, "person_id"), Index(None, "expires_at"))

    token_hash: bytes = Field(primary_key=True)
    kind: SessionKind = Field(sa_type=enum_text(SessionKind, "kind"))
    person_id: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    account: str = Field(default="", max_length=32)
    read_only: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class OneTimeLink(SQLModel, table=True):
    """A link that acts once, on POST. Only the hash of its token is kept.

    purpose: what it does, "sign_in" or "alert.acknowledge"; subject: to what.
    """

    __tablename__ = "one_time_links"
    __table_args__ = (Index(None, "expires_at"),)

    token_hash: bytes = Field(primary_key=True)
    purpose: str = Field(max_length=40)
    subject: str = Field(default="", max_length=80)
    person_id: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
