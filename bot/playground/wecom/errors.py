"""WeCom's error codes (developer.work.weixin.qq.com/document/path/90455) and the shape they are answered in."""

import secrets
from datetime import datetime
from typing import Any

from bot.playground.errors import ApiError

MESSAGES = {
    -1: "system error",
    40001: "invalid credential",
    40008: "invalid message type",
    40009: "invalid image size",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40029: "invalid code",
    40032: "invalid UserID list size",
    40035: "invalid parameter",
    40056: "invalid agentid",
    40063: "some parameters are empty",
    41001: "access_token missing",
    41002: "corpid missing",
    41004: "corpsecret missing",
    41046: "missing msgid",
    41047: "invalid msgid",
    41048: "no customer to send",
    42001: "access_token expired",
    42022: "code has been used",
    43002: "require POST method",
    44002: "empty post data",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "api freq out of limit",
    47001: "data format error",
    60020: "not allow to access from your ip",
    60111: "userid not found",
    81013: "user & party & tag all invalid",
    86003: "chatid not exist",
    86008: "not the creator of this chat",
    86214: "invalid chat type of group message",
    90501: "chat is not external group chat",
    93000: "invalid webhook url",
    301019: "media MD5 not match",
}


class WecomError(ApiError):
    """A call that WeCom refuses with `code`; extra: further keys of the answer."""

    def __init__(self, code: int, **extra: Any) -> None:
        Exception.__init__(self, MESSAGES[code])
        self.code = code
        self.extra = extra

    def body(self, now: datetime) -> dict[str, Any]:
        """See ApiError; with the hint that WeCom appends."""
        return refusal(self.code, now) | self.extra


def refusal(code: int, now: datetime) -> dict[str, Any]:
    """{"errcode", "errmsg"} as WeCom writes them."""
    hint = f"{int(now.timestamp())}{secrets.randbelow(10**14):014d}"
    where = f"more info at https://open.work.weixin.qq.com/devtool/query?e={code}"
    return {"errcode": code, "errmsg": f"{MESSAGES[code]}, hint: [{hint}], from ip: 127.0.0.1, {where}"}
