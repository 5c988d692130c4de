"""Changing a draft, a part at a time, with what the lint says beside each field."""

import re
from http import HTTPStatus

from aiohttp import web

from bot.web.console.votes.ahead import part_of
from bot.web.console.votes.door import Entered, back_to, enter, vote_page
from bot.web.console.votes.listing import DRAFTS
from bot.web.console.votes.parts import (
    PARTS,
    Unreadable,
    Values,
    question_entry,
    question_values,
    read_question,
    suggested_window,
)
from bot.web.visit import Visit
from handlers.access import NotFound, Right
from handlers.voting.announced import announced_of
from handlers.voting.checking import find_faults, load_draft, record_checked
from handlers.voting.draft import MOST_QUESTIONS, Changes, QuestionEntry, edit_vote
from handlers.voting.jurisdictions import load_profile
from handlers.voting.life import hold_vote
from handlers.voting.lint import CONVENERS, KEY_NAMES, days_ahead
from handlers.voting.rules import Code, Refused
from storage.queries.roll import list_roll_units
from storage.queries.votes import list_questions
from storage.tables import VoteQuestion

PART = r"[a-z]{1,20}(?:-(?:new|[1-9]\d?))?"
_CHECKED = "checked"
_NEW = "new"


async def show_part(visit: Visit) -> web.Response:
    """One part of a draft as a form."""
    found = await enter(visit, Right.RUN_VOTES)
    if found.vote.state not in DRAFTS:
        return back_to(found, "vote.wrong_state")
    part = visit.part("part", PART)
    rows = await list_questions(visit.session, found.vote.compound_id, found.vote.vote_number)
    values = await _present(visit, found, part, rows)
    return await _form(visit, found, part, values, {})


async def save_part(visit: Visit) -> web.Response:
    """Keep what was typed; saving the same again changes nothing, and what a colleague changed meanwhile is told."""
    found = await enter(visit, Right.RUN_VOTES)
    part = visit.part("part", PART)
    if part == _CHECKED:
        return await _save_checked(visit, found)
    vote = await hold_vote(visit.session, found.opened.compound, found.vote.vote_number)
    rows = await list_questions(visit.session, vote.compound_id, vote.vote_number)
    before = _stored(found, part, rows)
    values = _typed(visit.form, before)
    dropped = part.startswith("question-") and visit.form.get("action") == "drop"
    if not dropped and (values == before or (part == f"question-{_NEW}" and _is_there(values, rows))):
        return back_to(found, "vote_saved")
    if vote.state not in DRAFTS:
        return back_to(found, Code.WRONG_STATE)
    if visit.form.get("revision") != str(vote.revision):
        return await _form(visit, found, part, values, {}, told="vote_changed_meanwhile")
    try:
        changes = _changes(part, values, rows, dropped=dropped)
    except Unreadable as unreadable:
        return await _form(visit, found, part, values, unreadable.faults, told="vote_unreadable")
    by = visit.signed_in.viewer.person_id
    try:
        await edit_vote(
            visit.session, found.opened.compound, vote.vote_number, changes, visit.now, actor_id=by
        )
    except Refused as refused:
        return back_to(found, refused.code)
    return back_to(found, "vote_saved")


async def _save_checked(visit: Visit, found: Entered) -> web.Response:
    """Who says that they looked a rule of the place up is kept with the vote."""
    profile = load_profile(found.vote.profile)
    keys = [name for name in profile.unverified if visit.form.get(f"key-{name}") == "yes"]
    fresh = [name for name in keys if name not in found.vote.checked]
    if not fresh:
        return back_to(found, "vote_saved" if keys else "vote_none_checked")
    by = visit.signed_in.viewer.person_id
    try:
        await record_checked(
            visit.session, found.opened.compound, found.vote.vote_number, fresh, visit.now, actor_id=by
        )
    except Refused as refused:
        return back_to(found, refused.code)
    return back_to(found, "vote_saved")


async def _present(visit: Visit, found: Entered, part: str, rows: list[VoteQuestion]) -> Values:
    """What stands in the fields at first; a suggestion where there is nothing."""
    values = _stored(found, part, rows)
    if part == "window" and not any(values.values()):
        draft = await load_draft(visit.session, found.vote)
        return suggested_window(days_ahead(draft, load_profile(found.vote.profile)), visit.now)
    return values


def _stored(found: Entered, part: str, rows: list[VoteQuestion]) -> Values:
    if part in PARTS:
        return PARTS[part].values(found.vote)
    if part == _CHECKED:
        return {}
    position = _position(part, rows)
    return question_values(rows[position] if position is not None else None)


def _position(part: str, rows: list[VoteQuestion]) -> int | None:
    """Which question a part is; None for a new one. Raises NotFound."""
    name, _, which = part.partition("-")
    if name != "question":
        raise NotFound
    if which == _NEW:
        return None
    if not re.fullmatch(r"\d+", which) or int(which) > len(rows):
        raise NotFound
    return int(which) - 1


def _typed(form: dict[str, str], before: Values) -> Values:
    """The part's fields as they were filled in. A box that is not ticked does not come."""
    names = {*before, *(name for name in form if name.startswith("building-"))}
    values = {name: form.get(name, "").strip() for name in sorted(names)}
    return {name: value for name, value in values.items() if value or not name.startswith("building-")}


def _is_there(values: Values, rows: list[VoteQuestion]) -> bool:
    """Whether the last question is this one: its button was pressed twice."""
    return bool(rows) and question_values(rows[-1]) == values


def _changes(part: str, values: Values, rows: list[VoteQuestion], *, dropped: bool) -> Changes:
    if part in PARTS:
        return PARTS[part].read(values)
    entries: list[QuestionEntry] = [question_entry(row) for row in rows]
    position = _position(part, rows)
    if dropped and position is not None:
        del entries[position]
    elif position is not None:
        entries[position] = read_question(values)
    elif len(entries) >= MOST_QUESTIONS:
        raise Unreadable({"title": f"最多 {MOST_QUESTIONS} 个事项。"})
    else:
        entries.append(read_question(values))
    return Changes(questions=entries)


async def _form(
    visit: Visit, found: Entered, part: str, values: Values, faults: dict[str, str], told: str = ""
) -> web.Response:
    vote = found.vote
    findings = [
        finding
        for finding in await find_faults(visit.session, vote, visit.now)
        if part_of(finding.field) == f"/edit/{part}"
    ]
    units = await list_roll_units(visit.session, vote.compound_id) if part == "rules" else []
    profile = load_profile(vote.profile)
    response = vote_page(
        visit,
        found,
        "edit",
        part=part,
        kind=part.partition("-")[0],
        values=values,
        faults=faults,
        findings=findings,
        conveners=CONVENERS,
        buildings=sorted(
            {unit.building for unit in units if unit.building} | set(announced_of(vote).scope_buildings)
        ),
        profile=profile,
        key_names=KEY_NAMES,
        refused=told,
    )
    if faults:
        response.set_status(HTTPStatus.UNPROCESSABLE_ENTITY)
    return response
