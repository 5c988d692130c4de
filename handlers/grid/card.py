"""Use cases: the compound's card, kept by staff and shown to residents as far as its people agreed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.grid.rules import CardFault, CardLine, card_fault, is_shown
from storage.audit import add_audit_event
from storage.queries.people import list_public_contacts
from storage.queries.profiles import drop_card_entry, list_card, put_card_entry
from storage.queries.tree import list_scopes_of
from storage.sealing import Sealer
from storage.states import CardKind
from storage.tables import CardEntry, Compound

_HOLDER, _PHONE = "card_entries.holder", "card_entries.phone"
MOST_CONTACTS = 10


class CardRefused(Exception):  # noqa: N818  an answer, not an error
    """An entry is not taken. `fault` says why."""

    def __init__(self, fault: CardFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody in office, whose name and phone the compound's file makes public."""

    title: str
    name: str
    phone: str


def line_of(sealer: Sealer, entry: CardEntry) -> CardLine:
    """An entry as staff see it."""
    return CardLine(
        entry.name,
        entry.words,
        sealer.open(entry.holder_sealed, _HOLDER).decode() if entry.holder_sealed else "",
        sealer.open(entry.phone_sealed, _PHONE).decode() if entry.phone_sealed else "",
        agreed=entry.agreed_at is not None,
        office=entry.phone_sealed is not None,
    )


async def card_for_staff(session: AsyncSession, sealer: Sealer, compound_id: int) -> dict[CardKind, CardLine]:
    """All entries, in the order of the five."""
    entries = await list_card(session, compound_id)
    return {kind: line_of(sealer, entries[kind]) for kind in CardKind if kind in entries}


async def card_for_residents(
    session: AsyncSession, sealer: Sealer, compound_id: int
) -> dict[CardKind, CardLine]:
    """The entries that residents may see."""
    card = await card_for_staff(session, sealer, compound_id)
    return {kind: line for kind, line in card.items() if is_shown(line.holder, agreed=line.agreed)}


async def contacts_of(session: AsyncSession, sealer: Sealer, compound: Compound) -> Sequence[Contact]:
    """Those in office there or above whom the compound's file shows to residents."""
    found = await list_public_contacts(session, await list_scopes_of(session, compound))
    return [
        Contact(
            grant.title,
            sealer.open(person.name_sealed, "persons.name").decode() if person.name_sealed else "",
            sealer.open(person.phone_sealed, "persons.phone").decode() if person.phone_sealed else "",
        )
        for grant, person in found[:MOST_CONTACTS]
    ]


async def keep_card_entry(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    kind: CardKind,
    line: CardLine,
    now: datetime,
    *,
    actor_id: int,
) -> bool:
    """Keep an entry; raises CardRefused. Returns whether the holder still has to be asked.

    An agreement is one person's: who comes in another's place has to be asked anew, so the tick of before is not taken.
    """
    if (fault := card_fault(line)) is not None:
        raise CardRefused(fault)
    assert compound.compound_id is not None
    before = (await list_card(session, compound.compound_id)).get(kind)
    known = line_of(sealer, before) if before else None
    must_ask = bool(known and known.agreed and known.holder and line.holder and known.holder != line.holder)
    agreed = line.agreed and not must_ask
    await put_card_entry(
        session,
        {
            "compound_id": compound.compound_id,
            "kind": kind,
            "name": line.name,
            "words": line.words,
            "holder_sealed": sealer.seal(line.holder.encode(), _HOLDER) if line.holder else None,
            "phone_sealed": sealer.seal(line.phone.encode(), _PHONE) if line.phone else None,
            "agreed_at": now if agreed else None,
            "changed_by": actor_id,
            "changed_at": now,
        },
    )
    add_audit_event(
        session,
        at=now,
        verb="card.kept",
        compound_id=compound.compound_id,
        actor_id=actor_id,
        subject=f"card:{kind.value}",
        details={"agreed": agreed},
    )
    return must_ask


async def take_off_card(
    session: AsyncSession, compound: Compound, kind: CardKind, now: datetime, *, actor_id: int
) -> None:
    """Take an entry off the card; again, it changes nothing."""
    assert compound.compound_id is not None
    if kind not in await list_card(session, compound.compound_id):
        return
    await drop_card_entry(session, compound.compound_id, kind)
    add_audit_event(
        session,
        at=now,
        verb="card.dropped",
        compound_id=compound.compound_id,
        actor_id=actor_id,
        subject=f"card:{kind.value}",
    )
