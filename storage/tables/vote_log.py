"""The public log of a vote (RFC 6962): leaves as they happen, their order when they are sealed, signed checkpoints.

Leaves, their places and the checkpoints are append-only: a trigger refuses UPDATE and DELETE. Entries hold ids and
hashes, never names or choices.
"""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.types import BigId, UtcDateTime

_OF_VOTE = ["votes.compound_id", "votes.vote_number"]


class VoteLeaf(SQLModel, table=True):
    """What happened, written with it in one transaction. entry: canonical JSON (RFC 8785), the bytes that are hashed.

    leaf_id begins with the time in milliseconds, so that sealing follows the order of writing.
    """

    __tablename__ = "vote_leaves"
    __table_args__ = (ForeignKeyConstraint(["compound_id", "vote_number"], _OF_VOTE),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    leaf_id: str = Field(primary_key=True, max_length=32)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str = Field(max_length=24)
    entry: str = Field(sa_type=Text)
    leaf_hash: bytes


class UnsealedLeaf(SQLModel, table=True):
    """A leaf that has no place in the log yet: what the sealer has to do, gone when it is done."""

    __tablename__ = "unsealed_leaves"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    leaf_id: str = Field(primary_key=True, max_length=32)


class VoteLogEntry(SQLModel, table=True):
    """Where a leaf stands in the log, without a gap from 0."""

    __tablename__ = "vote_log_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["compound_id", "vote_number", "leaf_id"],
            ["vote_leaves.compound_id", "vote_leaves.vote_number", "vote_leaves.leaf_id"],
        ),
        UniqueConstraint("compound_id", "vote_number", "leaf_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    log_index: int = Field(primary_key=True, sa_type=BigId)
    leaf_id: str = Field(max_length=32)


class VoteCheckpoint(SQLModel, table=True):
    """A signed tree head: this many entries have this root. reason: opening, daily, close, result or sealing."""

    __tablename__ = "vote_checkpoints"
    __table_args__ = (ForeignKeyConstraint(["compound_id", "vote_number"], _OF_VOTE),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    size: int = Field(primary_key=True, sa_type=BigId)
    root: bytes
    at: datetime = Field(sa_type=UtcDateTime)
    reason: str = Field(default="sealing", max_length=16)
    key_id: str = Field(max_length=16)
    signature: bytes
