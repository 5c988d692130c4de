"""A vote in plain Chinese, for papers and pages: matters, majorities, rules, outcomes, refusals. Pure.

Sentences are short (60 characters at most), say what is so and what to do, and leave the law's terms to where an
owner needs them. What is counted is printed in integers; a percentage is only ever beside them, and cut off.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from handlers.voting.announced import Announced
from handlers.voting.marks import NEITHER
from handlers.voting.outcome import DEEMED
from handlers.voting.terms import (
    ABSTAIN,
    AGAINST,
    AGREE,
    BLANK,
    FOLLOW,
    FOLLOW_UNDEFINED,
    SPOILED,
    CaseKind,
    ChannelPriority,
    Choice,
    Rank,
    Regime,
    Rejection,
    Revote,
    Status,
    area_of,
    area_text,
)
from handlers.voting.thresholds import Share, majority_for
from storage.states import BallotChannel, UnitKind, VoteMode

_ITEMS = {
    1: "定业主大会的议事规则",
    2: "定小区的管理规约",
    3: "选业委会，或者换业委会的人",
    4: "请物业公司，或者不再请",
    5: "用维修资金",
    6: "筹维修资金",
    7: "改建、重建房屋和设施",
    8: "改公共部分的用途，或者拿来经营",
    9: "其他关系到大家的大事",
}
_NUMERALS = "一二三四五六七八九"

_SHARES = {
    Share(1, 2, strict=True): "超过{whole}一半",
    Share(2, 3, strict=False): "达到{whole}三分之二",
    Share(3, 4, strict=False): "达到{whole}四分之三",
}

_STATUSES = {
    Status.PASSED: ("通过", "参加的够了，同意的也够了，这件事定下来了。"),
    Status.NOT_PASSED: ("未形成有效决定", "参加的够了，同意的不够。这不等于大家决定不做。"),
    Status.NO_QUORUM: ("参加的不够，未形成有效决定", "参加的人数或者面积没到法定的数，这次定不了。"),
    Status.REVIEW_REQUIRED: ("有票待核实", "有的票互相矛盾，两位核实人看过才有结果。"),
    Status.SEATS_UNFILLED: ("没有选满", "够票的候选人比名额少，空下的名额要再选。"),
    Status.RUNOFF_REQUIRED: ("并列，要再选一次", "最后的名额有人并列，并列的几位要再选一次。"),
}

_REJECTIONS = {
    Rejection.UNKNOWN_UNIT: "房号不在这次的名册里",
    Rejection.EARLY: "投票还没开始就投了",
    Rejection.LATE: "截止以后才到",
    Rejection.NOT_REPRESENTATIVE: "共有的房子，投票的不是说好的代表",
    Rejection.MINOR_NEEDS_GUARDIAN: "业主未成年，要由监护人来投",
    Rejection.PROXY_CAP: "一个人替太多业主投票，超出的不算",
    Rejection.DUPLICATE_OTHER_CHANNEL: "已经用别的方式投过",
    Rejection.REVOTE_REFUSED: "已经投过，按公告不能再改",
}

_CASES = {
    CaseKind.CO_OWNER_CONFLICT: "共有人没有推选代表，又投得不一样",
    CaseKind.SAME_OWNER_CONFLICT: "同一位业主的几套房，投得不一样",
    CaseKind.CONTESTED: "业主说这张票不是本人投的",
}

_NOTES = {FOLLOW_UNDEFINED: "多数意见不明确，选“从多”的票这次算弃权。"}

_CHOICES = {
    AGREE: "同意",
    AGAINST: "不同意",
    ABSTAIN: "弃权",
    SPOILED: "废票",
    BLANK: "没有填",
    FOLLOW: "从多",
    NEITHER: "都不同意",
    DEEMED: "送达未投，跟多数",
}

_CHANNELS = {
    BallotChannel.ONLINE: "网上",
    BallotChannel.PAPER: "纸票",
    BallotChannel.PHONE: "电话或视频",
    DEEMED: "送达未投",
}

_REVOTES = {
    Revote.NONE: "投出以后不能改。",
    Revote.ONCE: "截止前可以改一次，用原来的方式改，改后的算数。",
    Revote.LAST: "截止前可以改，用原来的方式改，最后一次算数。",
}

_PRIORITIES = {
    ChannelPriority.FIRST_RECORDED: "网上和纸上都投了的，先到的算数。",
    ChannelPriority.PAPER_OVER_ONLINE: "网上和纸上都投了的，纸票算数。",
}

_RANKS = {
    Rank.COUNT_THEN_AREA: "够票的候选人按人数排先后，人数一样的看面积。",
    Rank.AREA_THEN_COUNT: "够票的候选人按面积排先后，面积一样的看人数。",
    Rank.SUM_OF_SHARES: "够票的候选人，把人数比例和面积比例相加，排先后。",
}

_ALTERNATIVES = {
    "spoiled": ("废票算作参加", "废票不算参加"),
    "parking": ("车位也算在内", "车位不算在内"),
    "deemed": ("送达未投的跟多数走", "送达未投的不算"),
}


def item_name(item: int) -> str:
    """A matter of art. 278 paragraph 1, 1 to 9, as one would say it."""
    return _ITEMS[item]


def item_law(item: int) -> str:
    """Where the law names it."""
    return f"民法典第278条第（{_NUMERALS[item - 1]}）项"


def majority_words(regime: Regime, item: int, *, election: bool = False) -> tuple[str, str]:
    """What a matter needs to be decided: who has to take part, and who has to agree."""
    majority = majority_for(regime, item)
    take_part = _SHARES[majority.quorum].format(whole="全体业主的")
    agree = _SHARES[majority.agreement].format(whole="全体业主的" if majority.of_all else "参加的")
    whose = "每位候选人得到的同意" if election else "同意的"
    return f"参加投票的，人数和面积都要{take_part}。", f"{whose}，人数和面积都要{agree}。"


def status_name(status: Status) -> str:
    """What became of a question, in a few words. NOT_PASSED is 未形成有效决定, never the opposite decision."""
    return _STATUSES[status][0]


def status_words(status: Status) -> str:
    """What that means, in a sentence."""
    return _STATUSES[status][1]


def rejection_words(reason: Rejection) -> str:
    """Why a ballot does not count."""
    return _REJECTIONS[reason]


def case_words(kind: CaseKind) -> str:
    """What has to be ruled on."""
    return _CASES[kind]


def note_words(note: str) -> str:
    """What is to be known about how the sums came about."""
    return _NOTES[note]


def choice_name(choice: str) -> str:
    """What was marked; an option or a candidate is its own name."""
    return _CHOICES.get(choice, choice)


def channel_name(channel: str) -> str:
    """How a ballot came."""
    return _CHANNELS.get(channel, channel)


def building_name(building: str) -> str:
    """A building; what was put together because it is too few stands as the others."""
    if not building:
        return "其他楼栋合计"
    return building if building.endswith(("栋", "幢", "楼", "座")) else f"{building}栋"


def unit_words(kind: UnitKind, building: str, entrance: str, room: str, unit_code: str) -> str:
    """A unit as its owner calls it: 3栋2单元501, 车位 P-017."""
    name = room or unit_code
    if kind is UnitKind.PARKING:
        return f"车位 {name}"
    if not room or not building:
        return name
    return f"{building_name(building)}{f'{entrance}单元' if entrance else ''}{name}"


def mark_words(mark: Choice) -> str:
    """What was marked for a question; in an election the names, or that there are none."""
    if isinstance(mark, str):
        return choice_name(mark)
    return "、".join(sorted(mark)) if mark else choice_name(NEITHER)


def revote_words(revote: Revote) -> str:
    """Whether a ballot may be changed."""
    return _REVOTES[revote]


def number_words(number: int) -> str:
    """An integer as notices print it: 1,505."""
    return f"{number:,}"


def area_number(area: str) -> str:
    """An exact area as `area_text` gives it, without its unit: 191,619.21."""
    whole, _, decimals = area.partition(".")
    return f"{int(whole):,}.{decimals}"


def area_words(area: str) -> str:
    """An exact area with its unit: 191,619.21 平方米."""
    return f"{area_number(area)} 平方米"


def sums_words(sums: Mapping[str, Any]) -> str:
    """Persons and area of a result's JSON."""
    return f"{number_words(sums['persons'])} 人，{area_words(sums['area'])}"


