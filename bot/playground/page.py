"""The playground page: residents' phones on the left, the bot's side of things on the right."""

import asyncio
import base64
import json
import secrets
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any, Protocol

from aiohttp import web

from bot.playground.account import Persona
from bot.playground.conversation import Entry
from bot.playground.delivery import Delivery
from bot.playground.errors import NotPossible
from bot.playground.group_windows import GroupWindows
from bot.playground.guard import guard, read_json, refuse
from bot.playground.knobs import describe, turn
from bot.playground.loopback import LoopbackServer
from bot.playground.media import MOST_BYTES
from bot.playground.platform import Platform
from bot.playground.wecom.rooms import RoomKind

TEXT_LIMIT = 2000
PHOTO_BODY = MOST_BYTES * 4 // 3 + 4096  # in base64, inside JSON
_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_ASSETS = {
    "/": ("index.html", "text/html"),
    "/static/playground.css": ("playground.css", "text/css"),
    "/static/panel.css": ("panel.css", "text/css"),
    "/static/playground.js": ("playground.js", "text/javascript"),
    "/static/backstage.js": ("backstage.js", "text/javascript"),
    "/static/rooms.js": ("rooms.js", "text/javascript"),
    "/static/rooms.css": ("rooms.css", "text/css"),
    "/static/dom.js": ("dom.js", "text/javascript"),
    "/static/icon.svg": ("icon.svg", "image/svg+xml"),
}


class Backstage(Protocol):
    """What the bot made of a message; implemented over the bot's database."""

    async def explain(self, msg_id: str) -> dict[str, Any] | None:
        """Explain a message (its id as text; FROM:TIME:EVENT:KEY for an event), None for an unknown one.

        {"inbox": {"state"}, "verdict", "number": str | None, "categories": [{"id", "name", "score"}],
        "urgency": 1..3 | None, "place": str | None, "hits": [{"term", "rule", "name", "start", "end"}] with offsets
        in code points of the text as sent, "photos": [{"number", "state"}],
        "outbox": [{"class", "state", "text", "via"}]}; every key may be missing.
        """


