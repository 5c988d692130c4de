"""What staff fill in to ask households; what does not fit is refused by name, and shown again as it was typed."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from bot.web.visit import Visit
from handlers.local_time import local_date
from handlers.surveys.rules import Code, Draft, Refused
from storage.states import SurveyPhase
from storage.tables import SurveyRound, Topic

_WEEK = timedelta(days=7)
ROUND_FIELDS = ("phase", "name", "question", "starts", "ends")
SURVEY_FIELDS = ("title", "body", "template", "item", "topic")
BUILDING = "b-"


def draft_of(visit: Visit, buildings: Collection[str]) -> Draft:
    """The round of a form; raises Refused."""
    form = visit.form
    try:
        phase = SurveyPhase(form.get("phase", ""))
    except ValueError:
        raise Refused(Code.ODD) from None
    return Draft(
        phase,
        form.get("question", ""),
        _day(form.get("starts", "")),
        _day(form.get("ends", "")),
        form.get("name", ""),
        tuple(code for code in buildings if form.get(f"{BUILDING}{code}") == "yes"),
    )


def number_or_none(text: str) -> int | None:
    """A whole number where nothing need be filled in; raises Refused for what is none."""
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise Refused(Code.ODD)
    return int(text)


def typed_in(form: Mapping[str, str]) -> dict[str, Any]:
    """A form as it was filled in."""
    found: dict[str, Any] = {name: form.get(name, "") for name in (*SURVEY_FIELDS, *ROUND_FIELDS)}
    found["buildings"] = {name.removeprefix(BUILDING) for name in form if name.startswith(BUILDING)}
    return found


def at_first(visit: Visit, topic: Topic | None = None) -> dict[str, Any]:
    """A form as it is at first. The address may name the phase (`phase`); a topic gives its title."""
    today = local_date(visit.now)
    phase = visit.request.query.get("phase", "")
    found = typed_in({})
    found["phase"] = phase if phase in {each.value for each in SurveyPhase} else ""
    found["starts"], found["ends"] = today.isoformat(), (today + _WEEK).isoformat()
    if topic is not None:
        found["title"], found["body"] = topic.title, topic.body
        found["topic"], found["template"] = str(topic.topic_number), topic.template
        found["item"] = str(topic.items[0]) if topic.items else ""
    return found


def of_round(round_: SurveyRound) -> dict[str, Any]:
    """A form with a round as it is."""
    return typed_in({}) | {
        "phase": round_.phase.value,
        "name": round_.name if round_.phase is SurveyPhase.OTHER else "",
        "question": round_.question,
        "starts": round_.starts_on.isoformat(),
        "ends": round_.ends_on.isoformat(),
        "buildings": set(round_.buildings),
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(Code.DAYS) from None
