"""What is known of a compound beside its tree: its profile, its card, its grid cells (网格)."""

from datetime import date, datetime

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from storage.states import CardKind, CompoundKind, Convening
from storage.types import BigId, UtcDateTime, enum_text


class CompoundProfile(SQLModel, table=True):
    """More of a compound's profile; handlers/grid/profile.py says what follows from it.

    convening: who calls the owners together. property_company, property_since: who manages it, and since when.
    """

    __tablename__ = "compound_profiles"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    kind: CompoundKind | None = Field(default=None, sa_type=enum_text(CompoundKind, "kind"), nullable=True)
    convening: Convening | None = Field(
        default=None, sa_type=enum_text(Convening, "convening"), nullable=True
    )
    property_company: str = Field(default="", max_length=80)
    property_since: date | None = None
    changed_at: datetime = Field(sa_type=UtcDateTime)


class GridCell(SQLModel, table=True):
    """A cell of about thirty households. `code` is what people write and never changes.

    worker_id: its grid worker (网格员), None for nobody.
    """

    __tablename__ = "grid_cells"
    __table_args__ = (Index("ix_grid_cells_worker_id", "worker_id"),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    code: str = Field(primary_key=True, max_length=40)
    worker_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)


class GridPlace(SQLModel, table=True):
    """That a place, with all that lies in it, is a cell's. Of a place and one inside it, the inner one counts."""

    __tablename__ = "grid_places"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "place_code"], ["places.compound_id", "places.code"]),
        ForeignKeyConstraint(["compound_id", "cell_code"], ["grid_cells.compound_id", "grid_cells.code"]),
        Index("ix_grid_places_compound_id_cell_code", "compound_id", "cell_code"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    place_code: str = Field(primary_key=True, max_length=60)
    cell_code: str = Field(max_length=40)


class GridUpload(SQLModel, table=True):
    """A sheet of the tree between its upload and its import: one a compound, gone after a day at the latest."""

    __tablename__ = "grid_uploads"
    __table_args__ = (Index("ix_grid_uploads_uploaded_at", "uploaded_at"),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    name: str = Field(max_length=120)
    sealed: bytes
    uploaded_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    uploaded_at: datetime = Field(sa_type=UtcDateTime)


class CardEntry(SQLModel, table=True):
    """What a compound has one of: its party branch, plan, leader, partner and volunteers.

    name: of the body or the plan. holder_sealed: who answers for it; residents see the entry when they agreed
    (agreed_at). phone_sealed: only ever the phone of an office.
    """

    __tablename__ = "card_entries"
    __table_args__ = (Index("ix_card_entries_changed_by", "changed_by"),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    kind: CardKind = Field(primary_key=True, sa_type=enum_text(CardKind, "kind"))
    name: str = Field(max_length=80)
    words: str = Field(default="", max_length=500)
    holder_sealed: bytes | None = None
    phone_sealed: bytes | None = None
    agreed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    changed_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    changed_at: datetime = Field(sa_type=UtcDateTime)