class Page:
    """The page's server.

    scenes: scene -> label of the codes to scan; phrases: texts offered for a tap; room_phrases: the same in groups.
    """

    def __init__(
        self,
        platform: Platform,
        personas: Sequence[Persona],
        backstage: Backstage,
        *,
        account_name: str = "议事小助手",
        scenes: Mapping[str, str] | None = None,
        phrases: Sequence[str] = (),
        room_phrases: Mapping[RoomKind, Sequence[str]] | None = None,
    ) -> None:
        self._platform = platform
        self._personas = {persona.openid: persona for persona in personas}
        self._backstage = backstage
        self._scenes = dict(scenes or {})
        self._fixed: dict[str, Any] = {
            # A restarted server counts lines from 1 again: the page starts over when this changes.
            "run": secrets.token_hex(8),
            "account": account_name,
            "scenes": [{"scene": scene, "label": label} for scene, label in self._scenes.items()],
            "phrases": list(phrases),
            "has_rooms": platform.find_wecom() is not None,
        }
        self._under_way: set[asyncio.Task[Any]] = set()
        wecom = platform.find_wecom()
        self._groups = (
            GroupWindows(wecom, self._fixed["run"], self._begin, room_phrases or {}) if wecom else None
        )
        self._assets: dict[str, tuple[bytes, str]] = {}
        self._server: LoopbackServer | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen and return the address to open; raises NotLoopback for an address that others can reach."""
        self._server = LoopbackServer(self.make_app())
        return await self._server.start(host, port)

    async def stop(self) -> None:
        """Stop listening; deliveries under way are dropped."""
        if self._server is not None:
            await self._server.stop()

    def make_app(self) -> web.Application:
        """Make the page as an application, for a test client."""
        app = web.Application(middlewares=[guard()], client_max_size=2**16)
        app.on_startup.append(self._load)
        app.on_cleanup.append(self._drop)
        for path in _ASSETS:
            app.router.add_get(path, self._asset)
        app.router.add_get("/api/state", self._state)
        app.router.add_get("/api/explain", self._explain)
        app.router.add_post("/api/say", self._say)
        app.router.add_get("/api/photo/{media_id}", self._picture)
        app.router.add_post("/api/photo", self._send_photo)
        app.router.add_post("/api/follow", self._follow)
        app.router.add_post("/api/scan", self._scan)
        app.router.add_post("/api/unfollow", self._unfollow)
        app.router.add_post("/api/faults", self._faults)
        if self._groups is not None:
            self._groups.add_routes(app)
        return app

    async def _load(self, _: web.Application) -> None:
        folder = files("bot.playground") / "static"

        def read() -> dict[str, tuple[bytes, str]]:
            return {path: ((folder / name).read_bytes(), kind) for path, (name, kind) in _ASSETS.items()}

        self._assets = await asyncio.to_thread(read)

    async def _drop(self, _: web.Application) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _asset(self, request: web.Request) -> web.Response:
        body, kind = self._assets[request.path]
        return web.Response(body=body, content_type=kind, charset="utf-8")

    async def _state(self, request: web.Request) -> web.Response:
        try:
            since = int(request.query.get("since", "0"))
        except ValueError:
            return refuse(400, "since 应当是数字")
        audience = self._platform.audience
        entries = [
            self._line(entry) for entry in audience.entries_since(since) if entry.openid in self._personas
        ]
        return _json(
            {
                **self._fixed,
                "seq": audience.last_seq,
                "residents": [self._resident(persona) for persona in self._personas.values()],
                "entries": entries,
                "pending": [
                    delivery.msg_id for delivery in self._platform.deliveries if not delivery.finished
                ],
                "faults": describe(self._platform.faults),
            }
        )

    def _line(self, entry: Entry) -> dict[str, Any]:
        text = entry.text
        if entry.direction == "system":
            for scene, label in self._scenes.items():
                text = text.replace(f"“{scene}”", f"“{label}”")
        return {**asdict(entry), "text": text, "at": entry.at.isoformat()}

    def _resident(self, persona: Persona) -> dict[str, Any]:
        audience = self._platform.audience
        windows = audience.windows(persona.openid)
        return {
            **asdict(persona),
            "following": audience.is_following(persona.openid),
            "window": None
            if not windows
            else {"until": windows[-1].until.isoformat(), "left": sum(window.left for window in windows)},
        }

    async def _explain(self, request: web.Request) -> web.Response:
        msg_id = request.query.get("msg_id", "")
        delivery = self._find_delivery(msg_id)
        if delivery is None:
            return await self._explain_archived(msg_id)
        tries = [
            {
                "at": made.at.isoformat(),
                "status": made.status,
                "seconds": made.seconds,
                "problem": made.problem,
            }
            for made in delivery.tries
        ]
        facts = await self._backstage.explain(msg_id)
        return _json({"finished": delivery.finished, "fault": delivery.fault, "tries": tries, "facts": facts})

    def _find_delivery(self, msg_id: str) -> Delivery | None:
        wecom = self._platform.find_wecom()
        found = self._platform.find_delivery(msg_id)
        return found or (wecom.find_delivery(msg_id) if wecom else None)

    async def _explain_archived(self, msg_id: str) -> web.Response:
        """Explain what nobody was sent: the bot has it from the chat archive, or not at all."""
        wecom = self._platform.find_wecom()
        archived = wecom.archive_id(msg_id) if wecom else ""
        if not archived:
            return refuse(404, "没有这条消息")
        facts = await self._backstage.explain(archived)
        return _json({"finished": True, "fault": "", "tries": [], "archived": True, "facts": facts})

    async def _say(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        text = body.get("text")
        if not isinstance(text, str) or not text.strip() or len(text) > TEXT_LIMIT:
            return refuse(400, f"请写 1 到 {TEXT_LIMIT} 个字")
        return await self._begin(self._platform.user_sends(self._openid(body), text))

    async def _send_photo(self, request: web.Request) -> web.Response:
        """{"openid", "type", "content": base64}; without content a small picture of our own."""
        body = await read_json(request.clone(client_max_size=PHOTO_BODY))
        encoded, kind = body.get("content"), body.get("type")
        if encoded is None:
            return await self._begin(self._platform.user_sends_image(self._openid(body)))
        try:
            content = base64.b64decode(encoded, validate=True)
        except (TypeError, ValueError):
            return refuse(400, "照片没有传完整，请再选一次")
        if not content or len(content) > MOST_BYTES:
            return refuse(400, "照片要在 10 MB 以内")
        if kind not in _PICTURES:
            return refuse(400, "请选 JPG、PNG、GIF 或 WebP 照片")
        return await self._begin(self._platform.user_sends_image(self._openid(body), content, kind))

    async def _picture(self, request: web.Request) -> web.Response:
        medium = self._platform.media.find(request.match_info["media_id"])
        if medium is None or medium.content_type not in _PICTURES:
            return refuse(404, "没有这张图")
        return web.Response(body=medium.content, content_type=medium.content_type)

    async def _follow(self, request: web.Request) -> web.Response:
        return await self._begin(self._platform.user_follows(self._openid(await read_json(request))))

    async def _unfollow(self, request: web.Request) -> web.Response:
        return await self._begin(self._platform.user_unfollows(self._openid(await read_json(request))))

    async def _scan(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        scene = body.get("scene")
        if not isinstance(scene, str) or scene not in self._scenes:
            return refuse(400, "没有这个码")
        return await self._begin(self._platform.user_scans(self._openid(body), scene))

    async def _faults(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        name, on = body.get("name"), body.get("on")
        try:
            turn(self._platform.faults, str(name), on is True)
        except KeyError:
            return refuse(400, "没有这个开关")
        if name == "reorder" and on is not True:
            return await self._begin(self._platform.release_held())
        return _json({})

    def _openid(self, body: dict[str, Any]) -> str:
        openid = body.get("openid")
        if not isinstance(openid, str) or openid not in self._personas:
            raise web.HTTPNotFound
        return openid

    async def _begin(self, action: Coroutine[Any, Any, Any]) -> web.Response:
        """Start what the person does; its delivery may take three cut-offs, the page does not wait for it."""
        task: asyncio.Task[Any] = asyncio.create_task(action)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.sleep(0)
        if task.done() and isinstance(task.exception(), NotPossible):
            return refuse(409, str(task.exception()))
        return _json({})


def _json(data: dict[str, Any]) -> web.Response:
    return web.Response(body=json.dumps(data).encode(), content_type="application/json")
