"""Chat groups that are heard or written to, and how far the chat archive was read."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.states import GroupKind, Tombstone
from storage.types import BigId, UtcDateTime, enum_text


class ChatGroup(SQLModel, table=True):
    """A chat group of one compound. Only registered groups are heard.

    room: the platform's id (roomid, chat_id); for a webhook the name of its account.
    place_code: the building or entrance whose group it is, None for the whole compound.
    speaks_through: the account that reaches the group, empty when none does.
    told_at: when its members were told that the bot listens; welcomes: newcomers are told when they join.
    """

    __tablename__ = "chat_groups"
    __table_args__ = (
        UniqueConstraint("account", "room"),
        ForeignKeyConstraint(["compound_id", "place_code"], ["places.compound_id", "places.code"]),
        Index(None, "compound_id"),
    )

    group_id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    compound_id: int = Field(foreign_key="compounds.compound_id", sa_type=BigId)
    account: str = Field(max_length=32)
    room: str = Field(max_length=64)
    kind: GroupKind = Field(sa_type=enum_text(GroupKind, "kind"))
    name: str = Field(max_length=80)
    place_code: str | None = Field(default=None, max_length=60)
    speaks_through: str = Field(default="", max_length=32)
    owner: str = Field(default="", max_length=64)
    welcomes: bool = False
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    registered_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class GroupMember(SQLModel, table=True):
    """Who sits in a group, as the platform last said."""

    __tablename__ = "group_members"

    group_id: int = Field(primary_key=True, foreign_key="chat_groups.group_id", sa_type=BigId)
    external_id: str = Field(primary_key=True, max_length=64)
    is_staff: bool
    joined_at: datetime = Field(sa_type=UtcDateTime)


class ArchiveCursor(SQLModel, table=True):
    """How far one archive account was read. Moves in the transaction that stores what was read."""

    __tablename__ = "archive_cursors"

    account: str = Field(primary_key=True, max_length=32)
    seq: int = Field(sa_type=BigId)
    lease_owner: str = Field(default="", max_length=40)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    moved_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class ArchiveTombstone(SQLModel, table=True):
    """That something was in the archive and left nothing but the reason here."""

    __tablename__ = "archive_tombstones"
    __table_args__ = (Index(None, "at"),)

    account: str = Field(primary_key=True, max_length=32)
    seq: int = Field(primary_key=True, sa_type=BigId)
    reason: Tombstone = Field(sa_type=enum_text(Tombstone, "reason"))
    at: datetime = Field(sa_type=UtcDateTime)
