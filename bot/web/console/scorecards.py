"""The months of the viewer's compounds: ranked within their subdistrict, on a page and as a sheet."""

import asyncio
from urllib.parse import quote

from aiohttp import web

from bot.web.visit import Visit
from handlers.access import NotFound
from handlers.oversight.board import MONTHS, Line, Table, list_seen, load_tables
from handlers.oversight.month import rate_kept
from handlers.oversight.periods import MONTH
from handlers.oversight.scoring import RATES, SCHEME, score_text
from handlers.oversight.sheet import Row, write_sheet
from storage.queries.scorecards import list_months

RATE_NAMES = {
    "response": "按时接单",
    "on_time": "按时办结",
    "resolution": "已解决",
    "satisfaction": "满意",
}
_HEADER = (
    *("街道", "小区", "名次", "得分", "更正后得分", "办理件数"),
    *(f"{name}{side}" for name in RATE_NAMES.values() for side in ("（件）", "（总）", "率%")),
    *("说话的户（人）", "重办", "上交社区以上", "退回过", "安全告警", "五分钟内确认", "院长到场（天）"),
)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def show_scorecards(visit: Visit) -> web.Response:
    """The newest month."""
    seen = await list_seen(visit.session, visit.signed_in.viewer)
    months = await list_months(visit.session, MONTHS)
    tables = await load_tables(visit.session, seen, months[0]) if months else []
    return _page(visit, months[0] if months else "", months, tables)


async def show_month(visit: Visit) -> web.Response:
    """A month that is kept."""
    seen = await list_seen(visit.session, visit.signed_in.viewer)
    month = visit.part("month", MONTH)
    months = await list_months(visit.session, MONTHS)
    if month not in months:
        raise NotFound
    return _page(visit, month, months, await load_tables(visit.session, seen, month))


async def download_month(visit: Visit) -> web.Response:
    """The same as a sheet."""
    seen = await list_seen(visit.session, visit.signed_in.viewer)
    month = visit.part("month", MONTH)
    tables = await load_tables(visit.session, seen, month)
    if not tables:
        raise NotFound
    rows = [_row(table, line) for table in tables for line in (*table.ranked, *table.apart)]
    content = await asyncio.to_thread(write_sheet, month, _HEADER, rows)
    name = quote(f"{month} 月度评分.xlsx")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return web.Response(body=content, content_type=_XLSX, headers=headers)


def _page(visit: Visit, month: str, months: list[str], tables: list[Table]) -> web.Response:
    return visit.page(
        "console/scorecards.html",
        month=month,
        months=months,
        tables=tables,
        rate_names=RATE_NAMES,
        rate=rate_kept,
        points=score_text,
        weights=SCHEME.weights,
        fewest=SCHEME.fewest,
    )


def _row(table: Table, line: Line) -> Row:
    figures = line.card.figures
    rates: list[int | None] = []
    for name in RATES:
        rate = rate_kept(figures, name)
        rates += [rate.count, rate.total, rate.percent]
    corrected = line.corrected.score if line.corrected is not None else None
    return (
        table.name,
        line.compound.name,
        line.rank if line.rank is not None else "不排",
        None if line.card.score is None else line.card.score / 10,
        None if corrected is None else corrected / 10,
        figures["raised"],
        *rates,
        *(figures[name] for name in ("people", "reopened", "climbed", "refused", "alerts", "heeded")),
        figures.get("steward_days"),  # not counted in the first months
    )
