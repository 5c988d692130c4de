"""How far the requests behind somebody's opinions are."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.requests.record import facts_of
from handlers.requests.words import comes_next, state_name
from handlers.texts import say
from storage.queries.matters import find_matter_behind
from storage.queries.requests import (
    find_last_words,
    find_request,
    list_states,
)
from storage.states import MatterState, OpinionState
from storage.tables import Opinion

_SHOWN = 300


async def states_of(session: AsyncSession, opinions: Sequence[Opinion]) -> dict[tuple[int, int], str]:
    """By (compound_id, number), in words: how far the request of each standing opinion is, or that none is wanted."""
    keys: dict[tuple[int, int], tuple[int, int]] = {}
    dismissed: dict[tuple[int, int], str] = {}
    for opinion in opinions:
        if opinion.state is OpinionState.FILED and opinion.matter_number is not None:
            matter = await find_matter_behind(session, opinion.compound_id, opinion.number)
            if matter is not None:
                keys[opinion.compound_id, opinion.number] = (matter.compound_id, matter.number)
                if matter.state is MatterState.DISMISSED:
                    dismissed[opinion.compound_id, opinion.number] = say("matters.state_dismissed")
    states = await list_states(session, set(keys.values()))
    return dismissed | {own: state_name(states[key]) for own, key in keys.items() if key in states}


async def progress_of(session: AsyncSession, opinion: Opinion) -> str:
    """The latest answer to the one who raised it, and what comes next; empty while there is no request."""
    if opinion.state is not OpinionState.FILED or opinion.matter_number is None:
        return ""
    matter = await find_matter_behind(session, opinion.compound_id, opinion.number)
    request = await find_request(session, matter.compound_id, matter.number) if matter else None
    if request is None:
        return ""
    lines = []
    answer = await find_last_words(session, request.compound_id, request.number, public=True)
    if answer is not None:
        lines.append(say("requests.last_reply", words=(answer.text or "")[:_SHOWN]))
    lines.append(comes_next(facts_of(request), opinion.number))
    return "\n".join(filter(None, lines))
