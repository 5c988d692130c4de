"""The buttons about what is one matter: 确认, 不是事, 合并, 拆开."""

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.console.commands import back_to
from bot.web.console.compounds import CODE
from bot.web.once import first_time
from bot.web.visit import Visit
from handlers.access import NotFound, OpenedMatter, Right, access_compound, access_matter
from handlers.matters.confirm import confirm_matter, dismiss_matter
from handlers.matters.merge import NotMergeable, merge_matters, take_apart
from storage.queries.matters import lock_matters
from storage.tables import Matter


async def confirm(visit: Visit) -> web.Response:
    """It is something to be seen to."""
    found = await _hold(visit)
    is_done = not await first_time(visit) or await visit.act(
        confirm_matter, found.opened.compound, found.matter
    )
    return back_to(found, "confirmed" if is_done else "confirmed_already")


async def dismiss(visit: Visit) -> web.Response:
    """It is nothing to be seen to."""
    found = await _hold(visit)
    if await first_time(visit):
        await visit.act(dismiss_matter, found.opened.compound, found.matter)
    return back_to(found, "dismissed")


async def merge(visit: Visit) -> web.Response:
    """The matter that the form names comes into this one."""
    found = await _hold(visit)
    other = await _named(visit, found)
    if other is None:
        return back_to(found, "merge_unknown")
    if not await first_time(visit):
        return back_to(found, "merged")
    try:
        await visit.act(merge_matters, found.opened.compound, found.matter.number, other.number)
    except NotMergeable:
        return back_to(found, "same_already")
    return back_to(found, "merged")


async def part(visit: Visit) -> web.Response:
    """What the form names stands by itself again: a matter that was merged, or one opinion."""
    found = await _hold(visit)
    named = await _named(visit, found)
    if named is None:
        return back_to(found, "alone")
    if named.number != found.matter.number or not await first_time(visit):
        return back_to(found, "parted")
    try:
        await visit.act(take_apart, found.opened.compound, found.matter, _number(visit))
    except NotMergeable:
        return back_to(found, "alone")
    return back_to(found, "parted")


async def _hold(visit: Visit) -> OpenedMatter:
    """The matter, with the compound's matters held: from here on nobody else changes what is one."""
    viewer, code = visit.signed_in.viewer, visit.part("compound", CODE)
    number = int(visit.part("number", NUMBER))
    opened = await access_compound(visit.session, viewer, code, Right.MERGE)
    await lock_matters(visit.session, opened.compound_id)
    return await access_matter(visit.session, viewer, code, number, Right.MERGE)


async def _named(visit: Visit, found: OpenedMatter) -> Matter | None:
    """The matter that the number in the form leads to, as far as the viewer may merge it."""
    viewer, code = visit.signed_in.viewer, found.opened.compound.code
    try:
        return (await access_matter(visit.session, viewer, code, _number(visit), Right.MERGE)).matter
    except NotFound:
        return None


def _number(visit: Visit) -> int:
    """A number as it is typed; 0, which nothing has, for anything else."""
    wanted = visit.form.get("number", "").strip().removesuffix("号")
    return int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 16 else 0
