"""The way in to the pages of surveys: whose they are, who looks, and a survey with its rounds."""

from dataclasses import dataclass

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened, Right, access_compound
from storage.queries.surveys import find_survey, list_rounds
from storage.tables import Survey, SurveyRound

NUMBER = r"[1-9][0-9]{0,14}"
ROUND = r"[1-9][0-9]?"


@dataclass(frozen=True, slots=True)
class Entered:
    """A survey on its pages."""

    opened: Opened
    survey: Survey
    rounds: list[SurveyRound]

    @property
    def address(self) -> str:
        """Of the survey's page."""
        return f"/console/{self.opened.compound.code}/surveys/{self.survey.survey_number}"


async def open_compound(visit: Visit, right: Right) -> Opened:
    """The compound that the address names, for who has the right there."""
    return await access_compound(visit.session, visit.signed_in.viewer, visit.part("compound", CODE), right)


async def enter(visit: Visit, right: Right = Right.SEE_SURVEYS) -> Entered:
    """The survey that the address names; raises NotFound when there is none."""
    opened = await open_compound(visit, right)
    number = int(visit.part("number", NUMBER))
    survey = await find_survey(visit.session, opened.compound_id, number)
    if survey is None:
        raise NotFound
    return Entered(opened, survey, await list_rounds(visit.session, [opened.compound_id], number))


async def enter_round(visit: Visit, right: Right = Right.SEE_SURVEYS) -> tuple[Entered, SurveyRound]:
    """The round that the address names; raises NotFound when there is none."""
    found, place = await enter(visit, right), int(visit.part("round", ROUND))
    round_ = next((each for each in found.rounds if each.round_number == place), None)
    if round_ is None:
        raise NotFound
    return found, round_


def back_to(address: str, told: str) -> web.Response:
    """A page as it is now, with what came of a button."""
    return see_other(f"{address}?told={told}")
