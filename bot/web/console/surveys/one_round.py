"""One round: how far it is by building, what the law would need, why households are against it; its buttons."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.web.console.surveys.door import Entered, back_to, enter_round
from bot.web.console.surveys.fields import draft_of, of_round, typed_in
from bot.web.majorities import lawful
from bot.web.once import fresh_key
from bot.web.visit import Visit
from handlers.access import Right
from handlers.surveys.create import change_round, list_buildings
from handlers.surveys.reasons import reasons_of
from handlers.surveys.replies import reply_to_reason
from handlers.surveys.results import load_against, load_coverage
from handlers.surveys.rules import Code, Refused, closes_at, is_open
from handlers.surveys.running import close_round, set_round
from handlers.surveys.scope import load_scope
from storage.queries.survey_answers import count_both, count_channels
from storage.queries.surveys import list_canvassers, list_replies
from storage.states import SurveyChoice, SurveyPhase, SurveyState
from storage.tables import SurveyRound


async def show_round(visit: Visit) -> web.Response:
    """One of a survey's rounds."""
    found, round_ = await enter_round(visit)
    return await _page(visit, found, round_, of_round(round_), visit.request.query.get("told", ""))


async def act(visit: Visit) -> web.Response:
    """Change a draft, let it open, close it, or answer a reason; again, it changes nothing."""
    found, round_ = await enter_round(visit, Right.RUN_SURVEYS)
    here = f"{found.address}/{round_.round_number}"
    try:
        told = await _do(visit, found, round_)
    except Refused as refused:
        # Of another button the form of the round brings nothing: it stays as the round is, with its buildings.
        changed = visit.form.get("act") == "change"
        typed = typed_in(visit.form) if changed else of_round(round_)
        return await _page(visit, found, round_, typed, refused.code.value)
    return back_to(here, told)


async def _do(visit: Visit, found: Entered, round_: SurveyRound) -> str:
    session, form, now = visit.session, visit.form, visit.now
    compound_id, me = found.opened.compound_id, visit.signed_in.viewer.person_id
    at = (compound_id, found.survey.survey_number, round_.round_number)
    match form.get("act", ""):
        case "change":
            draft = draft_of(visit, await list_buildings(session, compound_id))
            await change_round(session, *at, draft, now, actor_id=me)
            return "survey_changed"
        case "set":
            number, place = at[1:]
            after = await set_round(
                session, visit.site.services, found.opened.compound, number, place, now, actor_id=me
            )
            return "survey_opened" if after.state is SurveyState.OPEN else "survey_set"
        case "close":
            if form.get("sure") != "yes":
                raise Refused(Code.ODD)
            await close_round(session, visit.site.services.sealer, *at, now, actor_id=me)
            return "survey_closed"
        case "reply":
            await reply_to_reason(
                session,
                *at,
                form.get("reason", ""),
                form.get("summary", ""),
                form.get("answer", ""),
                now,
                actor_id=me,
            )
            return "survey_replied"
    raise Refused(Code.ODD)


async def _page(
    visit: Visit, found: Entered, round_: SurveyRound, typed: Mapping[str, Any], told: str
) -> web.Response:
    session, opened, survey = visit.session, found.opened, found.survey
    covered = await load_coverage(session, round_)
    whole, said, over = covered.counts.whole, covered.said, round_.state is SurveyState.CLOSED
    runs = Right.RUN_SURVEYS in opened.rights and not visit.signed_in.read_only
    named = await list_canvassers(session, opened.compound_id, survey.survey_number)
    replies = await list_replies(session, opened.compound_id, survey.survey_number)
    return visit.page(
        "console/surveys/round.html",
        opened=opened,
        survey=survey,
        round=round_,
        above=found.address,
        here=f"{found.address}/{round_.round_number}",
        scope=await load_scope(session, round_) if runs and round_.state is SurveyState.DRAFT else None,
        covered=covered.counts,
        told_of=covered.told,
        said=said,
        channels=await count_channels(session, round_),
        both=await count_both(session, round_),
        lawful=lawful(
            # The law counts all owners of the compound: of some buildings it says nothing in numbers.
            None if round_.buildings else survey.item,
            whole.households,
            whole.answered,
            # While it is open these are fewer than have answered.
            said[SurveyChoice.AGREE] if said is not None and over else None,
            covered.counts.areas,
        ),
        # For whoever answers it; while few have answered, a reason or a word is somebody's.
        against=await load_against(session, visit.site.services.sealer, survey, round_)
        if runs and said is not None
        else None,
        reasons=reasons_of(survey.template),
        replies={each.reason: each for each in replies if each.round_number == round_.round_number},
        typed_reply=visit.form if visit.form.get("act") == "reply" else {},
        goes=any(each.person_id == visit.signed_in.viewer.person_id for each in named),
        is_open=is_open(round_.state, round_.ends_on, visit.now),
        closes=closes_at(round_.ends_on),
        buildings=await list_buildings(session, opened.compound_id),
        phases=[each.value for each in SurveyPhase],
        typed=typed,
        runs=runs,
        key=fresh_key(),
        told=told,
    )
