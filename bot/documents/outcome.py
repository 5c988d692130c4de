"""The result of a vote as documents print it: what is in its JSON (handlers/voting/result.py), in words. Pure.

Nothing is counted here. What is needed of candidates is worked out from the law's share and the sums in the JSON.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.documents.about import About, Matter, anchor, in_groups, matter_head
from bot.documents.qr import qr_svg
from handlers.local_time import full_day
from handlers.voting import words
from handlers.voting.marks import NEITHER
from handlers.voting.official_words import NOT_COUNTED_HERE, difference_words, platform_words, source_words
from handlers.voting.terms import (
    ABSTAIN,
    AGAINST,
    AGREE,
    CaseKind,
    Regime,
    Rejection,
    Status,
    area_of,
    area_text,
)
from handlers.voting.thresholds import Majority, Share, majority_for


@dataclass(frozen=True, slots=True)
class Published:
    """A result and where its evidence stood. log_root, log_size: of the checkpoint that it came with."""

    result: Mapping[str, Any]
    log_root: bytes
    log_size: int
    published_at: datetime


def outcome_data(about: About, published: Published) -> dict[str, Any]:
    """Everything of a result that its documents show."""
    result, announced = published.result, about.announced
    by_id = {question["id"]: question for question in result["questions"]}
    objections_end = published.published_at + timedelta(days=announced.objection_days)
    public_end = objections_end + timedelta(days=announced.public_days)
    return {
        "official": {"says": NOT_COUNTED_HERE, **source_words(result)} if "official" in result else None,
        "ballots": words.number_words(result.get("ballots", 0)),
        "rejected": [
            [words.rejection_words(Rejection(reason)), words.number_words(count)]
            for reason, count in result.get("rejected", {}).items()
        ],
        "questions": [
            _question(about, matter, by_id[matter.question.question_id], result["rules"])
            for matter in about.matters
        ],
        "log_root": in_groups(published.log_root.hex()),
        "log_size": words.number_words(published.log_size),
        "log_qr": qr_svg(anchor(about, published.log_root)),
        "objection_days": announced.objection_days,
        "objections_end": full_day(objections_end),
        "public_days": announced.public_days,
        "public_end": full_day(public_end),
    }


def _question(
    about: About, matter: Matter, question: Mapping[str, Any], rules: Mapping[str, Any]
) -> dict[str, Any]:
    status = Status(question["status"])
    majority = majority_for(Regime(rules["regime"]), question["item"])
    return {
        **matter_head(about, matter),
        "status": words.status_name(status),
        "good": status is Status.PASSED,
        "means": words.status_words(status),
        "decided": _decided(question) if status is not Status.REVIEW_REQUIRED else [],
        "sums": _sums_rows(question, majority),
        "choices": [
            [words.choice_name(each["choice"]), *_cells(each)]
            for each in _choices(question, question["options"], all_options=True)
        ],
        "needs": _needs(question, majority),
        "notes": [words.note_words(note) for note in question["notes"]],
        "cases": [
            [words.case_words(CaseKind(kind)), words.number_words(count)]
            for kind, count in sorted(Counter(question["cases"]).items())
        ],
        "hangs_on": words.sensitivity_words(rules, question),
        "word": platform_words(question) if "word" in question else "",
        "differences": [difference_words(question, each) for each in question.get("differences", ())],
        "by_channel": _table(question, "by_channel", words.channel_name),
        "by_building": _table(question, "by_building", words.building_name),
    }


def _decided(question: Mapping[str, Any]) -> list[str]:
    said = []
    if question["passed"] and question["options"] != [AGREE]:
        said.append(f"定下来的是：{words.choice_name(question['passed'])}。")
    for name, start in (("elected", "当选"), ("alternates", "够票、没有排进名额"), ("tie", "并列")):
        if question[name]:
            said.append(f"{start}：{'、'.join(question[name])}。")
    if question["seats_unfilled"]:
        said.append(f"还空 {question['seats_unfilled']} 个名额。")
    return said


def _sums_rows(question: Mapping[str, Any], majority: Majority) -> list[list[Any]]:
    """Of whom, how many, how much area; what is needed stands below what is there."""
    total, participants, agreed = question["total"], question["participants"], question["agreed"]
    rows = [
        ["全体业主", *_cells(total)],
        ["参加的", *_cells(participants, total)],
        ["参加的要", *_least(question["quorum"]["need"], majority.quorum)],
    ]
    if agreed is None:
        return [*rows, ["每位候选人要", *_least(_of_candidates(question, majority), majority.agreement)]]
    most = "同意的" if question["options"] == [AGREE] else "同意最多的"
    rows.append([most, *_cells(agreed, total if majority.of_all else participants)])
    return [*rows, ["同意的要", *_least(question["passing"]["need"], majority.agreement)]]


def _of_candidates(question: Mapping[str, Any], majority: Majority) -> dict[str, Any]:
    """What each of the candidates needs, in the form of a result's JSON."""
    base = question["total"] if majority.of_all else question["participants"]
    area = majority.agreement.least(area_of(base["area"]))
    return {"persons": majority.agreement.least(base["persons"]), "area": area_text(area)}


def _needs(question: Mapping[str, Any], majority: Majority) -> list[str]:
    said = [
        words.need_words(
            "参加的", question["participants"], question["quorum"], strict=majority.quorum.strict
        )
    ]
    strict = majority.agreement.strict
    if question["passing"] is not None:
        said.append(words.need_words("同意的", question["agreed"], question["passing"], strict=strict))
    else:
        need = words.least_words(_of_candidates(question, majority), strict=strict)
        said.append(f"每位候选人需要 {need}。")
    return said


def _cells(sums: Mapping[str, Any], of: Mapping[str, Any] | None = None) -> list[list[str]]:
    """Persons and area, each with its share of a whole, "" where there is none."""
    persons, area = words.number_words(sums["persons"]), words.area_number(sums["area"])
    if of is None:
        return [[persons, ""], [area, ""]]
    share_of_area = words.percent(area_of(sums["area"]), area_of(of["area"]))
    return [[persons, words.percent(sums["persons"], of["persons"])], [area, share_of_area]]


def _least(need: Mapping[str, Any], share: Share) -> list[list[str]]:
    """The least persons; the least area, or the one to exceed."""
    area = area_of(need["area"])
    enough = f"超过 {words.area_number(area_text(area - 1))}" if share.strict and area else ""
    return [
        [f"至少 {words.number_words(need['persons'])}", ""],
        [enough or f"至少 {words.area_number(need['area'])}", ""],
    ]


def _choices(
    rows: Mapping[str, Any], options: Sequence[str], *, all_options: bool
) -> list[Mapping[str, Any]]:
    """In the order of the paper; a candidate whom nobody named has nothing, and stands there all the same."""
    marked = {each["choice"]: each for each in rows["choices"]}
    order = [*options, AGAINST, NEITHER, ABSTAIN]
    nothing = {option: {"choice": option, "persons": 0, "area": area_text(0)} for option in options}
    there = {**(nothing if all_options else {}), **marked}
    return sorted(
        there.values(),
        key=lambda each: order.index(each["choice"]) if each["choice"] in order else len(order),
    )


def _table(question: Mapping[str, Any], which: str, name: Callable[[str], str]) -> list[list[str]]:
    """A name, who took part, and each choice, in words: as many choices as there are fit on any page."""
    return [
        [
            name(row["name"]),
            words.sums_words(row["participants"]),
            "；".join(
                f"{words.choice_name(each['choice'])} {words.sums_words(each)}"
                for each in _choices(row, question["options"], all_options=False)
            ),
        ]
        for row in question[which]
    ]
