"""What a page or an action is, for the table of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from bot.web.visit import Area, Visit

Show = Callable[[Visit], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """A page or an action. is_open: also for those who are not signed in. acts: not for a session that only reads.

    uploads: its form may have photos. sheet: its form has a sheet. attaches: it has a PDF or a picture. reads: a form
    that changes nothing, so that nobody waits for its transaction. long: its form may have a whole notice in it.
    scripted: it may run scripts of ours.
    """

    method: str
    path: str
    area: Area
    show: Show
    is_open: bool = False
    acts: bool = False
    uploads: bool = False
    sheet: bool = False
    attaches: bool = False
    reads: bool = False
    long: bool = False
    scripted: bool = False
