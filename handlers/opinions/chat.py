"""What the bot understands and says about opinions."""

from handlers.access import NotFound, access_own_opinion, access_own_opinions
from handlers.context import Answer, Context
from handlers.filters import COLON, NUMBER, RECEIPT, command, kind, spoken
from handlers.inbound import InboundKind
from handlers.local_time import month_day
from handlers.matters.rules import REOPEN_WITHIN
from handlers.opinions.file import (
    FILED,
    HELD,
    category_names,
    excerpt,
    facts,
    file_opinion,
    find_home_of_speaker,
    receipt,
)
from handlers.opinions.rules import SAFETY, Filing, decide
from handlers.opinions.withdraw import withdraw_opinion
from handlers.requests.commands import OPEN
from handlers.requests.meant import ask_which, list_known
from handlers.requests.progress import matters_of, progress_of, states_of
from handlers.requests.sayings import ASKING
from handlers.router import Route
from handlers.texts import say
from nlp.echo import Echo, find_echo
from nlp.tagger import Tagged, Verdict
from storage.queries.matters import find_latest_of_person, find_matter, lock_matters
from storage.states import MessageClass, OpinionState, RequestState
from storage.tables import Compound, Opinion, Place

LISTED = 5
LOOKED_AT = 30  # of somebody's latest opinions, to find so many matters
NUMBERED = 4  # numbers of one matter that a line names
SHOWN = 300  # characters of one's own words in an answer; the platform takes 2048 bytes in all


async def hear(context: Context, words: str | None = None) -> Answer:
    """Anything said to the bot. `words` are what follows 反映, None when the person did not begin with it."""
    text = words if words is not None else context.inbound.text
    if words is not None and not words.strip():
        return Answer("help.given", say("opinions.say_what"))
    home = await find_home_of_speaker(context)
    tagged = context.services.tagger.of(home[0].compound_id if home else None).tag(text)
    if (
        words is None
        and find_echo(text) is Echo.UNSOLVED
        and (answer := await _still_unsolved(context, home, tagged))
    ):
        return answer
    filing = decide(
        asked=words is not None,
        tagged=tagged.verdict is Verdict.MATTER,
        chatter=tagged.verdict is Verdict.CHATTER,
        length=len(text.strip()),
    )
    if filing is Filing.GREET:
        return Answer("chat.greeted", say("opinions.smalltalk"))
    if filing is Filing.ANSWER:
        return Answer("chat.answered", say("opinions.not_filed"))
    if home is None:
        held = f"{say('opinions.held')}{say('people.bind_how')}"
        if (
            tagged.urgency >= SAFETY
        ):  # nobody can be told where to go yet: the speaker has to know whom to call
            held += f"\n{say('opinions.danger')}"
        return Answer(HELD, held, MessageClass.RECEIPT)
    filed = await file_opinion(context, home, context.inbox_id, text, context.inbound.sent_at, tagged)
    next_step = "" if tagged.urgency >= SAFETY else await progress_of(context.session, filed.opinion)
    return Answer(FILED, f"{receipt(context, filed)}\n{next_step}".strip(), MessageClass.RECEIPT)


async def _still_unsolved(
    context: Context, home: tuple[Compound, Place | None] | None, tagged: Tagged
) -> Answer | None:
    """还是没人管, without saying what: it is about what they raised. None when there is no such thing."""
    if home is None:
        return None
    compound_id = home[0].compound_id or 0
    since = context.inbound.sent_at - REOPEN_WITHIN
    await lock_matters(context.session, compound_id)
    known = [
        *await list_known(
            context, (RequestState.DONE, RequestState.RATED, RequestState.CLOSED), REOPEN_WITHIN
        ),
        *await list_known(context, tuple(OPEN)),
    ]
    if len(known) > 1:
        return await ask_which(context, known, "还没好 {number}")
    number = await find_latest_of_person(context.session, compound_id, context.person_id, since)
    matter = await find_matter(context.session, compound_id, number) if number is not None else None
    if matter is None:
        return None
    filed = await file_opinion(
        context,
        home,
        context.inbox_id,
        context.inbound.text,
        context.inbound.sent_at,
        tagged,
        echo_of=matter,
    )
    return Answer(FILED, receipt(context, filed), MessageClass.RECEIPT)


async def show_progress(context: Context, number: str | None = None) -> Answer:
    """进度 [NUMBER]."""
    if number is None:
        return await _list_progress(context)
    try:
        opinion = await access_own_opinion(context.session, context.person_id, int(number))
    except NotFound:
        return Answer("progress.unknown", say("opinions.progress_unknown", number=int(number)))
    states = await states_of(context.session, [opinion])
    text = say(
        "opinions.progress_one",
        number=opinion.number,
        state=states.get((opinion.compound_id, opinion.number)) or state_name(opinion),
        said_on=month_day(opinion.said_at),
        text=(opinion.text or say("opinions.words_gone"))[:SHOWN],
        facts=facts(context, opinion),
    )
    text = f"{text.strip()}\n{await progress_of(context.session, opinion)}"
    return Answer("progress.shown", text.strip())


