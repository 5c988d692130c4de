"""What is said of surveys in chat and to groups. No link is a key: the page asks who it is."""

from handlers.local_time import month_day_time
from handlers.surveys.rules import closes_at
from handlers.texts import say
from storage.states import SurveyChoice
from storage.tables import Compound, Survey, SurveyRound

CHOICE_NAMES = {
    SurveyChoice.AGREE: "同意",
    SurveyChoice.AGAINST: "不同意",
    SurveyChoice.EITHER: "都行",
}


def page_of(public_url: str, code: str, number: int) -> str:
    """Where a survey is answered; empty without pages."""
    return f"{public_url}/h5/surveys/{code}/{number}" if public_url else ""


def topic_of(round_: SurveyRound) -> str:
    """What an announcement or a reminder is about: it goes when the round closes."""
    return f"survey:{round_.compound_id}:{round_.survey_number}:{round_.round_number}"


def until_of(round_: SurveyRound) -> str:
    """Until when it may be answered: 3月12日 20:00."""
    return month_day_time(closes_at(round_.ends_on))


def announcement(compound: Compound, survey: Survey, round_: SurveyRound, public_url: str) -> str:
    """What a group reads when a round opens."""
    text = say(
        "surveys.announced",
        compound=compound.name,
        title=survey.title,
        round=round_.name,
        until=until_of(round_),
    )
    link = page_of(public_url, compound.code, survey.survey_number)
    how = say("surveys.link", link=link) if link else say("surveys.by_chat")
    return f"{text}\n{how}"
