"""Surveys of households for residents: what is asked, answering for one's own home, and what may be told of it."""

from aiohttp import web

from bot.web.majorities import lawful
from bot.web.route import Route
from bot.web.visit import H5, Visit, see_other
from handlers.polls.rules import Figures
from handlers.surveys.answers import answer_survey, said_in
from handlers.surveys.create import list_buildings
from handlers.surveys.reasons import reasons_of
from handlers.surveys.resident import OwnSurvey, access_survey, opened_rounds
from handlers.surveys.results import Shown, load_shown
from handlers.surveys.rules import CHOICES, Code, Refused, Said, closes_at, is_open
from handlers.surveys.words import CHOICE_NAMES
from storage.queries.polls import list_homes_in
from storage.queries.surveys import find_surveys, list_replies, list_rounds
from storage.queries.topics import find_topic
from storage.states import SurveyChannel, SurveyChoice, SurveyState
from storage.tables import Compound, SurveyRound

CODE = r"[A-Za-z0-9][A-Za-z0-9-]{0,39}"
NUMBER = r"[1-9][0-9]{0,14}"
REASON = "r-"
SHOWN = 30


async def show_surveys(visit: Visit) -> web.Response:
    """Those that are open, then those that are over."""
    session = visit.session
    homes = await list_homes_in(session, visit.signed_in.viewer.person_id)
    by_survey: dict[tuple[int, int], list[SurveyRound]] = {}
    for round_ in opened_rounds(await list_rounds(session, list(homes))) if homes else []:
        by_survey.setdefault(_key(round_), []).append(round_)
    found = [
        (not is_open(rounds[-1].state, rounds[-1].ends_on, visit.now), -number, rounds[-1])
        for (_compound_id, number), rounds in by_survey.items()
    ]
    found.sort(key=lambda each: each[:2])
    listed = [(_key(round_), round_, not over) for over, _order, round_ in found[:SHOWN]]
    surveys = await find_surveys(session, [key for key, _round, _open in listed])
    return visit.page(
        "h5/surveys.html",
        surveys=[(surveys[key], round_, open_now) for key, round_, open_now in listed],
        compounds={each: await session.get_one(Compound, each) for each in homes},
        closes=closes_at,
    )


async def show_survey(visit: Visit) -> web.Response:
    """One of them."""
    return await _page(visit, await _access(visit), visit.request.query.get("told", ""))


async def answer(visit: Visit) -> web.Response:
    """Keep what a household says; the same again changes nothing, and what is refused comes back as it was typed."""
    own, form = await _access(visit), visit.form
    said = form.get("said", "")
    try:
        if form.get("round", "") != str(own.at.round_number):  # a page left open asks what is over
            raise Refused(Code.OLD_PAGE if own.is_open(visit.now) else Code.OVER)
        if said not in {each.value for each in SurveyChoice}:
            raise Refused(Code.NO_CHOICE)
        kept = await answer_survey(
            visit.session,
            visit.site.services,
            own.survey.compound_id,
            own.survey.survey_number,
            own.at.round_number,
            form.get("unit", "")[:60],
            Said(
                SurveyChoice(said),
                tuple(name.removeprefix(REASON) for name in form if name.startswith(REASON)),
                form.get("words", ""),
            ),
            SurveyChannel.PAGE,
            visit.now,
            person_id=visit.signed_in.viewer.person_id,
        )
    except Refused as refused:
        return await _page(visit, own, refused.code.value)
    told = "survey_answered" if kept.counts else "survey_beside"
    return see_other(f"{_address(own)}?told={told}")


async def _page(visit: Visit, own: OwnSurvey, told: str) -> web.Response:
    session, survey, sealer = visit.session, own.survey, visit.site.services.sealer
    topic = None
    if survey.topic_number is not None:
        topic = await find_topic(session, survey.compound_id, survey.topic_number)
    seen = {each.round_number: await load_shown(session, each) for each in own.rounds}
    return visit.page(
        "h5/survey.html",
        own=own,
        survey=survey,
        round=own.at,
        rounds=list(reversed(own.rounds)),
        here=_address(own),
        topic=topic,
        seen=seen,
        lawful=_lawful(own, seen[own.at.round_number]),
        said={home.unit.unit_code: said_in(sealer, home.own) if home.own else None for home in own.homes},
        replies=await list_replies(session, survey.compound_id, survey.survey_number),
        reasons=reasons_of(survey.template),
        names=[CHOICE_NAMES[choice] for choice in CHOICES],
        buildings=await list_buildings(session, survey.compound_id),
        is_open=own.is_open(visit.now),
        closes=closes_at(own.at.ends_on),
        may=not visit.signed_in.read_only,
        # What answered another question does not stand below this one.
        typed=visit.form if told != Code.OLD_PAGE else {},
        lost=visit.form.get("words", "") if told in (Code.OLD_PAGE, Code.OVER) else "",
        told=told,
    )


def _lawful(own: OwnSurvey, seen: Shown) -> object:
    """What the law would need; how many agree only once that may be told, and cannot move any more."""
    # The law counts all owners of the compound: of some buildings it says nothing in numbers.
    item = None if own.at.buildings else own.survey.item
    return lawful(item, seen.households, seen.answered, _agree(own, seen.figures))


def _agree(own: OwnSurvey, figures: Figures) -> int | None:
    options = figures.whole.options
    return options[0] if options is not None and own.at.state is SurveyState.CLOSED else None


async def _access(visit: Visit) -> OwnSurvey:
    return await access_survey(
        visit.session,
        visit.signed_in.viewer.person_id,
        visit.part("compound", CODE),
        int(visit.part("number", NUMBER)),
    )


def _key(round_: SurveyRound) -> tuple[int, int]:
    return round_.compound_id, round_.survey_number


def _address(own: OwnSurvey) -> str:
    return f"/h5/surveys/{own.compound.code}/{own.survey.survey_number}"


_ONE = "/h5/surveys/{compound}/{number}"
RESIDENT_SURVEY_ROUTES = (
    Route("GET", "/h5/surveys", H5, show_surveys),
    Route("GET", _ONE, H5, show_survey),
    Route("POST", _ONE, H5, answer, acts=True),
)
