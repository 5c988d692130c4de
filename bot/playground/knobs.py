"""The faults as switches of the playground page: what each is called and what it shows, in plain Chinese."""

from dataclasses import dataclass

from bot.playground.faults import ALWAYS, Faults

SLOW_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Knob:
    """A switch. lasting: stays on until switched off; else it happens once and switches itself off."""

    name: str
    title: str
    help: str
    lasting: bool = False


KNOBS = (
    Knob(
        "token_expired", "令牌突然失效", "平台对下一次发送说令牌过期了（42001）。机器人应当换一次新令牌再发。"
    ),
    Knob("busy", "平台繁忙", "平台对下一次调用答“系统繁忙”（-1）。机器人应当过一会儿再试，居民晚一点收到。"),
    Knob(
        "rate_limited",
        "说发得太快",
        "平台对下一次发送说太频繁了（45009）。没有发出去，机器人应当歇一歇，不能一直敲门。",
    ),
    Knob("http_500", "平台内部出错", "下一次调用得到一个错误网页，不是正常的回答。"),
    Knob("timeout_before", "石沉大海", "下一次调用没有人理，一直等到超时。消息其实没有发出去。"),
    Knob(
        "timeout_after",
        "收下了不吭声",
        "平台收下下一次调用，却不回答。机器人无从知道发没发成，不能随手重发。",
    ),
    Knob(
        "media_expired",
        "图片过期了",
        "平台对下一次取图说已经过期（40007）。机器人不能再取，页面上写明“没有取到”。",
    ),
    Knob("duplicate", "同一条送两遍", "居民的下一条消息同时送到两次。只能算一条意见，只能回一次。"),
    Knob("reorder", "先发的后到", "下一条消息先扣在半路，等再下一条送到以后才送。"),
    Knob("force_retry", "答了也重送", "机器人的下一次回答丢在路上，平台把同一条消息再送一遍。"),
    Knob(
        "ip_not_whitelisted",
        "服务器不在白名单",
        "所有调用都被拒绝（40164）。要由运维去公众平台后台添加，反复重试没有用。",
        True,
    ),
    Knob("out_of_window", "过了 48 小时", "居民太久没说话，客服消息一律发不出去（45015）。", True),
    Knob("over_quota", "五条额度用完", "居民说一句话，最多能发五条客服消息，现在一条也不剩（45047）。", True),
    Knob(
        "no_union_id",
        "没有绑定开放平台",
        "平台不说关注的人是谁（没有 unionid）。机器人认不出他就是群里的那位，一对一说的“群里别记我”只管得到一对一。",
        True,
    ),
    Knob("slow_seconds", "网络很慢", f"每次往来都要多等 {SLOW_SECONDS:g} 秒。", True),
)
_BY_NAME = {knob.name: knob for knob in KNOBS}


def turn(faults: Faults, name: str, on: bool) -> None:
    """Set a switch; raises KeyError for one that does not exist."""
    knob = _BY_NAME[name]
    if name == "slow_seconds":
        faults.slow_seconds = SLOW_SECONDS if on else 0.0
    else:
        setattr(faults, name, 0 if not on else ALWAYS if knob.lasting else 1)


def describe(faults: Faults) -> list[dict[str, str | bool]]:
    """List the switches for the page: {"name", "title", "help", "lasting", "on"}."""
    return [
        {
            "name": knob.name,
            "title": knob.title,
            "help": knob.help,
            "lasting": knob.lasting,
            "on": bool(getattr(faults, knob.name)),
        }
        for knob in KNOBS
    ]
