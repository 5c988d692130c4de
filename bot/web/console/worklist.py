"""待分类: what the tagger could not make out, a form each, and what staff have sorted, to be sorted again."""

import re
from collections.abc import Mapping, Sequence
from math import ceil

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.console.board import page_of
from bot.web.console.compounds import CODE
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened, Right, access_compound
from handlers.alerts.words import office_name
from handlers.learning.correct import correct_opinion
from handlers.learning.doubtful import (
    Doubtful,
    Sorted,
    count_doubtful,
    count_sorted,
    list_doubtful,
    list_sorted,
)
from handlers.learning.names import category_groups
from handlers.learning.overheard import sort_overheard
from handlers.learning.rules import Sorting
from nlp.lexicon import Lexicon

PAGE = 10  # each row has all categories to choose from
SORTED = "sorted"
NO_MATTER = "none"


async def show_worklist(visit: Visit) -> web.Response:
    """Newest first; `view` sorted for what was sorted, `page` from 1. Words are masked."""
    opened = await _access(visit)
    session, services, now = visit.session, visit.site.services, visit.now
    view, page = _where(visit.request.query)
    waiting = await count_doubtful(session, services, opened, now)
    corrected = await count_sorted(session, opened, now)
    offset = (page - 1) * PAGE
    doubtful: list[Doubtful] = []
    done: list[Sorted] = []
    if view == SORTED:
        done = await list_sorted(session, opened, now, PAGE, offset)
    else:
        doubtful = await list_doubtful(session, services, opened, now, PAGE, offset)
    lexicon = services.tagger.lexicon
    return visit.page(
        "console/worklist.html",
        opened=opened,
        view=view,
        waiting=waiting,
        corrected=corrected,
        rows=[(one, _thoughts(lexicon, one)) for one in doubtful],
        done=[(one, _names(lexicon, one.before), _names(lexicon, one.after)) for one in done],
        by={
            person_id: await office_name(session, services, person_id, opened.compound)
            for person_id in {one.corrected_by for one in done}
        },
        groups=category_groups(lexicon),
        no_matter=NO_MATTER,
        page=page,
        pages=max(1, ceil((corrected if view == SORTED else waiting) / PAGE)),
        key=fresh_key(),
        told=visit.request.query.get("told", ""),
    )


async def sort_one(visit: Visit) -> web.Response:
    """What the form names, `number` of an opinion or `heard` in a group, is about `category`."""
    opened = await _access(visit)
    form, services, by = visit.form, visit.site.services, visit.signed_in.viewer.person_id
    category = form.get("category", "")
    if category != NO_MATTER and not _is_offered(services.tagger.lexicon, category):
        return _back(visit, opened, "sort_odd")
    number, heard = _id(form.get("number", "")), _id(form.get("heard", ""))
    sorting = Sorting("" if category == NO_MATTER else category)
    if not await first_time(visit):
        return _back(visit, opened, "sorted")
    try:
        if heard:
            filed = await sort_overheard(visit.session, services, opened, heard, sorting, by, visit.now)
            return _back(visit, opened, "sorted_filed" if filed else "sorted")
        await correct_opinion(visit.session, services, opened, number, sorting, by, visit.now)
    except NotFound:
        return _back(visit, opened, "sort_gone")
    return _back(visit, opened, "sorted")


async def _access(visit: Visit) -> Opened:
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, Right.CORRECT)


def _thoughts(lexicon: Lexicon, one: Doubtful) -> list[tuple[str, str]]:
    """What the tagger and a further reader think it is, as (id, name); the first is the likeliest."""
    leaves = dict.fromkeys(leaf for leaf in (one.suggestion, one.guess) if leaf in lexicon.leaves)
    return [(leaf, _name(lexicon, leaf)) for leaf in leaves if leaf]


def _names(lexicon: Lexicon, categories: Sequence[str]) -> list[tuple[str, str]]:
    return [(one, _name(lexicon, one)) for one in categories[:1] if _is_offered(lexicon, one)]


def _name(lexicon: Lexicon, category: str) -> str:
    name = lexicon.name(category)
    return f"{lexicon.top_name(category)}·{name}" if category in lexicon.leaves else name


def _is_offered(lexicon: Lexicon, category: str) -> bool:
    return category in lexicon.leaves or category in lexicon.tops


def _id(wanted: str) -> int:
    """0, which nothing has, for what is no number."""
    return int(wanted) if re.fullmatch(NUMBER, wanted) else 0


def _where(fields: Mapping[str, str]) -> tuple[str, int]:
    """Which list, and which page of it."""
    return SORTED if fields.get("view") == SORTED else "", page_of(fields.get("page", ""))


def _back(visit: Visit, opened: Opened, told: str) -> web.Response:
    view, page = _where(visit.form)
    return see_other(f"/console/{opened.compound.code}/worklist?view={view}&page={page}&told={told}")
