"""Photos, scans and documents: addressed by a keyed hash of their content, sealed."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.types import BigId, UtcDateTime


class Blob(SQLModel, table=True):
    """One content of at most 10 MB in one compound."""

    __tablename__ = "blobs"
    __table_args__ = (Index(None, "compound_id", "created_at"),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    address: str = Field(primary_key=True, max_length=64)
    media_type: str = Field(max_length=80)
    size: int
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
