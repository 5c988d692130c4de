"""The minutes of a consultation, as they are printed: who came, what was said, what became of each item."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.consultations import words
from handlers.consultations.seats import name_of
from storage.queries.consultations import list_items, list_seats
from storage.sealing import Sealer
from storage.states import ItemSource, ItemState
from storage.tables import Compound, Consultation


@dataclass(frozen=True, slots=True)
class Talked:
    """One item: what was said of it, and its outcome in words. dropped: it was left out, for the reason `outcome`."""

    title: str
    body: str
    why: str
    outcome: str
    said: str
    dropped: bool


@dataclass(frozen=True, slots=True)
class Minutes:
    """Published minutes. staff: a line each. residents: those who agreed to be named."""

    compound: str
    title: str
    origin: str
    held_at: datetime
    form: str
    place: str
    attended: int
    staff: Sequence[str]
    residents: Sequence[str]
    summary: str
    items: Sequence[Talked]
    recorded_at: datetime


async def load_minutes(
    session: AsyncSession, sealer: Sealer, compound: Compound, row: Consultation
) -> Minutes:
    """The minutes of a month that was recorded."""
    assert row.recorded_at is not None and row.attended is not None
    seats = await list_seats(session, row.compound_id, row.month)
    named = [name for seat in seats if seat.came and (name := name_of(sealer, seat))]
    year, month = int(row.month[:4]), int(row.month[5:])
    return Minutes(
        compound=compound.name,
        title=f"{compound.name}{year}年{month}月议事记录",
        origin=f"{compound.code}/{row.month}",
        held_at=row.meets_at,
        form=words.form_name(row.form),
        place=row.place,
        attended=row.attended,
        staff=list(row.present),
        residents=named,
        summary=row.summary,
        items=[
            Talked(
                item.title,
                item.body,
                item.why,
                item.answer if item.state is ItemState.DROPPED else words.outcome_words(item),
                item.outcome_words,
                item.state is ItemState.DROPPED,
            )
            for item in await list_items(session, row.compound_id, row.month)
            # What a resident proposed and nobody took up, and why, is between them and the committee.
            if not (item.state is ItemState.DROPPED and item.source is ItemSource.RESIDENT)
        ],
        recorded_at=row.recorded_at,
    )
