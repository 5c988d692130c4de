"""Surveys of households in chat: what is asked now, and answering by the survey's number."""

from handlers.context import Answer, Context
from handlers.filters import command
from handlers.router import Route
from handlers.surveys.answers import answer_survey, said_in, units_of
from handlers.surveys.resident import OwnHome, homes_in
from handlers.surveys.rules import WORDS, Code, Refused, Said, is_open
from handlers.surveys.words import CHOICE_NAMES, page_of, until_of
from handlers.texts import say, short
from storage.queries.polls import list_homes_in
from storage.queries.surveys import find_surveys, list_rounds
from storage.states import SurveyChannel, SurveyChoice
from storage.tables import Compound, Survey, SurveyRound

LISTED = 3
_BEFORE = " \t\r\n,，。:：、;；(（)）"
_CHOICES = {
    "同意": SurveyChoice.AGREE,
    "不同意": SurveyChoice.AGAINST,
    "都行": SurveyChoice.EITHER,
    "没意见": SurveyChoice.EITHER,
}


async def show_surveys(context: Context) -> Answer:
    """意见征询: what is asked where the speaker lives."""
    homes = await list_homes_in(context.session, context.person_id)
    asked = await _asked(context, list(homes)) if homes else []
    if not asked:
        return Answer("surveys.none", say("surveys.none" if homes else "votes.nowhere"))
    lines = [await _line(context, *each) for each in asked[:LISTED]]
    return Answer("surveys.shown", "\n\n".join(lines))


async def answer(context: Context, number: str, choice: str, words: str | None = None) -> Answer:
    """征询 NUMBER CHOICE WORDS: an answer for the speaker's home, or another one in its place."""
    homes = await list_homes_in(context.session, context.person_id)
    asked = await _asked(context, list(homes)) if homes else []
    found = [each for each in asked if each[0].survey_number == int(number)]
    if not found:
        return Answer("survey.unknown", say("surveys.unknown", number=number))
    [(survey, round_), *others] = found
    own = await homes_in(context.session, round_, context.person_id)
    if others or len(own) > 1:
        return Answer("survey.which", say("surveys.which", how=await _how(context, survey)))
    if not own:
        return Answer("survey.refused", await _not_asked(context, round_))
    said = _said(context, own[0], _CHOICES[choice], (words or "").strip(_BEFORE))
    try:
        kept = await answer_survey(
            context.session,
            context.services,
            survey.compound_id,
            survey.survey_number,
            round_.round_number,
            own[0].unit.unit_code,
            said,
            SurveyChannel.CHAT,
            context.now,
            person_id=context.person_id,
        )
    except Refused as refused:
        if refused.code is Code.ANOTHER_HOME:
            return Answer("survey.refused", say("surveys.another_home"))
        if refused.code is Code.FORGOTTEN:
            return Answer("survey.refused", say("surveys.forgotten"))
        return Answer("survey.refused", say("surveys.unknown", number=number))
    if not kept.counts:
        return Answer("survey.beside", say("surveys.beside"))
    told = say(
        "surveys.kept", question=short(round_.question), choice=CHOICE_NAMES[said.choice], number=number
    )
    if len(said.words) > WORDS:
        told = f"{told}\n{say('surveys.cut', most=WORDS)}"
    return Answer("survey.answered", told)


async def _asked(context: Context, compound_ids: list[int]) -> list[tuple[Survey, SurveyRound]]:
    """The rounds that are open there."""
    rounds = {
        (each.compound_id, each.survey_number): each  # of one survey one round is open
        for each in await list_rounds(context.session, compound_ids)
        if is_open(each.state, each.ends_on, context.now)
    }
    surveys = await find_surveys(context.session, list(rounds))
    return [(surveys[key], round_) for key, round_ in rounds.items()]


async def _line(context: Context, survey: Survey, round_: SurveyRound) -> str:
    own = await homes_in(context.session, round_, context.person_id)
    text = say(
        "surveys.one",
        title=survey.title,
        round=round_.name,
        until=until_of(round_),
        question=round_.question,
    )
    if not own:
        return f"{text}\n{await _not_asked(context, round_)}"
    lines = [text]
    if all(_has_answered(home) for home in own):
        lines.append(say("surveys.answered_already"))
    lines.append(say("surveys.how", number=survey.survey_number))
    compound = await context.session.get_one(Compound, survey.compound_id)
    link = page_of(context.services.public_url, compound.code, survey.survey_number)
    if link:
        lines.append(say("surveys.link", link=link))
    return "\n".join(lines)


async def _not_asked(context: Context, round_: SurveyRound) -> str:
    """Who lives in a building that is not asked is not told to name another home."""
    theirs = await units_of(context.session, round_.compound_id, context.person_id)
    return say("surveys.not_you" if theirs else "surveys.not_asked")


def _said(context: Context, home: OwnHome, choice: SurveyChoice, words: str) -> Said:
    """What they say now; who says the same again keeps the reasons that they ticked, and their words without others."""
    before = said_in(context.services.sealer, home.own) if home.own else None
    if before is None or before.choice is not choice:
        return Said(choice, (), words)
    return Said(choice, before.reasons, words or before.words)


async def _how(context: Context, survey: Survey) -> str:
    compound = await context.session.get_one(Compound, survey.compound_id)
    return page_of(context.services.public_url, compound.code, survey.survey_number) or say(
        "surveys.at_the_door"
    )


def _has_answered(home: OwnHome) -> bool:
    return home.standing is not None


async def explain(context: Context, number: str) -> Answer:
    """征询 NUMBER and anything else: how it is said. It is no opinion that is filed, and no words are kept of it."""
    del context
    return Answer("survey.odd", say("surveys.how", number=number))


_SAID = r"(?P<choice>同意|不同意|都行|没意见)"
_NUMBER = r"征询\s*+(?P<number>\d{4,15})"
ROUTES = (
    Route(command(r"(?:看|查)?(?:意见征询|征求意见|征询意见|入户征询)"), show_surveys),
    # What follows the choice begins with a mark: 同意个啥 is not 同意.
    Route(
        command(rf"{_NUMBER}\s*+号?[\s:：,，]*+(?:我家?)?{_SAID}(?P<words>[\s,，。:：、;；(（].*+)?"),
        answer,
    ),
    Route(command(rf"{_NUMBER}(?:\D.*)?"), explain),
)
