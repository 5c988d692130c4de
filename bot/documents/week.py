"""The week on paper for the notice board, and as a small chart for a group of staff."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.documents import render
from handlers.digests.public import Part, PublicWeek
from handlers.digests.rules import before
from handlers.local_time import full_day, month_day

BOARD, CHART = "week", "week_chart"
CHARTED = 5  # kinds


def board_pdf(week: PublicWeek) -> bytes:
    """A4 with what everybody may read. Raises what `render.pdf` does."""
    data: dict[str, Any] = {
        "compound": week.compound,
        "title": f"{month_day(week.since)}至{month_day(week.until)}",
        "origin": week.week,
        "total": week.total,
        "kinds": _bars(week.kinds, week.others),
        "places": _bars(week.places, 0),
        "done": week.done,
        "ordered": week.ordered,
        "answered": week.answered,
        "told_since": month_day(week.told_since) if week.told_since else "",
        "kinds_done": _bars(week.kinds_done, week.others_done),
        "made_on": full_day(week.until),
    }
    return render.pdf(BOARD, data, week.until.astimezone(UTC))


def _bars(parts: Iterable[Part], others: int) -> list[dict[str, Any]]:
    bars = [{"name": part.name, "count": part.count} for part in parts]
    return [*bars, {"name": "其他", "count": others}] if others else bars


def chart_png(digest: Mapping[str, Any], made_at: datetime) -> bytes:
    """The trends of a stored digest's kinds as one PNG of 1080 pixels' width. Raises what `render.pictures` does."""
    trend = digest["trend"]
    weeks = [before(digest["week"], ago) for ago in range(len(trend) - 1, -1, -1)]
    kinds = [{"name": "全部", "trend": trend, "count": digest["total"]}]
    kinds += [
        {"name": entry["name"], "trend": entry["trend"], "count": entry["count"]}
        for entry in digest["categories"][:CHARTED]
    ]
    data: dict[str, Any] = {
        "compound": digest["compound"],
        "title": "每周件数",
        "origin": digest["week"],
        "weeks": len(trend),
        "since": month_day(datetime.fromisoformat(weeks[0])),
        "until": month_day(datetime.fromisoformat(weeks[-1])),
        "kinds": [
            {**kind, "most": max(count for count in kind["trend"] if count is not None)} for kind in kinds
        ],
    }
    return render.pictures(CHART, data, made_at.astimezone(UTC))[0]
