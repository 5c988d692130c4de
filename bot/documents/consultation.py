"""议事记录: the minutes of a monthly consultation."""

from typing import Any

from bot.documents import render
from bot.documents.clean import paragraphs
from handlers.consultations.minutes import Minutes
from handlers.local_time import full_day, full_moment

_TEMPLATE = "consultation"


def minutes_pdf(minutes: Minutes) -> bytes:
    """A4, to be pinned up and signed."""
    data: dict[str, Any] = {
        "compound": minutes.compound,
        "title": minutes.title,
        "origin": minutes.origin,
        "held": full_moment(minutes.held_at),
        "form": minutes.form,
        "place": minutes.place,
        "attended": minutes.attended,
        "staff": list(minutes.staff),
        "residents": list(minutes.residents),
        "summary": paragraphs(minutes.summary),
        "items": [
            {
                "title": item.title,
                "body": paragraphs(item.body),
                "why": item.why,
                "outcome": item.outcome,
                "said": paragraphs(item.said),
                "dropped": item.dropped,
            }
            for item in minutes.items
        ],
        "made_on": full_day(minutes.recorded_at),
    }
    return render.pdf(_TEMPLATE, data, minutes.recorded_at)
