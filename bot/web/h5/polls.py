"""Polls for residents: what is asked where they live, answering it, and what came of it."""

from aiohttp import web

from bot.web.visit import Visit, see_other
from handlers.polls.answer import access_poll, answer_poll
from handlers.polls.results import load_figures
from handlers.polls.rules import MOST_OPTIONS, Refused, building_of, is_asked, is_open
from storage.queries.polls import find_answer, list_homes_in, list_polls
from storage.tables import Compound

CODE = r"[A-Za-z0-9][A-Za-z0-9-]{0,39}"
NUMBER = r"[0-9]{1,15}"
SHOWN = 30


async def show_polls(visit: Visit) -> web.Response:
    """Those that are open, then those that are over."""
    homes = await list_homes_in(visit.session, visit.signed_in.viewer.person_id)
    polls = await list_polls(visit.session, homes, SHOWN) if homes else []
    compounds = {each: await visit.session.get_one(Compound, each) for each in homes}
    return visit.page(
        "h5/polls.html",
        polls=[poll for poll in polls if is_asked(poll.places, building_of(homes[poll.compound_id]))],
        open={
            (poll.compound_id, poll.poll_number)
            for poll in polls
            if is_open(poll.opens_at, poll.closes_at, poll.ended_at, visit.now)
        },
        compounds=compounds,
    )


async def show_poll(visit: Visit) -> web.Response:
    """One of them: the form while it is open, the figures as soon as they may be told."""
    person_id = visit.signed_in.viewer.person_id
    compound, poll, asked = await access_poll(
        visit.session, person_id, visit.part("compound", CODE), int(visit.part("number", NUMBER))
    )
    return visit.page(
        "h5/poll.html",
        compound=compound,
        poll=poll,
        asked=asked,
        is_open=is_open(poll.opens_at, poll.closes_at, poll.ended_at, visit.now),
        ticked=await find_answer(visit.session, poll.compound_id, poll.poll_number, person_id),
        figures=await load_figures(visit.session, poll, visit.now),
        buildings={},
        told=visit.request.query.get("told", ""),
    )


async def answer(visit: Visit) -> web.Response:
    """Keep what was ticked; doing it again changes nothing, ticking something else replaces it."""
    person_id = visit.signed_in.viewer.person_id
    compound, poll, _asked = await access_poll(
        visit.session, person_id, visit.part("compound", CODE), int(visit.part("number", NUMBER))
    )
    chosen = [place for place in range(MOST_OPTIONS) if visit.form.get(f"o{place}") == "yes"]
    one = visit.form.get("one", "")
    if one.isascii() and one.isdecimal() and len(one) <= 2:
        chosen.append(int(one))
    told = "answered"
    try:
        await answer_poll(
            visit.session,
            visit.site.services.sealer,
            poll.compound_id,
            poll.poll_number,
            person_id,
            chosen,
            visit.now,
        )
    except Refused as refused:
        told = refused.code.value
    return see_other(f"/h5/polls/{compound.code}/{poll.poll_number}?told={told}")
