"""What a member of staff may ask for where they are speaking."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from handlers.access import (
    Forbidden,
    NotFound,
    Right,
    Viewer,
    access_compound,
    access_compounds,
    load_viewer,
)
from handlers.context import Answer, Context
from handlers.router import Handler
from handlers.texts import say
from storage.tables import Compound

NAMED = 10  # compounds that one answer names


@dataclass(frozen=True, slots=True)
class Desk:
    """The compounds for which the speaker may have what they ask for; in a group only the group's.

    in_group: others are reading.
    """

    compounds: tuple[Compound, ...]
    in_group: bool


StaffHandler = Callable[..., Awaitable[Answer]]


async def access_desk(context: Context, rights: tuple[Right, ...]) -> Desk:
    """The speaker's desk for something that any of the rights allows; no rights: for anybody with a role.

    Raises NotFound for someone without a role here, Forbidden when their role is for something else.
    """
    viewer = await load_viewer(context.session, context.person_id)
    if not viewer.grants:
        raise NotFound
    if context.inbound.room:
        return Desk(await _compounds_of_group(context, viewer, rights), in_group=True)
    known = await access_compounds(context.session, viewer)
    if not known:
        raise NotFound
    allowed = tuple(compound for compound, held in known if not rights or held.intersection(rights))
    if not allowed:
        raise Forbidden
    return Desk(allowed, in_group=False)


async def _compounds_of_group(
    context: Context, viewer: Viewer, rights: tuple[Right, ...]
) -> tuple[Compound, ...]:
    if context.group is None:
        raise NotFound
    code = context.group[1].code
    for right in rights or tuple(Right):
        try:
            return (await access_compound(context.session, viewer, code, right),)
        except Forbidden:  # NotFound goes on: no role here at all
            continue
    raise Forbidden


def for_staff(handler: StaffHandler, *rights: Right) -> Handler:
    """A route's handler out of one that also wants the desk; whoever may not is told so kindly."""

    async def serve(context: Context, **arguments: Any) -> Answer:
        try:
            desk = await access_desk(context, rights)
        except NotFound:
            unregistered = context.inbound.room and context.group is None
            return Answer("staff.refused", say("staff.unregistered" if unregistered else "staff.refused"))
        except Forbidden:
            return Answer("staff.forbidden", say("staff.forbidden"))
        return await handler(context, desk, **arguments)

    return serve


def pick(desk: Desk, name: str | None) -> Compound | None:
    """The compound that is meant: the only one, or the one with this name, or the only one whose name begins so."""
    if len(desk.compounds) == 1:
        return desk.compounds[0]
    wanted = (name or "").strip()
    named = [compound for compound in desk.compounds if compound.name == wanted]
    if not named and wanted:
        named = [compound for compound in desk.compounds if compound.name.startswith(wanted)]
    return named[0] if len(named) == 1 else None


def ask_which(desk: Desk, command: str) -> Answer:
    """Ask a person with several compounds which one is meant."""
    names = "、".join(compound.name for compound in desk.compounds[:NAMED])
    if len(desk.compounds) > NAMED:
        names += "…"
    example = f"{command} {desk.compounds[0].name}"
    return Answer("compound.asked", say("staff.which", names=names, example=example))
