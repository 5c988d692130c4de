"""How far the requests behind somebody's opinions are."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.requests.record import facts_of
from handlers.requests.words import comes_next, state_name
from handlers.texts import say
from storage.queries.matters import find_matter_behind
from storage.queries.requests import find_last_words, find_request, list_states
from storage.states import MatterState, OpinionState
from storage.tables import Matter, Opinion

_SHOWN = 300


async def matters_of(session: AsyncSession, opinions: Sequence[Opinion]) -> dict[tuple[int, int], Matter]:
    """By (compound_id, number) the matter behind each standing opinion, merged ones followed."""
    behind: dict[tuple[int, int], Matter | None] = {}  # each matter is looked up once
    found = {}
    for opinion in opinions:
        if opinion.state is not OpinionState.FILED or opinion.matter_number is None:
            continue
        key = (opinion.compound_id, opinion.matter_number)
        if key not in behind:
            behind[key] = await find_matter_behind(session, opinion.compound_id, opinion.number)
        if (matter := behind[key]) is not None:
            found[opinion.compound_id, opinion.number] = matter
    return found


async def states_of(session: AsyncSession, opinions: Sequence[Opinion]) -> dict[tuple[int, int], str]:
    """By (compound_id, number), in words: how far the request of each standing opinion is, or why there is none."""
    matters = await matters_of(session, opinions)
    states = await list_states(session, {(matter.compound_id, matter.number) for matter in matters.values()})
    said = {}
    for own, matter in matters.items():
        if (key := (matter.compound_id, matter.number)) in states:
            said[own] = state_name(states[key])
        elif matter.state is MatterState.DISMISSED:
            said[own] = say("matters.state_dismissed")
        elif matter.state is MatterState.CANDIDATE:
            said[own] = say("matters.candidate")
    return said


async def progress_of(session: AsyncSession, opinion: Opinion) -> str:
    """The latest answer to the one who raised it, and what comes next or what they can do for it; else empty."""
    if opinion.state is not OpinionState.FILED or opinion.matter_number is None:
        return ""
    matter = await find_matter_behind(session, opinion.compound_id, opinion.number)
    request = await find_request(session, matter.compound_id, matter.number) if matter else None
    if request is None:
        waits = matter is not None and matter.state is MatterState.CANDIDATE
        return say("matters.confirm_how", number=opinion.number) if waits else ""
    lines = []
    answer = await find_last_words(session, request.compound_id, request.number, public=True)
    if answer is not None:
        lines.append(say("requests.last_reply", words=(answer.text or "")[:_SHOWN]))
    lines.append(comes_next(facts_of(request), opinion.number))
    return "\n".join(filter(None, lines))
