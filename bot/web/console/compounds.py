"""A member of staff's compounds, the week of one in numbers, and what the committee got of a week."""

from collections import Counter
from functools import partial
from typing import Any

from aiohttp import web

from bot.documents.fonts import FontMissing
from bot.documents.render import DocumentError, in_thread
from bot.documents.week import board_pdf
from bot.web.console.tabs import count_waiting
from bot.web.documents import attachment
from bot.web.templating import local_midnight
from bot.web.visit import Visit
from handlers.access import (
    Forbidden,
    NotFound,
    Opened,
    Right,
    access_compound,
    access_compounds,
    access_platform,
    access_regions,
)
from handlers.digests.public import PublicWeek, public_week
from handlers.digests.rules import monday_of
from handlers.opinions.rules import SAFETY
from handlers.visits.door import access_visits
from nlp.lexicon import top_of
from storage.queries.board import count_board, list_numbers_known
from storage.queries.console import count_open_alerts, list_said_since
from storage.queries.cycles import list_weeks, load_digest

CODE = r"[A-Za-z0-9][A-Za-z0-9-]{0,39}"
WEEK = r"\d{4}-\d{2}-\d{2}"


async def show_compounds(visit: Visit) -> web.Response:
    """Where the viewer has something to do."""
    viewer = visit.signed_in.viewer
    standings = await access_compounds(visit.session, viewer)
    try:
        await access_platform(visit.session, viewer, Right.SEE_OUTBOX)
    except Forbidden:
        sees_outbox = False
    else:
        sees_outbox = True
    sees_months = any(Right.SEE_OVERSIGHT in standing.whole for standing in standings)
    return visit.page(
        "console/compounds.html",
        standings=standings,
        sees_outbox=sees_outbox,
        sees_months=sees_months,
        sees_weeks=bool(await access_regions(visit.session, viewer, Right.SEE_DIGEST)),
    )


async def show_compound(visit: Visit) -> web.Response:
    """This week so far, and the weeks before; of a part of the compound only what belongs to it."""
    viewer, code = visit.signed_in.viewer, visit.part("compound", CODE)
    opened = await access_compound(visit.session, viewer, code, Right.SEE_WEEK)
    since = local_midnight(monday_of(visit.now))
    said = await list_said_since(visit.session, opened.compound_id, opened.codes, since)
    lexicon = visit.site.services.tagger.lexicon
    board = None
    if Right.SEE_REQUESTS in opened.rights:
        seen = await access_compound(visit.session, viewer, code, Right.SEE_REQUESTS)
        board = await count_board(visit.session, seen.compound_id, seen.codes, visit.now)
    tops = Counter(top_of(one.categories[0]["id"]) for one in said if one.categories)
    known = [(top, count) for top, count in tops.most_common() if top in lexicon.tops]
    return visit.page(
        "console/compound.html",
        opened=opened,
        since=since,
        total=len(said),
        dangers=sum(one.urgency >= SAFETY for one in said),
        unsorted=sum(not one.categories for one in said),
        categories=[(lexicon.top_name(top), count) for top, count in known],
        open_alerts=await count_open_alerts(visit.session, opened.compound_id, opened.codes),
        weeks=await list_weeks(visit.session, opened.compound_id),
        board=board,
        visits=await _may_visit(visit, code),
        waiting=await count_waiting(visit, opened),
    )


async def _may_visit(visit: Visit, code: str) -> bool:
    """Whether there is a list of homes to visit for the viewer; nobody else learns that there is one."""
    try:
        await access_visits(visit.session, visit.site.services.sealer, visit.signed_in.viewer, code)
    except NotFound:
        return False
    return True


async def _open_digest(visit: Visit) -> tuple[Opened, dict[str, Any]]:
    viewer, code = visit.signed_in.viewer, visit.part("compound", CODE)
    week = visit.part("week", WEEK)
    opened = await access_compound(visit.session, viewer, code, Right.SEE_DIGEST)
    digest = await load_digest(visit.session, opened.compound_id, week)
    if digest is None:
        raise NotFound
    return opened, digest


async def show_board(visit: Visit) -> web.Response:
    """What everybody may read of the week, as a PDF for the notice board. Made when the transaction has ended."""
    _opened, digest = await _open_digest(visit)
    visit.afterwards = partial(_make_board, public_week(digest))
    return web.Response()


async def _make_board(week: PublicWeek) -> web.Response:
    try:
        made = await in_thread(board_pdf, week)
    except (DocumentError, FontMissing) as error:
        raise web.HTTPServiceUnavailable from error
    return attachment(made, "application/pdf", f"{week.compound}每周回音{week.week}.pdf", inline=True)


async def show_digest(visit: Visit) -> web.Response:
    """The digest as it was sent."""
    opened, digest = await _open_digest(visit)
    linked: set[int] = set()
    if Right.SEE_REQUESTS in opened.rights:
        numbers = {one["number"] for one in (*digest["urgent"], *digest["unanswered"])}
        linked = await list_numbers_known(visit.session, opened.compound_id, numbers)
    waiting = await count_waiting(visit, opened)
    return visit.page("console/digest.html", opened=opened, digest=digest, linked=linked, waiting=waiting)
