"""The monthly consultation in chat: when it is, coming to it, proposing something for it."""

from handlers.consultations import words
from handlers.consultations.agenda import SAID, propose_item
from handlers.consultations.outcomes import Code, Refused
from handlers.consultations.rules import is_signing_up
from handlers.consultations.seats import leave, sign_up
from handlers.consultations.state import facts_of
from handlers.context import Answer, Context
from handlers.filters import COLON, command
from handlers.router import Route
from handlers.texts import say
from storage.queries.consultations import find_seat, list_consultations, list_items
from storage.queries.polls import list_homes_in
from storage.states import ItemState
from storage.tables import Compound, Consultation

_KNOWN = 12  # months


async def show(context: Context) -> Answer:
    """议事: the next meeting where the speaker lives."""
    row = await _next(context)
    if row is None:
        return await _nothing(context)
    items = await list_items(context.session, row.compound_id, row.month)
    on = [item for item in items if item.state is ItemState.ON]
    compound = await context.session.get_one(Compound, row.compound_id)
    return Answer("consultation.shown", words.invitation(compound, row, on, context.services.public_url))


async def come(context: Context) -> Answer:
    """报名."""
    row = await _next(context)
    if row is None:
        return await _nothing(context)
    try:
        await sign_up(
            context.session,
            context.services.sealer,
            row.compound_id,
            row.month,
            context.person_id,
            "",
            context.now,
        )
    except Refused as refused:
        full = refused.code is Code.FULL
        return Answer(refused.code.value, say("consultations.full" if full else "consultations.shut"))
    where = say("consultations.place", place=row.place) if row.place else words.form_name(row.form)
    return Answer(
        "consultation.joined", say("consultations.joined", when=words.moment(row.meets_at), where=where)
    )


async def stay_away(context: Context) -> Answer:
    """取消报名."""
    ahead = [row for row in await _months(context) if row.ended_at is None and context.now < row.meets_at]
    own = [
        row
        for row in ahead
        if await find_seat(context.session, row.compound_id, row.month, context.person_id)
    ]
    if not own:
        return Answer("consultation.not_joined", say("consultations.not_joined"))
    row = min(own, key=lambda each: each.meets_at)
    await leave(context.session, row.compound_id, row.month, context.person_id, context.now)
    return Answer("consultation.left", say("consultations.left"))


async def propose(context: Context, said: str) -> Answer:
    """提议 and what the meeting should talk about."""
    homes = await list_homes_in(context.session, context.person_id)
    if not homes:
        return Answer("consultation.nowhere", say("consultations.nowhere"))
    try:
        await propose_item(context.session, min(homes), context.person_id, said[:SAID], context.now)
    except Refused as refused:
        full = refused.code is Code.FULL
        return Answer(refused.code.value, say("consultations.enough" if full else "consultations.how"))
    return Answer("agenda.proposed", say("consultations.taken"))


async def explain(_context: Context) -> Answer:
    """提议 without anything behind it."""
    return Answer("agenda.explained", say("consultations.how"))


async def _next(context: Context) -> Consultation | None:
    """The nearest meeting where the speaker lives that they may come to."""
    rows = await _months(context)
    coming = [row for row in rows if is_signing_up(facts_of(row), context.now)]
    return min(coming, key=lambda row: row.meets_at, default=None)


async def _months(context: Context) -> list[Consultation]:
    homes = await list_homes_in(context.session, context.person_id)
    return await list_consultations(context.session, homes, _KNOWN) if homes else []


async def _nothing(context: Context) -> Answer:
    homes = await list_homes_in(context.session, context.person_id)
    return Answer("consultation.none", say("consultations.none" if homes else "consultations.nowhere"))


ROUTES = (
    Route(command(r"(?:看|查)?(?:议事会?|议事协商|开会时间)"), show),
    Route(command(r"(?:我要|我想)?报名(?:参加)?(?:议事会?)?"), come),
    Route(command(r"(?:取消|不)报名|报名取消"), stay_away),
    Route(command(r"(?:我要|我想)?提议"), explain),
    Route(command(rf"(?:我要|我想)?提议(?:[\s:：，,]){COLON}(?P<said>.+)"), propose),
)
