"""我是业主: proving it, what is bound to whom in one's own units, and saying that it was not them."""

import unicodedata
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.console.compounds import CODE
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import NotFound
from handlers.identity.bind import Claim, Said, claim_owner
from handlers.identity.contest import contest_binding, list_left_behind
from handlers.identity.errors import IdentityError
from handlers.identity.leave import leave_binding
from handlers.identity.mandates import show_number
from handlers.identity.words import CAPACITIES, STATES, proof, unit_name
from handlers.roll.cells import CellError
from handlers.roll.rooms import room_of
from storage.queries.bindings import (
    list_compounds_bound,
    list_owners_of_unit,
    list_standing_bindings,
    list_units_of_owners,
)
from storage.queries.people import find_home
from storage.queries.tree import find_compound, list_houses
from storage.states import BindingState, Capacity
from storage.tables import Compound

PATH = "/h5/owner"
_LONGEST = 60
_TYPED = ("compound", "unit", "code", "tail", "capacity", "name")
_DONE = {Said.BOUND, Said.ASKED, Said.ALREADY}


async def show_owner(visit: Visit) -> web.Response:
    """One's own bindings, those of others in one's units, and the form."""
    return await _page(visit, visit.request.query.get("told", ""))


async def _page(visit: Visit, told: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """With what was typed, when something is wrong with it."""
    person_id = visit.signed_in.viewer.person_id
    rows: list[dict[str, Any]] = []
    for compound_id in await list_compounds_bound(visit.session, person_id):
        rows += await _bindings(visit, await visit.session.get_one(Compound, compound_id))
    return visit.page(
        "h5/owner.html",
        status,
        rows=rows,
        compounds=await _compounds(visit),
        number=show_number(visit.site.services.sealer, person_id),
        capacities=CAPACITIES,
        key=fresh_key(),
        told=told,
        typed={name: visit.form.get(name, "")[:_LONGEST] for name in _TYPED},
    )


async def claim(visit: Visit) -> web.Response:
    """Show a code and the end of the document, or ask to be looked at in person."""
    form = visit.form
    compound = await find_compound(visit.session, form.get("compound", "").strip()[:_LONGEST])
    if compound is None or compound.compound_id is None:
        return await _wrong(visit, "no_compound")
    houses = {place.code for place in await list_houses(visit.session, compound.compound_id)}
    try:
        typed = unicodedata.normalize("NFKC", form.get("unit", "")[:_LONGEST])
        unit = room_of("", "", typed, houses=houses)
    except CellError:
        return await _wrong(visit, "odd_unit")
    kind = form.get("capacity", Capacity.OWNER)
    capacity = Capacity(kind) if kind in set(Capacity) else Capacity.OWNER
    tail, name = form.get("tail", "")[:_LONGEST].strip(), form.get("name", "")[:_LONGEST].strip()
    if capacity is not Capacity.OWNER:
        tail = ""
    if not tail and not name:
        return await _wrong(visit, "nothing")
    wanted = Claim(unit.code, form.get("code", "")[:_LONGEST], tail, name, capacity)
    services, person_id = visit.site.services, visit.signed_in.viewer.person_id
    said = await claim_owner(visit.session, services, compound, person_id, wanted, visit.now)
    return _back(said.value) if said in _DONE else await _wrong(visit, said.value)


async def leave(visit: Visit) -> web.Response:
    """解除: one's own."""
    return await _about_one(visit, leave_binding, "left")


async def contest(visit: Visit) -> web.Response:
    """不是我: somebody else's, in one's own unit."""
    return await _about_one(visit, contest_binding, "contested_it")


async def _about_one(visit: Visit, verb: Any, told: str) -> web.Response:
    compound = await find_compound(visit.session, visit.part("compound", CODE))
    number = int(visit.part("number", NUMBER))
    if compound is None:
        raise NotFound
    try:
        if await first_time(visit):
            await visit.act(verb, compound, number)
    except IdentityError:
        raise NotFound from None
    return _back(told)


async def _bindings(visit: Visit, compound: Compound) -> list[dict[str, Any]]:
    """One's own first, then those of others in the units one is bound to, with those that left ballots behind."""
    session, me = visit.session, visit.signed_in.viewer.person_id
    assert compound.compound_id is not None
    own = await list_standing_bindings(session, compound.compound_id, person_id=me)
    mine = [each.owner_number for each in own if each.state is BindingState.BOUND]
    owners = {each.owner_number for each in own}
    for units in (await list_units_of_owners(session, compound.compound_id, mine)).values():
        for unit in units:
            there = await list_owners_of_unit(session, compound.compound_id, unit.unit_code)
            owners |= {owner.owner_number for _title, owner in there}
    units_of = await list_units_of_owners(session, compound.compound_id, owners)
    others = await list_standing_bindings(session, compound.compound_id, owner_numbers=owners)
    left = await list_left_behind(session, compound.compound_id, owners) if mine else []
    seen = own + [each for each in (*others, *left) if each.person_id != me and mine]
    return [
        {
            "binding": each,
            "compound": compound,
            "mine": each.person_id == me,
            "left": each.ended_at is not None,
            "units": "、".join(unit_name(unit) for unit in units_of.get(each.owner_number, ())),
            "state": STATES[each.state],
            "capacity": CAPACITIES[each.capacity],
            "proof": proof(each),
        }
        for each in seen
    ]


async def _compounds(visit: Visit) -> dict[str, str]:
    """Which compounds one may belong to, by code: where one lives, is bound, and what the account serves."""
    person_id = visit.signed_in.viewer.person_id
    found = [
        await visit.session.get_one(Compound, each)
        for each in await list_compounds_bound(visit.session, person_id)
    ]
    if home := await find_home(visit.session, person_id):
        found.append(home[0])
    served = [
        await find_compound(visit.session, code)
        for code in dict.fromkeys(visit.site.services.default_compounds.values())
    ]
    return {compound.code: compound.name for compound in [*found, *served] if compound is not None}


async def _wrong(visit: Visit, told: str) -> web.Response:
    return await _page(visit, told, HTTPStatus.UNPROCESSABLE_ENTITY)


def _back(told: str) -> web.Response:
    return see_other(f"{PATH}?told={told}")
