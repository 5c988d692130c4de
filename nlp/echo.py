"""Messages that say nothing of their own: the same here, still not solved, solved.

They only mean something after what was said before. Whoever adds a fact (我这儿也没水了，三楼) says something of their
own and is no echo.
"""

import re
from enum import StrEnum

from nlp.normalise import normalise
from nlp.quotes import spoken

_LONGEST = 24  # characters: longer ones have something to say


class Echo(StrEnum):
    """What a message without a subject says about the one that is being talked about."""

    SAME = "same"  # +1, 我家也是
    UNSOLVED = "unsolved"  # 还是没人管
    SOLVED = "solved"  # 好了，谢谢


_MARKS = re.compile(r"[\W_]+")

_COUNT = r"(?:\d{1,4}|[a-z]\d{0,2}|[一二两三四五六七八九十几]{1,3})"
_PLACE = rf"(?:{_COUNT}(?:号楼|号?[栋幢座]|单元|门|室|房|户|层|楼)?)"
_WE = (
    rf"(?:我|俺|咱|偶|额|阿拉)?们?(?:家|屋头|屋|这儿|这里|这边|那边|楼上|楼下|单元|边上|隔壁)?{_PLACE}{{0,3}}"
    r"(?:家|这儿|这里|这边)?的?"
)
_TOO = r"(?:也|都|同样)(?:是|一样|这样|如此|没有|有这个?(?:问题|情况)|(?:遇|碰)到过?|有)(?:的|啊|呀|呢|啦|了|诶|哎|嘛)?"
_PLUS = r"(?:强烈|举手|同|我|俺|支持|赞同|附议)?(?:加(?:1\d*|一))+"
_AGREE = (
    r"(?:强烈|坚决|[我俺]也)?(?:附议|同[感问求款上]|顶|支持|赞同|同意|求解决|(?:一样)+)(?:楼上|上面|楼主)?的?"
)
_SAME = re.compile(rf"(?:对|是的?|嗯|哎|唉)*(?:{_PLUS}|{_AGREE}|{_WE}{_TOO}|{_WE}同[上样])+")

_SINCE = rf"(?:这?都)?{_COUNT}(?:天|周|个?月|个星期)了?"
_STILL = rf"(?:还是|还|仍然?|依然|一直|(?:到现在|至今|今天)(?:为止)?|{_SINCE})(?:也|都|还)*"
_NOTHING = (
    r"(?:没有?(?:人|谁|哪个)(?:来|去)?(?:管|理|修|弄|处理|解决|回复?|答复?|搭理|过问|来)过?"
    r"|没有?(?:解决|处理|修好?|弄好?|搞好?|动静|消息|下文|回音|结果|反应|好)|不见人[来影]?|没见到?人[来影]?)"
)
_AS_BEFORE = r"(?:老样子|这样|那样|原样|不行)"
_ANYBODY = r"(?:到底)?有?没?有?人(?:来)?(?:管|处理|修)(?:吗|没有|不|没)"
_UNSOLVED = re.compile(
    rf"(?:唉|哎|所以)?(?:{_STILL}(?:{_NOTHING}|{_AS_BEFORE})|(?:根本|并)?{_NOTHING}|{_ANYBODY})[过了啊呢呀吗哦诶的]*"
)

_THANKS = r"(?:(?:非常)?(?:感谢|谢谢|多谢|谢了|辛苦|点赞)(?:师傅|物业|大家|各位|邻居|您|你|小\w|社区|老师|[们啦啊了])*)"
_MENDED = r"(?:修|弄|搞|处理|解决|换|通|清理|收拾|装|补|恢复|来[水电]|有[水电]|热|亮|停|好)(?:好|完|掉|干净|过来|正常)?"
_SOLVED = re.compile(
    rf"{_THANKS}?(?:{_WE})?(?:水|电|灯|电梯)?"
    rf"(?:(?:已经?|终于|总算|刚刚?|现在|今天|都|又)*{_MENDED}[了啦喽咯][哈呀啊]*|已经?(?:解决|修好|恢复|处理好?)){_THANKS}?"
)


def find_echo(text: str) -> Echo | None:
    """What a message says that has nothing of its own to say; None for all others. Marks and emoji do not count."""
    clean = normalise(spoken(text))
    if len(clean) > _LONGEST:
        return None
    words = _MARKS.sub("", clean.replace("+", "加"))
    if not words:
        return None
    if _SAME.fullmatch(words):
        return Echo.SAME
    if _UNSOLVED.fullmatch(words):
        return Echo.UNSOLVED
    return Echo.SOLVED if _SOLVED.fullmatch(words) else None
