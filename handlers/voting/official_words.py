"""The result of the government's platform in words: what it is, its own word, and where figures do not fit."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from handlers.local_time import full_day
from handlers.voting.terms import AGREE, Status
from handlers.voting.words import choice_name, status_name, sums_words

NOT_COUNTED_HERE = (
    "这是政府平台的结果，不是在这里计的。数字是平台公布的，由两个人分别录入；"
    "够不够门槛，是按这些数字重新核对的。"
)


def source_words(result: Mapping[str, Any]) -> dict[str, str]:
    """Whose platform, published when, and where it stands."""
    source = result["official"]["source"]
    on = date.fromisoformat(source["on"])
    return {"name": source["name"], "on": full_day(on), "where": source["where"]}


def platform_words(question: Mapping[str, Any]) -> str:
    """What the platform itself says of a question."""
    word = question["word"]
    if word is None:
        return "平台没有写结论。"
    if not word:
        return "平台的结论：没有人当选。" if question["seats"] is not None else "平台的结论：没有通过。"
    if question["seats"] is not None:
        return f"平台的结论：当选的是{'、'.join(word)}。"
    if question["options"] == [AGREE]:
        return "平台的结论：通过。"
    return f"平台的结论：通过的是{choice_name(word[0])}。"


def difference_words(question: Mapping[str, Any], difference: Mapping[str, Any]) -> str:
    """One thing that does not fit, as `official` found it."""
    code = difference["code"]
    if code == "total":
        there, roll = sums_words(difference["there"]), sums_words(difference["roll"])
        return f"全体业主对不上：平台写的是 {there}，公告时冻结的名册是 {roll}。"
    if code == "other_by_roll":
        return f"要是按名册的总数算，结果会变成：{status_name(Status(difference['status']))}。"
    if code == "parts":
        added, there = sums_words(difference["added"]), sums_words(difference["there"])
        return f"各项加起来对不上：加起来是 {added}，平台写的参加数是 {there}。"
    if code == "only_one_measure":
        name = choice_name(difference["choice"]) if difference["choice"] else "参加的"
        return f"“{name}”只有人数没有面积，或者只有面积没有人数。"
    if code == "more_than_took_part":
        return f"“{choice_name(difference['choice'])}”比参加的还多。"
    if code == "word":
        return f"结论对不上：{platform_words(question)}按平台的数字核对是“{status_name(Status(question['status']))}”。"
    return _PLAIN[code]


_PLAIN = {
    "more_than_all": "参加的比全体业主还多。",
    "too_many_marks": "各位候选人的票加起来，比参加的人能投的还多。",
}
