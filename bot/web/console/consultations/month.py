"""One month: its agenda, its meeting, its record, each as far as it has come."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial

from aiohttp import web

from bot.documents.consultation import minutes_pdf
from bot.documents.fonts import FontMissing
from bot.documents.render import DocumentError, in_thread
from bot.web.console.consultations.door import (
    ITEM,
    act,
    moment_of,
    number_of,
    open_month,
    root_of,
)
from bot.web.documents import attachment
from bot.web.once import fresh_key
from bot.web.returned import NOTHING, Returned
from bot.web.visit import Visit
from handlers.access import NotFound, Opened, Right
from handlers.consultations.agenda import add_item, drop_item, edit_item, lift_item
from handlers.consultations.meeting import call_off, move_meeting, settle_agenda
from handlers.consultations.minutes import Minutes, load_minutes
from handlers.consultations.outcomes import Code, Decision, Refused, may_publish, may_settle
from handlers.consultations.record import decide_item, publish_minutes, put_record
from handlers.consultations.rules import closes_at
from handlers.consultations.seats import name_of
from handlers.consultations.words import outcome_words
from handlers.local_time import local_date
from handlers.topics.templates import PLAIN, load_templates, suggest
from storage.queries.consultations import leaves_of_items, list_items, list_seats
from storage.states import ItemOutcome, MeetingForm
from storage.tables import Consultation, ConsultationItem

_OFFERED = tuple(ItemOutcome)


async def show_month(visit: Visit) -> web.Response:
    """What stands, and the one thing to do next."""
    return await _month_page(visit, visit.request.query.get("told", ""))


async def _month_page(visit: Visit, told: str, back: Returned = NOTHING) -> web.Response:
    opened, row = await open_month(visit, Right.SEE_CONSULTATIONS)
    items = await list_items(visit.session, opened.compound_id, row.month)
    seats = await list_seats(visit.session, opened.compound_id, row.month)
    leaves = await leaves_of_items(visit.session, opened.compound_id, row.month)
    sealer = visit.site.services.sealer
    is_open = row.ended_at is None and row.recorded_at is None
    has_met = visit.now >= row.meets_at
    return visit.page(
        "console/consultation.html",
        opened=opened,
        row=row,
        items=items,
        seats=len(seats),
        named=[(seat, name) for seat in seats if (name := name_of(sealer, seat))],
        outcome_words=outcome_words,
        offered=[each.value for each in _OFFERED],
        templates={code: each.name for code, each in load_templates().items()},
        suggested={number: suggest(leaf) for number, leaf in leaves.items()},
        plain=PLAIN,
        forms=visit.site.templates.words("meeting_forms"),
        closes=closes_at(row.meets_at),
        today=local_date(visit.now),
        has_met=has_met,
        may=Right.RUN_CONSULTATIONS in opened.rights and is_open,
        fault=_fault(row, items, has_met),
        key=fresh_key(),
        told=told,
        back=back,
    )


def _fault(row: Consultation, items: Sequence[ConsultationItem], has_met: bool) -> str:
    """What stands between this month and its next step, as pages know it; "" for nothing."""
    if has_met:
        fault = may_publish([(item.state, item.outcome) for item in items], row.attended, row.summary)
    else:
        fault = may_settle([item.state for item in items]) if row.agreed_at is None else None
    return fault.value if fault else ""


async def command(visit: Visit) -> web.Response:
    """What the form's button says, about the whole month."""
    opened, row = await open_month(visit)
    compound, month, form = opened.compound, row.month, visit.form
    asked = form.get("do", "")

    async def do() -> None:
        match asked:
            case "settle":
                await visit.act(settle_agenda, compound, month)
            case "move":
                await visit.act(move_meeting, compound, month, *_where(visit))
            case "cancel":
                await visit.act(call_off, compound, month, form.get("why", ""))
            case "add":
                title, body = form.get("title", ""), form.get("body", "")
                await visit.act(add_item, compound, month, title, body, number_of(visit, "number"))
            case "record":
                await visit.act(put_record, compound, month, *_came(visit))
            case "publish":
                await visit.act(publish_minutes, compound, month)
            case _:
                raise Refused(Code.ODD)

    async def again(told: str) -> web.Response:
        return await _month_page(visit, told, Returned(asked, typed=form))

    return await act(visit, _here(opened, row), f"consultation_{asked}", do, again)


async def change(visit: Visit) -> web.Response:
    """Edit, drop, lift or decide an item, as the form's button says."""
    opened, row = await open_month(visit)
    number = int(visit.part("item", ITEM))
    form, compound, month = visit.form, opened.compound, row.month

    async def do() -> None:
        match form.get("do"):
            case "edit":
                await visit.act(
                    edit_item, compound, month, number, form.get("title", ""), form.get("body", "")
                )
            case "drop":
                await visit.act(drop_item, compound, month, number, form.get("reason", ""))
            case "lift":
                await lift_item(visit.session, compound, month, number)
            case "decide":
                await visit.act(decide_item, compound, month, number, _decision(visit))
            case _:
                raise Refused(Code.ODD)

    async def again(told: str) -> web.Response:
        return await _month_page(visit, told, Returned(form.get("do", ""), number, form))

    return await act(visit, _here(opened, row), "consultation_item", do, again)


async def show_minutes(visit: Visit) -> web.Response:
    """The minutes as a PDF, once they are out. It is made when the transaction has ended."""
    opened, row = await open_month(visit, Right.SEE_CONSULTATIONS)
    if row.recorded_at is None:
        raise NotFound
    minutes = await load_minutes(visit.session, visit.site.services.sealer, opened.compound, row)
    visit.afterwards = partial(_make, minutes)
    return web.Response()


async def _make(minutes: Minutes) -> web.Response:
    try:
        made = await in_thread(minutes_pdf, minutes)
    except (DocumentError, FontMissing) as error:
        raise web.HTTPServiceUnavailable from error
    return attachment(made, "application/pdf", f"{minutes.title}.pdf", inline=True)


def _where(visit: Visit) -> tuple[datetime, MeetingForm, str, int | None]:
    """When, how and where, and for how many."""
    form = visit.form.get("form", "")
    if form not in {each.value for each in MeetingForm}:
        raise Refused(Code.ODD)
    return moment_of(visit), MeetingForm(form), visit.form.get("place", ""), number_of(visit, "seats")


def _came(visit: Visit) -> tuple[int, list[str], set[int], str]:
    """How many came, who of staff, who of those who signed up, and what was said."""
    attended = number_of(visit, "attended")
    if attended is None:
        raise Refused(Code.NO_RECORD)
    came = {int(name[1:]) for name in visit.form if re.fullmatch(r"p[0-9]{1,15}", name)}
    return attended, visit.form.get("present", "").splitlines(), came, visit.form.get("summary", "")


def _decision(visit: Visit) -> Decision:
    form = visit.form
    if form.get("outcome") not in {each.value for each in _OFFERED}:
        raise Refused(Code.NO_OUTCOME)
    until = None
    if form.get("until"):
        try:
            until = date.fromisoformat(form["until"])
        except ValueError:
            raise Refused(Code.NO_DATE) from None
    return Decision(
        ItemOutcome(form["outcome"]),
        form.get("words", ""),
        number_of(visit, "number"),
        form.get("holder", ""),
        until,
        form.get("template", PLAIN),
    )


def _here(opened: Opened, row: Consultation) -> str:
    return f"{root_of(opened)}/{row.month}"
