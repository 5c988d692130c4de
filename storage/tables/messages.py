"""Platform tables of messages: what came in, what goes out, and who may be written to. No tenant here."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.states import Form, InboxState, MessageClass, OutboxState, WindowKind
from storage.types import BigId, UtcDateTime, enum_text

_JSON = JSON(none_as_null=True)


class InboxMessage(SQLModel, table=True):
    """A received message or event. Acknowledged to the platform only when this row is durable.

    media_id: the platform's handle of a picture, voice or video; of several pictures in one message one on each line.
    room: the platform's id of the chat group it was said in, empty for 1:1. quoted: what it answers to.
    reply_address: where the platform takes the one answer to it, for channels that answer that way.

    The replica that took it holds the lease first, so that its waiting request can answer; after lease_until
    the row is anyone's.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("account", "message_key"),
        Index(
            "ix_inbox_new",
            "inbox_id",
            sqlite_where=text("state = 'new'"),
            postgresql_where=text("state = 'new'"),
        ),
        # What was said just before in the same group; a 1:1 message is not in it.
        Index(
            "ix_inbox_room",
            "account",
            "room",
            "inbox_id",
            sqlite_where=text("room <> ''"),
            postgresql_where=text("room <> ''"),
        ),
        # Set when the message is worked on, so that taking it in does not pay for this index.
        Index(
            "ix_inbox_person_id",
            "person_id",
            sqlite_where=text("person_id IS NOT NULL"),
            postgresql_where=text("person_id IS NOT NULL"),
        ),
    )

    inbox_id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    account: str = Field(max_length=32)
    message_key: str = Field(max_length=200)
    kind: str = Field(max_length=16)
    sender: str = Field(max_length=64)
    sent_at: datetime = Field(sa_type=UtcDateTime)
    text: str = Field(sa_type=Text)
    scene: str = Field(max_length=128)
    media_id: str = Field(sa_type=Text)
    room: str = Field(default="", max_length=64, sa_column_kwargs={"server_default": ""})
    quoted: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    reply_address: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    received_at: datetime = Field(sa_type=UtcDateTime)
    state: InboxState = Field(default=InboxState.NEW, sa_type=enum_text(InboxState, "state"))
    lease_owner: str = Field(max_length=40)
    lease_until: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    person_id: int | None = Field(default=None, sa_type=BigId)
    outcome: str = Field(default="", max_length=40)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class OutboxMessage(SQLModel, table=True):
    """A message that goes out, once for each (account, dedupe_key).

    payload: what the form needs beside the text, such as a template's fields. fallbacks: forms to try when this one
    cannot reach the recipient, [[account, recipient, form], ...]. platform_id: the platform's name for what it took.
    topic: what it is news of, and to whom; newer news takes its place while it waits. Empty for what is none.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("account", "dedupe_key"),
        Index(
            "ix_outbox_due",
            "not_before",
            sqlite_where=text("state IN ('pending', 'sending')"),
            postgresql_where=text("state IN ('pending', 'sending')"),
        ),
        Index(None, "account", "recipient", "state"),
        Index("ix_outbox_inbox_id", "inbox_id"),
        Index(
            "ix_outbox_topic",
            "topic",
            sqlite_where=text("topic <> ''"),
            postgresql_where=text("topic <> ''"),
        ),
        Index(None, "created_at"),
    )

    outbox_id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    account: str = Field(max_length=32)
    dedupe_key: str = Field(max_length=120)
    recipient: str = Field(max_length=64)
    message_class: MessageClass = Field(sa_type=enum_text(MessageClass, "message_class"))
    text: str = Field(sa_type=Text)
    form: Form = Field(
        default=Form.TEXT,
        sa_type=enum_text(Form, "form"),
        sa_column_kwargs={"server_default": Form.TEXT.value},
    )
    payload: dict[str, Any] | None = Field(default=None, sa_type=_JSON, nullable=True)
    fallbacks: list[list[str]] | None = Field(default=None, sa_type=_JSON, nullable=True)
    reply_address: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    platform_id: str = Field(default="", max_length=128, sa_column_kwargs={"server_default": ""})
    topic: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": ""})
    inbox_id: int | None = Field(default=None, sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcDateTime)
    not_before: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    state: OutboxState = Field(default=OutboxState.PENDING, sa_type=enum_text(OutboxState, "state"))
    lease_owner: str = Field(default="", max_length=40)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    attempts: int = 0
    reason: str = Field(default="", max_length=120)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class SendWindow(SQLModel, table=True):
    """The quota ledger: how many messages one person may still be sent, and until when."""

    __tablename__ = "send_windows"

    account: str = Field(primary_key=True, max_length=32)
    recipient: str = Field(primary_key=True, max_length=64)
    kind: WindowKind = Field(primary_key=True, sa_type=enum_text(WindowKind, "kind"))
    opened_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    allowed: int
    used: int = 0
