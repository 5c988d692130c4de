"""What a member of staff may ask for where they are speaking."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from handlers.access import (
    Forbidden,
    NotFound,
    Opened,
    Right,
    Viewer,
    access_compound,
    access_compounds,
    load_viewer,
)
from handlers.context import Answer, Context
from handlers.router import Handler
from handlers.texts import say

NAMED = 10  # compounds that one answer names


@dataclass(frozen=True, slots=True)
class Desk:
    """The compounds, as far as the speaker may have what they ask for; in a group only the group's.

    in_group: others are reading.
    """

    compounds: tuple[Opened, ...]
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
        return Desk((await _compound_of_group(context, viewer, rights or tuple(Right)),), in_group=True)
    known = await access_compounds(context.session, viewer)
    if not known:
        raise NotFound
    allowed = []
    for standing in known:
        try:
            allowed.append(standing.open(*rights))
        except Forbidden:
            if not rights:  # nothing is going to be read
                allowed.append(Opened(standing.compound, standing.rights, ()))
    if not allowed:
        raise Forbidden
    return Desk(tuple(allowed), in_group=False)


async def _compound_of_group(context: Context, viewer: Viewer, rights: tuple[Right, ...]) -> Opened:
    if context.group is None:
        raise NotFound
    return await access_compound(context.session, viewer, context.group[1].code, *rights)


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


def pick(desk: Desk, name: str | None) -> Opened | None:
    """The compound that is meant: the only one, or the one with this name, or the only one whose name begins so."""
    if len(desk.compounds) == 1:
        return desk.compounds[0]
    wanted = (name or "").strip()
    named = [opened for opened in desk.compounds if opened.compound.name == wanted]
    if not named and wanted:
        named = [opened for opened in desk.compounds if opened.compound.name.startswith(wanted)]
    return named[0] if len(named) == 1 else None


def ask_which(desk: Desk, command: str) -> Answer:
    """Ask a person with several compounds which one is meant."""
    names = "、".join(opened.compound.name for opened in desk.compounds[:NAMED])
    if len(desk.compounds) > NAMED:
        names += "…"
    example = f"{command} {desk.compounds[0].compound.name}"
    return Answer("compound.asked", say("staff.which", names=names, example=example))
