"""What households were asked, a form for one more; one survey with its rounds, who goes there, one more round."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.web.console.surveys.door import Entered, back_to, enter, open_compound
from bot.web.console.surveys.fields import at_first, draft_of, number_or_none, typed_in
from bot.web.console.tabs import count_waiting
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit
from handlers.access import Opened, Right
from handlers.surveys.canvass import list_fit, list_parts, name_canvasser, unname_canvasser
from handlers.surveys.create import ITEMS, add_round, change_survey, create_survey, list_buildings
from handlers.surveys.reasons import PLAIN, template_codes
from handlers.surveys.results import load_coverage
from handlers.surveys.rules import MOST_ROUNDS, Code, Refused
from handlers.topics.templates import load_templates
from handlers.voting.words import item_name
from storage.queries.surveys import list_canvassers, list_rounds, list_surveys, list_surveys_of_topic
from storage.queries.topics import find_topic
from storage.states import SurveyPhase, SurveyState
from storage.tables import Topic

SHOWN = 100


async def show_surveys(visit: Visit) -> web.Response:
    """All of them; the form for one more may begin with a topic (`topic`) and a phase."""
    opened = await open_compound(visit, Right.SEE_SURVEYS)
    topic = await _topic(visit, opened)
    return await _list_page(visit, opened, at_first(visit, topic), visit.request.query.get("told", ""), topic)


async def create(visit: Visit) -> web.Response:
    """Write down a survey with its first round; a second click does nothing. What is refused comes back as typed."""
    opened = await open_compound(visit, Right.RUN_SURVEYS)
    form = visit.form
    base = f"/console/{opened.compound.code}/surveys"
    try:
        draft = draft_of(visit, await list_buildings(visit.session, opened.compound_id))
        item, topic = number_or_none(form.get("item", "")), number_or_none(form.get("topic", ""))
        async with visit.session.begin_nested():  # the form may still be refused, and filled in again
            if not await first_time(visit):
                return back_to(base, "survey_created")
            survey, _round = await create_survey(
                visit.session,
                opened.compound,
                form.get("title", ""),
                form.get("body", ""),
                draft,
                visit.now,
                actor_id=visit.signed_in.viewer.person_id,
                template=form.get("template", "") or PLAIN,
                item=item,
                topic_number=topic,
            )
    except Refused as refused:
        return await _list_page(visit, opened, typed_in(form), refused.code.value, None)
    return back_to(f"{base}/{survey.survey_number}/1", "survey_created")


async def _list_page(
    visit: Visit, opened: Opened, typed: Mapping[str, Any], told: str, topic: Topic | None
) -> web.Response:
    session, compound_id = visit.session, opened.compound_id
    rounds: dict[int, list[Any]] = {}
    for round_ in await list_rounds(session, [compound_id]):
        rounds.setdefault(round_.survey_number, []).append(round_)
    templates = load_templates()
    return visit.page(
        "console/surveys/list.html",
        opened=opened,
        surveys=await list_surveys(session, [compound_id], SHOWN),
        rounds=rounds,
        of_topic=await list_surveys_of_topic(session, compound_id, topic.topic_number) if topic else [],
        templates={code: templates[code].name for code in template_codes()},
        items={item: item_name(item) for item in ITEMS},
        runs=_runs(visit, opened),
        waiting=await count_waiting(visit, opened),
        **await _form(visit, opened, typed, told),
    )


async def show_survey(visit: Visit) -> web.Response:
    """One of them."""
    found = await enter(visit)
    return await _survey_page(visit, found, at_first(visit), visit.request.query.get("told", ""))


async def act(visit: Visit) -> web.Response:
    """One more round, or who goes from door to door; again, it changes nothing."""
    found = await enter(visit, Right.RUN_SURVEYS)
    form, session, opened = visit.form, visit.session, found.opened
    number, me = found.survey.survey_number, visit.signed_in.viewer.person_id
    told = "canvassers_kept"
    try:
        match form.get("act", ""):
            case "round":
                draft = draft_of(visit, await list_buildings(session, opened.compound_id))
                async with session.begin_nested():
                    if not await first_time(visit):
                        return back_to(found.address, "survey_round_added")
                    round_ = await add_round(
                        session, opened.compound_id, number, draft, visit.now, actor_id=me
                    )
                return back_to(f"{found.address}/{round_.round_number}", "survey_round_added")
            case "about":
                item = number_or_none(form.get("item", ""))
                title, body = form.get("title", ""), form.get("body", "")
                await change_survey(
                    session, opened.compound_id, number, title, body, item, visit.now, actor_id=me
                )
                told = "survey_kept"
            case "name":
                person_id = number_or_none(form.get("person", "")) or 0
                parts = [name.removeprefix("p-") for name in form if name.startswith("p-")]
                await name_canvasser(
                    session,
                    visit.site.services,
                    opened.compound,
                    number,
                    person_id,
                    [""] if "all" in parts else parts,
                    visit.now,
                    actor_id=me,
                )
            case "unname":
                person_id = number_or_none(form.get("person", "")) or 0
                await unname_canvasser(
                    session,
                    opened.compound_id,
                    number,
                    person_id,
                    form.get("part", "")[:60],
                    visit.now,
                    actor_id=me,
                )
            case _:
                raise Refused(Code.ODD)
    except Refused as refused:
        typed = typed_in(form) if form.get("act") == "round" else at_first(visit)
        return await _survey_page(visit, found, typed, refused.code.value)
    return back_to(found.address, told)


async def _survey_page(visit: Visit, found: Entered, typed: Mapping[str, Any], told: str) -> web.Response:
    session, opened, survey = visit.session, found.opened, found.survey
    asked = [each for each in found.rounds if each.state is not SurveyState.DRAFT]
    topic = None
    if survey.topic_number is not None:
        topic = await find_topic(session, opened.compound_id, survey.topic_number)
    return visit.page(
        "console/surveys/survey.html",
        opened=opened,
        survey=survey,
        here=found.address,
        rounds=found.rounds,
        coverages={each.round_number: await load_coverage(session, each) for each in asked},
        topic=topic,
        law=item_name(survey.item) if survey.item else "",
        items={item: item_name(item) for item in ITEMS},
        about=_about(visit, found),
        unasked=not asked,
        canvassers=await list_canvassers(session, opened.compound_id, survey.survey_number),
        fit=await list_fit(session, visit.site.services, opened.compound),
        parts=await list_parts(session, opened.compound_id),
        may_add=len(found.rounds) < MOST_ROUNDS,
        runs=_runs(visit, opened),
        **await _form(visit, opened, typed, told),
    )


def _about(visit: Visit, found: Entered) -> dict[str, str]:
    """What the survey is about, or what was typed in its place."""
    if visit.form.get("act") == "about":
        return typed_in(visit.form)
    survey = found.survey
    return {"title": survey.title, "body": survey.body, "item": str(survey.item or "")}


async def _form(visit: Visit, opened: Opened, typed: Mapping[str, Any], told: str) -> dict[str, Any]:
    """What the form of a round needs."""
    return {
        "buildings": await list_buildings(visit.session, opened.compound_id),
        "phases": [each.value for each in SurveyPhase],
        "typed": typed,
        "key": fresh_key(),
        "told": told,
    }


def _runs(visit: Visit, opened: Opened) -> bool:
    return Right.RUN_SURVEYS in opened.rights and not visit.signed_in.read_only


async def _topic(visit: Visit, opened: Opened) -> Topic | None:
    text = visit.request.query.get("topic", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        return None
    return await find_topic(visit.session, opened.compound_id, int(text))
