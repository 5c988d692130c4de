"""What is unlawful or unwise about a draft, said before anything is sent. Pure.

An error keeps the notice back. A warning is for the secretary to decide. Every finding names the field it is about, a
stable code, and in plain words what to do.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.voting.announced import Announced
from handlers.voting.jurisdictions import Profile
from handlers.voting.templates import UNFILLED
from handlers.voting.terms import AGREE, Question
from storage.states import VoteMode

CONVENERS = (
    "业主委员会",
    "首次业主大会筹备组",
    "换届改选小组",
    "物业管理委员会",
    "居民委员会",
    "街道办事处、乡镇人民政府",
)
CONTACTABLE = 67  # percent of the units: with fewer there is no quorum to be reached
_CLOSED_MATTERS = {
    4: re.compile(r"选聘|解聘|续聘|物业服务(企业|合同|公司)"),
    5: re.compile(r"使用.{0,12}(维修资金|维修基金)|(动用|支取).{0,8}维修"),
    6: re.compile(r"(筹集|续筹|补交|归集|补足).{0,12}(维修资金|维修基金)"),
    7: re.compile(r"改建|重建|加装电梯|扩建"),
    8: re.compile(r"改变.{0,12}(用途|共有部分)|(共有部分|公共收益|架空层|外墙).{0,12}经营"),
}
_REWARD = re.compile(
    r"(投票|表决|参与|同意)[^。！？\n]{0,16}(送(?![达到交至回往])|领(?!导)|奖|礼品|红包|积分|抽奖|(?<![方分厘毫千\d])米|油(?!漆)|鸡蛋)|(凭|持)[^。\n]{0,6}(选票|投票)[^。\n]{0,10}(领|换)"
)
_TO_BUSINESS = re.compile(r"住(宅|房)?[^。\n]{0,6}(改|变更)[^。\n]{0,6}(商|经营性用房|民宿)|住改商")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is linted. convener: {"body", "name", "document"}. checked: keys of the profile somebody has looked up.

    units: of the present roll, in scope; unready: those that could not be frozen; contactable: those with an owner
    who can be reached. officers: how many were named who see which units have not voted.
    """

    title: str
    body: str
    questions: tuple[Question, ...]
    texts: Mapping[str, str]
    convener: Mapping[str, str]
    announced: Announced
    opens_at: datetime | None
    closes_at: datetime | None
    checked: frozenset[str] = frozenset()
    extra_meeting: bool = False
    units: int = 0
    unready: int = 0
    contactable: int = 0
    contact: str = ""
    mode: VoteMode = VoteMode.HERE
    platform: str = ""
    officers: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """error: the notice is kept back. field: of the page, e.g. "q2" or "opens_at"."""

    code: str
    field: str
    text: str
    error: bool = True


def lint(draft: Draft, profile: Profile, now: datetime) -> list[Finding]:
    """Everything there is to say about a draft, errors first."""
    found = [finding for check in _CHECKS for finding in check(draft, profile, now)]
    return sorted(found, key=lambda finding: not finding.error)


def notice_days(draft: Draft, profile: Profile) -> int:
    """How many days the notice comes ahead; a place may have a shorter period for extra meetings."""
    extra = profile.number("extra_meeting_notice_days")
    return extra if draft.extra_meeting and extra else profile.number("notice_days")


def days_ahead(draft: Draft, profile: Profile) -> int:
    """The same, or longer where the draft itself announces so: that binds, too (rules.step)."""
    return max(notice_days(draft, profile), draft.announced.notice_days)


def _times(draft: Draft, profile: Profile, now: datetime) -> Iterator[Finding]:
    if draft.opens_at is None or draft.closes_at is None:
        yield Finding("lint.no_window", "opens_at", "请填写投票开始和截止的时间。")
        return
    if draft.closes_at <= draft.opens_at:
        yield Finding("lint.window_backwards", "closes_at", "截止时间要晚于开始时间。")
        return
    prescribed, days = notice_days(draft, profile), days_ahead(draft, profile)
    earliest = now + timedelta(days=days)
    if draft.opens_at < earliest:
        day = earliest.astimezone(draft.opens_at.tzinfo)
        text = f"要提前 {days} 天通知业主。今天发通知，最早 {day:%-m月%-d日 %H:%M} 开始。"
        yield Finding("lint.notice_too_short", "opens_at", text)
    least, most = profile.number("window_min_days"), profile.number("window_max_days")
    length = draft.closes_at - draft.opens_at
    if length < timedelta(days=least):
        yield Finding("lint.window_too_short", "closes_at", f"投票时间不能少于 {least} 天。")
    if length > timedelta(days=most):
        yield Finding("lint.window_too_long", "closes_at", f"投票时间不能超过 {most} 天。")
    if length < timedelta(days=7) and length >= timedelta(days=least):
        text = "不到七天，常有业主来不及投。建议跨一个周末。"
        yield Finding("lint.window_short", "closes_at", text, error=False)
    if draft.announced.notice_days < prescribed:
        yield Finding(
            "lint.notice_rule",
            "opens_at",
            f"通知期定为 {draft.announced.notice_days} 天，少于规定的 {prescribed} 天。",
        )


