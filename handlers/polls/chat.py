"""Polls in chat: which there are, and answering one by its number and those of the options."""

import re
from collections.abc import Mapping

from handlers.context import Answer, Context
from handlers.filters import command
from handlers.local_time import month_day_time
from handlers.polls.answer import answer_poll
from handlers.polls.rules import Code, Refused, building_of, is_asked, is_open
from handlers.polls.words import page_of
from handlers.router import Route
from handlers.texts import listed, say, short
from storage.queries.polls import find_poll, list_homes_in, list_polls
from storage.tables import Compound, Poll

LISTED = 3
_KNOWN = 30


async def show_polls(context: Context) -> Answer:
    """问卷: what the speaker may answer now."""
    homes = await list_homes_in(context.session, context.person_id)
    polls = [
        poll
        for poll in (await list_polls(context.session, homes, _KNOWN) if homes else [])
        if _is_asking(context, poll, homes)
    ]
    if not polls:
        return Answer("polls.none", say("polls.none" if homes else "votes.nowhere"))
    lines = [await _line(context, poll) for poll in polls[:LISTED]]
    return Answer("polls.shown", listed(lines, "\n\n"))


async def answer(context: Context, number: str, ticked: str) -> Answer:
    """选 NUMBER PLACES: an answer, or another one in its place."""
    session = context.session
    homes = await list_homes_in(session, context.person_id)
    found = [await find_poll(session, compound_id, int(number)) for compound_id in sorted(homes)]
    there = [poll for poll in found if poll is not None]
    # Every compound counts from the same number on: somebody with two homes means the one they are asked in.
    asked = [poll for poll in there if _is_asking(context, poll, homes)]
    if len(asked) > 1:
        lines = [await _line(context, poll) for poll in asked[:LISTED]]
        return Answer("poll.which", say("polls.which", number=number, lines=listed(lines, "\n\n")))
    if not asked:
        code = "poll.refused" if there else "poll.unknown"
        return Answer(code, say("polls.over" if there else "polls.unknown", number=number))
    [poll] = asked
    places = [int(each) - 1 for each in re.findall(r"\d{1,3}", ticked)]
    try:
        await answer_poll(
            session,
            context.services.sealer,
            poll.compound_id,
            poll.poll_number,
            context.person_id,
            places,
            context.now,
        )
    except Refused as refused:
        if refused.code is Code.TICKS:
            return Answer("poll.odd", say("polls.ticks", number=number, choose=poll.choose))
        is_gone = refused.code is Code.FORGOTTEN
        return Answer("poll.refused", say("polls.forgotten") if is_gone else say("polls.over", number=number))
    chosen = "、".join(short(poll.options[place]) for place in sorted(set(places)))
    return Answer("poll.answered", say("polls.answered", number=number, chosen=chosen))


def _is_asking(context: Context, poll: Poll, homes: Mapping[int, str | None]) -> bool:
    return is_open(poll.opens_at, poll.closes_at, poll.ended_at, context.now) and is_asked(
        poll.places, building_of(homes[poll.compound_id])
    )


async def _line(context: Context, poll: Poll) -> str:
    compound = await context.session.get_one(Compound, poll.compound_id)
    options = "\n".join(f"{place} {short(option)}" for place, option in enumerate(poll.options, 1))
    text = say(
        "polls.one",
        title=short(poll.title),
        closes=month_day_time(poll.closes_at),
        options=options,
        number=poll.poll_number,
        choose=poll.choose,
    )
    link = page_of(context.services.public_url, compound.code, poll.poll_number)
    return f"{text}\n{say('polls.link', link=link)}" if link else text


_TICKS = r"(?P<ticked>\d{1,3}(?:[\s,，、]+\d{1,3}){0,11})"
ROUTES = (
    Route(command(r"(?:填|看|查)?(?:小)?问卷(?:调查)?"), show_polls),
    Route(command(rf"选\s*+(?P<number>\d{{4,15}})[\s:：]\s*+{_TICKS}"), answer),
)
