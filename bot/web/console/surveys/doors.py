"""Going from door to door for a survey, for who was named. Who looks is noted before anything is shown."""

from datetime import date
from urllib.parse import urlencode

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.surveys.door import NUMBER, ROUND, open_compound
from bot.web.console.tabs import count_waiting
from bot.web.visit import Visit, see_other
from handlers.access import Right
from handlers.local_time import local_date
from handlers.surveys.canvass import (
    STAFF_CHANNELS,
    OpenedDoors,
    access_doors,
    count_doors,
    list_doors,
    note_answer,
    note_attempt,
    note_look,
)
from handlers.surveys.reasons import reasons_of
from handlers.surveys.rules import Code, Refused, Said, is_open
from storage.queries.surveys import list_canvassed, list_rounds
from storage.states import DoorOutcome, SurveyChannel, SurveyChoice, SurveyState

REASON = "r-"


async def show_own(visit: Visit) -> web.Response:
    """The rounds that are open and for which the viewer goes from door to door."""
    opened = await open_compound(visit, Right.CANVASS)
    mine = await list_canvassed(visit.session, opened.compound_id, visit.signed_in.viewer.person_id)
    found = [
        (mine[each.survey_number], each)
        for each in await list_rounds(visit.session, [opened.compound_id])
        if each.survey_number in mine and each.state is SurveyState.OPEN
    ]
    return visit.page(
        "console/surveys/own.html",
        opened=opened,
        rounds=found,
        waiting=await count_waiting(visit, opened),
        told="",
    )


async def show_doors(visit: Visit) -> web.Response:
    """The doors of whoever looks: all buildings with what is missing, or one of them door by door."""
    found = await _access(visit)
    building = visit.request.query.get("building", "")[:20]
    # In a transaction of its own, since this one only reads: whatever is shown, the look is on record.
    async with visit.site.database.write() as session:
        await note_look(session, found, building, visit.now, actor_id=visit.signed_in.viewer.person_id)
    return await _page(visit, found, building, visit.request.query.get("told", ""))


async def note(visit: Visit) -> web.Response:
    """What a household said, or that nobody answered; what is refused comes back as it was typed."""
    found = await _access(visit)
    building = visit.form.get("building", "")[:20]
    me = visit.signed_in.viewer.person_id
    try:
        told = await _do(visit, found)
    except Refused as refused:
        await note_look(visit.session, found, building, visit.now, actor_id=me)
        return await _page(visit, found, building, refused.code.value)
    query = urlencode({"building": building, "told": told})
    return see_other(f"{_address(found)}?{query}")


async def _do(visit: Visit, found: OpenedDoors) -> str:
    form, me, said = visit.form, visit.signed_in.viewer.person_id, visit.form.get("said", "")
    unit = form.get("unit", "")[:60]
    if said in {each.value for each in DoorOutcome}:
        try:
            tried_on = date.fromisoformat(form.get("on", ""))
        except ValueError:
            raise Refused(Code.DAY) from None
        await note_attempt(visit.session, found, unit, DoorOutcome(said), tried_on, visit.now, actor_id=me)
        return "door_tried"
    if said not in {each.value for each in SurveyChoice}:
        raise Refused(Code.NO_CHOICE)
    channel = form.get("channel", "")
    if channel not in {each.value for each in STAFF_CHANNELS}:
        raise Refused(Code.ODD)
    reasons = tuple(name.removeprefix(REASON) for name in form if name.startswith(REASON))
    kept = await note_answer(
        visit.session,
        visit.site.services.sealer,
        found,
        unit,
        Said(SurveyChoice(said), reasons, form.get("words", "")),
        SurveyChannel(channel),
        visit.now,
        actor_id=me,
    )
    return "door_kept" if kept.counts else "door_beside"


async def _page(visit: Visit, found: OpenedDoors, building: str, told: str) -> web.Response:
    # Once nobody can be asked any more, at whose door an answer is missing is nobody's business.
    is_now = is_open(found.round.state, found.round.ends_on, visit.now)
    return visit.page(
        "console/surveys/doors.html",
        opened=found.opened,
        survey=found.survey,
        round=found.round,
        here=_address(found),
        building=building,
        buildings={} if building else await count_doors(visit.session, found),
        entrances=await list_doors(visit.session, found, building) if is_now and building else [],
        is_open=is_now,
        reasons=reasons_of(found.survey.template),
        typed=visit.form,
        today=local_date(visit.now),
        told=told,
    )


async def _access(visit: Visit) -> OpenedDoors:
    return await access_doors(
        visit.session,
        visit.signed_in.viewer,
        visit.part("compound", CODE),
        int(visit.part("number", NUMBER)),
        int(visit.part("round", ROUND)),
    )


def _address(found: OpenedDoors) -> str:
    number, place = found.survey.survey_number, found.round.round_number
    return f"/console/{found.opened.compound.code}/surveys/{number}/{place}/doors"
