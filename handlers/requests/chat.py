"""What residents say about their requests 1:1: 补充, 评价, 还没好."""

from dataclasses import dataclass

from handlers.access import NotFound, access_own_opinion
from handlers.context import Answer, Context
from handlers.filters import COLON, NUMBER, command
from handlers.opinions.chat import hear
from handlers.requests.carry_out import Carried, carry_out
from handlers.requests.commands import Code, Command, Rate, Reopen, Supplement
from handlers.requests.rules import RATE_WITHIN, REOPEN_WITHIN, UNHAPPY
from handlers.requests.words import rating_name
from handlers.router import Route
from handlers.texts import say
from storage.queries.matters import find_matter_behind, list_reporters
from storage.queries.requests import find_request, list_asked, list_ratings
from storage.states import OpinionState, Rating, RequestState
from storage.tables import Compound, Matter

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
LISTED = 5
KEPT = 500  # characters of a supplement or a comment


@dataclass(frozen=True, slots=True)
class Own:
    """A request that the speaker raised with others; `number` is that of the receipt they asked with."""

    compound: Compound
    matter: Matter
    number: int


async def _access_own(context: Context, number: int) -> Own:
    """The request behind a receipt of the speaker's; raises NotFound for anybody else's, and when there is none."""
    opinion = await access_own_opinion(context.session, context.person_id, number)
    if opinion.state is not OpinionState.FILED:
        raise NotFound
    return await _own(context, opinion.compound_id, number)


async def _own(context: Context, compound_id: int, number: int) -> Own:
    matter = await find_matter_behind(context.session, compound_id, number)
    if matter is None or await find_request(context.session, compound_id, matter.number) is None:
        raise NotFound
    if context.person_id not in await list_reporters(context.session, compound_id, matter.number):
        raise NotFound
    return Own(await context.session.get_one(Compound, compound_id), matter, number)


async def _carry_out(context: Context, own: Own, what: Command) -> Carried:
    return await carry_out(
        context.session,
        context.services,
        own.compound,
        own.matter,
        what,
        context.now,
        key=f"inbox:{context.inbox_id}",
        actor_id=context.person_id,
    )


async def supplement(context: Context, number: str | None, words: str | None) -> Answer:
    """补充 NUMBER WORDS."""
    if number is None or not (words or "").strip():
        return Answer("help.given", say("requests.supplement_usage"))
    try:
        own = await _access_own(context, int(number))
    except NotFound:
        return _unknown(int(number))
    carried = await _carry_out(context, own, Supplement((words or "").strip()[:KEPT]))
    if carried.refused is not None:
        return _refused(carried.refused.code, own.number)
    return Answer("request.supplemented", say("requests.supplemented", number=own.number))


async def rate(context: Context, number: str | None, word: str | None, comment: str | None = None) -> Answer:
    """评价 NUMBER WORD [COMMENT]."""
    rating = RATINGS.get(word or "")
    if number is None or rating is None:
        return Answer("help.given", say("requests.rate_usage", number=int(number or 1001)))
    try:
        own = await _access_own(context, int(number))
    except NotFound:
        return _unknown(int(number))
    return await _rate(context, own, rating, (comment or "").strip()[:KEPT])


async def rate_or_hear(context: Context, word: str, comment: str | None = None) -> Answer:
    """One of the four words, or its figure, alone: the answer to the bot's question, if it asked one."""
    rating = RATINGS[word]
    waiting = []
    for request, number in await list_asked(context.session, context.person_id, context.now - RATE_WITHIN):
        given = await list_ratings(context.session, request.compound_id, request.number, request.round)
        if request.state is not RequestState.CLOSED and context.person_id not in given:
            waiting.append((request, number))
    if not waiting:
        return await hear(context)
    if len(waiting) > 1:
        numbers = "、".join(str(number) for _request, number in waiting[:LISTED])
        example = f"评价 {waiting[0][1]} {rating_name(rating)}"
        return Answer("request.asked", say("requests.rate_which", numbers=numbers, example=example))
    request, number = waiting[0]
    own = await _own(context, request.compound_id, number)
    return await _rate(context, own, rating, (comment or "").strip()[:KEPT])