def _who(draft: Draft, _profile: Profile, _now: datetime) -> Iterator[Finding]:
    if draft.convener.get("body") not in CONVENERS:
        text = "请选召集人。书记可以操办，但不是法定召集人。"
        yield Finding("lint.no_convener", "convener", text)
    if not draft.convener.get("document", "").strip():
        text = "请写上召集的依据，比如业委会决议的编号。"
        yield Finding("lint.no_convener_document", "convener", text)


def _where(draft: Draft, profile: Profile, _now: datetime) -> Iterator[Finding]:
    if not draft.contact.strip():
        text = "请写上业主有疑问找谁、去哪里，比如“社区居委会陈书记，电话……”。"
        yield Finding("lint.no_contact", "contact", text)
    if draft.mode is VoteMode.OFFICIAL_PLATFORM:
        if not draft.platform.strip():
            yield Finding("lint.no_platform", "platform", "请写上政府平台的名称，业主要去那里投票。")
    elif profile.only_official:
        yield Finding("lint.only_official", "mode", f"{profile.name}规定只能在政府的平台上投票。")
    if draft.mode is VoteMode.HERE and not draft.officers:
        text = "还没有定两位上门负责人。公告发布以后不能再定，那样就没有上门名单。"
        yield Finding("lint.no_officers", "officers", text, error=False)


def _matters(draft: Draft, _profile: Profile, _now: datetime) -> Iterator[Finding]:
    if not draft.title.strip():
        yield Finding("lint.no_title", "title", "请写一个标题。")
    if not draft.questions:
        yield Finding("lint.no_question", "questions", "至少要有一个表决事项。")
    for question in draft.questions:
        where, text = question.question_id, draft.texts.get(question.question_id, "")
        if not text.strip():
            yield Finding("lint.no_text", where, "请写清楚要业主决定什么。")
        if not 1 <= question.item <= 9:
            yield Finding("lint.no_item", where, "请选这是民法典第278条的哪一项。")
        if _TO_BUSINESS.search(text):
            yield Finding(
                "lint.not_278",
                where,
                "住宅改经营要经有利害关系的业主一致同意（民法典第279条），不能用这个表决来定。",
            )
        if len(question.options) == 1 and question.options != (AGREE,) and question.seats is None:
            yield Finding("lint.one_option", where, "只有一个选项，请改成“同意、不同意、弃权”。")
        yield from _seats(question)
        yield from _wording(question, text)
    written = [text.strip() for text in draft.texts.values() if text.strip()]
    if len(set(written)) < len(written):
        yield Finding("lint.same_text", "questions", "有两个事项写得一样。")


def _seats(question: Question) -> Iterator[Finding]:
    if question.seats is None:
        return
    if question.item != 3:
        yield Finding("lint.election_item", question.question_id, "选举属于第三项：选举或者更换业主委员会。")
    if len(question.options) < question.seats:
        text = f"要选 {question.seats} 人，候选人只有 {len(question.options)} 个。"
        yield Finding("lint.few_candidates", question.question_id, text)
    elif len(question.options) == question.seats:
        text = "候选人和席位一样多，每人仍要过半数才当选。建议多提几位。"
        yield Finding("lint.no_more_candidates", question.question_id, text, error=False)


