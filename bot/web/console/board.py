"""The matters of a compound, by how far they are, with the figures of the month."""

from math import ceil

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.tabs import count_waiting
from bot.web.templating import local_midnight
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Right, access_compound, access_matter
from handlers.alerts.words import office_name
from handlers.local_time import local_date
from handlers.requests.figures import rates_of
from handlers.requests.record import facts_of
from handlers.requests.words import deadline, label_of, step, who
from storage.queries.board import Stage, count_board, list_board

PAGE = 20
MOST_PAGES = 1000
LATE = "late"
OPEN = tuple(stage for stage in Stage if stage is not Stage.OVER)


async def show_board(visit: Visit) -> web.Response:
    """What is late first; `state` one stage or what is late, `page` from 1, `number` to go to one."""
    viewer, code = visit.signed_in.viewer, visit.part("compound", CODE)
    opened = await access_compound(visit.session, viewer, code, Right.SEE_REQUESTS)
    query, services = visit.request.query, visit.site.services
    wanted = query.get("number", "").strip()
    if wanted and await _leads_somewhere(visit, code, wanted):
        return see_other(f"/console/{opened.compound.code}/requests/{int(wanted)}")
    state = query.get("state", "")
    stages = (Stage(state),) if state in set(Stage) else OPEN
    page = page_of(query.get("page", ""))
    counts = await count_board(visit.session, opened.compound_id, opened.codes, visit.now)
    lines = await list_board(
        visit.session,
        opened.compound_id,
        opened.codes,
        stages,
        visit.now,
        late_only=state == LATE,
        offset=(page - 1) * PAGE,
        limit=PAGE,
    )
    names = {
        person_id: await office_name(visit.session, services, person_id, opened.compound)
        for person_id in {line.request.assignee_id for line in lines if line.request} - {None}
    }
    rows = []
    for line in lines:
        facts = facts_of(line.request) if line.request else None
        is_waiting = facts is not None and line.stage in (Stage.TO_DISPATCH, Stage.TO_ACCEPT, Stage.IN_HAND)
        rows.append(
            {
                "matter": line.matter,
                "label": label_of(services, line.matter, in_group=False),
                "stage": line.stage,
                "is_late": line.is_late,
                "days": (visit.now - line.matter.opened_at).days,
                "who": who(facts) if facts and facts.party else "",
                "name": names.get(line.request.assignee_id if line.request else None, ""),
                "by": deadline(facts) if facts and is_waiting else "",
                "step": step(facts) if facts and is_waiting else "",
            }
        )
    total = counts.late if state == LATE else sum(counts.stages[stage] for stage in stages)
    rates = None
    if opened.codes is None:  # the rates are those of the whole compound
        since = local_midnight(local_date(visit.now).replace(day=1))
        rates = await rates_of(visit.session, services, opened.compound_id, since, visit.now)
    return visit.page(
        "console/board.html",
        opened=opened,
        rows=rows,
        counts=counts,
        open_total=sum(counts.stages[stage] for stage in OPEN),
        state=state if state == LATE or state in set(Stage) else "",
        total=total,
        page=page,
        pages=max(1, ceil(total / PAGE)),
        unknown=wanted[:20],
        rates=rates,
        waiting=await count_waiting(visit, opened),
        month=local_date(visit.now).month,
    )


async def _leads_somewhere(visit: Visit, code: str, wanted: str) -> bool:
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 16):
        return False
    try:
        await access_matter(visit.session, visit.signed_in.viewer, code, int(wanted), Right.SEE_REQUESTS)
    except NotFound:
        return False
    return True


def page_of(wanted: str) -> int:
    """The page that an address asks for, from 1; 1 for anything that is no number."""
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 5):
        return 1
    return min(max(int(wanted), 1), MOST_PAGES)
