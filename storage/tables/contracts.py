"""Who serves a compound and what they say to their figures; campaigns."""

from datetime import date, datetime

from sqlalchemy import JSON, Date, ForeignKeyConstraint, Text
from sqlmodel import Field, SQLModel

from storage.types import BigId, UtcDateTime


class PropertyContract(SQLModel, table=True):
    """Which property company serves a compound, from which day until which; until_on: the last day, None for still."""

    __tablename__ = "property_contracts"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    since_on: date = Field(primary_key=True, sa_type=Date)
    company: str = Field(max_length=80)
    until_on: date | None = Field(default=None, sa_type=Date, nullable=True)


class PropertyStatement(SQLModel, table=True):
    """What a property company says to its figures of a quarter (2026Q4) of a compound; the newest words stand.

    company: as its contract names it, "" where nobody served on the day of a row from before companies were noted.
    """

    __tablename__ = "property_statements"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    quarter: str = Field(primary_key=True, max_length=6)
    company: str = Field(primary_key=True, max_length=80)
    words: str = Field(default="", sa_type=Text)
    written_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    written_at: datetime = Field(sa_type=UtcDateTime)


class Campaign(SQLModel, table=True):
    """A campaign (整治) from its first to its last day, both included. leaves: the categories it is about."""

    __tablename__ = "campaigns"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    title: str = Field(max_length=60)
    leaves: list[str] = Field(default=[], sa_type=JSON)
    starts_on: date = Field(sa_type=Date)
    ends_on: date = Field(sa_type=Date)
    created_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcDateTime)


class CampaignPlace(SQLModel, table=True):
    """A place of a campaign that staff found themselves. building: its code, "" for none. done_on: when it was put
    right. before_address, after_address: of its photos."""

    __tablename__ = "campaign_places"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "number"], ["campaigns.compound_id", "campaigns.number"]),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    place_number: int = Field(primary_key=True, sa_type=BigId)
    building: str = Field(default="", max_length=20)
    words: str = Field(max_length=200)
    before_address: str | None = Field(default=None, max_length=64)
    after_address: str | None = Field(default=None, max_length=64)
    done_on: date | None = Field(default=None, sa_type=Date, nullable=True)
    added_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    added_at: datetime = Field(sa_type=UtcDateTime)
