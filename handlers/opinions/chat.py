"""What the bot understands and says about opinions."""

from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.access import NotFound, access_own_opinion, access_own_opinions
from handlers.context import Answer, Context
from handlers.filters import COLON, NUMBER, command, kind, spoken
from handlers.inbound import InboundKind
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
from handlers.requests.progress import progress_of, states_of
from handlers.router import Route
from handlers.texts import say
from nlp.echo import Echo, find_echo
from nlp.tagger import Tagged, Verdict
from storage.queries.matters import find_latest_of_person, find_matter, lock_matters
from storage.states import MessageClass, OpinionState
from storage.tables import Compound, Opinion, Place

LOCAL = ZoneInfo("Asia/Shanghai")
LISTED = 5
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
    """还是没人管, without saying what: it is about what they raised last. None when there is no such thing."""
    if home is None:
        return None
    compound_id = home[0].compound_id or 0
    since = context.inbound.sent_at - REOPEN_WITHIN
    await lock_matters(context.session, compound_id)
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


async def show_progress(context: Context, number: str | None) -> Answer:
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
        said_on=day(opinion.said_at),
        text=(opinion.text or say("opinions.words_gone"))[:SHOWN],
        facts=facts(context, opinion),
    )
    text = f"{text.strip()}\n{await progress_of(context.session, opinion)}"
    return Answer("progress.shown", text.strip())


async def _list_progress(context: Context) -> Answer:
    opinions = await access_own_opinions(context.session, context.person_id, LISTED)
    if not opinions:
        return Answer("progress.none", say("opinions.progress_none"))
    states = await states_of(context.session, opinions)
    lines = "\n".join(
        say(
            "opinions.progress_line",
            number=opinion.number,
            state=states.get((opinion.compound_id, opinion.number)) or state_name(opinion),
            label=category_names(context, opinion) or excerpt(opinion.text or say("opinions.words_gone"), 12),
            said_on=day(opinion.said_at),
        )
        for opinion in opinions
    )
    return Answer("progress.listed", say("opinions.progress_list", lines=lines))


async def withdraw(context: Context, number: str | None) -> Answer:
    """撤回 NUMBER."""
    if number is None:
        return Answer("help.given", say("opinions.withdraw_usage"))
    try:
        opinion = await access_own_opinion(context.session, context.person_id, int(number))
    except NotFound:
        return Answer("progress.unknown", say("opinions.progress_unknown", number=int(number)))
    await withdraw_opinion(
        context.session, context.services, opinion, context.now, actor_id=context.person_id
    )
    return Answer("opinion.withdrawn", say("opinions.withdrawn", number=int(number)))


async def take_picture(context: Context) -> Answer:
    """A picture or video without words."""
    return Answer("media.seen", say("opinions.picture"))


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


def day(at: datetime) -> str:
    """A day as people say it, Asia/Shanghai."""
    local = at.astimezone(LOCAL)
    return f"{local.month}月{local.day}日"


_RAISE = r"(?:我要)?(?:反映|投诉|上报)"

SAY_WORDS = (
    rf"{_RAISE}(?:问题)?(?:\s*[:：,，]\s*|\s+|$)(?P<words>.*)",
    # 反映了三次都没人管: the word is part of the sentence.
    rf"(?P<words>{_RAISE}.+)",
)

ROUTES = (
    Route(command(rf"(?:查询?|查一?下|看看?)?(?:办理)?进[度展](?:{COLON}{NUMBER})?"), show_progress),
    Route(command(rf"(?:查询?|编号){COLON}{NUMBER}"), show_progress),
    Route(command(r"(?P<number>[1-9]\d{3,7})"), show_progress),
    Route(command(rf"撤[回销](?:{COLON}{NUMBER})?"), withdraw),
    *(Route(command(pattern), hear) for pattern in SAY_WORDS),
    Route(spoken(), hear),
    Route(kind(InboundKind.IMAGE, InboundKind.VIDEO), take_picture),
    Route(kind(InboundKind.VOICE), take_voice),
    Route(kind(InboundKind.LOCATION, InboundKind.LINK), ask_for_words),
    Route(lambda inbound: {}, pass_over),
)
