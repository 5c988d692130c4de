"""How far a round of a survey is: for staff in full, for residents as far as it may be told."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.polls.rules import Figures
from handlers.surveys.answers import said_in
from handlers.surveys.reasons import reasons_of
from handlers.surveys.rules import Coverage, Household, Said, coverage, shown
from storage.queries.survey_answers import (
    list_attempts,
    list_choices,
    list_standing,
    list_written_down,
)
from storage.sealing import Sealer
from storage.states import SurveyChoice, SurveyState
from storage.tables import Survey, SurveyRound


async def load_coverage(session: AsyncSession, round_: SurveyRound) -> Coverage:
    """The figures of a round by building, for staff."""
    attempts = await list_attempts(session, round_)
    return coverage(
        [
            Household(building, area, choice, attempts[code].outcome if code in attempts else None)
            for code, building, area, choice in await list_choices(session, round_)
        ]
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """What residents see of a round. households, answered: how many; figures: none about fewer than five."""

    households: int
    answered: int
    figures: Figures


async def load_shown(session: AsyncSession, round_: SurveyRound) -> Shown:
    """The same for everybody who lives there."""
    units = await list_choices(session, round_)
    answers = [(choice, building) for _code, building, _area, choice in units if choice is not None]
    return Shown(len(units), len(answers), shown(answers, over=round_.state is SurveyState.CLOSED))


async def count_differing(session: AsyncSession, round_: SurveyRound) -> int:
    """How many units said something else themselves than what staff had written down for them."""
    standing = {answer.unit_code: answer for answer in await list_standing(session, round_)}
    written = await list_written_down(session, round_)
    return sum(
        not answer.in_force and code in standing and standing[code].choice is not answer.choice
        for code, answer in written.items()
    )


@dataclass(frozen=True, slots=True)
class Against:
    """Why households are against it. counts: by reason, those that anybody gave. said: what anybody wrote, nameless,
    in no order that tells who."""

    counts: Mapping[str, int]
    said: tuple[Said, ...]


async def load_against(session: AsyncSession, sealer: Sealer, survey: Survey, round_: SurveyRound) -> Against:
    """The reasons of a round, for who answers them. Who is against it and says no reason counts as another one."""
    counter: Counter[str] = Counter()
    said = []
    for answer in await list_standing(session, round_):
        opened = said_in(sealer, answer)
        if answer.choice is SurveyChoice.AGAINST:
            counter.update(opened.reasons or ("other",))
        if opened.words:
            said.append(opened)
    counts = {code: counter[code] for code in reasons_of(survey.template) if counter[code]}
    return Against(counts, tuple(sorted(said, key=lambda each: (each.choice, each.words))))
