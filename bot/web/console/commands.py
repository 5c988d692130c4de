"""The buttons under a request: 派单, 接单, 退单, 协办, 办结, 回复, 备注.

A button that comes too late changes nothing: the answer is the page as it is now, with a sentence that says why.
"""

from datetime import date

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.console.compounds import CODE
from bot.web.console.request import party_value
from bot.web.once import command_key
from bot.web.visit import Visit, see_other
from handlers.access import OpenedMatter, Right, access_matter
from handlers.requests.carry_out import carry_out
from handlers.requests.commands import (
    Accept,
    AddHelper,
    Command,
    Decline,
    Dispatch,
    Finish,
    Note,
    Party,
    Reply,
)
from handlers.requests.mediate import LONGEST, MediationFault, MediationRefused, Record, record_mediation
from handlers.requests.offices import actor_in, list_candidates, role_in, scopes_inside
from handlers.requests.staff import KEPT
from storage.queries.requests import find_request
from storage.states import MediationOutcome

NO_REQUEST = "no_request"
NOBODY = "nobody"


async def dispatch(visit: Visit) -> web.Response:
    """派单."""
    found = await _access(visit, Right.DISPATCH)
    party = await _party(visit, found)
    return back_to(found, NOBODY) if party is None else await _carry_out(visit, found, Dispatch(party))


async def accept(visit: Visit) -> web.Response:
    """接单."""
    found = await _access(visit, Right.HANDLE)
    actor = await actor_in(
        visit.session, visit.signed_in.viewer.person_id, found.opened.compound, found.matter
    )
    return await _carry_out(visit, found, Accept(actor))


async def decline(visit: Visit) -> web.Response:
    """退单."""
    found = await _access(visit, Right.HANDLE)
    actor = await actor_in(
        visit.session, visit.signed_in.viewer.person_id, found.opened.compound, found.matter
    )
    request = await find_request(visit.session, found.opened.compound_id, found.matter.number)
    words = _words(visit)
    named = role_in(words, request.role) if request else None
    return await _carry_out(visit, found, Decline(actor, words, named))


async def add_helper(visit: Visit) -> web.Response:
    """协办."""
    found = await _access(visit, Right.DISPATCH, Right.HANDLE)
    party = await _party(visit, found)
    return back_to(found, NOBODY) if party is None else await _carry_out(visit, found, AddHelper(party))


async def finish(visit: Visit) -> web.Response:
    """办结."""
    found = await _access(visit, Right.HANDLE)
    actor = await actor_in(
        visit.session, visit.signed_in.viewer.person_id, found.opened.compound, found.matter
    )
    return await _carry_out(visit, found, Finish(actor, _words(visit)))


async def reply(visit: Visit) -> web.Response:
    """回复: for those who raised it."""
    found = await _access(visit, Right.NOTE)
    return await _carry_out(visit, found, Reply(_words(visit)))


async def note(visit: Visit) -> web.Response:
    """备注: for colleagues."""
    found = await _access(visit, Right.NOTE)
    return await _carry_out(visit, found, Note(_words(visit)))


async def mediate(visit: Visit) -> web.Response:
    """调解: who brought the two sides together, when, and what came of it."""
    found = await _access(visit, Right.MEDIATE)
    form = {name: visit.form.get(name, "").strip()[:most] for name, most in LONGEST.items()}
    outcome, day = visit.form.get("outcome", ""), visit.form.get("day", "")
    if outcome not in set(MediationOutcome):
        return back_to(found, MediationFault.MISSING)
    try:
        record = Record(date.fromisoformat(day), MediationOutcome(outcome), **form)
    except ValueError:
        return back_to(found, MediationFault.DAY)
    try:
        carried = await record_mediation(
            visit.session,
            visit.site.services,
            found.opened.compound,
            found.matter,
            record,
            visit.now,
            key=command_key(visit),
            actor_id=visit.signed_in.viewer.person_id,
        )
    except MediationRefused as refused:
        return back_to(found, refused.fault)
    except LookupError:
        return back_to(found, NO_REQUEST)
    return back_to(found, carried.refused.code if carried.refused else "mediated")


def back_to(found: OpenedMatter, told: str) -> web.Response:
    """The page of the matter as it is now, with what came of a button."""
    return see_other(f"/console/{found.opened.compound.code}/requests/{found.matter.number}?told={told}")


async def _access(visit: Visit, *rights: Right) -> OpenedMatter:
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    return await access_matter(visit.session, visit.signed_in.viewer, code, number, *rights)


async def _party(visit: Visit, found: OpenedMatter) -> Party | None:
    """Whom the form names, of those who may be named here."""
    compound = found.opened.compound
    candidates = await list_candidates(
        visit.session, visit.site.services, compound, scopes_inside(compound, found.matter)
    )
    wanted = visit.form.get("party", "")
    return next((party for party in candidates if party_value(party) == wanted), None)


def _words(visit: Visit) -> str:
    return visit.form.get("words", "").strip()[:KEPT]


async def _carry_out(visit: Visit, found: OpenedMatter, command: Command) -> web.Response:
    try:
        carried = await carry_out(
            visit.session,
            visit.site.services,
            found.opened.compound,
            found.matter,
            command,
            visit.now,
            key=command_key(visit),
            actor_id=visit.signed_in.viewer.person_id,
        )
    except LookupError:
        return back_to(found, NO_REQUEST)
    if carried.refused is not None:
        return back_to(found, carried.refused.code)
    return back_to(found, type(command).__name__.lower())