async def _list_progress(context: Context) -> Answer:
    opinions = await access_own_opinions(context.session, context.person_id, LOOKED_AT)
    if not opinions:
        return Answer("progress.none", say("opinions.progress_none"))
    matters = await matters_of(context.session, opinions)
    together: dict[tuple[int, int], list[Opinion]] = {}  # what one matter is about is listed once
    for opinion in opinions:
        own = (opinion.compound_id, opinion.number)
        matter = matters.get(own)
        together.setdefault((matter.compound_id, matter.number) if matter else own, []).append(opinion)
    shown = list(together.values())[:LISTED]
    states = await states_of(context.session, [opinions[0] for opinions in shown])
    lines = "\n".join(_progress_line(context, same, states) for same in shown)
    return Answer("progress.listed", say("opinions.progress_list", lines=lines))


def _progress_line(context: Context, same: list[Opinion], states: dict[tuple[int, int], str]) -> str:
    """One matter of theirs; same: what they said about it, newest first."""
    latest = same[0]
    numbers = [str(opinion.number) for opinion in reversed(same)]
    more = "…" if len(numbers) > NUMBERED else ""
    return say(
        "opinions.progress_line",
        number="、".join(numbers[:NUMBERED]) + more,
        state=states.get((latest.compound_id, latest.number)) or state_name(latest),
        label=category_names(context, latest) or excerpt(latest.text or say("opinions.words_gone"), 12),
        said_on=month_day(latest.said_at),
    )


async def withdraw(context: Context, number: str | None = None) -> Answer:
    """撤回 NUMBER."""
    if number is None:
        return await _withdraw_one(context)
    try:
        opinion = await access_own_opinion(context.session, context.person_id, int(number))
    except NotFound:
        return Answer("progress.unknown", say("opinions.progress_unknown", number=int(number)))
    return await _withdraw(context, opinion)


async def _withdraw_one(context: Context) -> Answer:
    """撤回: the one thing there is to take back; what was done already is not meant."""
    opinions = await access_own_opinions(context.session, context.person_id, LOOKED_AT)
    matters = await matters_of(context.session, opinions)
    over = {
        (one.request.compound_id, one.request.number)
        for one in await list_known(context, tuple(set(RequestState) - OPEN))
    }
    standing = [
        opinion
        for opinion in opinions
        if opinion.state is OpinionState.FILED
        and (
            (matter := matters.get((opinion.compound_id, opinion.number))) is None
            or (matter.compound_id, matter.number) not in over
        )
    ]
    if not standing:
        return Answer("help.given", say("opinions.withdraw_usage"))
    if len(standing) > 1:
        states = await states_of(context.session, standing[:LISTED])
        lines = "\n".join(_progress_line(context, [opinion], states) for opinion in standing[:LISTED])
        text = say("opinions.withdraw_which", lines=lines, number=standing[0].number)
        return Answer("opinion.asked", text)
    return await _withdraw(context, standing[0])


async def _withdraw(context: Context, opinion: Opinion) -> Answer:
    await withdraw_opinion(
        context.session, context.services, opinion, context.now, actor_id=context.person_id
    )
    return Answer("opinion.withdrawn", say("opinions.withdrawn", number=opinion.number))


async def take_voice(context: Context) -> Answer:
    """Voice in which the platform recognised nothing."""
    return Answer("voice.unheard", say("opinions.voice"))


async def ask_for_words(context: Context) -> Answer:
    """A place on the map or a link, with nothing said about it."""
    return Answer("media.seen", say("opinions.in_words"))


async def pass_over(context: Context) -> Answer:
    """Events and kinds that need no answer."""
    return Answer("message.ignored")


def state_name(opinion: Opinion) -> str:
    """How far an opinion is, in words."""
    return say(
        "opinions.state_withdrawn" if opinion.state is OpinionState.WITHDRAWN else "opinions.state_filed"
    )


_RAISE = r"(?:我要)?(?:反映|投诉|上报)"

SAY_WORDS = (
    rf"{_RAISE}(?:问题)?(?:\s*[:：,，]\s*|\s+|$)(?P<words>.*)",
    # 反映了三次都没人管: the word is part of the sentence.
    rf"(?P<words>{_RAISE}.+)",
)

_ASK = r"(?:我?(?:想|要)?(?:查询|查一?查|查一?下|查|看看|看一?下|看|问一?下|问问|问))?(?:一下)?(?:我的?)?"
_BACK = r"(?:我?(?:要|想))?(?:撤[回销]|取消|收回|作废)(?:一下)?"

ROUTES = (
    Route(command(rf"{_ASK}(?:办理|处理)?进[度展](?:{COLON}{NUMBER})?"), show_progress),
    Route(command(rf"(?:查询?|编号){COLON}{NUMBER}"), show_progress),
    Route(command(r"(?P<number>[1-9]\d{3,7})"), show_progress),
    Route(command(rf"{_ASK}{RECEIPT}[\s,，的]*+(?:这?件?事)?{ASKING}"), show_progress),
    Route(command(rf"{_ASK}(?:(?:反映|说)的)?(?:事情?|问题)?(?!情况){ASKING}"), show_progress),
    Route(command(rf"{_BACK}(?:{COLON}{NUMBER})?"), withdraw),
    Route(command(rf"{RECEIPT}[\s,，]*+(?:{_BACK}|不用(?:管|修|办|弄|处理)?了|不要了)"), withdraw),
    Route(command(r"(?:我?(?:发|说|打)错了?)[\s,，。]*+(?:撤[回销])?"), withdraw),
    *(Route(command(pattern), hear) for pattern in SAY_WORDS),
    Route(spoken(), hear),
    Route(kind(InboundKind.VOICE), take_voice),
    Route(kind(InboundKind.LOCATION, InboundKind.LINK), ask_for_words),
    Route(lambda inbound: {}, pass_over),
)
