"""Use case: what households said is told some more, in steps of five at least, by the clock and when a round ends."""

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.surveys.answers import said_in
from handlers.surveys.steps import Differs, Home, differs, may_be_told, told_apart, told_at_the_end
from storage.queries.survey_answers import count_told_in, find_told, list_untold, list_waiting, tell
from storage.queries.surveys import lock_round
from storage.sealing import Sealer
from storage.states import SurveyState
from storage.tables import SurveyAnswer, SurveyRound


async def tell_some(session: AsyncSession, compound_id: int, number: int, place: int) -> int:
    """Tell those of an open round who have waited longest; returns 1, or 0 where too few wait."""
    # Not shared with those who answer: nobody answers meanwhile, and no two tell the same.
    round_ = await lock_round(session, compound_id, number, place)
    if round_ is None or round_.state is not SurveyState.OPEN:
        return 0
    waiting = await list_waiting(session, round_)
    now = waiting[: may_be_told(len(waiting))]
    if not now:
        return 0
    round_.told_steps += 1
    session.add(round_)
    await tell(session, [(None, answer) for answer in now], round_.told_steps)
    return 1


async def tell_rest(session: AsyncSession, sealer: Sealer, round_: SurveyRound) -> None:
    """Tell the rest of a round that ends, and which buildings stand apart. Its row is locked by the caller as above."""
    untold = await list_untold(session, round_)
    before = await find_told(session, round_, [each.unit_code for each in untold if each.seq > 1])
    changes: dict[Differs | None, list[tuple[SurveyAnswer | None, SurveyAnswer]]] = {}
    for answer in untold:
        told = before.get(answer.unit_code)
        # Opened only where it has to be compared: what was never told needs no key to be told.
        kind = differs(said_in(sealer, told), said_in(sealer, answer)) if told else Differs.CHOICE
        changes.setdefault(kind, []).append((told, answer))
    now = told_at_the_end({kind: len(those) for kind, those in changes.items() if kind is not None})
    if Differs.CHOICE in now:
        round_.told_steps += 1
    for kind, those in changes.items():
        if kind is None or kind in now:
            await tell(session, those, round_.told_steps if kind is Differs.CHOICE else None)
    homes = [Home(*each) for each in await count_told_in(session, round_)]
    round_.told_apart = sorted(told_apart(homes))
    session.add(round_)
