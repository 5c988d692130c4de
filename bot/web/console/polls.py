"""Polls of residents, for staff who may hold them: asking, the figures as far as they may be told, the end."""

from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.tabs import count_waiting
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import Forbidden, NotFound, Opened, Right, access_compound
from handlers.local_time import LOCAL, local_date
from handlers.oversight.review import ABOUT as REVIEW
from handlers.polls.close import close_poll
from handlers.polls.create import create_poll
from handlers.polls.results import load_figures
from handlers.polls.rules import MOST_OPTIONS, SATISFACTION, Code, Draft, Refused, checked, is_open
from storage.queries.polls import count_answers, find_poll, list_polls
from storage.queries.tree import list_houses
from storage.states import PlaceLevel, PollKind

NUMBER = r"[0-9]{1,15}"
SHOWN = 50
DAYS = (3, 7, 14, 30)
_ENDS_AT = time(20, 0)
# The form as it is at first; a box that is not ticked is not sent.
_AT_FIRST = {
    "kind": PollKind.STRAW.value,
    "title": "",
    "body": "",
    "options": "",
    "choose": "1",
    "building": "",
    "days": "7",
    "live": "",
    "announce": "yes",
}


async def show_polls(visit: Visit) -> web.Response:
    """What was asked, and a form for one more."""
    return await _polls_page(visit, await _access(visit), visit.request.query.get("told", ""), _AT_FIRST)


async def ask(visit: Visit) -> web.Response:
    """Hold a poll from now on; a second click does nothing. What does not fit comes back as it was typed."""
    opened = await _access(visit)
    try:
        draft = checked(_draft(visit, await _buildings(visit, opened)), visit.now)
    except Refused:
        return await _polls_page(visit, opened, "poll_odd", visit.form)
    if await first_time(visit):
        await create_poll(
            visit.session,
            visit.site.services,
            opened.compound,
            draft,
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
            announce=visit.form.get("announce") == "yes",
        )
    return _back(opened, "poll_created")


async def _polls_page(visit: Visit, opened: Opened, told: str, typed: Mapping[str, str]) -> web.Response:
    polls = await list_polls(visit.session, [opened.compound_id], SHOWN)
    return visit.page(
        "console/polls.html",
        opened=opened,
        polls=polls,
        open={
            poll.poll_number
            for poll in polls
            if is_open(poll.opens_at, poll.closes_at, poll.ended_at, visit.now)
        },
        buildings=await _buildings(visit, opened),
        days=DAYS,
        satisfaction=SATISFACTION,
        most_options=MOST_OPTIONS,
        key=fresh_key(),
        typed={name: typed.get(name, "") for name in _AT_FIRST},
        waiting=await count_waiting(visit, opened),
        told=told,
    )


def _draft(visit: Visit, buildings: Collection[str]) -> Draft:
    form = visit.form
    days, building, choose = form.get("days", ""), form.get("building", ""), form.get("choose", "1")
    odd = (
        days not in {str(each) for each in DAYS}
        or (building and building not in buildings)
        or form.get("kind", "") not in {kind.value for kind in PollKind}
        or not (choose.isascii() and choose.isdecimal() and len(choose) <= 2)
    )
    if odd:
        raise Refused(Code.ODD)
    ends_on = local_date(visit.now) + timedelta(days=int(days))
    return Draft(
        kind=PollKind(form["kind"]),
        title=form.get("title", ""),
        body=form.get("body", ""),
        closes_at=datetime.combine(ends_on, _ENDS_AT, LOCAL),
        options=tuple(line for line in form.get("options", "").splitlines() if line.strip()),
        choose=int(choose),
        places=(building,) if building else (),
        live=form.get("live") == "yes",
    )


async def show_poll(visit: Visit) -> web.Response:
    """One of them with its figures, as residents see them: nobody sees more."""
    opened = await _access(visit)
    poll = await find_poll(visit.session, opened.compound_id, int(visit.part("number", NUMBER)))
    if poll is None:
        raise NotFound
    return visit.page(
        "console/poll.html",
        opened=opened,
        poll=poll,
        is_open=is_open(poll.opens_at, poll.closes_at, poll.ended_at, visit.now),
        answers=await count_answers(visit.session, opened.compound_id, poll.poll_number),
        figures=await load_figures(visit.session, poll, visit.now),
        buildings=await _buildings(visit, opened),
        told=visit.request.query.get("told", ""),
    )


async def end(visit: Visit) -> web.Response:
    """End one before its time; doing it again changes nothing."""
    opened = await _access(visit)
    number = int(visit.part("number", NUMBER))
    poll = await find_poll(visit.session, opened.compound_id, number)
    if poll is None:
        raise NotFound
    if REVIEW in poll.about and Right.RUN_OVERSIGHT not in opened.rights:
        raise Forbidden  # the committee does not end what residents are asked about it
    await close_poll(
        visit.session,
        opened.compound_id,
        number,
        visit.now,
        actor_id=visit.signed_in.viewer.person_id,
    )
    return see_other(f"/console/{opened.compound.code}/polls/{number}?told=poll_closed")


async def _access(visit: Visit) -> Opened:
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, Right.RUN_POLLS)


async def _buildings(visit: Visit, opened: Opened) -> dict[str, str]:
    places = await list_houses(visit.session, opened.compound_id)
    return {
        place.code: place.name
        for place in sorted(places, key=lambda place: (len(place.code), place.code))
        if place.level is PlaceLevel.BUILDING
    }


def _back(opened: Opened, told: str) -> web.Response:
    return see_other(f"/console/{opened.compound.code}/polls?told={told}")
