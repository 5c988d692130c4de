"""The tables of errcodes, one for each platform: data in TOML, checked when it is loaded."""

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from bot.channels.base import SendResult, Verdict


class Remedy(StrEnum):
    """An errcode that is not the end of an attempt."""

    REFRESH_TOKEN = "refresh_token"  # noqa: S105
    WAIT = "wait"


class Errcode(BaseModel):
    """One code: what to do, what it means (English), what an operator should know (Chinese, one line)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Verdict | Remedy
    meaning: Annotated[str, Field(pattern=r"^[ -~]{1,120}$")]
    hint: Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,60}$")]
    wait_seconds: Annotated[float, Field(ge=0, le=86400)] = 0.0

    @model_validator(mode="after")
    def _waits_for_a_time(self) -> "Errcode":
        if self.action is Remedy.WAIT and not self.wait_seconds:
            raise ValueError("wait needs wait_seconds")
        if self.wait_seconds and self.action not in (Remedy.WAIT, Verdict.RETRY):
            raise ValueError("only wait and retry have wait_seconds")
        return self

    @property
    def verdict(self) -> Verdict:
        """The verdict when nothing more is done about it now: both remedies mean that nothing was taken."""
        return self.action if isinstance(self.action, Verdict) else Verdict.RETRY


# An unknown code is an answer, so the message was not taken; whether it ever will be is for the outbox's
# limit of attempts to find out.
UNLISTED = Errcode(
    action=Verdict.RETRY,
    meaning="not in the table",
    hint="平台返回了未收录的错误码，请查官方返回码说明",
    wait_seconds=60,
)

_ROWS = TypeAdapter(dict[int, Errcode])

# What in an errmsg helps an operator and cannot be a secret or someone's words: the id of the request, by which the
# platform explains it (/cgi-bin/openapi/rid/get; WeCom's is asked for at open.work.weixin.qq.com/devtool), and the
# address to put on the whitelist.
_RID = re.compile(r"\brid: ([0-9a-f]{4,12}(?:-[0-9a-f]{4,12}){1,4})\b")
_HINT = re.compile(r"\bhint: \[([0-9a-z_]{10,48})\]")
_IP = re.compile(r"\b(?:invalid ip|from ip:) ([0-9]{1,3}(?:\.[0-9]{1,3}){3})\b")


class ErrcodeTable:
    """What one platform's codes mean for us. The same code may mean something else on the other platform."""

    def __init__(self, rows: Mapping[int, Errcode]) -> None:
        self.rows = rows

    def look_up(self, errcode: int) -> Errcode:
        """The code's row, or UNLISTED."""
        return self.rows.get(errcode, UNLISTED)

    def asks_for_new_token(self, errcode: int | None) -> bool:
        """Whether the call may succeed with another token."""
        return bool(errcode) and self.look_up(errcode or 0).action is Remedy.REFRESH_TOKEN

    def result_of(self, errcode: int, errmsg: str = "") -> SendResult:
        """The result of a call that was answered with `errcode`; 0 is success."""
        if errcode == 0:
            return SendResult(Verdict.SENT, 0)
        row = self.look_up(errcode)
        notes = [
            f"{name} {found[1]}"
            for name, pattern in (("IP", _IP), ("rid", _RID), ("hint", _HINT))
            if (found := pattern.search(errmsg))
        ]
        detail = f"{row.hint}（{'，'.join(notes)}）" if notes else row.hint
        return SendResult(row.verdict, errcode, detail, row.wait_seconds)


def load_errcodes(toml: str) -> ErrcodeTable:
    """Parse and check a table; raises ValueError (pydantic's names the code and the fault)."""
    return ErrcodeTable(_ROWS.validate_python(tomllib.loads(toml)))


def _load(name: str) -> ErrcodeTable:
    return load_errcodes(Path(__file__).with_name(name).read_text("utf-8"))


OFFICIAL = _load("errcodes.toml")
WECOM = _load("errcodes_wecom.toml")
