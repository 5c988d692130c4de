"""The monthly consultation for residents: when it is, what about, coming to it, proposing, what came of it."""

from aiohttp import web

from bot.web.console.consultations.door import MONTH, act
from bot.web.h5.polls import CODE
from bot.web.once import fresh_key
from bot.web.returned import NOTHING, Returned
from bot.web.visit import Visit
from handlers.consultations.agenda import SAID, propose_item
from handlers.consultations.outcomes import Code, Refused
from handlers.consultations.promises import load_follow_ups
from handlers.consultations.rules import closes_at, is_signing_up
from handlers.consultations.seats import NAME_LENGTH, access_consultation, access_home, leave, sign_up
from handlers.consultations.state import facts_of
from handlers.consultations.words import outcome_words
from storage.queries.consultations import (
    count_seats,
    find_seat,
    list_consultations,
    list_items,
    list_proposals_of,
)
from storage.queries.polls import list_homes_in
from storage.states import ItemState
from storage.tables import Compound

SHOWN = 24
PROPOSALS = 10


async def show_consultations(visit: Visit) -> web.Response:
    """Those people were told of, the newest first; a form for something to talk about."""
    return await _list_page(visit, visit.request.query.get("told", ""))


async def _list_page(visit: Visit, told: str, back: Returned = NOTHING) -> web.Response:
    person_id = visit.signed_in.viewer.person_id
    homes = await list_homes_in(visit.session, person_id)
    rows = await list_consultations(visit.session, homes, SHOWN) if homes else []
    compounds = {each: await visit.session.get_one(Compound, each) for each in sorted(homes)}
    return visit.page(
        "h5/consultations.html",
        rows=[row for row in rows if row.noticed_at is not None or row.moved],
        coming={(row.compound_id, row.month) for row in rows if is_signing_up(facts_of(row), visit.now)},
        compounds=compounds,
        proposals=await list_proposals_of(visit.session, person_id, PROPOSALS),
        outcome_words=outcome_words,
        most=SAID,
        key=fresh_key(),
        told=told,
        back=back,
    )


async def show_consultation(visit: Visit) -> web.Response:
    """One of them. Nobody is named: how many came, and what was decided."""
    return await _one_page(visit, visit.request.query.get("told", ""))


async def _one_page(visit: Visit, told: str, back: Returned = NOTHING) -> web.Response:
    person_id = visit.signed_in.viewer.person_id
    compound, row = await access_consultation(
        visit.session, person_id, visit.part("compound", CODE), visit.part("month", MONTH)
    )
    key = (row.compound_id, row.month)
    items = await list_items(visit.session, *key)
    taken = await count_seats(visit.session, *key)
    return visit.page(
        "h5/consultation.html",
        compound=compound,
        row=row,
        items=[item for item in items if item.state is ItemState.ON],
        promises=await load_follow_ups(visit.session, row.compound_id) if row.recorded_at else [],
        seat=await find_seat(visit.session, *key, person_id),
        left=None if row.seats is None else max(row.seats - taken, 0),
        may_come=is_signing_up(facts_of(row), visit.now),
        closes=closes_at(row.meets_at),
        outcome_words=outcome_words,
        forms=visit.site.templates.words("meeting_forms"),
        name_length=NAME_LENGTH,
        key=fresh_key(),
        told=told,
        back=back,
    )


async def answer(visit: Visit) -> web.Response:
    """Come, or do not after all."""
    person_id = visit.signed_in.viewer.person_id
    compound, row = await access_consultation(
        visit.session, person_id, visit.part("compound", CODE), visit.part("month", MONTH)
    )
    comes = visit.form.get("do") == "come"

    async def do() -> None:
        if not comes:
            await leave(visit.session, row.compound_id, row.month, person_id, visit.now)
            return
        name = visit.form.get("name", "") if visit.form.get("named") == "yes" else ""
        sealer = visit.site.services.sealer
        await sign_up(visit.session, sealer, row.compound_id, row.month, person_id, name, visit.now)

    async def again(told: str) -> web.Response:
        return await _one_page(visit, told, Returned("come" if comes else "leave", typed=visit.form))

    there = f"/h5/consultations/{compound.code}/{row.month}"
    return await act(visit, there, "joined" if comes else "left", do, again)


async def propose(visit: Visit) -> web.Response:
    """Something to talk about."""
    person_id = visit.signed_in.viewer.person_id
    compound = await access_home(visit.session, person_id, visit.part("compound", CODE))
    compound_id = compound.compound_id
    assert compound_id is not None
    said = visit.form.get("said", "")

    async def do() -> None:
        if len(said) > SAID:
            raise Refused(Code.ODD)
        await propose_item(visit.session, compound_id, person_id, said, visit.now)

    async def again(told: str) -> web.Response:
        return await _list_page(visit, told, Returned("propose", compound_id, visit.form))

    return await act(visit, "/h5/consultations", "proposed", do, again)
