"""How far a round of a survey is: for staff in full, for residents as far as it may be told."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.polls.rules import Figures
from handlers.surveys.answers import said_in
from handlers.surveys.reasons import counted_under, reasons_of
from handlers.surveys.rules import CHOICES, Coverage, Household, coverage, in_order
from handlers.surveys.steps import shown
from handlers.surveys.together import Asked, Held, together
from storage.queries.survey_answers import (
    count_answered,
    count_asked,
    count_channels,
    count_households,
    count_told,
    list_told,
)
from storage.queries.surveys import find_survey, list_rounds
from storage.sealing import Sealer
from storage.states import SurveyChannel, SurveyChoice, SurveyPhase, SurveyState
from storage.tables import Survey, SurveyRound


@dataclass(frozen=True, slots=True)
class Covered:
    """A round for staff. told: what households said, for them too only as far as it is told (`steps`): who goes from
    door to door knows which ones have answered."""

    counts: Coverage
    told: Figures

    @property
    def said(self) -> dict[SurveyChoice, int] | None:
        """How many households said what; None while nothing is told of it."""
        options = self.told.whole.options
        return None if options is None else dict(zip(CHOICES, options, strict=True))


async def load_coverage(session: AsyncSession, round_: SurveyRound) -> Covered:
    """The figures of a round by building, for staff."""
    households = [Household(*each) for each in await count_households(session, round_)]
    return Covered(coverage(households), await _told(session, round_))


@dataclass(frozen=True, slots=True)
class Shown:
    """What residents see of a round. households, answered: how many; noted: of those that answered, what staff wrote
    down; figures: none about fewer than five."""

    households: int
    answered: int
    noted: int
    figures: Figures


async def load_shown(session: AsyncSession, round_: SurveyRound) -> Shown:
    """The same for everybody who lives there."""
    households, answered = await count_answered(session, round_)
    channels = await count_channels(session, round_)
    noted = channels.get(SurveyChannel.DOOR, 0) + channels.get(SurveyChannel.PHONE, 0)
    return Shown(households, answered, noted, await _told(session, round_))


async def _told(session: AsyncSession, round_: SurveyRound) -> Figures:
    return shown(await count_told(session, round_), round_.told_apart)


async def figures_of(
    session: AsyncSession, compound_id: int, number: int, topic_number: int, phase: SurveyPhase
) -> dict[str, int]:
    """The figures of all rounds of this kind that are over, for the topic that they were asked for; for OTHER, of the
    kind that the last round over has. Each household counts once (`together`).

    round: the last of them. rounds, buildings: how many of them, buildings 0 for all. told: of how many households it
    is told what they said; left out with what they said where it is told of none. Empty without such a round, where
    nobody was asked anything, and for a survey of another topic.
    """
    survey = await find_survey(session, compound_id, number)
    if survey is None or survey.topic_number not in (None, topic_number):
        return {}
    rounds = await list_rounds(session, [compound_id], number)
    over = [
        each
        for each in in_order(rounds)
        if each.state is SurveyState.CLOSED and phase in (SurveyPhase.OTHER, each.phase)
    ]
    homes = [Asked(*each) for each in await count_asked(session, over)] if over else []
    # Opened and closed at once, a round asked nobody: it takes the place of no other one.
    held = sorted({at for home in homes for at in home.answered | home.tried})
    kept = [at for at in held if over[at].phase is over[held[-1]].phase]
    if not kept:
        return {}
    rounds = [over[at] for at in kept]
    told = {at: Held(over[at].question, (await load_coverage(session, over[at])).told) for at in kept}
    sums = together(told, homes)
    everywhere = any(not each.buildings for each in rounds)
    figures = {
        "round": rounds[-1].round_number,
        "rounds": len(rounds),
        "buildings": 0 if everywhere else len({code for each in rounds for code in each.buildings}),
        "households": sums.households,
        "asked": sums.asked,
        "reached": sums.answered,
    }
    if sums.told:
        names = {SurveyChoice.AGREE: "for", SurveyChoice.AGAINST: "against", SurveyChoice.EITHER: "either"}
        figures |= {"told": sums.told}
        figures |= {names[choice]: count for choice, count in zip(CHOICES, sums.options, strict=True)}
    return figures


@dataclass(frozen=True, slots=True)
class Against:
    """Why households are against it. counts: by reason, those that anybody gave. said: what anybody wrote, without who
    and without what they chose, in no order that tells who."""

    counts: Mapping[str, int]
    said: tuple[str, ...]


async def load_against(session: AsyncSession, sealer: Sealer, survey: Survey, round_: SurveyRound) -> Against:
    """The reasons of a round that are told, for who answers them. Who is against it and says none counts as another."""
    counter: Counter[str] = Counter()
    said = []
    for answer in await list_told(session, round_):
        opened = said_in(sealer, answer)
        if answer.choice is SurveyChoice.AGAINST:
            counter.update(counted_under(opened.reasons))
        if opened.words:
            said.append(opened.words)
    counts = {code: counter[code] for code in reasons_of(survey.template) if counter[code]}
    return Against(counts, tuple(sorted(said)))
