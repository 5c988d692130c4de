"""Use cases: a round opens, with the households of that moment, and closes; by hand or by the clock."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from handlers.context import Services
from handlers.local_time import local_date
from handlers.polls.rules import building_of
from handlers.reach.notify import Notice, notify_group
from handlers.surveys.create import audit, hold_round
from handlers.surveys.rules import (
    Code,
    Refused,
    Times,
    closes_at,
    next_at,
    remind_at,
)
from handlers.surveys.scope import list_units_to_ask
from handlers.surveys.telling import tell_rest
from handlers.surveys.words import announcement, topic_of
from storage.queries.surveys import add_units, has_open_round, list_rounds, lock_survey
from storage.queries.vote_reach import list_groups_written_to
from storage.sealing import Sealer
from storage.states import MessageClass, SurveyState
from storage.supersede import supersede
from storage.tables import Compound, Survey, SurveyRound


async def set_round(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    place: int,
    now: datetime,
    *,
    actor_id: int,
) -> SurveyRound:
    """Let a round open: now when its first day has come, else by itself on that day. Raises Refused, and NotFound.

    Doing it again changes nothing.
    """
    assert compound.compound_id is not None
    survey, round_ = await _hold(session, compound.compound_id, number, place)
    if round_.state is SurveyState.OPEN or (round_.state is SurveyState.DRAFT and round_.set_at is not None):
        return round_
    if round_.state is not SurveyState.DRAFT or now > closes_at(round_.ends_on):
        raise Refused(Code.WRONG_STATE)
    # Of two with a day in common the later would find the other one open on its morning, and stay a draft.
    begins = max(round_.starts_on, local_date(now))
    for other in await list_rounds(session, [compound.compound_id], number):
        held = other.state is SurveyState.OPEN or (
            other.state is SurveyState.DRAFT and other.set_at is not None
        )
        if held and other.starts_on <= round_.ends_on and begins <= other.ends_on:
            raise Refused(Code.ANOTHER_OPEN)
    if round_.starts_on <= local_date(now):
        await open_held(session, services, compound, survey, round_, now, actor_id=actor_id)
        return round_
    if not await list_units_to_ask(session, round_):
        raise Refused(Code.NO_UNITS)
    round_.set_at = now
    _schedule(round_, now)
    session.add(round_)
    audit(session, round_, "survey.set", now, actor_id)
    return round_


async def open_held(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    survey: Survey,
    round_: SurveyRound,
    now: datetime,
    *,
    actor_id: int | None,
) -> None:
    """Open a draft whose survey and row the caller has locked, and tell the groups once; raises Refused."""
    if await has_open_round(session, round_.compound_id, round_.survey_number):
        raise Refused(Code.ANOTHER_OPEN)
    units = await list_units_to_ask(session, round_)
    if not units:
        raise Refused(Code.NO_UNITS)
    await add_units(session, [unit.model_dump() for unit in units])
    round_.state, round_.opened_at = SurveyState.OPEN, now
    round_.remind_at = remind_at(now, round_.ends_on)
    _schedule(round_, now)
    session.add(round_)
    audit(session, round_, "survey.opened", now, actor_id, households=len(units))
    notice = Notice(
        MessageClass.PROMPT,
        announcement(compound, survey, round_, services.public_url),
        f"survey:{round_.compound_id}:{round_.survey_number}:{round_.round_number}:opened",
        expires_at=closes_at(round_.ends_on),
        topic=topic_of(round_),
    )
    for group in await list_groups_written_to(session, round_.compound_id):
        asked = building_of(group.place_code)
        if not round_.buildings or asked is None or asked in round_.buildings:
            await notify_group(session, services, group, notice, now)


async def close_round(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    number: int,
    place: int,
    now: datetime,
    *,
    actor_id: int | None,
) -> bool:
    """End a round, and tell the rest of it; False when it is not open. Raises NotFound. actor_id: None for a clock."""
    round_ = await hold_round(session, compound_id, number, place)
    if round_.state is not SurveyState.OPEN:
        return False
    round_.state, round_.closed_at = SurveyState.CLOSED, min(now, closes_at(round_.ends_on))
    round_.remind_at = None
    _schedule(round_, now)
    await tell_rest(session, sealer, round_)
    await supersede(session, [topic_of(round_)], now)
    audit(session, round_, "survey.closed", now, actor_id)
    return True


async def lapse(
    session: AsyncSession, round_: SurveyRound, now: datetime, why: str, *, actor_id: int | None = None
) -> None:
    """Let a draft open by itself no more: why stands in the log. The row is locked by the caller."""
    round_.set_at = None
    _schedule(round_, now)
    session.add(round_)
    audit(session, round_, "survey.not_opened", now, actor_id, why=why)


def times_of(round_: SurveyRound) -> Times:
    """A round as the clock sees it."""
    return Times(round_.state, round_.set_at is not None, round_.starts_on, round_.ends_on, round_.remind_at)


def _schedule(round_: SurveyRound, now: datetime) -> None:
    round_.next_at = next_at(times_of(round_), now)


async def _hold(
    session: AsyncSession, compound_id: int, number: int, place: int
) -> tuple[Survey, SurveyRound]:
    """The survey first: two of its rounds cannot open at once."""
    survey = await lock_survey(session, compound_id, number)
    if survey is None:
        raise NotFound
    return survey, await hold_round(session, compound_id, number, place)
