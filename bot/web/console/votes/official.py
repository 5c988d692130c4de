"""The result of the government's platform: keyed in by one, and again by another who does not see the first's."""

from http import HTTPStatus

from aiohttp import web

from bot.web.console.votes.door import Entered, back_to, enter, vote_page
from bot.web.console.votes.official_form import (
    Unreadable,
    Values,
    field_of,
    read_figures,
    sheets_of,
    values_of,
)
from bot.web.visit import Visit
from handlers.access import Right
from handlers.voting.announced import facts_of
from handlers.voting.official import FiguresError
from handlers.voting.official_figures import figures_from
from handlers.voting.rules import Code, Command, Refused, step
from handlers.voting.take_official import take_official
from storage.queries.votes import list_questions
from storage.tables import OfficialResult

# Who keys in papers keys in figures; publishing them is for who runs the vote.
KEYS = (Right.RUN_VOTES, Right.ENTER_PAPERS)
_OTHER = "和前一位录的不一样。请对照平台再看一遍。"


async def show_official(visit: Visit) -> web.Response:
    """The form: empty for who is the second, with their own figures for who was the first."""
    found = await enter(visit, *KEYS)
    try:
        step(facts_of(found.vote), Command.TAKE_OFFICIAL, visit.now)
    except Refused as refused:
        return back_to(found, refused.code)
    kept = await _kept(visit, found)
    values: Values = {"name": found.vote.platform}
    if kept is not None:
        figures = figures_from(kept.figures)
        source = figures.source
        values = {"name": source.name, "on": source.on, "where": source.where}
        if visit.signed_in.viewer.person_id == kept.entered_by or kept.confirmed_by is not None:
            rows = await list_questions(visit.session, *_key(found))
            values = values_of(rows, figures)
    return await _form(visit, found, kept, values, {})


async def enter_official(visit: Visit) -> web.Response:
    """Keep the first one's, or take them when the second one's are the same; what was typed is shown again."""
    found = await enter(visit, *KEYS)
    services, rows = visit.site.services, await list_questions(visit.session, *_key(found))
    values = {name: value.strip() for name, value in visit.form.items()}
    try:
        if services.signer is None:
            raise Refused(Code.NO_SIGNING_KEY)
        step(
            facts_of(found.vote), Command.TAKE_OFFICIAL, visit.now
        )  # before a form that is of no use is read
        taken = await take_official(
            visit.session,
            services.sealer,
            services.signer,
            found.opened.compound,
            found.vote.vote_number,
            read_figures(rows, values),
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
            replaces=values.get("replaces") == "yes",
        )
    except Refused as refused:
        return back_to(found, refused.code)
    except Unreadable as unreadable:
        return await _form(visit, found, await _kept(visit, found), values, unreadable.faults)
    except FiguresError as error:
        faults = {field_of(rows, error.where): "请核对这一项。"}
        return await _form(visit, found, await _kept(visit, found), values, faults)
    if taken.differs:
        faults = {field_of(rows, name): _OTHER for name in taken.differs}
        kept = await _kept(visit, found)
        return await _form(visit, found, kept, values, faults, told="official_differs", differs=True)
    if taken.confirmed:
        return back_to(found, "official_taken", "/result")
    return back_to(found, "official_entered")


async def _kept(visit: Visit, found: Entered) -> OfficialResult | None:
    return await visit.session.get(OfficialResult, _key(found))


def _key(found: Entered) -> tuple[int, int]:
    return found.vote.compound_id, found.vote.vote_number


async def _form(
    visit: Visit,
    found: Entered,
    kept: OfficialResult | None,
    values: Values,
    faults: dict[str, str],
    told: str = "vote_unreadable",
    *,
    differs: bool = False,
) -> web.Response:
    rows = await list_questions(visit.session, *_key(found))
    waits = kept is not None and kept.confirmed_by is None
    mine = kept is not None and kept.entered_by == visit.signed_in.viewer.person_id
    response = vote_page(
        visit,
        found,
        "official",
        "结果",
        sheets=sheets_of(rows),
        values=values,
        faults=faults,
        second=waits and not mine,
        waits=waits and mine,
        refused=told if faults else "",
        differs=differs,
    )
    if faults:
        response.set_status(HTTPStatus.UNPROCESSABLE_ENTITY)
    return response
