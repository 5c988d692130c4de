"""Codes with a scene: created over the API, shown as pictures, scanned by people."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from xml.sax.saxutils import escape

from bot.playground.errors import ApiError

TEMPORARY_MAX_SECONDS = 30 * 24 * 3600
TEMPORARY_DEFAULT_SECONDS = 60
PERMANENT_MAX = 100_000
SCENE_MAX = 64


@dataclass(frozen=True, slots=True)
class QrCode:
    """A code. expires_at: None for a permanent one."""

    ticket: str
    scene: str
    url: str
    expires_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        """Whether scanning it still works."""
        return self.expires_at is None or now < self.expires_at


class QrCodes:
    """The codes of one account."""

    def __init__(self) -> None:
        self._by_ticket: dict[str, QrCode] = {}

    def create(self, body: dict[str, Any], now: datetime) -> dict[str, Any]:
        """Answer qrcode/create: {"ticket", "url"} and, for a temporary code, "expire_seconds".

        Raises ApiError 40053 for what the documentation does not allow, 45009 for too many permanent codes.
        """
        action = body.get("action_name")
        scene = _scene(body)
        answer: dict[str, Any] = {}
        expires_at = None
        if action == "QR_STR_SCENE":
            seconds = body.get("expire_seconds", TEMPORARY_DEFAULT_SECONDS)
            if not isinstance(seconds, int) or not 1 <= seconds <= TEMPORARY_MAX_SECONDS:
                raise ApiError(40053)
            expires_at = now + timedelta(seconds=seconds)
            answer["expire_seconds"] = seconds
        elif action != "QR_LIMIT_STR_SCENE":
            raise ApiError(40053)
        elif sum(code.expires_at is None for code in self._by_ticket.values()) >= PERMANENT_MAX:
            raise ApiError(45009)
        code = QrCode(
            f"gQ{secrets.token_urlsafe(60)}",
            scene,
            f"http://weixin.qq.com/q/{secrets.token_hex(10)}",
            expires_at,
        )
        self._by_ticket[code.ticket] = code
        return {"ticket": code.ticket, **answer, "url": code.url}

    def find(self, ticket: str) -> QrCode | None:
        """Find the code of a ticket."""
        return self._by_ticket.get(ticket)

    def find_by_scene(self, scene: str) -> QrCode | None:
        """Find the newest code of a scene."""
        return next((code for code in reversed(self._by_ticket.values()) if code.scene == scene), None)


def _scene(body: dict[str, Any]) -> str:
    try:
        scene = body["action_info"]["scene"]["scene_str"]
    except (KeyError, TypeError, IndexError):
        raise ApiError(40053) from None
    if not isinstance(scene, str) or not 1 <= len(scene) <= SCENE_MAX:
        raise ApiError(40053)
    return scene


def draw(code: QrCode) -> bytes:
    """Draw a stand-in for the code as SVG: a pattern and the scene in words; no camera reads it."""
    bits = int.from_bytes(sha256(code.ticket.encode()).digest()) << 192 | int.from_bytes(
        sha256(code.url.encode()).digest()
    )
    cells = "".join(
        f'<rect x="{20 + x * 10}" y="{20 + y * 10}" width="10" height="10"/>'
        for y in range(20)
        for x in range(20)
        if bits >> (y * 20 + x) & 1
    )
    label = escape(json.dumps(code.scene, ensure_ascii=False)[1:-1])
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 270" width="240" height="270">'
        f'<rect width="240" height="270" fill="#fff"/><g>{cells}</g>'
        f'<text x="120" y="252" font-size="16" text-anchor="middle">{label}</text></svg>'
    ).encode()