def percent(part: int, whole: int) -> str:
    """A share for the eye, cut off after two decimals and never rounded up: 63.48%."""
    hundredths = part * 10_000 // whole if whole > 0 else 0
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


def rules_words(announced: Announced, *, election: bool = False) -> list[str]:
    """The rules that were announced, each in a sentence."""
    return list(_rules(announced, election=election))


def _rules(announced: Announced, *, election: bool) -> Iterator[str]:
    if announced.regime is Regime.PROPERTY_LAW:
        yield "按2021年以前的物权法计票。"
    yield "一位业主算一个人，几套房也是一个人，面积加在一起。"
    yield f"车位{'的面积也算在内' if announced.parking else '不算在内'}。"
    yield "弃权的算参加，不算同意。没有投票的不算参加。"
    yield "哪一项没有填，那一项算废票。" if announced.blank_is_spoiled else "哪一项没有填，那一项算弃权。"
    spoiled = "算参加，不算同意" if announced.spoiled_participates else "不算参加"
    yield f"填错、看不清的算废票，{spoiled}。一项填错，不影响别的项。"
    yield _REVOTES[announced.revote]
    yield _PRIORITIES[announced.channel_priority]
    yield _proxies(announced.proxy_cap)
    if announced.deemed_follow:
        yield "表决材料送到了又没有投票的，跟多数人的意见走。"
    else:
        yield "没有投票的，谁也不能替他算票。"
    if election:
        yield _RANKS[announced.rank]
    if announced.extension_days:
        yield f"截止前可以延长一次，延长 {announced.extension_days} 天，会另发通知。"
    else:
        yield "到时间就截止，不延长。"
    yield f"截止后 {announced.publish_within_days} 天内公布结果。"
    yield f"公布后 {announced.objection_days} 天内可以提异议，再公示 {announced.public_days} 天。"


