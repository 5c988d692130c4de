"""The platform's error codes with their English messages, and the shape they are answered in."""

import secrets
from datetime import datetime
from typing import Any

MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40037: "invalid template_id",
    40053: "invalid action info",
    40066: "invalid url",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    42001: "access_token expired",
    43002: "require POST method",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    44002: "empty post data",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    47001: "data format error",
    47003: "argument invalid! data is not what the template asks for",
    48001: "api unauthorized",
}


class NotPossible(Exception):  # noqa: N818  what WeChat would not let the person do
    """A person cannot do this now; the message says why, in Chinese."""


class ApiError(Exception):
    """An API call that the platform refuses with `code`."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message or MESSAGES[code])
        self.code = code

    def body(self, now: datetime) -> dict[str, Any]:
        """Give the answer's JSON."""
        return error_body(self.code, now, str(self))


def error_body(code: int, now: datetime, message: str = "") -> dict[str, int | str]:
    """{"errcode", "errmsg"} with the request id that the platform appends to its errors."""
    if code == 0:
        return {"errcode": 0, "errmsg": "ok"}
    rid = f"{int(now.timestamp()):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    return {"errcode": code, "errmsg": f"{message or MESSAGES[code]} rid: {rid}"}
