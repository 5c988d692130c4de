"""What staff say to the bot about categories: 改 1001 电梯, 待分类."""

from handlers.access import NotFound, Right
from handlers.context import Answer, Context
from handlers.desk import Desk, ask_which, for_staff, pick
from handlers.digests.masking import is_anonymous
from handlers.filters import COLON, NUMBER, command
from handlers.learning.correct import correct_opinion
from handlers.learning.doubtful import Doubtful, list_doubtful
from handlers.learning.names import categories_called
from handlers.learning.rules import Sorting
from handlers.opinions.file import category_names, excerpt
from handlers.opinions.rules import SAFETY
from handlers.router import Route
from handlers.texts import say
from nlp.lexicon import Lexicon

LISTED = 5
_NAMED = 6  # categories that one answer offers
_WORDS = 60

_NO_MATTER = frozenset(("不是问题", "不是意见", "没有问题", "闲聊", "无"))
_URGENCY = {"急": True, "紧急": True, "不急": False, "不紧急": False}


async def correct(context: Context, desk: Desk, number: str, words: str) -> Answer:
    """改 NUMBER CATEGORY [急|不急]: what a matter is about; with several compounds the name comes last."""
    said = words.split()
    opened = desk.compounds[0] if len(desk.compounds) == 1 else None
    if opened is None:
        opened = pick(desk, said[-1]) if said else None
        if opened is None:
            return ask_which(desk, f"改 {int(number)} {words.strip()}".strip())
        said.pop()
    urgent = next((_URGENCY[word] for word in said if word in _URGENCY), None)
    name = " ".join(word for word in said if word not in _URGENCY)
    lexicon = context.services.tagger.lexicon
    category: str | None = None
    if name in _NO_MATTER:
        category = ""
    elif name:
        named = categories_called(lexicon, name)
        if named.only is None:
            return _ask_category(lexicon, int(number), name, named.ids)
        category = named.only
    elif urgent is None:
        return Answer("help.given", say("learning.usage"))
    sorting = Sorting(category, urgent)
    try:
        corrected = await correct_opinion(
            context.session, context.services, opened, int(number), sorting, context.person_id, context.now
        )
    except NotFound:
        unknown = say("staff.progress_unknown", compound=opened.name, number=int(number))
        return Answer("progress.unknown", unknown)
    opinion = corrected.opinion
    category = category_names(context, opinion, most=1) or say("learning.no_matter")
    marked = say("learning.urgent").strip() if opinion.urgency >= SAFETY else ""
    if not corrected.changed:
        text = say("learning.was_so", number=opinion.number, category=category.strip(), urgent=marked)
        return Answer("opinion.was_so", text)
    told = say("learning.author_told").strip() if corrected.told else ""
    text = say(
        "learning.corrected", number=opinion.number, category=category.strip(), urgent=marked, told=told
    )
    return Answer("opinion.corrected", text)


def _ask_category(lexicon: Lexicon, number: int, name: str, ids: tuple[str, ...]) -> Answer:
    if not ids:
        return Answer("category.unknown", say("learning.unknown", name=excerpt(name, 20)))
    names = "、".join(lexicon.name(category) for category in ids[:_NAMED])
    example = f"改 {number} {lexicon.name(ids[0])}"
    return Answer("category.asked", say("learning.which", names=names, example=example))


async def show_doubtful(context: Context, desk: Desk, where: str | None) -> Answer:
    """待分类: what the tagger could not make out."""
    opened = pick(desk, where)
    if opened is None:
        return ask_which(desk, "待分类")
    waiting = await list_doubtful(context.session, context.services, opened, context.now, LISTED)
    if not waiting:
        return Answer("doubtful.none", say("learning.nothing_waits", compound=opened.name))
    lexicon = context.services.tagger.lexicon
    lines = "\n".join(_line(lexicon, one, in_group=desk.in_group) for one in waiting)
    return Answer("doubtful.shown", say("learning.waiting", compound=opened.name, lines=lines))


def _line(lexicon: Lexicon, one: Doubtful, *, in_group: bool) -> str:
    readable = one.words and (not in_group or is_anonymous(one.words))
    words = excerpt(one.words, _WORDS) if readable else say("learning.words_aside")
    parts = [str(one.number) if one.number is not None else say("learning.overheard")]
    parts += [one.where] if one.where else []
    parts.append(words)
    if one.suggestion in lexicon.leaves:
        leaf = one.suggestion or ""
        parts.append(say("learning.suggestion", category=f"{lexicon.top_name(leaf)}·{lexicon.name(leaf)}"))
    return "｜".join(part.strip() for part in parts)


ROUTES = (
    Route(
        command(rf"(?:改类别?|改成|改)(?:{COLON}){NUMBER}(?P<words>.*)"), for_staff(correct, Right.CORRECT)
    ),
    Route(
        command(r"(?:待分类|没分清|未分类)(?:的)?(?:\s+(?P<where>\S.*))?"),
        for_staff(show_doubtful, Right.CORRECT),
    ),
)
