"""What residents say when they rate, 1:1: 评价 with a number, or a bare word, a figure or 好了谢谢 when asked."""

import re
from collections.abc import Sequence

from handlers.access import NotFound
from handlers.context import Answer, Context
from handlers.matters.solved import note_solved
from handlers.opinions.chat import hear
from handlers.requests.commands import OPEN, Code, Rate
from handlers.requests.meant import (
    KEPT,
    Known,
    Own,
    access_own_request,
    ask_which,
    carry_out_own,
    ending_in,
    is_short,
    list_known,
    list_reopened,
    own_of,
    refused,
    unknown,
)
from handlers.requests.rules import RATE_WITHIN, UNHAPPY
from handlers.requests.sayings import FIGURE, rating_of
from handlers.requests.words import rating_name, subject_of
from handlers.texts import say
from storage.states import Rating, RequestState
from storage.tables import Matter

_DONE = (RequestState.DONE, RequestState.RATED)
_NAMED = re.compile("电梯|水|电|灯")  # what nlp.echo takes for the subject of 好了
_MENDED = re.compile("修|弄|搞|处理|解决|换|已经|终于|总算")


async def rate(context: Context, number: str, word: str, comment: str | None = None) -> Answer:
    """评价 NUMBER WORD [COMMENT], in either order; a number that is none is the end of one."""
    rating = rating_of(word)
    if rating is None:
        return Answer("help.given", say("requests.rate_usage", number=int(number)))
    if is_short(int(number)):
        waiting = [one for one in await list_known(context, _DONE, RATE_WITHIN) if one.given is None]
        if not waiting:
            return unknown(int(number))
        meant = ending_in(int(number), waiting)
        if len(meant) != 1:
            return await ask_which(context, waiting, f"评价 {{number}} {rating_name(rating)}")
        number = str(meant[0].number)
    try:
        own = await access_own_request(context, int(number))
    except NotFound:
        return unknown(int(number))
    return await _rate(context, own, rating, comment)


async def rate_usage(context: Context, number: str | None = None, word: str | None = None) -> Answer:
    """评价 with something that is none of the words."""
    return Answer("help.given", say("requests.rate_usage", number=int(number or 1001)))


async def rate_short(context: Context, number: str, word: str, comment: str | None = None) -> Answer:
    """3号满意: the end of a number, if something was asked; else it is just said."""
    if not await list_known(context, _DONE, RATE_WITHIN):
        return await hear(context)
    return await rate(context, number, word, comment)


async def rate_or_hear(context: Context, word: str, comment: str | None = None) -> Answer:
    """One of the four words, or its figure, alone: the answer to the bot's question, if it asked one."""
    rating = rating_of(word)
    assert rating is not None
    return await _rate_one(context, rating, comment, word=word) or await hear(context)


async def rate_one(context: Context, word: str, comment: str | None = None) -> Answer:
    """评价 WORD."""
    rating = rating_of(word)
    assert rating is not None
    return await _rate_one(context, rating, comment, word=word) or await rate_usage(context)


async def rate_in_both(context: Context, figure: str, word: str, comment: str | None = None) -> Answer:
    """1 满意: as the question says it. A figure and a word that differ are asked about."""
    rating = rating_of(figure)
    if rating is not None and rating is rating_of(word):
        return await rate_or_hear(context, word, comment)
    waiting = [one for one in await list_known(context, _DONE, RATE_WITHIN) if one.given is None]
    if not waiting:
        return await hear(context)
    return await ask_which(context, waiting, f"评价 {{number}} {word}")


async def _rate_one(context: Context, rating: Rating, comment: str | None, *, word: str) -> Answer | None:
    """Rate the one request that was asked about; None when nothing was. What was said before is not said twice."""
    known = await list_known(context, _DONE, RATE_WITHIN)
    waiting = [one for one in known if one.given is None]
    if len(waiting) > 1:
        return await ask_which(context, waiting, f"评价 {{number}} {rating_name(rating)}")
    if waiting:
        return await _rate(context, await own_of(context, waiting[0]), rating, comment)
    said = [one for one in known if one.given is rating]
    if said:
        text = say("requests.rated_before", number=said[0].number, rating=rating_name(rating))
        return Answer("request.rated", text)
    if rating in UNHAPPY and (again := await list_reopened(context)):
        return Answer("request.reopened", say("requests.reopened_before", number=again[0].number))
    if not known or re.fullmatch(FIGURE, word.strip()):  # a figure alone is no second thought
        return None
    if len(known) > 1:
        return await ask_which(context, known, f"评价 {{number}} {rating_name(rating)}")
    return await _rate(context, await own_of(context, known[0]), rating, comment)


async def _rate(context: Context, own: Own, rating: Rating, comment: str | None) -> Answer:
    carried = await carry_out_own(context, own, Rate(rating, comment=(comment or "").strip()[:KEPT]))
    if carried.refused is not None:
        return refused(carried.refused.code, own.number)
    if rating not in UNHAPPY:
        return Answer("request.rated", say("requests.rated", number=own.number, rating=rating_name(rating)))
    if carried.facts.state is RequestState.REOPENED:
        return Answer("request.reopened", say("requests.rated_reopened", number=own.number))
    return Answer("request.rated", say("requests.rated_at_the_top", number=own.number))


async def solved_or_hear(context: Context, number: str | None = None) -> Answer:
    """好了谢谢, to the bot's question, is 满意; before that it is noted for whoever handles it."""
    if number is not None:
        try:
            return await _solved(context, await access_own_request(context, int(number)))
        except NotFound:
            return unknown(int(number))
    known = await list_known(context, _DONE, RATE_WITHIN)
    waiting = await _about(context, [one for one in known if one.given is None])
    if len(waiting) > 1:
        return await ask_which(context, waiting, "评价 {number} 满意")
    if waiting:
        return await _solved(context, await own_of(context, waiting[0]))
    # After a receipt 好了谢谢 is only polite: of what is still open it has to say that it was mended.
    mended = _MENDED.search(context.inbound.text) is not None
    still_open = await _about(context, await list_known(context, tuple(OPEN))) if mended else []
    if not still_open:
        return await hear(context)
    if len(still_open) > 1:
        return await ask_which(context, still_open, "{number} 修好了")
    return await _solved(context, await own_of(context, still_open[0]))


async def _about(context: Context, known: Sequence[Known]) -> list[Known]:
    """Those that may be meant by what the words name: 来水了 is nothing about a lamp."""
    named = set(_NAMED.findall(context.inbound.text))
    found = []
    for one in known if named else ():
        matter = await context.session.get_one(Matter, (one.request.compound_id, one.request.number))
        if all(name in subject_of(context.services, matter) for name in named):
            found.append(one)
    return found if named else list(known)


async def _solved(context: Context, own: Own) -> Answer:
    carried = await carry_out_own(context, own, Rate(Rating.SATISFIED))
    if carried.refused is None:
        return Answer("request.rated", say("requests.rated_solved", number=own.number))
    if carried.refused.code is not Code.NOT_DONE:
        return refused(carried.refused.code, own.number)
    await note_solved(context, own.matter.compound_id, own.matter.number)
    return Answer("request.said_solved", say("requests.said_solved", number=own.number))
