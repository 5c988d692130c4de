"""The page's windows on the corp: customer groups, internal groups, and members' chats with the app."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from aiohttp import web

from bot.playground.guard import read_json, refuse
from bot.playground.wecom.platform import Wecom
from bot.playground.wecom.rooms import Line, Room, RoomKind
from bot.playground.wecom.tasks import GroupTask

Begin = Callable[[Coroutine[Any, Any, Any]], Awaitable[web.Response]]
TEXT_LIMIT = 2000


class GroupWindows:
    """Reads and drives the rooms of a corp. begin: starts an action and answers; phrases: by kind of room."""

    def __init__(
        self, wecom: Wecom, run: str, begin: Begin, phrases: Mapping[RoomKind, Sequence[str]]
    ) -> None:
        self._wecom = wecom
        self._run = run
        self._begin = begin
        self._phrases = phrases

    def add_routes(self, app: web.Application) -> None:
        """Serve under /api/rooms."""
        app.router.add_get("/api/rooms", self._state)
        app.router.add_post("/api/rooms/say", self._say)
        app.router.add_post("/api/rooms/revoke", self._revoke)
        app.router.add_post("/api/rooms/tap", self._tap)

    async def _state(self, request: web.Request) -> web.Response:
        try:
            since = int(request.query.get("since", "0"))
        except ValueError:
            return refuse(400, "since 应当是数字")
        rooms = self._wecom.rooms
        return web.json_response(
            {
                "run": self._run,
                "seq": rooms.last_seq,
                "rooms": [self._room(room) for room in rooms.all()],
                "lines": [self._line(line) for line in rooms.lines_since(since)],
                "tasks": [self._task(task) for task in self._wecom.tasks.waiting()],
                "pending": [delivery.msg_id for delivery in self._wecom.deliveries if not delivery.finished],
            }
        )

    def _room(self, room: Room) -> dict[str, Any]:
        return {
            "id": room.chat_id,
            "kind": room.kind,
            "name": room.name,
            "owner": room.owner,
            "people": [self._person(person) for person in room.people],
            "phrases": list(self._phrases.get(room.kind, ())),
        }

    def _person(self, person: str) -> dict[str, Any]:
        known = self._wecom.members.get(person) or self._wecom.customers.get(person)
        return {
            "id": person,
            "name": self._wecom.name_of(person),
            "about": known.about if known else "",
            "staff": person in self._wecom.members,
        }

    def _line(self, line: Line) -> dict[str, Any]:
        return {**asdict(line), "at": line.at.isoformat(), "name": self._wecom.name_of(line.sender)}

    def _task(self, task: GroupTask) -> dict[str, Any]:
        return {
            "msgid": task.msgid,
            "rooms": list(task.chats),
            "owner": self._wecom.name_of(task.owner),
            "text": task.text,
            "reminded": task.reminded,
        }

    async def _say(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        room, person = self._who(body)
        text, quote = body.get("text"), body.get("quote")
        if not isinstance(text, str) or not text.strip() or len(text) > TEXT_LIMIT:
            return refuse(400, f"请写 1 到 {TEXT_LIMIT} 个字")
        if room.kind is RoomKind.APP:
            return await self._begin(self._wecom.member_writes(person, text))
        quoted = quote[:TEXT_LIMIT] if isinstance(quote, str) and quote else None
        return await self._begin(self._wecom.user_says(room.chat_id, person, text, quoted))

    async def _revoke(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        room, person = self._who(body)
        return await self._begin(self._wecom.user_revokes(room.chat_id, person, str(body.get("msg_id"))))

    async def _tap(self, request: web.Request) -> web.Response:
        msgid = str((await read_json(request)).get("msgid"))

        async def tap() -> None:
            self._wecom.owner_taps(msgid)

        return await self._begin(tap())

    def _who(self, body: dict[str, Any]) -> tuple[Room, str]:
        room, person = self._wecom.rooms.find(body.get("room")), body.get("person")
        if room is None or not isinstance(person, str) or person not in room.people:
            raise web.HTTPNotFound
        return room, person
