"""Which of their requests a resident means, by its number or without one, and acting on that one.

Where two are possible they are asked; nothing is guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from handlers.access import NotFound, access_own_opinion
from handlers.context import Answer, Context
from handlers.requests.carry_out import Carried, carry_out
from handlers.requests.commands import OPEN, Code, Command
from handlers.requests.words import subject_of
from handlers.texts import say
from storage.queries.matters import find_matter_behind, list_reporters
from storage.queries.opinions import FIRST_NUMBER
from storage.queries.requests import find_request, list_own_requests, list_ratings
from storage.states import OpinionState, Rating, RequestState
from storage.tables import Compound, Matter, Request

LISTED = 5
KEPT = 500  # characters of a supplement or a comment
AGAIN_WITHIN = timedelta(days=1)  # so long 还没好 is about what was opened again for it
JUST_NOW = timedelta(minutes=10)  # so long a thing said again is a double tap


@dataclass(frozen=True, slots=True)
class Own:
    """A request that the speaker raised with others; `number` is that of the receipt they know it by."""

    compound: Compound
    matter: Matter
    number: int


@dataclass(frozen=True, slots=True)
class Known:
    """A request of the speaker's that may be meant. number: of their receipt. given: how they rated this round."""

    request: Request
    number: int
    given: Rating | None = None


async def access_own_request(context: Context, number: int) -> Own:
    """The request behind a receipt of the speaker's; raises NotFound for anybody else's, and when there is none."""
    opinion = await access_own_opinion(context.session, context.person_id, number)
    if opinion.state is not OpinionState.FILED:
        raise NotFound
    return await _own(context, opinion.compound_id, number)


async def own_of(context: Context, known: Known) -> Own:
    """The same for one that was found without a number."""
    return await _own(context, known.request.compound_id, known.number)


async def _own(context: Context, compound_id: int, number: int) -> Own:
    matter = await find_matter_behind(context.session, compound_id, number)
    if matter is None or await find_request(context.session, compound_id, matter.number) is None:
        raise NotFound
    if context.person_id not in await list_reporters(context.session, compound_id, matter.number):
        raise NotFound
    return Own(await context.session.get_one(Compound, compound_id), matter, number)


async def list_known(
    context: Context, states: Sequence[RequestState], within: timedelta | None = None
) -> list[Known]:
    """The speaker's requests in these states, the last one first. within: done at most so long ago."""
    found = []
    since = context.now - within if within is not None else None
    for request, number in await list_own_requests(context.session, context.person_id, states, since):
        given = await list_ratings(context.session, request.compound_id, request.number, request.round)
        found.append(Known(request, number, given.get(context.person_id)))
    return found


def is_short(number: int) -> bool:
    """Whether no receipt can have this number: it is a house's, a count, or the end of a longer one."""
    return number < FIRST_NUMBER


def ending_in(short: int, known: Sequence[Known]) -> list[Known]:
    """Those whose number somebody who says `short` may mean: 3 for 1003."""
    return [one for one in known if one.number % 1000 == short]


async def ask_which(context: Context, known: Sequence[Known], example: str) -> Answer:
    """Ask which one is meant. example: how to say it; {number} in it is replaced."""
    lines = []
    for one in known[:LISTED]:
        matter = await context.session.get_one(Matter, (one.request.compound_id, one.request.number))
        lines.append(say("requests.which_line", number=one.number, what=subject_of(context.services, matter)))
    text = say(
        "requests.which", lines="\n".join(lines), example=example.replace("{number}", str(known[0].number))
    )
    return Answer("request.asked", text)


async def list_reopened(context: Context) -> list[Known]:
    """What was opened again lately."""
    return [
        one
        for one in await list_known(context, tuple(OPEN))
        if one.request.round > 1 and context.now - one.request.round_at <= AGAIN_WITHIN
    ]


async def carry_out_own(context: Context, own: Own, what: Command) -> Carried:
    """Carry out what the speaker wants of it; one message acts once."""
    return await carry_out(
        context.session,
        context.services,
        own.compound,
        own.matter,
        what,
        context.now,
        key=f"inbox:{context.inbox_id}",
        actor_id=context.person_id,
    )


def unknown(number: int) -> Answer:
    """There is no such request of theirs."""
    return Answer("request.unknown", say("requests.unknown", number=number))


def refused(code: Code, number: int) -> Answer:
    """Why nothing was done, and what they can do instead."""
    match code:
        case Code.NOT_DONE:
            text = say("requests.no_not_done", number=number)
        case Code.STILL_OPEN:
            text = say("requests.no_still_open", number=number)
        case Code.TOO_LATE:
            text = say("requests.no_too_late", number=number)
        case Code.EXHAUSTED:
            text = say("requests.no_exhausted", number=number)
        case _:
            text = say("requests.no_ended", number=number)
    return Answer(code, text)