def _proxies(cap: int | None) -> str:
    if cap == 0:
        return "这次不接受委托投票。"
    most = "" if cap is None else f"一个人最多替 {cap} 位业主投。"
    return f"自己来不了，可以写委托书请人代投。{most}"


def scope_words(buildings: list[str]) -> str:
    """Whose vote it is."""
    if not buildings:
        return "全小区的业主"
    return f"{'、'.join(building_name(each) for each in sorted(buildings))}的业主"


def mode_words(mode: VoteMode) -> str:
    """Where the ballots that count are cast."""
    if mode is VoteMode.OFFICIAL_PLATFORM:
        return "这次表决在政府的电子投票平台上进行，只有平台上的票算数。"
    return "网上投、纸上投都算数，选一种就好。"


def least_words(need: Mapping[str, Any], *, strict: bool) -> str:
    """The least that is enough, as a result's JSON has it: 200 人，19,180.00 平方米.

    strict: the share must be exceeded. Then the area is the one to exceed, since the least above it, a millionth
    more, reads as if somebody had measured it.
    """
    persons, area = number_words(need["persons"]), area_of(need["area"])
    if strict and area > 0:
        return f"{persons} 人，超过 {area_words(area_text(area - 1))}"
    return f"{persons} 人，{area_words(area_text(area))}"


def need_words(
    what: str, have: Mapping[str, Any], distance: Mapping[str, Any], *, strict: bool = False
) -> str:
    """What is there beside what is needed, and how much is missing: 参加的……；需要……；还差……。"""
    missing = distance["missing"]
    short = [f"{number_words(missing['persons'])} 人"] if missing["persons"] else []
    if area := area_of(missing["area"]):
        short.append(f"{area_words(area_text(area - 1))}多一点" if strict else area_words(missing["area"]))
    end = "够了" if distance["reached"] else f"还差 {'、'.join(short)}"
    return f"{what} {sums_words(have)}；需要 {least_words(distance['need'], strict=strict)}；{end}。"


def sensitivity_words(rules: Mapping[str, Any], question: Mapping[str, Any]) -> list[str]:
    """What the outcome of a question hangs on, a sentence each; both are of a result's JSON."""
    now = {
        "spoiled": rules["spoiled_participates"],
        "parking": rules["parking_counts"],
        "deemed": rules["deemed_follow"],
    }
    said = []
    for name, status in question["under_other_rules"].items():
        other = _ALTERNATIVES[name][1 if now[name] else 0]
        same = status == question["status"]
        said.append(f"如果{other}，{'结果一样' if same else f'结果会变成：{status_name(Status(status))}'}。")
    if question["more_against_would_pass_it"]:
        said.append("请留意：再多一些人来投“不同意”，参加的就够了，这件事反而会通过。")
    if "rulings" in question:
        said.append(_open_cases_words(question["rulings"]))
    return said


def _open_cases_words(rulings: Mapping[str, Any]) -> str:
    names = "、".join(f"“{status_name(Status(each))}”" for each in rulings["outcomes"])
    if len(rulings["outcomes"]) == 1 and rulings["all_tried"]:
        return f"待核实的票怎么定，结果都是{names}。"
    return f"待核实的票会影响结果，可能是{names}。"
