"""业主身份: codes for units on slips of paper, who is bound to whom, and what two operators decide."""

from http import HTTPStatus
from typing import Any

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.tabs import count_waiting
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import Opened, Right, access_compound
from handlers.identity.approve import approve_binding, decline_binding
from handlers.identity.codes import issue_codes
from handlers.identity.contest import list_ended
from handlers.identity.errors import Code, IdentityError
from handlers.identity.mandates import holder_of, read_number
from handlers.identity.register import (
    Proxy,
    confirm_registration,
    end_registration,
    enter_about_binding,
    enter_proxy,
    enter_representative,
)
from handlers.identity.words import CAPACITIES, STATES, owner_name, proof, unit_name
from handlers.roll.report import masked_name
from storage.queries.bindings import (
    find_owner,
    list_owners_of_unit,
    list_registrations,
    list_standing_bindings,
    list_units_of_owners,
)
from storage.queries.roll import list_roll_units
from storage.states import BindingState, RegistrationKind, RegistrationState
from storage.tables import OwnerBinding, OwnerRegistration

_FOUND = 40
_LONGEST = 60
_ABOUT_UNITS = ("representative", "proxy")  # forms with more than a button
_TYPED = ("do", "unit", "number", "vote", "name", "phone", "document", "holder", "letter")
_KINDS = {
    RegistrationKind.REPRESENTATIVE: "共有人代表",
    RegistrationKind.PROXY: "委托投票",
    RegistrationKind.REVOCATION: "解除微信绑定",
    RegistrationKind.RESTORATION: "恢复微信绑定",
    RegistrationKind.DISOWNING: "不是业主本人，解除绑定，票交裁定",
}


async def show_owners(visit: Visit) -> web.Response:
    """What waits for a second look, and the units that were searched for."""
    opened, asked = await _access(visit), visit.request.query
    return await _page(visit, opened, asked.get("unit", ""), asked.get("told", ""))


async def _page(
    visit: Visit, opened: Opened, wanted: str, told: str, status: HTTPStatus = HTTPStatus.OK
) -> web.Response:
    """With what was typed about a unit, when something is wrong with it."""
    wanted = wanted.strip()[:_LONGEST]
    units = await list_roll_units(visit.session, opened.compound_id)
    found = [unit for unit in units if wanted and (wanted in unit.unit_code or wanted in unit_name(unit))]
    waiting = await list_standing_bindings(
        visit.session, opened.compound_id, states=[BindingState.PENDING, BindingState.CONTESTED]
    )
    entered = await list_registrations(visit.session, opened.compound_id, [RegistrationState.ENTERED])
    mandates = await list_registrations(
        visit.session,
        opened.compound_id,
        [RegistrationState.CONFIRMED],
        kind=RegistrationKind.PROXY,
    )
    shown = []
    for unit in found[:_FOUND]:
        owners = [
            (owner.owner_number, masked_name(owner_name(visit.site.services.sealer, owner)), title)
            for title, owner in await list_owners_of_unit(visit.session, opened.compound_id, unit.unit_code)
        ]
        numbers = [number for number, _name, _title in owners]
        bindings = await list_standing_bindings(visit.session, opened.compound_id, owner_numbers=numbers)
        bindings += await list_ended(visit.session, opened.compound_id, numbers)
        rows = [await _binding(visit, opened, each) for each in bindings]
        shown.append({"unit": unit, "name": unit_name(unit), "owners": owners, "bindings": rows})
    return visit.page(
        "console/owners.html",
        status,
        opened=opened,
        wanted=wanted,
        found=shown,
        more=len(found) - len(shown),
        buildings=sorted({unit.building for unit in units if unit.building}, key=lambda one: (len(one), one)),
        waiting=[await _binding(visit, opened, each) for each in waiting],
        entered=[await _registration(visit, opened, each) for each in entered],
        mandates=[await _registration(visit, opened, each) for each in mandates],
        me=visit.signed_in.viewer.person_id,
        unsorted=await count_waiting(visit, opened),
        key=fresh_key(),
        told=told,
        typed={name: visit.form.get(name, "") for name in _TYPED},
        nothing=dict.fromkeys(_TYPED, ""),
    )


