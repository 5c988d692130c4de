"""Pure rules about safety alerts: when one is raised, again, or escalated, and what of it a group may read."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SAFETY = 3
AGAIN_AFTER = timedelta(minutes=30)
ESCALATE_AFTER = timedelta(minutes=5)
STALE_AFTER = timedelta(hours=24)  # heard this late (an archive that was down), it belongs into the digest
BRIEF = 60  # characters of someone's words in an alert


class Hit(StrEnum):
    """What one more message about a danger does."""

    OPEN = "open"  # a new episode, with an alert
    COUNT = "count"  # the people on duty know, and have not answered yet
    AGAIN = "again"  # nobody has answered for long: the same episode, alerted once more


@dataclass(frozen=True, slots=True)
class Episode:
    """What the rules need to know of the latest episode of a matter."""

    alerted_at: datetime
    acknowledged_at: datetime | None
    escalated_at: datetime | None = None


def alarming(urgency: int, said_at: datetime, now: datetime) -> bool:
    """Whether an opinion is a danger that somebody should look at now."""
    return urgency >= SAFETY and now - said_at < STALE_AFTER


def judge(latest: Episode | None, now: datetime) -> Hit:
    """What a message does, given the latest episode of its matter."""
    if latest is None or latest.acknowledged_at is not None:
        return Hit.OPEN
    return Hit.AGAIN if now - latest.alerted_at >= AGAIN_AFTER else Hit.COUNT


def needs_escalation(episode: Episode, now: datetime) -> bool:
    """Whether nobody has acknowledged for too long, and nobody further up knows."""
    return (
        episode.acknowledged_at is None
        and episode.escalated_at is None
        and episode.alerted_at <= escalation_cutoff(now)
    )


def escalation_cutoff(now: datetime) -> datetime:
    """Alerts of this time or before are escalated when nobody has acknowledged them."""
    return now - ESCALATE_AFTER


def matter_of(leaf: str | None, building: str | None) -> str:
    """What makes two messages one matter: "xiaofang.zhaohuo@3"; "danger@" when neither is known."""
    return f"{leaf or 'danger'}@{building or ''}"


def building_of_matter(matter: str) -> str:
    """The building of a matter, empty when it is not known."""
    return matter.partition("@")[2]


def building_of(place_code: str | None) -> str | None:
    """The building in a place's code: "3" of "3-2-501"."""
    return place_code.partition("-")[0] if place_code else None


_SURNAME = (
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓冯曾程蔡彭潘袁董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪"
    "戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦薛侯雷白龙段郝孔邵史毛顾赖武康贺严尹钱施牛洪龚"
)
_STYLED = (
    "阿姨|大爷|大妈|大姐|大哥|大嫂|大伯|大叔|奶奶|爷爷|叔叔|伯伯|婆婆|师傅|先生|女士|小姐|太太|老师|医生|大夫|主任|经理|书记|"
    "队长|姐|哥|叔|婶|嫂"
)
# Surnames that begin no word in what people say about dangers (高压线, 石头, 白烟 do).
_SURE = "王李张刘陈杨赵吴徐孙朱郭郑宋韩冯曹邓彭潘袁蒋蔡吕魏崔邵孟薛邹郝邱秦卢姚谭董"
# What follows a name, so that it is seen where it ends: 张三家着火, 李小萌被困, 王芳晕倒.
_AFTER = "家|的|在|被|说|他|她|晕|昏|摔|掉|受伤|触电|中毒|着火|起火|不见|走失|要跳|跳楼|割腕|报警|喊"
_DIGIT = r"[\d零〇一二三四五六七八九十两]"
_HIDDEN = (
    (re.compile(r"@[^\s@，。！？,.!?：:]{1,20}"), ""),
    (re.compile(r"(?<!\d)(?:\+?86[- ]?)?1\d{2}[- ]?\d{4}[- ]?\d{4}(?!\d)"), "（电话）"),
    (re.compile(r"(?<!\d)(\d{1,3})[-—–#]\d{1,4}(?:[-—–]\d{1,5})?(?!\d)"), r"\1栋"),
    (
        re.compile(
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]\s?[A-Z]\s?[·. ]?\s?[A-Z0-9]{4,6}"
        ),
        "（车牌）",
    ),
    (re.compile(rf"(?:{_DIGIT}{{1,3}}|[A-Za-z])单元"), ""),
    (re.compile(rf"(?!(?<=[打拨报叫])1(?:10|19|20)(?!\d)){_DIGIT}{{3,5}}(?:号房|室|房|户|号)?"), ""),
    (re.compile(rf"[{_SURNAME}][\u4e00-\u9fff]{{0,2}}?(?:{_STYLED})"), "某人"),
    (re.compile(rf"[老小阿][{_SURE}周胡何许钱]"), "某人"),
    (
        re.compile(
            rf"(?<![一二两三四五六七八九十几这那每整半行紧开外])(?!孙[子女儿]|杨树|董事)[{_SURE}][\u4e00-\u9fff]{{1,2}}?(?={_AFTER})"
        ),
        "某人",
    ),
    (re.compile(rf"[{_SURE}]某某?"), "某人"),
    (re.compile(r"我(?:叫|是|姓)[^\s，。！？,.!?：:；;、]{1,6}(?=[\s，。！？,.!?：:；;、]|$)"), "我"),
)


def brief(words: str) -> str:
    """The beginning of someone's words in one line."""
    line = " ".join(words.split())
    return line if len(line) <= BRIEF else line[: BRIEF - 1] + "…"


def anonymous(words: str) -> str:
    """Words without what says who or which door: names called or given, phones, entrance and room."""
    for pattern, instead in _HIDDEN:
        words = pattern.sub(instead, words)
    return words
