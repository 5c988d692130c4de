"""What a resident sees of a survey and may say in it: for the units that are theirs, and their own answers only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from handlers.surveys.answers import giver_now, units_of
from handlers.surveys.rules import in_order, is_open
from storage.queries.polls import list_homes_in
from storage.queries.survey_answers import list_answers_of_units
from storage.queries.surveys import find_survey, list_rounds, list_units_coded
from storage.queries.tree import find_compound
from storage.states import SurveyGiver, SurveyState
from storage.tables import Compound, Survey, SurveyAnswer, SurveyRound, SurveyUnit


@dataclass(frozen=True, slots=True)
class OwnHome:
    """A unit of theirs in a round. own: what they themselves said last. standing: what counts now, whoever said it;
    ranked: by what right that would be said today."""

    unit: SurveyUnit
    giver: SurveyGiver
    own: SurveyAnswer | None
    standing: SurveyAnswer | None
    ranked: SurveyGiver | None

    @property
    def counts(self) -> bool:
        """Whether what they said is what counts."""
        return self.own is not None and self.own.in_force

    @property
    def written_down(self) -> bool:
        """Whether staff wrote down what counts now."""
        return self.standing is not None and self.standing.giver is SurveyGiver.STAFF


@dataclass(frozen=True, slots=True)
class OwnSurvey:
    """A survey where somebody lives or owns. rounds: those that were opened. at: the last of them, with their homes."""

    compound: Compound
    survey: Survey
    rounds: Sequence[SurveyRound]
    at: SurveyRound
    homes: tuple[OwnHome, ...]

    def is_open(self, now: datetime) -> bool:
        """Whether an answer counts now."""
        return is_open(self.at.state, self.at.ends_on, now)


async def access_survey(session: AsyncSession, person_id: int, code: str, number: int) -> OwnSurvey:
    """A survey that was opened where somebody lives or owns; raises NotFound for others."""
    compound = await find_compound(session, code)
    if compound is None or compound.compound_id is None:
        raise NotFound
    if compound.compound_id not in await list_homes_in(session, person_id):
        raise NotFound
    survey = await find_survey(session, compound.compound_id, number)
    rounds = opened_rounds(await list_rounds(session, [compound.compound_id], number))
    if survey is None or not rounds:
        raise NotFound
    return OwnSurvey(compound, survey, rounds, rounds[-1], await homes_in(session, rounds[-1], person_id))


def opened_rounds(rounds: Sequence[SurveyRound]) -> list[SurveyRound]:
    """Those that were opened, in the order they were."""
    return in_order(each for each in rounds if each.state is not SurveyState.DRAFT)


async def homes_in(session: AsyncSession, round_: SurveyRound, person_id: int) -> tuple[OwnHome, ...]:
    """The units of somebody that a round asks."""
    mine: Mapping[str, SurveyGiver] = await units_of(session, round_.compound_id, person_id)
    units = await list_units_coded(session, round_, list(mine))
    answers = await list_answers_of_units(session, round_, [unit.unit_code for unit in units])
    homes = []
    for unit in units:
        there = [each for each in answers if each.unit_code == unit.unit_code]
        own = next((each for each in reversed(there) if each.person_id == person_id), None)
        standing = next((each for each in there if each.in_force), None)
        homes.append(OwnHome(unit, mine[unit.unit_code], own, standing, await giver_now(session, standing)))
    return tuple(homes)
