"""Use cases: a household answers, on its page or in chat, or staff write down what it said. One answer is in force."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from handlers.context import Services
from handlers.people.forgotten import was_forgotten_since
from handlers.surveys.create import audit, hold_round
from handlers.surveys.overtaken import tell_overtaken
from handlers.surveys.reasons import reasons_of
from handlers.surveys.rules import Code, Refused, Said, checked_answer, is_open, takes_over
from storage.queries.survey_answers import has_answered_elsewhere, list_answers_of_units
from storage.queries.surveys import find_flat_of, find_survey, list_owned_units, lock_unit
from storage.sealing import Sealer
from storage.states import SurveyChannel, SurveyGiver
from storage.tables import Survey, SurveyAnswer, SurveyRound

WORDS = "survey_answers.words"


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of an answer. counts: it is in force; not where a better word stands, which it is kept beside."""

    counts: bool
    again: bool = False


async def units_of(
    session: AsyncSession, compound_id: int, person_id: int, *, hold: bool = False
) -> dict[str, SurveyGiver]:
    """The units that a person may answer for, by code: what they proved to own, and the flat they say they live in.

    hold: until the transaction ends they name no other flat.
    """
    flat = await find_flat_of(session, compound_id, person_id, hold=hold)
    found = {flat: SurveyGiver.RESIDENT} if flat else {}
    owned = await list_owned_units(session, compound_id, person_id)
    return found | dict.fromkeys(owned, SurveyGiver.OWNER)


async def answer_survey(
    session: AsyncSession,
    services: Services,
    compound_id: int,
    number: int,
    place: int,
    unit_code: str,
    said: Said,
    channel: SurveyChannel,
    now: datetime,
    *,
    person_id: int,
) -> Kept:
    """Keep what a resident says for their unit; raises Refused, and NotFound. The same again changes nothing.

    Who only named a home (绑定) answers for one in a round: naming the next one gives no further answer, nor does
    being forgotten in between.
    """
    round_ = await _hold_open(session, compound_id, number, place, now)
    giver = (await units_of(session, compound_id, person_id, hold=True)).get(unit_code)
    if giver is None:
        raise Refused(Code.NOT_ASKED)
    named = giver is SurveyGiver.RESIDENT
    if named and await has_answered_elsewhere(session, round_, person_id, unit_code):
        raise Refused(Code.ANOTHER_HOME)
    # What they answered before is nobody's, and stands: else each 删除我的资料 would give one more home.
    opened_at = round_.opened_at or now
    if named and await was_forgotten_since(session, services.sealer, person_id, opened_at):
        raise Refused(Code.FORGOTTEN)
    survey = await _survey(session, round_)
    kept, before = await _keep(
        session,
        services.sealer,
        survey,
        round_,
        unit_code,
        said,
        channel,
        giver,
        now,
        actor_id=person_id,
    )
    if before is not None and before.person_id != person_id:
        await tell_overtaken(session, services, survey, round_, before, giver, now)
    return kept


async def record_answer(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    number: int,
    place: int,
    unit_code: str,
    said: Said,
    channel: SurveyChannel,
    now: datetime,
    *,
    actor_id: int,
) -> Kept:
    """Keep what a household told staff at the door or on the phone; who may is for the door. Raises as above."""
    round_ = await _hold_open(session, compound_id, number, place, now)
    survey, giver = await _survey(session, round_), SurveyGiver.STAFF
    kept, _before = await _keep(
        session, sealer, survey, round_, unit_code, said, channel, giver, now, actor_id=actor_id
    )
    return kept


async def _hold_open(
    session: AsyncSession, compound_id: int, number: int, place: int, now: datetime
) -> SurveyRound:
    round_ = await hold_round(session, compound_id, number, place, shared=True)
    if not is_open(round_.state, round_.ends_on, now):
        raise Refused(Code.OVER)
    return round_


async def _survey(session: AsyncSession, round_: SurveyRound) -> Survey:
    survey = await find_survey(session, round_.compound_id, round_.survey_number)
    if survey is None:
        raise NotFound
    return survey


async def _keep(
    session: AsyncSession,
    sealer: Sealer,
    survey: Survey,
    round_: SurveyRound,
    unit_code: str,
    said: Said,
    channel: SurveyChannel,
    giver: SurveyGiver,
    now: datetime,
    *,
    actor_id: int,
) -> tuple[Kept, SurveyAnswer | None]:
    """Also the answer whose place it took."""
    held = checked_answer(said, reasons_of(survey.template))
    unit = await lock_unit(session, round_, unit_code)
    if unit is None:
        raise Refused(Code.NOT_ASKED)
    by_staff = giver is SurveyGiver.STAFF
    there = await list_answers_of_units(session, round_, [unit_code])
    standing = next((each for each in there if each.in_force), None)
    last = next((each for each in reversed(there) if _is_by(each, giver, actor_id)), None)
    counts = takes_over(giver, await giver_now(session, standing))
    is_again = last is not None and last is there[-1] and said_in(sealer, last) == held
    if last is not None and is_again and (last.in_force or not counts):
        return Kept(last.in_force, again=True), None
    waits = True  # to be told, as long as nothing of the unit is
    if counts and standing is not None:
        waits = standing.waits
        standing.in_force = standing.waits = False
        session.add(standing)
        await session.flush()  # before the new one: of a unit one answer is in force at any moment
    session.add(
        SurveyAnswer(
            compound_id=round_.compound_id,
            survey_number=round_.survey_number,
            round_number=round_.round_number,
            unit_code=unit_code,
            seq=there[-1].seq + 1 if there else 1,
            choice=held.choice,
            reasons=list(held.reasons),
            words_sealed=sealer.seal(held.words.encode(), WORDS) if held.words else None,
            channel=channel,
            giver=giver,
            person_id=None if by_staff else actor_id,
            recorded_by=actor_id if by_staff else None,
            answered_at=now,
            in_force=counts,
            waits=counts and waits,
        )
    )
    await session.flush()
    audit(
        session,
        round_,
        "survey.answered",
        now,
        actor_id,
        unit=unit_code,
        channel=channel.value,
        counts=counts,
    )
    return Kept(counts), standing if counts else None


async def giver_now(session: AsyncSession, standing: SurveyAnswer | None) -> SurveyGiver | None:
    """By what right the answer that stands would be given today: whose home it is no more, comes before nobody."""
    if standing is None:
        return None
    if standing.person_id is None:
        return standing.giver
    theirs = await units_of(session, standing.compound_id, standing.person_id)
    return theirs.get(standing.unit_code, SurveyGiver.STAFF)


def said_in(sealer: Sealer, answer: SurveyAnswer) -> Said:
    """An answer, opened."""
    words = sealer.open(answer.words_sealed, WORDS).decode() if answer.words_sealed else ""
    return Said(answer.choice, tuple(answer.reasons), words)


def _is_by(answer: SurveyAnswer, giver: SurveyGiver, actor_id: int) -> bool:
    whose = answer.recorded_by if giver is SurveyGiver.STAFF else answer.person_id
    return answer.giver is giver and whose == actor_id
