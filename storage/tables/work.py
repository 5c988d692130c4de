"""Claims: which periodic job was done for which period."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.types import UtcDateTime


class Claim(SQLModel, table=True):
    """Replicas race on this key; the one whose row stands does the job."""

    __tablename__ = "claims"

    job: str = Field(primary_key=True, max_length=60)
    period: str = Field(primary_key=True, max_length=40)
    owner: str = Field(max_length=40)
    claimed_at: datetime = Field(sa_type=UtcDateTime)
