"""Going from door to door for a vote: for its two officers. Who looks is noted before anything is shown."""

from urllib.parse import urlencode

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import Opened, Right, access_vote
from handlers.voting.canvass import list_doors, note_contact, note_look
from handlers.voting.delivery import is_running
from handlers.voting.officers import (
    Code,
    NotNamed,
    OpenedCanvass,
    access_canvass,
    list_fit,
    name_officers,
)
from storage.queries.vote_reach import list_officers
from storage.states import ContactState, VoteState

NUMBER = r"[0-9]{1,15}"


async def show_canvass(visit: Visit) -> web.Response:
    """The doors at which nobody has voted: all buildings with their counts, or one of them with its doors."""
    found = await _canvass(visit)
    # Once nobody can be asked to vote any more, who has not is nobody's business.
    running = is_running(found.vote, visit.now)
    building = visit.request.query.get("building", "")[:20] if running else ""
    # In a transaction of its own, since this one only reads: whatever is shown, the look is on record.
    async with visit.site.database.write() as session:
        note_look(session, found.vote, building, visit.now, actor_id=visit.signed_in.viewer.person_id)
    entrances = await list_doors(visit.session, found.vote) if running else []
    return visit.page(
        "console/canvass.html",
        opened=found.opened,
        vote=found.vote,
        building=building,
        buildings={
            name: sum(len(each.doors) for each in entrances if each.building == name)
            for name in dict.fromkeys(each.building for each in entrances)
        },
        entrances=[each for each in entrances if each.building == building] if building else [],
        states=[state.value for state in ContactState],
        running=running,
        key=fresh_key(),
        told=visit.request.query.get("told", ""),
    )


async def note_visit(visit: Visit) -> web.Response:
    """What came of a visit to one door."""
    found = await _canvass(visit)
    form = visit.form
    building, state = form.get("building", "")[:20], form.get("state", "")
    told = "visit_odd"
    if state in {each.value for each in ContactState}:
        told = "visit_noted"
        if await first_time(visit) and not await note_contact(
            visit.session,
            found.opened.compound_id,
            found.vote.vote_number,
            form.get("unit", "")[:60],
            ContactState(state),
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
            signed=form.get("signed") == "yes",
        ):
            told = "visit_over"
    query = urlencode({"building": building, "told": told})
    return see_other(f"{_address(found.opened, found.vote.vote_number)}/canvass?{query}")


async def show_officers(visit: Visit) -> web.Response:
    """Who sees the list, and before the notice a form to name them."""
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    found = await access_vote(visit.session, visit.signed_in.viewer, code, number, Right.RUN_VOTES)
    return visit.page(
        "console/officers.html",
        opened=found.opened,
        vote=found.vote,
        fit=await list_fit(visit.session, visit.site.services, found.opened.compound),
        named=await list_officers(visit.session, found.opened.compound_id, number),
        may=found.vote.state in (VoteState.DRAFT, VoteState.LINTED),
        told=visit.request.query.get("told", ""),
    )


async def put_officers(visit: Visit) -> web.Response:
    """Name the two; doing it again changes nothing."""
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    found = await access_vote(visit.session, visit.signed_in.viewer, code, number, Right.RUN_VOTES)
    chosen = [visit.form.get(name, "") for name in ("first", "second")]
    told = "officers_named"
    try:
        if not all(each.isascii() and each.isdecimal() and len(each) < 16 for each in chosen):
            raise NotNamed(Code.NOT_TWO)
        await name_officers(
            visit.session,
            found.opened.compound,
            number,
            [int(each) for each in chosen],
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    except NotNamed as refused:
        told = refused.code.value
    return see_other(f"{_address(found.opened, number)}/officers?told={told}")


async def _canvass(visit: Visit) -> OpenedCanvass:
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    return await access_canvass(visit.session, visit.signed_in.viewer, code, number)


def _address(opened: Opened, number: int) -> str:
    return f"/console/{opened.compound.code}/votes/{number}"
