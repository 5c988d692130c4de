"""The parts of a draft as forms: what stands in their fields, and what a filled form changes.

A field that cannot be read is told beside it, and everything that was typed is shown again.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from handlers.local_time import LOCAL
from handlers.voting.announced import Announced, announced_of
from handlers.voting.draft import Changes, Convener, QuestionEntry
from handlers.voting.terms import AGREE
from storage.states import VoteMode
from storage.tables import Vote, VoteQuestion

Values = dict[str, str]

YES_NO, OPTIONS, ELECTION = "yes_no", "options", "election"
_MOMENT = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})\D(\d{1,2})\D?")
_TICKS = ("parking", "spoiled_participates", "blank_is_spoiled", "deemed_follow", "extra_meeting")
_NUMBERS = (
    "notice_days",
    "extension_days",
    "objection_days",
    "public_days",
    "publish_within_days",
    "proxy_cap",
)
_CHOICES = ("revote", "channel_priority", "rank")
_MOST_DAYS = 400


class Unreadable(Exception):  # noqa: N818  an answer, not an error
    """What is wrong with a form, by field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(*faults.values())
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True)
class Part:
    """values: what a draft has. read: the changes that a filled form asks for; raises Unreadable."""

    values: Callable[[Vote], Values]
    read: Callable[[Values], Changes]


def _words(vote: Vote) -> Values:
    return {"title": vote.title, "body": vote.body}


def _convener(vote: Vote) -> Values:
    return {name: str(vote.convener.get(name, "")) for name in ("body", "name", "document")}


def _contact(vote: Vote) -> Values:
    return {
        "contact": vote.contact,
        "objections_to": vote.objections_to,
        "papers_to": vote.papers_to,
        "mode": VoteMode(vote.mode).value,
        "platform": vote.platform,
    }


def _window(vote: Vote) -> Values:
    return {"opens_at": moment_text(vote.opens_at), "closes_at": moment_text(vote.closes_at)}


def _rules(vote: Vote) -> Values:
    announced = announced_of(vote)
    values = {name: "yes" if getattr(announced, name) else "" for name in _TICKS}
    values |= {name: str(getattr(announced, name)) for name in _NUMBERS if name != "proxy_cap"}
    values["proxy_cap"] = "" if announced.proxy_cap is None else str(announced.proxy_cap)
    values |= {name: getattr(announced, name).value for name in _CHOICES}
    return values | {f"building-{building}": "yes" for building in announced.scope_buildings}


def _read_words(values: Values) -> Changes:
    return _checked(title=values["title"], body=values["body"])


def _read_convener(values: Values) -> Changes:
    try:
        return _checked(convener=Convener(**values))
    except ValidationError as error:
        raise Unreadable(_faults(error)) from None


def _read_window(values: Values) -> Changes:
    moments, faults = {}, {}
    for name, text in values.items():
        moment = read_moment(text)
        if moment is None:
            faults[name] = "看不懂这个时间。请写成：2026-05-20 09:00"
        else:
            moments[name] = moment
    if faults:
        raise Unreadable(faults)
    return _checked(**moments)


def _read_rules(values: Values) -> Changes:
    rules: dict[str, Any] = {name: values.get(name) == "yes" for name in _TICKS}
    faults = {}
    for name in _NUMBERS:
        text = values.get(name, "").translate(str.maketrans("０１２３４５６７８９", "0123456789"))
        if name == "proxy_cap" and not text:
            rules[name] = None
        elif not re.fullmatch(r"\d{1,3}", text) or int(text) > _MOST_DAYS:
            faults[name] = f"请填 0 到 {_MOST_DAYS} 之间的整数。"
        else:
            rules[name] = int(text)
    rules |= {name: values.get(name, "") for name in _CHOICES}
    rules["scope_buildings"] = sorted(
        name.removeprefix("building-")
        for name, value in values.items()
        if name.startswith("building-") and value
    )
    if faults:
        raise Unreadable(faults)
    try:
        Announced.model_validate(rules)
    except ValidationError as error:
        raise Unreadable(_faults(error)) from None
    return _checked(rules=rules)


