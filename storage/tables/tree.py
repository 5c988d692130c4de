"""The tree: district > subdistrict > community > precinct > compound > building > entrance > unit > household."""

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from storage.states import PlaceLevel, RegionLevel, Stewardship, Tenure
from storage.types import BigId, enum_text


class Region(SQLModel, table=True):
    """A node above the compounds. `code` is the official or agreed code and never changes."""

    __tablename__ = "regions"

    code: str = Field(primary_key=True, max_length=40)
    level: RegionLevel = Field(sa_type=enum_text(RegionLevel, "level"))
    name: str = Field(max_length=80)
    parent_code: str | None = Field(default=None, foreign_key="regions.code", index=True, max_length=40)


class Compound(SQLModel, table=True):
    """A compound (小区): the tenant, with its profile."""

    __tablename__ = "compounds"

    compound_id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    code: str = Field(unique=True, max_length=40)
    name: str = Field(index=True, max_length=80)
    region_code: str | None = Field(default=None, foreign_key="regions.code", index=True, max_length=40)
    tenure: Tenure | None = Field(default=None, sa_type=enum_text(Tenure, "tenure"), nullable=True)
    stewardship: Stewardship | None = Field(
        default=None, sa_type=enum_text(Stewardship, "stewardship"), nullable=True
    )
    built_year: int | None = None
    households: int | None = None
    residents: int | None = None


class Place(SQLModel, table=True):
    """A node inside a compound. `code` is its path: "3", "3-2", "3-2-501", "3-2-501-1"."""

    __tablename__ = "places"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "parent_code"], ["places.compound_id", "places.code"]),
        Index(None, "compound_id", "parent_code"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    code: str = Field(primary_key=True, max_length=60)
    level: PlaceLevel = Field(sa_type=enum_text(PlaceLevel, "level"))
    name: str = Field(max_length=80)
    parent_code: str | None = Field(default=None, max_length=60)
