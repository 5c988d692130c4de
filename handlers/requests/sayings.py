"""Pure: how residents really say it: the words of 评价, 还没好, and asking after something; without numbers.

Patterns are for `filters.command`: they match a whole message, and nothing in them repeats without an end.
"""

import re

from storage.states import Rating

# The four words of the bot's question, and its figures. What a page offers, and the texts, use these alone.
RATINGS = {
    "满意": Rating.SATISFIED,
    "基本满意": Rating.FAIR,
    "不满意": Rating.DISSATISFIED,
    "答非所问": Rating.BESIDE_THE_POINT,
    "1": Rating.SATISFIED,
    "2": Rating.FAIR,
    "3": Rating.DISSATISFIED,
    "4": Rating.BESIDE_THE_POINT,
}
_FIGURES = dict(zip("一二三四", "1234", strict=True))

_I = r"(?:我们?|俺|本人)?(?:觉得|感觉|表示)?"
_VERY = r"(?:很|挺|蛮|太|都|好|非常|特别|十分|相当|真是?|还是|还){0,2}"
_HOW = r"(?:太|怎么|大|够|咋|是很|是太)?"
_TAIL = r"(?:的|了|啦|啊|呀|呢|哦|吧|哈){0,2}"
_SAID = {
    Rating.SATISFIED: rf"{_I}{_VERY}满意{_TAIL}|(?:五星)?好评|满分",
    Rating.FAIR: rf"{_I}(?:基本上?|还算|比较|算是|大致|一般)满意{_TAIL}|(?:一般般?|还行|还可以|凑合){_TAIL}",
    Rating.DISSATISFIED: rf"{_I}(?:{_VERY}|一点儿?[也都]?|完全|根本|极其?)不{_HOW}满意{_TAIL}|差评",
    Rating.BESIDE_THE_POINT: rf"答非所问{_TAIL}|没有?答到点子?上{_TAIL}|文不对题{_TAIL}",
}
_COMPILED = {rating: re.compile(pattern) for rating, pattern in _SAID.items()}

WORD = "(?:" + "|".join(_SAID.values()) + ")"
FIGURE = r"(?:我?选择?|第)?\s?[1-4一二三四]\s?(?:个|项)?"

_STILL = r"(?:也|都|还|还是|仍然?|依然|根本|一直|现在|到现在){0,2}"
UNSOLVED = (
    rf"(?:{_STILL}(?:没有?|未)(?:能)?(?:修|弄|搞|办|处理|解决|整|换|清理){{0,1}}(?:好|完|到位)(?:呢|啊|呀|哦|呐|哪|的|吧|嘛){{0,2}}"
    rf"|{_STILL}(?:没有?|未)(?:修|弄|搞|处理|解决)(?:呢|啊|呀|哦|过|的){{0,2}}"
    r"|还是(?:老样子|不行|不好|坏的|一样|那样|没用)(?:啊|呢|的){0,2}"
    r"|又(?:坏|不行|不好|不亮)了(?:啊|呢){0,2})"
)

ASKING = (
    r"(?:(?:办理|处理|修理?)?进[度展]|情况|(?:办|处理|修|弄)?(?:理)?得?(?:怎么样|咋样|如何)了?"
    r"|(?:办|处理)?到哪(?:儿|里|一步)?了?|(?:办|修|弄|处理|解决)好了?(?:没有?|吗)|好了?(?:没有?|吗)"
    r"|(?:什么时候|啥时候|几时|哪天)(?:能|才能|可以)?(?:办|修|弄|处理|解决)?好)"
)


def rating_of(words: str) -> Rating | None:
    """The rating that these words give: one of the four, said in one's own way, or a figure. None for none."""
    words = words.strip()
    if (known := RATINGS.get(words)) is not None:
        return known
    figure = re.fullmatch(FIGURE, words)
    if figure:
        digit = re.sub(r"[^1-4一二三四]", "", words)
        return RATINGS[_FIGURES.get(digit, digit)]
    return next((rating for rating, pattern in _COMPILED.items() if pattern.fullmatch(words)), None)
