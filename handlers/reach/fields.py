"""Pure: what a 模板消息 or 订阅通知 says in its named places, and what the platform takes there.

The operator says for each place of a template which word of ours goes in. A field's name begins with its kind, and a
value that does not fit the kind refuses the message (47003), so values are cut and cleaned to fit.

Source: the table of kinds (参数值内容限制说明) in
developers.weixin.qq.com/doc/service/guide/product/subscription_messages; the templates by category (类目模板) have the
same ones. Fields of the older templates (first, keyword1, remark) have no limit.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from handlers.local_time import full_moment
from storage.states import Form

WORDS = ("number", "what", "state", "time", "place", "compound", "todo")


class NoticeKind(StrEnum):
    """What a notice to one person is about; the operator says for each what their templates show."""

    ALERT = "alert"
    RECEIPT = "receipt"
    DIGEST = "digest"
    REQUEST = "request"  # a step of what somebody raised
    RATE = "rate"  # it is done, and they are asked to rate it
    VOTE = "vote"  # a step of an owners' vote
    BALLOT = "ballot"  # that a ballot was recorded for their unit
    MEETING = "meeting"  # the monthly consultation
    TOPIC = "topic"  # a step of a topic


# A kind without a table of its own is said in the fields of another one, which fit it as well.
_SAID_AS = {
    NoticeKind.RATE: NoticeKind.REQUEST,
    NoticeKind.BALLOT: NoticeKind.RECEIPT,
    NoticeKind.TOPIC: NoticeKind.REQUEST,
}
LITERAL = "="  # in front of words that always stand there


class _Kind(NamedTuple):
    """What the platform takes in a kind of field. words: of ours that can ever fit.

    not_taken: characters to leave out. blank: stands where there is nothing to say, since empty is not taken.
    """

    length: int | None
    words: tuple[str, ...]
    not_taken: str = ""
    blank: str = "无"
    dots: str = ""


_FREE = _Kind(None, WORDS)
_KINDS = {
    "thing": _Kind(20, WORDS, dots="…"),
    "character_string": _Kind(32, ("number",), r"[^!-~]", "-"),
    "number": _Kind(32, ("number",), r"[^0-9]", "0"),
    "phrase": _Kind(5, ("what", "state"), r"[^\u4e00-\u9fff]"),
    "time": _Kind(None, ("time",)),
    "date": _Kind(None, ("time",)),
    "const": _Kind(20, ()),  # one of a few values that the template names
    "first": _FREE,
    "keyword": _FREE,
    "remark": _FREE,
}
_KEY = re.compile(r"([a-z_]+?)([0-9]{0,2})")


@dataclass(frozen=True, slots=True)
class Template:
    """A template as the operator uses it for one kind of notice. fields: a word, or "=" and a text, by field."""

    template_id: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a notice is about, without anybody's own words.

    todo: what the reader may do now, or wait for. link: where a tap leads to, empty for nowhere.
    """

    kind: NoticeKind
    what: str
    state: str
    at: datetime
    compound: str
    number: int | None = None
    place: str = ""
    todo: str = ""
    link: str = ""


def fault_of(field: str, word: str) -> str:
    """Why this cannot stand in that field, in a line; empty when it can. Repeats nothing of `word`."""
    kind = _kind_of(field)
    if kind is None:
        known = ", ".join(name for name in _KINDS if name != "first")
        return f"not a field of a kind that is known: {known}, each with its number"
    if word.startswith(LITERAL):
        text = word.removeprefix(LITERAL)
        return (
            "" if text and fit(field, text) == text else "the text after = does not fit a field of this kind"
        )
    if word not in WORDS:
        return f"must be one of {', '.join(WORDS)}, or = and a text that always stands there"
    if word not in kind.words:
        takes = ", ".join(kind.words) or "only = and a text"
        return f"a field of this kind does not take that: it takes {takes}"
    return ""


def template_of(
    templates: Mapping[tuple[NoticeKind, Form], Template], kind: NoticeKind, form: Form
) -> Template | None:
    """The template that says a kind of notice in this form; None when the operator gave none."""
    found = templates.get((kind, form))
    return found or (templates.get((_SAID_AS[kind], form)) if kind in _SAID_AS else None)


def fill(template: Template, facts: Facts) -> dict[str, str]:
    """The value of each field, as the platform takes it."""
    values = {
        "number": "" if facts.number is None else str(facts.number),
        "what": facts.what,
        "state": facts.state,
        "time": full_moment(facts.at),
        "place": facts.place,
        "compound": facts.compound,
        "todo": facts.todo,
    }
    return {
        field: word.removeprefix(LITERAL) if word.startswith(LITERAL) else fit(field, values[word])
        for field, word in template.fields.items()
    }


def fit(field: str, text: str) -> str:
    """A value that a field of this kind takes: in one line, cut, without what does not belong; never empty."""
    kind = _kind_of(field) or _FREE
    line = " ".join(text.split())
    if kind.not_taken:
        line = re.sub(kind.not_taken, "", line)
    if kind.length is not None and len(line) > kind.length:
        line = line[: kind.length - len(kind.dots)] + kind.dots
    return line or kind.blank


def notice_key(form: Form, account: str) -> str:
    """Under which a message's payload has what one template says: {"template_id", "fields", "url"}."""
    return f"{form}@{account}"


def _kind_of(field: str) -> _Kind | None:
    found = _KEY.fullmatch(field)
    if found is None or (found[1] in ("first", "remark")) == bool(found[2]):
        return None
    return _KINDS.get(found[1])