async def _rate(context: Context, own: Own, rating: Rating, comment: str) -> Answer:
    carried = await _carry_out(context, own, Rate(rating, comment=comment))
    if carried.refused is not None:
        return _refused(carried.refused.code, own.number)
    if rating not in UNHAPPY:
        return Answer("request.rated", say("requests.rated", number=own.number, rating=rating_name(rating)))
    if carried.facts.state is RequestState.REOPENED:
        return Answer("request.reopened", say("requests.rated_reopened", number=own.number))
    return Answer("request.rated", say("requests.rated_at_the_top", number=own.number))


async def reopen(context: Context, number: str, words: str | None = None) -> Answer:
    """还没好 NUMBER [WORDS]."""
    try:
        own = await _access_own(context, int(number))
    except NotFound:
        return _unknown(int(number))
    return await _reopen(context, own, (words or "").strip()[:KEPT])


async def reopen_or_hear(context: Context) -> Answer:
    """还没好, alone: the last thing that was done for the speaker, if there is one; else it is just said."""
    asked = await list_asked(context.session, context.person_id, context.now - REOPEN_WITHIN)
    if not asked:
        return await hear(context)
    if len(asked) > 1:
        numbers = "、".join(str(number) for _request, number in asked[:LISTED])
        example = f"还没好 {asked[0][1]}"
        return Answer("request.asked", say("requests.rate_which", numbers=numbers, example=example))
    request, number = asked[0]
    return await _reopen(context, await _own(context, request.compound_id, number), "")


async def _reopen(context: Context, own: Own, words: str) -> Answer:
    carried = await _carry_out(context, own, Reopen(words))
    if carried.refused is not None:
        return _refused(carried.refused.code, own.number)
    return Answer("request.reopened", say("requests.reopened", number=own.number))


def _unknown(number: int) -> Answer:
    return Answer("request.unknown", say("requests.unknown", number=number))


def _refused(code: Code, number: int) -> Answer:
    match code:
        case Code.NOT_DONE:
            text = say("requests.no_not_done", number=number)
        case Code.STILL_OPEN:
            text = say("requests.no_still_open", number=number)
        case Code.TOO_LATE:
            text = say("requests.no_too_late", number=number)
        case Code.EXHAUSTED:
            text = say("requests.no_exhausted", number=number)
        case _:
            text = say("requests.no_ended", number=number)
    return Answer(code, text)


_FOUR = r"(?P<word>基本满意|不满意|答非所问|满意)"
_WORD = r"(?P<word>基本满意|不满意|答非所问|满意|[1-4])"
_COMMENT = r"(?:[\s,，:：;；。.]\s*+(?P<comment>\S.*))?"

ROUTES = (
    Route(command(rf"补充(?:{COLON}{NUMBER}(?:{COLON}[,，]?\s*+(?P<words>.*))?)?"), supplement),
    Route(command(rf"(?:评价|评单|打分)(?:{COLON}{NUMBER}{COLON}(?<!\d){_WORD}{_COMMENT})?"), rate),
    Route(command(rf"(?:评价|评单|打分){COLON}{NUMBER}{_FOUR}{_COMMENT}"), rate),
    Route(command(rf"(?:评价|评单|打分){COLON}{NUMBER}(?P<word>.*)"), rate),
    Route(
        command(rf"(?:还没好|还没解决|没解决|还没修好){COLON}{NUMBER}(?:{COLON}[,，]?\s*+(?P<words>.*))?"),
        reopen,
    ),
    Route(command(r"还没好|还没解决|没解决|还没修好"), reopen_or_hear),
    Route(command(rf"{_WORD}"), rate_or_hear),
    Route(command(rf"{_FOUR}{_COMMENT}"), rate_or_hear),
)