async def print_codes(visit: Visit) -> web.Response:
    """Issue codes for a unit, or for a building or one of its entrances, and show them this once."""
    opened = await _access(visit)
    building, entrance = visit.form.get("building", ""), visit.form.get("entrance", "").strip()
    units = await list_roll_units(visit.session, opened.compound_id)
    codes = [
        unit.unit_code
        for unit in units
        if unit.unit_code == visit.form.get("unit")
        or (building and unit.building == building and entrance in ("", unit.entrance))
    ]
    if not codes:
        return _back(opened, Code.UNKNOWN_UNIT)
    sealer, actor = visit.site.services.sealer, visit.signed_in.viewer.person_id
    try:
        async with visit.session.begin_nested():  # what is refused leaves no claim behind
            if not await first_time(visit):
                return _back(opened, "printed_already")
            slips = await issue_codes(
                visit.session, sealer, opened.compound_id, codes, visit.now, actor_id=actor
            )
    except IdentityError as refused:
        return _back(opened, refused.code)
    return visit.page("console/owner_slips.html", opened=opened, slips=slips)


async def decide(visit: Visit) -> web.Response:
    """A button: approve, decline, revoke, disown, restore, representative, proxy, confirm, end."""
    opened = await _access(visit)
    form, act = visit.form, visit.form.get("do", "")
    number, letter = _number(form.get("number", "")), form.get("letter", "")
    compound = opened.compound
    try:
        match act:
            case "approve":
                await visit.act(approve_binding, compound, number, letter)
            case "decline":
                await visit.act(decline_binding, compound, number)
            case "revoke":
                await visit.act(enter_about_binding, compound, RegistrationKind.REVOCATION, number, letter)
            case "disown":
                await visit.act(enter_about_binding, compound, RegistrationKind.DISOWNING, number, letter)
            case "restore":
                await visit.act(enter_about_binding, compound, RegistrationKind.RESTORATION, number, letter)
            case "representative":
                await visit.act(enter_representative, compound, form.get("unit", ""), number, letter)
            case "proxy":
                await visit.act(
                    enter_proxy, compound, _number(form.get("vote", "")), number, _proxy(visit), letter
                )
            case "confirm":
                await visit.act(confirm_registration, compound, number)
            case "end":
                await visit.act(end_registration, compound, number)
            case _:
                return _back(opened, "odd")
    except IdentityError as error:
        if act not in _ABOUT_UNITS:
            return _back(opened, error.code)
        return await _page(visit, opened, form.get("unit", ""), error.code, HTTPStatus.UNPROCESSABLE_ENTITY)
    return _back(opened, act)


def _proxy(visit: Visit) -> Proxy:
    typed = visit.form.get("holder", "").strip()
    person_id = read_number(visit.site.services.sealer, typed) if typed else None
    if typed and person_id is None:
        raise IdentityError(Code.UNKNOWN_HOLDER)
    name, phone, document = (visit.form.get(each, "")[:_LONGEST] for each in ("name", "phone", "document"))
    return Proxy(name, phone, document, person_id)


async def _access(visit: Visit) -> Opened:
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, Right.BIND_OWNERS)


async def _binding(visit: Visit, opened: Opened, binding: OwnerBinding) -> dict[str, Any]:
    return {
        "binding": binding,
        "owner": await _owner(visit, opened, binding.owner_number),
        "units": await _units(visit, opened, binding.owner_number),
        "state": STATES[binding.state],
        "capacity": CAPACITIES[binding.capacity],
        "proof": proof(binding),
    }


async def _registration(visit: Visit, opened: Opened, one: OwnerRegistration) -> dict[str, Any]:
    name, phone = holder_of(visit.site.services.sealer, one)
    return {
        "row": one,
        "kind": _KINDS[one.kind],
        "owner": await _owner(visit, opened, one.owner_number),
        "units": one.unit_code or await _units(visit, opened, one.owner_number),
        "holder": f"{name} *{phone[-4:]}" if name else "",
    }


async def _owner(visit: Visit, opened: Opened, number: int) -> str:
    owner = await find_owner(visit.session, opened.compound_id, number)
    assert owner is not None
    return masked_name(owner_name(visit.site.services.sealer, owner))


async def _units(visit: Visit, opened: Opened, number: int) -> str:
    units = await list_units_of_owners(visit.session, opened.compound_id, [number])
    return "、".join(unit_name(unit) for unit in units.get(number, ()))


def _number(typed: str) -> int:
    """0, which nothing has, for what is no number."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else 0


def _back(opened: Opened, told: str) -> web.Response:
    return see_other(f"/console/{opened.compound.code}/owners?told={told}")
