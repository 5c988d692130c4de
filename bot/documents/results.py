"""结果公告 and 会议纪要: the notice of a result, and the minutes of the vote."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.documents import render
from bot.documents.about import About, head, roll_words
from bot.documents.clean import paragraphs
from bot.documents.outcome import Published, outcome_data
from handlers.local_time import full_day
from handlers.voting import words

_RESULT = "result"
_MINUTES = "minutes"
TYPE = 12  # points: figures need room


@dataclass(frozen=True, slots=True)
class Proceedings:
    """What the minutes say besides the figures. people: (what they did, name), each of whom signs."""

    held: str
    people: Sequence[tuple[str, str]]
    notes: str = ""


def result_pdf(about: About, published: Published) -> bytes:
    """A4."""
    return render.pdf(_RESULT, _data(about, published), about.made_at)


def result_pictures(about: About, published: Published) -> list[bytes]:
    """PNGs for a group message."""
    return render.pictures(_RESULT, {**_data(about, published), "brief": True}, about.made_at)


def minutes_pdf(about: About, published: Published, proceedings: Proceedings) -> bytes:
    """A4, to be signed."""
    data = {
        **_data(about, published),
        "held": proceedings.held,
        "people": [list(each) for each in proceedings.people],
        "notes": paragraphs(proceedings.notes),
    }
    return render.pdf(_MINUTES, data, about.made_at)


def _data(about: About, published: Published) -> dict[str, Any]:
    return {
        **head(about),
        "type_size": TYPE,
        "brief": False,
        "scope": words.scope_words(about.announced.scope_buildings),
        "roll": roll_words(about),
        "published_on": full_day(published.published_at),
        **outcome_data(about, published),
    }
