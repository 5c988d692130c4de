"""Use cases: staff write down what households are to be asked, and the rounds in which; nothing is asked yet."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from handlers.local_time import local_date
from handlers.surveys.reasons import PLAIN, template_codes
from handlers.surveys.rules import MOST_ROUNDS, Code, Draft, Refused, checked, checked_title
from storage.audit import add_audit_event
from storage.queries.opinions import next_number
from storage.queries.surveys import list_rounds, lock_round, lock_survey
from storage.queries.topics import find_topic
from storage.queries.tree import list_houses
from storage.states import PlaceLevel, SurveyState
from storage.tables import Compound, Survey, SurveyRound, Topic

ITEMS = range(1, 10)  # of art. 278 paragraph 1


async def create_survey(
    session: AsyncSession,
    compound: Compound,
    title: str,
    body: str,
    draft: Draft,
    now: datetime,
    *,
    actor_id: int,
    template: str = PLAIN,
    item: int | None = None,
    topic_number: int | None = None,
) -> tuple[Survey, SurveyRound]:
    """A survey with its first round, both drafts; raises Refused. item: of art. 278, None where nobody has said."""
    assert compound.compound_id is not None
    title, body = checked_title(title, body)
    held = await _checked(session, compound.compound_id, draft, now)
    topic = await _topic(session, compound.compound_id, topic_number)
    if template not in template_codes() or (item is not None and item not in ITEMS):
        raise Refused(Code.ODD)
    survey = Survey(
        compound_id=compound.compound_id,
        survey_number=await next_number(session, compound.compound_id, "survey"),
        title=title,
        body=body,
        template=topic.template if topic and topic.template in template_codes() else template,
        item=item,
        topic_number=topic_number,
        created_by=actor_id,
        created_at=now,
    )
    session.add(survey)
    await session.flush()
    round_ = _round(survey, 1, held)
    session.add(round_)
    await session.flush()
    audit(session, round_, "survey.created", now, actor_id)
    return survey, round_


async def change_survey(
    session: AsyncSession,
    compound_id: int,
    number: int,
    title: str,
    body: str,
    item: int | None,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Change what is asked about, before anybody was asked; raises Refused, and NotFound."""
    survey = await lock_survey(session, compound_id, number)
    if survey is None:
        raise NotFound
    title, body = checked_title(title, body)
    if item is not None and item not in ITEMS:
        raise Refused(Code.ODD)
    rounds = await list_rounds(session, [compound_id], number)
    if any(each.state is not SurveyState.DRAFT for each in rounds):
        raise Refused(Code.WRONG_STATE)
    survey.title, survey.body, survey.item = title, body, item
    session.add(survey)
    audit(session, rounds[0], "survey.changed", now, actor_id)


async def add_round(
    session: AsyncSession, compound_id: int, number: int, draft: Draft, now: datetime, *, actor_id: int
) -> SurveyRound:
    """One more round, a draft; raises Refused, and NotFound without a survey."""
    survey = await lock_survey(session, compound_id, number)
    if survey is None:
        raise NotFound
    held = await _checked(session, compound_id, draft, now)
    there = await list_rounds(session, [compound_id], number)
    if len(there) >= MOST_ROUNDS:
        raise Refused(Code.TOO_MANY)
    round_ = _round(survey, len(there) + 1, held)
    session.add(round_)
    await session.flush()
    audit(session, round_, "survey.round_added", now, actor_id)
    return round_


async def change_round(
    session: AsyncSession,
    compound_id: int,
    number: int,
    place: int,
    draft: Draft,
    now: datetime,
    *,
    actor_id: int,
) -> SurveyRound:
    """Change a round that is not open yet; it has to be set to open anew. Raises Refused, and NotFound."""
    round_ = await hold_round(session, compound_id, number, place)
    if round_.state is not SurveyState.DRAFT:
        raise Refused(Code.WRONG_STATE)
    held = await _checked(session, compound_id, draft, now)
    round_.phase, round_.name, round_.question = held.phase, held.name, held.question
    round_.starts_on, round_.ends_on, round_.buildings = held.starts_on, held.ends_on, list(held.buildings)
    round_.set_at = round_.next_at = None
    session.add(round_)
    audit(session, round_, "survey.changed", now, actor_id)
    return round_


async def hold_round(
    session: AsyncSession, compound_id: int, number: int, place: int, *, shared: bool = False
) -> SurveyRound:
    """A round, locked; raises NotFound when there is none."""
    round_ = await lock_round(session, compound_id, number, place, shared=shared)
    if round_ is None:
        raise NotFound
    return round_


def subject_of(round_: SurveyRound) -> str:
    """A round in the audit log."""
    return f"survey:{round_.survey_number}:{round_.round_number}"


def audit(
    session: AsyncSession,
    round_: SurveyRound,
    verb: str,
    now: datetime,
    actor_id: int | None,
    **details: str | int | bool,
) -> None:
    """Note in the log what was done with a round; never what somebody said."""
    add_audit_event(
        session,
        at=now,
        verb=verb,
        compound_id=round_.compound_id,
        actor_id=actor_id,
        subject=subject_of(round_),
        details=dict(details),
    )


async def list_buildings(session: AsyncSession, compound_id: int) -> dict[str, str]:
    """The buildings that may be asked: names by code, 2 before 10."""
    houses = await list_houses(session, compound_id)
    return {
        place.code: place.name
        for place in sorted(houses, key=lambda place: (len(place.code), place.code))
        if place.level is PlaceLevel.BUILDING
    }


async def _checked(session: AsyncSession, compound_id: int, draft: Draft, now: datetime) -> Draft:
    held = checked(draft, local_date(now))
    if held.buildings and not await _are_known(session, compound_id, held.buildings):
        raise Refused(Code.BUILDINGS)
    return held


async def _are_known(session: AsyncSession, compound_id: int, buildings: Collection[str]) -> bool:
    return set(buildings) <= (await list_buildings(session, compound_id)).keys()


async def _topic(session: AsyncSession, compound_id: int, topic_number: int | None) -> Topic | None:
    if topic_number is None:
        return None
    topic = await find_topic(session, compound_id, topic_number)
    if topic is None:
        raise Refused(Code.ODD)
    return topic


def _round(survey: Survey, place: int, held: Draft) -> SurveyRound:
    return SurveyRound(
        compound_id=survey.compound_id,
        survey_number=survey.survey_number,
        round_number=place,
        phase=held.phase,
        name=held.name,
        question=held.question,
        buildings=list(held.buildings),
        starts_on=held.starts_on,
        ends_on=held.ends_on,
    )