def _wording(question: Question, text: str) -> Iterator[Finding]:
    """Words of another item: three quarters where somebody chose a half, or money raised where it is only spent."""
    likely = [item for item, pattern in _CLOSED_MATTERS.items() if pattern.search(text)]
    if not likely or question.item in likely:
        return
    heavier = [item for item in likely if item in (6, 7, 8)]
    if heavier and question.item not in (6, 7, 8):
        told = f"看内容像第 {heavier[0]} 项，要四分之三同意。您选的是第 {question.item} 项，请核对。"
        yield Finding("lint.item_too_light", question.question_id, told)
    else:
        told = f"看内容像第 {likely[0]} 项，您选的是第 {question.item} 项，请核对。"
        yield Finding("lint.item_doubtful", question.question_id, told, error=False)


def _promises(draft: Draft, _profile: Profile, _now: datetime) -> Iterator[Finding]:
    for where, text in (("title", draft.title), ("body", draft.body), *draft.texts.items()):
        if _REWARD.search(text):
            yield Finding("lint.reward", where, "不能因为投票或怎么投给好处，请删掉这句。")


def _unfilled(draft: Draft, _profile: Profile, _now: datetime) -> Iterator[Finding]:
    for where, text in (("title", draft.title), ("body", draft.body), *draft.texts.items()):
        if found := UNFILLED.search(text):
            yield Finding("lint.unfilled", where, f"还有没填的地方：{found[0]}")


def _roll(draft: Draft, _profile: Profile, _now: datetime) -> Iterator[Finding]:
    if not draft.units:
        yield Finding("lint.no_roll", "roll", "还没有房屋清册，请先导入。")
        return
    if draft.unready:
        text = f"有 {draft.unready} 套房缺面积或业主，补好才能发通知。"
        yield Finding("lint.roll_unready", "roll", text)
    if draft.contactable * 100 < CONTACTABLE * draft.units:
        share = draft.contactable * 100 // draft.units
        text = f"能联系上的业主只有 {share}%，要三分之二参与才有效。请先上门登记。"
        yield Finding("lint.few_contactable", "roll", text, error=False)


def _place(draft: Draft, profile: Profile, _now: datetime) -> Iterator[Finding]:
    for name in profile.unverified:
        if name not in draft.checked:
            text = f"“{KEY_NAMES.get(name, name)}”在{profile.name}没有核实的依据，请查证后记下查证人。"
            yield Finding("lint.unverified", f"profile.{name}", text)
    announced = draft.announced
    cap = profile.number("proxy_cap")
    if cap and (announced.proxy_cap is None or announced.proxy_cap > cap):
        yield Finding("lint.proxy_cap", "proxy_cap", f"{profile.name}规定一人最多受 {cap} 位业主委托。")
    if profile.keys["revote"].verified and profile.word("revote") != announced.revote:
        yield Finding("lint.revote", "revote", f"改票的规则和{profile.name}的规定不一样。")
    if announced.publish_within_days > profile.number("publish_within_days"):
        days = profile.number("publish_within_days")
        yield Finding("lint.publish_late", "publish_within_days", f"结果要在 {days} 天内公布。")
    for name, told in (("objection_days", "异议期"), ("public_days", "公示期")):
        if profile.keys[name].verified and getattr(announced, name) < profile.number(name):
            yield Finding(f"lint.{name}", name, f"{told}不能少于 {profile.number(name)} 天。")
    if announced.deemed_follow:
        text = "“未投视为从多”要在议事规则里写明，送达要有凭证。没有就不要用。"
        yield Finding("lint.deemed_follow", "deemed_follow", text, error=False)


KEY_NAMES = {
    "notice_days": "提前通知的天数",
    "tell_residents_committee": "告知居委会",
    "inspection": "业主查阅",
    "keep_years": "存证年限",
    "binding_online": "能不能在这里投票",
    "window_min_days": "投票最短天数",
    "window_max_days": "投票最长天数",
    "paper_on_request": "提供纸质选票",
    "only_announced_matters": "只表决公告过的事项",
    "publish_within_days": "公布结果的期限",
    "disclose": "公布到什么程度",
    "objection_days": "异议期",
    "public_days": "公示期",
    "revote": "能不能改票",
    "proxy_cap": "委托人数上限",
    "count_channels_together": "线上和纸质合并计票",
    "extra_meeting_notice_days": "临时会议提前通知的天数",
    "committee_least_seats": "业委会最少人数",
}

_CHECKS: tuple[Callable[[Draft, Profile, datetime], Iterable[Finding]], ...] = (
    _matters,
    _who,
    _where,
    _times,
    _promises,
    _unfilled,
    _roll,
    _place,
)
