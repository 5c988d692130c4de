"""Casting a ballot: the form, what exactly will be cast, and casting it.

The key is made with the form and goes along to the last button. What is cast is named by a hash of the key, of who
presses, of the vote and of the marks (bot/web/once.py): the same marks again are the same ballot with the same
receipt, other marks are another ballot, of which the announced rule says whether it counts.
"""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bot.web.h5.marks import offered, read_form, ticked_fields
from bot.web.h5.votes import Room, access, head_of, matter_of, path_of, standings_of
from bot.web.once import KEY, command_key, fresh_key
from bot.web.visit import Visit, see_other
from handlers.identity.entitled import list_entitlements
from handlers.voting import words
from handlers.voting.announced import announced_of, question_of
from handlers.voting.cast import NoBallot, cast_ballot
from handlers.voting.fate import order_of
from handlers.voting.marks import MarkError, check_marks
from handlers.voting.resident import OpenVote, Stage, Standing, ref_of
from handlers.voting.successors import cast_as_successor
from handlers.voting.terms import area_text
from storage.queries.votes import list_questions
from storage.tables import VoteQuestion

REF = r"[0-9a-f]{16}"


async def show_ballot(visit: Visit) -> web.Response:
    """The form, empty."""
    found = await _find(visit)
    if isinstance(found, web.Response):
        return found
    opened, standing, rooms = found
    return await _form(visit, opened, standing, rooms, {})


async def confirm_ballot(visit: Visit) -> web.Response:
    """What will be cast, to be read once more; the form again when something is wrong with it. Writes nothing."""
    found = await _find(visit)
    if isinstance(found, web.Response):
        return found
    opened, standing, rooms = found
    rows = await list_questions(visit.session, *opened.key)
    questions = [question_of(row) for row in rows]
    fields = ticked_fields(questions, visit.form)
    marks, wrong = read_form(questions, fields)
    try:
        marks = check_marks(questions, marks) if not wrong else marks
    except MarkError as error:
        wrong = {error.question_id: "odd"}
    command_key(visit)  # a form without a key is none of ours
    if wrong or "change" in visit.form:
        return await _form(
            visit, opened, standing, rooms, fields, wrong if "change" not in visit.form else {}
        )
    return visit.page(
        "h5/ballot_confirm.html",
        **head_of(visit, opened),
        standing=standing,
        rooms=rooms,
        total=_total(standing),
        lines=[(row.title, marks[row.question_id], words.mark_words(marks[row.question_id])) for row in rows],
        blank_is_spoiled=announced_of(opened.vote).blank_is_spoiled,
        fields=fields,
        key=visit.form[KEY],
        revote=words.revote_words(announced_of(opened.vote).revote),
    )


async def cast(visit: Visit) -> web.Response:
    """The last button. Recorded when the transaction has committed, before the answer goes out."""
    opened, ref = await access(visit), visit.part("ref", REF)
    person_id = visit.signed_in.viewer.person_id
    entitled = await list_entitlements(visit.session, opened.vote, person_id, hold=True)
    entitlement = next((each for each in entitled if ref_of(each) == ref), None)
    if entitlement is None:
        return see_other(f"{path_of(opened)}/eligible")
    questions = [question_of(row) for row in await list_questions(visit.session, *opened.key)]
    marks, wrong = read_form(questions, visit.form)
    if wrong:
        return see_other(f"{path_of(opened)}/ballot/{ref}")
    sealer = visit.site.services.sealer
    order = replace(
        order_of(opened.vote, entitlement, visit.now),
        marks=marks,
        cast_key=command_key(visit),
        cast_at=visit.now,
        person_id=person_id,
    )
    try:
        if entitlement.earlier is None:
            recorded = await cast_ballot(visit.session, sealer, order, visit.now)
        else:
            recorded = await cast_as_successor(visit.session, sealer, order, entitlement.earlier, visit.now)
    except NoBallot as refused:
        return visit.page(
            "h5/no_ballot.html", HTTPStatus.CONFLICT, **head_of(visit, opened), code=refused.code.value
        )
    except MarkError:
        return see_other(f"{path_of(opened)}/ballot/{ref}")
    return see_other(f"{path_of(opened)}/receipts/{recorded.ballot.ballot_id}")


async def _find(visit: Visit) -> tuple[OpenVote, Standing, list[Room]] | web.Response:
    """What the form is for. Where there is nothing to fill in: on to the page that says why, and what to do."""
    opened, ref = await access(visit), visit.part("ref", REF)
    if opened.is_here and opened.stage(visit.now) is Stage.OPEN and not visit.signed_in.read_only:
        for standing, rooms in await standings_of(visit, opened):
            if standing.ref == ref and (standing.may_cast or standing.only_box):
                return opened, standing, rooms
    return see_other(f"{path_of(opened)}/eligible")


async def _form(
    visit: Visit,
    opened: OpenVote,
    standing: Standing,
    rooms: list[Room],
    fields: dict[str, str],
    wrong: dict[str, str] | None = None,
) -> web.Response:
    rows = await list_questions(visit.session, *opened.key)
    announced = announced_of(opened.vote)
    return visit.page(
        "h5/ballot.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        **head_of(visit, opened),
        standing=standing,
        rooms=rooms,
        total=_total(standing),
        papers=[_paper(opened, row) for row in rows],
        fields=fields,
        wrong=wrong or {},
        key=visit.form.get(KEY) or fresh_key(),
        revote=words.revote_words(announced.revote),
        blank_is_spoiled=announced.blank_is_spoiled,
    )


def _paper(opened: OpenVote, row: VoteQuestion) -> dict[str, Any]:
    return matter_of(opened, row) | {
        "id": row.question_id,
        "marks": [
            (field, value, words.choice_name(mark)) for field, value, mark in offered(question_of(row))
        ],
    }


def _total(standing: Standing) -> str:
    return words.area_words(area_text(sum(held.unit.area for held in standing.units)))
