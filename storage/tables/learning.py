"""What staff teach the tagger, and what it has learned."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint
from sqlmodel import Field, SQLModel

from storage.states import ModelState, PhraseKind
from storage.types import BigId, UtcDateTime, enum_text


class Correction(SQLModel, table=True):
    """A member of staff sorted an opinion anew. before, after: leaf ids, best first; [] is "no matter at all".

    Words stay with the opinion: what is learned from is found by number, while it is kept.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "opinion_number"], ["opinions.compound_id", "opinions.number"]),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    opinion_number: int = Field(primary_key=True, sa_type=BigId)
    seq: int = Field(primary_key=True)
    before: list[str] = Field(sa_type=JSON)
    after: list[str] = Field(sa_type=JSON)
    urgency_before: int
    urgency_after: int
    version: str = Field(max_length=40)
    corrected_at: datetime = Field(sa_type=UtcDateTime)
    corrected_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)


class LocalPhrase(SQLModel, table=True):
    """A name of one compound. NAME holds words of the lexicon and means none (山水庭院); PLACE is a spot of its own."""

    __tablename__ = "local_phrases"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    phrase: str = Field(primary_key=True, max_length=40)
    kind: PhraseKind = Field(sa_type=enum_text(PhraseKind, "kind"))


class TagModel(SQLModel, table=True):
    """A trained second stage and its figures on the hold-out. Without an ACTIVE one the shipped one is used."""

    __tablename__ = "tag_models"

    version: str = Field(primary_key=True, max_length=40)
    trained_at: datetime = Field(sa_type=UtcDateTime)
    state: ModelState = Field(sa_type=enum_text(ModelState, "state"))
    figures: dict[str, Any] = Field(sa_type=JSON)
    body: bytes


class Replay(SQLModel, table=True):
    """Stored opinions tagged again after a change of lexicon or model; goes on where it stopped.

    only_compound: of one compound; None for all. after_compound, after_number: the last opinion that was read again.
    """

    __tablename__ = "replays"

    replay_id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    version: str = Field(max_length=40)
    requested_at: datetime = Field(sa_type=UtcDateTime)
    requested_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    since: datetime = Field(sa_type=UtcDateTime)
    only_compound: int | None = Field(default=None, sa_type=BigId)
    after_compound: int = Field(default=0, sa_type=BigId)
    after_number: int = Field(default=0, sa_type=BigId)
    total: int = 0
    done: int = 0
    changed: int = 0
    lease_owner: str = Field(default="", max_length=40)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