PARTS: Mapping[str, Part] = {
    "words": Part(_words, _read_words),
    "convener": Part(_convener, _read_convener),
    "contact": Part(_contact, lambda values: _checked(**values)),
    "window": Part(_window, _read_window),
    "rules": Part(_rules, _read_rules),
}


def question_values(row: VoteQuestion | None) -> Values:
    """What stands in the fields of a question; of a new one."""
    if row is None:
        return {"title": "", "body": "", "item": "0", "kind": YES_NO, "options": "", "seats": ""}
    kind = ELECTION if row.seats is not None else YES_NO if row.options == [AGREE] else OPTIONS
    return {
        "title": row.title,
        "body": row.body,
        "item": str(row.item),
        "kind": kind,
        "options": "" if kind == YES_NO else "\n".join(row.options),
        "seats": "" if row.seats is None else str(row.seats),
    }


def question_entry(row: VoteQuestion) -> QuestionEntry:
    """A question as `edit_vote` takes it."""
    return QuestionEntry(item=row.item, title=row.title, body=row.body, options=row.options, seats=row.seats)


def read_question(values: Values) -> QuestionEntry:
    """The question that a form describes; raises Unreadable."""
    kind = values["kind"]
    options = [line.strip() for line in values["options"].splitlines() if line.strip()]
    faults = {}
    if kind != YES_NO and len(options) < 2 - (kind == ELECTION):
        faults["options"] = (
            "请把选项写上，一行一个，至少两个。" if kind == OPTIONS else "请写上候选人，一行一个。"
        )
    seats = values["seats"].strip()
    if kind == ELECTION and not (re.fullmatch(r"\d{1,2}", seats) and int(seats)):
        faults["seats"] = "请写要选几个人，填数字。"
    if not re.fullmatch(r"\d", values["item"]):
        faults["item"] = "请选是哪一类事项。"
    if faults:
        raise Unreadable(faults)
    try:
        return QuestionEntry(
            item=int(values["item"]),
            title=values["title"],
            body=values["body"],
            options=[AGREE] if kind == YES_NO else options,
            seats=int(seats) if kind == ELECTION else None,
        )
    except ValidationError as error:
        raise Unreadable(_faults(error)) from None


def moment_text(at: datetime | None) -> str:
    """As a field for a moment wants it, in the compound's time."""
    return at.astimezone(LOCAL).strftime("%Y-%m-%dT%H:%M") if at else ""


def read_moment(text: str) -> datetime | None:
    """A moment of the compound's time as somebody writes it; None for what is none."""
    figures = text.strip().translate(str.maketrans("０１２３４５６７８９：", "0123456789:"))
    found = _MOMENT.fullmatch(figures)
    if found is None:
        return None
    year, month, day, hour, minute = (int(each) for each in found.groups())
    try:
        return datetime(year, month, day, hour, minute, tzinfo=LOCAL)
    except ValueError:
        return None


def suggested_window(notice_days: int, now: datetime) -> Values:
    """The first morning that is late enough, and two weeks, to the evening."""
    first = (now.astimezone(LOCAL) + timedelta(days=notice_days + 1)).replace(hour=9, minute=0)
    last = (first + timedelta(days=14)).replace(hour=20)
    return {"opens_at": moment_text(first), "closes_at": moment_text(last)}


def _checked(**changes: Any) -> Changes:
    try:
        return Changes(**changes)
    except ValidationError as error:
        raise Unreadable(_faults(error)) from None


def _faults(error: ValidationError) -> dict[str, str]:
    """In Chinese, by field."""
    faults = {}
    for each in error.errors():
        field = str(each["loc"][0]) if each["loc"] else "options"
        if each["type"] == "string_too_long":
            faults[field] = f"太长了，最多 {each['ctx']['max_length']} 个字。"
        elif field == "options":
            faults[field] = "有的选项重复了，或者和“同意”“弃权”这些固定的选项同名，或者太长，请改一下。"
        else:
            faults[field] = "请核对这一项。"
    return faults
