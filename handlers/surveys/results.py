"""How far a round of a survey is: for staff in full, for residents as far as it may be told."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.polls.rules import Figures
from handlers.surveys.answers import said_in
from handlers.surveys.reasons import counted_under, reasons_of
from handlers.surveys.rules import CHOICES, Coverage, Household, coverage, shown
from storage.queries.survey_answers import (
    count_choices,
    count_households,
    list_first_choices,
    list_standing,
)
from storage.queries.surveys import find_survey, list_rounds
from storage.sealing import Sealer
from storage.states import SurveyChoice, SurveyPhase, SurveyState
from storage.tables import Survey, SurveyRound


@dataclass(frozen=True, slots=True)
class Covered:
    """A round for staff. told: what households said, for them too in no row about fewer than five and by fives while
    it is open: who goes from door to door knows which ones have answered."""

    counts: Coverage
    told: Figures

    @property
    def said(self) -> dict[SurveyChoice, int] | None:
        """How many households said what; None while fewer than five have answered."""
        options = self.told.whole.options
        return None if options is None else dict(zip(CHOICES, options, strict=True))


async def load_coverage(session: AsyncSession, round_: SurveyRound) -> Covered:
    """The figures of a round by building, for staff."""
    households = [Household(*each) for each in await count_households(session, round_)]
    return Covered(coverage(households), await _told(session, round_, households))


@dataclass(frozen=True, slots=True)
class Shown:
    """What residents see of a round. households, answered: how many; figures: none about fewer than five."""

    households: int
    answered: int
    figures: Figures


async def load_shown(session: AsyncSession, round_: SurveyRound) -> Shown:
    """The same for everybody who lives there."""
    households = [
        Household(building, choice=choice, units=units)
        for building, choice, units in await count_choices(session, round_)
    ]
    whole = coverage(households).whole
    return Shown(whole.households, whole.answered, await _told(session, round_, households))


async def _told(session: AsyncSession, round_: SurveyRound, households: Iterable[Household]) -> Figures:
    """What may be told now; no household is read by itself but the choices of a round that is open, in order."""
    if round_.state is not SurveyState.CLOSED:
        return shown([(choice, "") for choice in await list_first_choices(session, round_)], over=False)
    answers = [
        (each.choice, each.building)
        for each in households
        if each.choice is not None
        for _unit in range(each.units)
    ]
    return shown(answers, over=True)


async def figures_of(
    session: AsyncSession, compound_id: int, number: int, topic_number: int, phase: SurveyPhase
) -> dict[str, int]:
    """The figures of the last round of this kind that is over, for the topic that it was asked for; of any round for
    OTHER. Empty without such a round, for one in which nobody was asked, and for a survey of another topic. buildings:
    how many of them, 0 for all. What they said is left out where fewer than five answered."""
    survey = await find_survey(session, compound_id, number)
    if survey is None or survey.topic_number not in (None, topic_number):
        return {}
    over = [
        each
        for each in await list_rounds(session, [compound_id], number)
        if each.state is SurveyState.CLOSED and phase in (SurveyPhase.OTHER, each.phase)
    ]
    if not over:
        return {}
    covered = await load_coverage(session, over[-1])
    whole, said = covered.counts.whole, covered.said
    if not whole.asked:  # opened and closed at once: no household was asked the question
        return {}
    figures = {
        "round": over[-1].round_number,
        "buildings": len(over[-1].buildings),
        "households": whole.households,
        "asked": whole.asked,
        "reached": whole.answered,
    }
    if said is not None:
        names = {SurveyChoice.AGREE: "for", SurveyChoice.AGAINST: "against", SurveyChoice.EITHER: "either"}
        figures |= {names[choice]: count for choice, count in said.items()}
    return figures


@dataclass(frozen=True, slots=True)
class Against:
    """Why households are against it. counts: by reason, those that anybody gave. said: what anybody wrote, without who
    and without what they chose, in no order that tells who."""

    counts: Mapping[str, int]
    said: tuple[str, ...]


async def load_against(session: AsyncSession, sealer: Sealer, survey: Survey, round_: SurveyRound) -> Against:
    """The reasons of a round, for who answers them. Who is against it and says no reason counts as another one."""
    counter: Counter[str] = Counter()
    said = []
    for answer in await list_standing(session, round_):
        opened = said_in(sealer, answer)
        if answer.choice is SurveyChoice.AGAINST:
            counter.update(counted_under(opened.reasons))
        if opened.words:
            said.append(opened.words)
    counts = {code: counter[code] for code in reasons_of(survey.template) if counter[code]}
    return Against(counts, tuple(sorted(said)))
