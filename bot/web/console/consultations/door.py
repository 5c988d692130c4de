"""The way in to a month, a form that acts once, and what forms say of dates."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.once import first_time
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened, Right, access_compound
from handlers.consultations.outcomes import Code, Refused
from handlers.local_time import LOCAL
from storage.queries.consultations import find_consultation
from storage.tables import Consultation

MONTH = r"20[0-9]{2}-(?:0[1-9]|1[0-2])"
ITEM = r"[0-9]{1,15}"
_NUMBER_LENGTH = 9


async def open_list(visit: Visit, right: Right = Right.RUN_CONSULTATIONS) -> Opened:
    """The compound of the address, for who has the right."""
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, right)


async def open_month(visit: Visit, right: Right = Right.RUN_CONSULTATIONS) -> tuple[Opened, Consultation]:
    """The month of the address; raises NotFound when there is none."""
    opened = await open_list(visit, right)
    row = await find_consultation(visit.session, opened.compound_id, visit.part("month", MONTH))
    if row is None:
        raise NotFound
    return opened, row


def root_of(opened: Opened) -> str:
    """Where a compound's consultations are."""
    return f"/console/{opened.compound.code}/consultations"


async def act(
    visit: Visit,
    there: str,
    told: str,
    do: Callable[[], Awaitable[object]],
    again: Callable[[str], Awaitable[web.Response]],
) -> web.Response:
    """Do what a form asks for, once, and go on to `there`; what is refused leaves nothing behind.

    again: the page that the form came from, with why it was refused and what was typed.
    """
    try:
        async with visit.session.begin_nested():
            if await first_time(visit):
                await do()
    except Refused as refused:
        return await again(refused.code.value)
    return see_other(f"{there}?told={told}")


def moment_of(visit: Visit) -> datetime:
    """The local moment that a form's `date` and `time` name; raises Refused."""
    try:
        day = date.fromisoformat(visit.form.get("date", ""))
        at = time.fromisoformat(visit.form.get("time", ""))
    except ValueError:
        raise Refused(Code.BAD_TIME) from None
    if not 2000 <= day.year < 2100:
        raise Refused(Code.BAD_TIME)
    return datetime.combine(day, at.replace(tzinfo=None), LOCAL)


def number_of(visit: Visit, name: str) -> int | None:
    """A whole number that a form may leave out; raises Refused for anything else."""
    typed = visit.form.get(name, "").strip().removesuffix("号")
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= _NUMBER_LENGTH):
        raise Refused(Code.ODD)
    return int(typed)
