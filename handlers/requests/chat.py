"""What residents say about their requests 1:1: 补充, 还没好, and which words lead where.

Numbers may come before or behind, and be left out where only one can be meant.
"""

from typing import Literal

from handlers.access import NotFound
from handlers.context import Answer, Context
from handlers.filters import COLON, NUMBER, RECEIPT, command
from handlers.inbound import Inbound
from handlers.opinions.chat import hear
from handlers.requests.commands import OPEN, Code, Reopen, Supplement, Verb
from handlers.requests.meant import (
    JUST_NOW,
    KEPT,
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
from handlers.requests.rating import (
    rate,
    rate_in_both,
    rate_one,
    rate_or_hear,
    rate_short,
    rate_usage,
    solved_or_hear,
)
from handlers.requests.rules import REOPEN_WITHIN
from handlers.requests.sayings import FIGURE, UNSOLVED, WORD
from handlers.router import Arguments, Filter, Route
from handlers.texts import say
from nlp.echo import Echo, find_echo
from storage.queries.requests import list_events
from storage.states import RequestState

_REOPENS = (RequestState.DONE, RequestState.RATED, RequestState.CLOSED)


# 补充


async def supplement(context: Context, number: str, words: str | None) -> Answer:
    """补充 NUMBER WORDS."""
    if not (words or "").strip():
        return Answer("help.given", say("requests.supplement_usage"))
    try:
        return await _supplement(context, await access_own_request(context, int(number)), words or "")
    except NotFound:
        return unknown(int(number))


async def supplement_one(context: Context, words: str | None) -> Answer:
    """补充 WORDS: of the one request there is to add to."""
    if not (words or "").strip():
        return Answer("help.given", say("requests.supplement_usage"))
    known = await list_known(context, (*OPEN, RequestState.DONE))
    if not known:
        return Answer("help.given", say("requests.supplement_usage"))
    if len(known) > 1:
        return await ask_which(context, known, f"补充 {{number}} {(words or '').strip()[:20]}")
    return await _supplement(context, await own_of(context, known[0]), words or "")


async def _supplement(context: Context, own: Own, words: str) -> Answer:
    words = words.strip()[:KEPT]
    done = Answer("request.supplemented", say("requests.supplemented", number=own.number))
    for event in await list_events(context.session, own.matter.compound_id, own.matter.number):
        if (event.verb, event.actor_id, event.text) == (Verb.SUPPLEMENTED, context.person_id, words) and (
            context.now - event.at <= JUST_NOW
        ):
            return done  # tapped twice: whoever handles it reads it once
    carried = await carry_out_own(context, own, Supplement(words))
    return done if carried.refused is None else refused(carried.refused.code, own.number)


# 还没好


async def reopen(context: Context, number: str, words: str | None = None) -> Answer:
    """还没好 NUMBER [WORDS], in either order."""
    if is_short(int(number)):
        done = await list_known(context, _REOPENS, REOPEN_WITHIN)
        meant = ending_in(int(number), done)
        if not done:
            return await hear(context)  # 3号还没修好 is about a house
        if len(meant) != 1:
            return await ask_which(context, done, "还没好 {number}")
        number = str(meant[0].number)
    try:
        own = await access_own_request(context, int(number))
    except NotFound:
        return unknown(int(number))
    return await _reopen(context, own, words)


async def reopen_or_hear(context: Context) -> Answer:
    """还没好, alone: what was done for the speaker, if it can only be that; else it is just said."""
    done = await list_known(context, _REOPENS, REOPEN_WITHIN)
    again = await list_reopened(context)
    if not done:
        if not again:
            return await hear(context)
        return Answer("request.reopened", say("requests.reopened_before", number=again[0].number))
    possible = [*done, *await list_known(context, tuple(OPEN))]
    if len(possible) > 1:
        return await ask_which(context, possible, "还没好 {number}")
    return await _reopen(context, await own_of(context, done[0]), None)


async def _reopen(context: Context, own: Own, words: str | None) -> Answer:
    said = (words or "").strip()[:KEPT]
    carried = await carry_out_own(context, own, Reopen(said))
    if carried.refused is not None:
        if carried.refused.code is not Code.STILL_OPEN or context.now - carried.facts.round_at <= JUST_NOW:
            return refused(carried.refused.code, own.number)
        # Nobody has done it yet: whoever has it reads that it is waited for.
        answer = await _supplement(context, own, said or say("requests.still_waiting"))
        return Answer(answer.outcome, say("requests.urged", number=own.number))
    return Answer("request.reopened", say("requests.reopened", number=own.number))


# Routes


def _solved(pattern: str) -> Filter:
    """Messages of this pattern whose `words`, or else all of it, say that something is over (nlp.echo)."""
    matches = command(pattern)

    def says_so(inbound: Inbound) -> Arguments | Literal[False]:
        found = matches(inbound) if len(inbound.text) <= _SHORT else False
        if found is False or find_echo(found.pop("words") or "") is not Echo.SOLVED:
            return False
        return found

    return says_so


_SHORT = 40  # characters: what is longer has something to say
_LAST = r"(?P<number>\d{1,3})\s*+号"  # perhaps the end of one
_GAP = r"[\s,，、:：;；.。]*+"
_WORDS = rf"(?:{COLON}[,，]?\s*+(?P<words>.*))?"
_WORD = rf"(?P<word>{WORD})"
_COMMENT = r"(?:[\s,，:：;；。.!！]\s*+(?P<comment>\S.*))?"
_RATE = r"(?:我?(?:要|来|给)?(?:评价|评单|打分|评))(?:一下)?"
_ADD = r"(?:我?(?:要|想|再))?补充(?:一下|一点|说明)?"

ROUTES = (
    Route(command(rf"{_ADD}{COLON}{RECEIPT}{_WORDS}"), supplement),
    Route(command(rf"{RECEIPT}{_GAP}{_ADD}{_WORDS}"), supplement),
    Route(command(rf"{_ADD}{_WORDS}"), supplement_one),
    # A word, then a number; a number, then a word; with or without 评价.
    Route(command(rf"(?:{_RATE})?{_GAP}{RECEIPT}{_GAP}(?:{_RATE})?{_GAP}{_WORD}{_COMMENT}"), rate),
    Route(command(rf"(?:{_RATE})?{_GAP}{_WORD}{_GAP}{RECEIPT}{_COMMENT}"), rate),
    Route(command(rf"{_RATE}{COLON}{NUMBER}{COLON}(?<!\d)(?P<word>[1-4]){_COMMENT}"), rate),
    Route(command(rf"{_RATE}{COLON}(?P<number>\d{{1,3}})\s*+号?{_GAP}{_WORD}{_COMMENT}"), rate),
    Route(command(rf"{_RATE}{COLON}(?P<word>{WORD}|{FIGURE}){_COMMENT}"), rate_one),
    Route(command(rf"(?:评价|评单|打分)(?:{COLON}{NUMBER}{COLON}(?P<word>.*))?"), rate_usage),
    Route(command(rf"(?P<figure>[1-4]){_GAP}{_WORD}{_COMMENT}"), rate_in_both),
    Route(command(rf"{_LAST}{_GAP}{_WORD}{_COMMENT}"), rate_short),
    Route(command(rf"(?P<word>{WORD}|{FIGURE})"), rate_or_hear),
    Route(command(rf"{_WORD}{_COMMENT}"), rate_or_hear),
    Route(command(rf"{UNSOLVED}{COLON}{RECEIPT}{_WORDS}"), reopen),
    Route(command(rf"{RECEIPT}{_GAP}{UNSOLVED}(?:[\s,，。]\s*+(?P<words>.*))?"), reopen),
    Route(command(rf"{_LAST}{_GAP}{UNSOLVED}"), reopen),
    Route(command(UNSOLVED), reopen_or_hear),
    Route(_solved(rf"{RECEIPT}{_GAP}(?P<words>\D.*)"), solved_or_hear),
    Route(_solved(r"(?P<words>.*)"), solved_or_hear),
)
