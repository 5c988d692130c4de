"""What the bot understands in groups and from staff, and what it says there.

A customer group is only listened to. In the staff's own group, and 1:1 with them, it answers when it is spoken to,
and never says who raised a matter.
"""

from collections import Counter
from datetime import datetime, time

from handlers.access import Right
from handlers.alerts.chat import confirm, confirming, show_duty
from handlers.context import Answer, Context
from handlers.desk import Desk, ask_which, for_staff, pick
from handlers.digests.rules import monday_of
from handlers.filters import COLON, NUMBER, command, kind, spoken
from handlers.groups.earlier import scores_before
from handlers.inbound import InboundKind
from handlers.learning.chat import ROUTES as LEARNING_ROUTES
from handlers.learning.doubtful import IN_DOUBT
from handlers.local_time import LOCAL, month_day
from handlers.matters.chat import people_of, state_of
from handlers.matters.rules import compatible
from handlers.matters.solved import note_solved
from handlers.matters.talk import (
    answers_something,
    find_echoed_matter,
    find_quoted_matter,
    read_talk,
)
from handlers.opinions.chat import SAY_WORDS
from handlers.opinions.file import Filed, category_names, facts, file_opinion, joined_line, receipt
from handlers.opinions.rules import SAFETY, decide_in_group, place_name
from handlers.people.chat import REFUSAL_HERE
from handlers.people.refuse import refuse_groups
from handlers.photos.chat import overhear_picture
from handlers.reach.fields import Facts, NoticeKind
from handlers.reach.notify import Notice, notify_person
from handlers.requests.figures import rates_of, rates_text
from handlers.requests.staff import timeline_of
from handlers.router import Route
from handlers.texts import say
from nlp.echo import Echo, find_echo
from nlp.lexicon import top_of
from nlp.tagger import Tagged, Verdict
from storage.queries.matters import find_matter, find_matter_number_within, list_waiting_matters, lock_matters
from storage.queries.opinions import list_categories_since
from storage.queries.people import follows_one_of
from storage.states import ChannelKind, GroupKind, MatterState, MessageClass
from storage.tables import Compound, Matter, Place

LISTED = 5
TOPS = 8  # categories that one answer counts

PASSED = Answer("group.passed")
DOUBTED = Answer(IN_DOUBT)
FILED_HERE = Answer("group.filed")


# Customer groups: heard, never answered.


async def overhear(context: Context) -> Answer:
    """Words in a customer group. What is a matter is filed; the rest is nobody's business."""
    if context.identity.refused_at is not None:  # refused after the archive had been read
        return Answer("group.refused", unheard=True)
    if context.group is None:
        return Answer("group.unknown", unheard=True)
    group, compound = context.group
    if group.kind is not GroupKind.CUSTOMER:
        return PASSED
    text = context.inbound.text
    tagger = context.services.tagger.of(compound.compound_id)
    tagged = tagger.tag(text, await scores_before(context, tagger))
    if (echo := find_echo(text)) is not None and (answer := await _hear_echo(context, echo, tagged)):
        return answer
    if not decide_in_group(tagged=tagged.verdict is Verdict.MATTER, danger=tagged.urgency >= SAFETY):
        return DOUBTED if tagged.verdict is Verdict.UNSURE else PASSED
    filed = await file_opinion(
        context,
        (compound, await _place_of_speaker(context, compound)),
        context.inbox_id,
        text,
        context.inbound.sent_at,
        tagged,
        group,
        talk=await read_talk(context),
        about=await _find_answered(context, compound, tagged),
    )
    await receipt_aside(context, compound, filed)
    return FILED_HERE


async def _find_answered(context: Context, compound: Compound, tagged: Tagged) -> int | None:
    """The matter that a voice of its own answers to, when it can be the same one: one kind of thing, one place."""
    if not answers_something(context) or (number := await find_quoted_matter(context)) is None:
        return None
    assert compound.compound_id is not None
    await lock_matters(context.session, compound.compound_id)
    matter = await find_matter(context.session, compound.compound_id, number)
    where = tagged.place
    if matter is None or not compatible(where.building, where.entrance, matter.building, matter.entrance):
        return None
    is_kin = matter.leaf is None or top_of(matter.leaf) in {top_of(c.id) for c in tagged.categories}
    return number if is_kin else None


async def _hear_echo(context: Context, echo: Echo, tagged: Tagged) -> Answer | None:
    """Words without a subject, counted for what is being talked about; None when nothing is."""
    assert context.group is not None
    group, compound = context.group
    assert compound.compound_id is not None
    number = await find_echoed_matter(context, echo, compound.compound_id)
    if number is None:
        return None
    if echo is Echo.SOLVED:
        return Answer("group.noted") if await note_solved(context, compound.compound_id, number) else None
    await lock_matters(context.session, compound.compound_id)
    matter = await find_matter(context.session, compound.compound_id, number)
    where = tagged.place
    if matter is None or not compatible(where.building, where.entrance, matter.building, matter.entrance):
        return None
    filed = await file_opinion(
        context,
        (compound, await _place_of_speaker(context, compound)),
        context.inbox_id,
        context.inbound.text,
        context.inbound.sent_at,
        tagged,
        group,
        echo_of=matter,
    )
    await receipt_aside(context, compound, filed)
    return Answer("group.echoed")


async def _place_of_speaker(context: Context, compound: Compound) -> Place | None:
    home = await context.batch.home_of(context.person_id)
    return home[1] if home and home[0].compound_id == compound.compound_id else None


async def receipt_aside(context: Context, compound: Compound, filed: Filed) -> None:
    """Tell a speaker who also follows the service account, 1:1, once a day at most. The group reads nothing."""
    services = context.services
    accounts = [name for name, a in services.accounts.items() if a.kind is ChannelKind.OFFICIAL_ACCOUNT]
    if not accounts or not await follows_one_of(context.session, context.person_id, accounts):
        return
    opinion = filed.opinion
    unsure = filed.matter.state is MatterState.CANDIDATE
    about = facts(context, opinion)
    if unsure:
        text = say("opinions.heard_in_group", number=opinion.number, facts=about)
    else:
        text = say("opinions.filed_in_group", number=opinion.number, facts=about)
    if joined := joined_line(filed):
        text += "\n" + joined
    if unsure:
        text += "\n" + say("matters.confirm_how", number=opinion.number)
    notice = Notice(
        MessageClass.RECEIPT,
        text,
        f"group-receipt:{context.person_id}:{context.now.astimezone(LOCAL):%Y%m%d}",
        Facts(
            NoticeKind.RECEIPT,
            what=category_names(context, opinion, most=1) or say("reach.some_matter"),
            state=say("matters.candidate") if unsure else say("reach.state_filed"),
            at=opinion.said_at,
            compound=compound.name,
            number=opinion.number,
            place=place_name(opinion.building, opinion.entrance, opinion.unit),
            link=f"{services.public_url}/h5" if services.public_url else "",
        ),
    )
    await notify_person(context.session, services, context.person_id, notice, context.now)


async def refuse_here(context: Context) -> Answer:
    """群里别记我, said in the group itself: obeyed, without a word."""
    await refuse_groups(context)
    return Answer("person.refused_groups", unheard=True)


async def pass_by(context: Context) -> Answer:
    """Pictures, events and whatever else happens in a group."""
    return PASSED


CUSTOMER_ROUTES = (
    Route(command(REFUSAL_HERE), refuse_here),
    Route(spoken(), overhear),
    Route(kind(InboundKind.IMAGE), overhear_picture),
    Route(lambda inbound: {}, pass_by),
)


# Staff, in their own group or 1:1.


async def give_help(context: Context, desk: Desk) -> Answer:
    """帮助."""
    return Answer("help.given", say("staff.help"))


async def show_week(context: Context, desk: Desk, where: str | None) -> Answer:
    """本周: how much has been said since Monday, by category."""
    opened = pick(desk, where)
    if opened is None:
        return ask_which(desk, "本周")
    monday = datetime.combine(monday_of(context.now), time(), LOCAL)
    said = await list_categories_since(context.session, opened.compound_id, opened.codes, monday)
    counts = Counter(top_of(categories[0]["id"]) if categories else "" for categories in said)
    lexicon = context.services.tagger.lexicon
    lines = "\n".join(
        f"{lexicon.top_name(top) if top else say('staff.unsorted')} {count}"
        for top, count in sorted(counts.items(), key=lambda entry: (entry[0] == "", -entry[1], entry[0]))[
            :TOPS
        ]
    )
    text = say("staff.week", compound=opened.name, count=len(said), lines=lines).strip()
    if opened.codes is None:  # the rates are those of the whole compound
        figures = await rates_of(context.session, context.services, opened.compound_id, monday, context.now)
        text += f"\n{rates_text(figures)}" if figures.raised else ""
    return Answer("week.shown", text)


async def show_unanswered(context: Context, desk: Desk, where: str | None) -> Answer:
    """待办: what has waited longest, each matter once."""
    opened = pick(desk, where)
    if opened is None:
        return ask_which(desk, "待办")
    waiting = await list_waiting_matters(context.session, opened.compound_id, opened.codes, LISTED)
    if not waiting:
        return Answer("unanswered.none", say("staff.nothing_waits", compound=opened.name))
    lines = "\n".join(
        "｜".join(
            (
                str(matter.number),
                *_candidate(matter),
                _label(context, matter),
                *_place(matter, desk),
                people_of(matter),
                say("staff.days", days=(context.now - matter.opened_at).days),
            )
        )
        for matter in waiting
    )
    return Answer("unanswered.shown", say("staff.unanswered", compound=opened.name, lines=lines))


def _candidate(matter: Matter) -> tuple[str, ...]:
    return (say("matters.candidate"),) if matter.state is MatterState.CANDIDATE else ()


def _label(context: Context, matter: Matter) -> str:
    lexicon = context.services.tagger.lexicon
    if matter.leaf is None or matter.leaf not in lexicon.leaves:
        return say("staff.unsorted")
    return f"{lexicon.top_name(matter.leaf)}·{lexicon.name(matter.leaf)}"


def _place(matter: Matter, desk: Desk) -> tuple[str, ...]:
    """Where, without the door: staff see to a matter, not to who complained; a group reads the building only."""
    name = place_name(matter.building, None if desk.in_group else matter.entrance, None)
    return (name,) if name else ()


async def show_progress(context: Context, desk: Desk, number: str, where: str | None) -> Answer:
    """进度 NUMBER: how far a matter is, without its words and without who said it. Any receipt's number leads to it."""
    opened = pick(desk, where)
    if opened is None:
        return ask_which(desk, f"进度 {int(number)}")
    asked = int(number)
    found = await find_matter_number_within(context.session, opened.compound_id, opened.codes, asked)
    matter = await find_matter(context.session, opened.compound_id, found) if found is not None else None
    if matter is None:
        return Answer("progress.unknown", say("staff.progress_unknown", compound=opened.name, number=asked))
    text = say(
        "staff.progress",
        number=matter.number
        if asked == matter.number
        else say("matters.found_as", number=asked, matter=matter.number),
        state=state_of(matter),
        label="｜".join((_label(context, matter), *_place(matter, desk), people_of(matter))),
        days=(context.now - matter.opened_at).days,
    )
    if matter.solved_at is not None:
        text += "\n" + say("matters.said_solved", at=month_day(matter.solved_at))
    request = await timeline_of(context, opened.compound, matter.number, in_group=desk.in_group)
    return Answer("progress.shown", f"{text}\n{request}".strip())


async def report(context: Context, desk: Desk, words: str) -> Answer:
    """反映 ...: a member of staff tells a matter; with several compounds its name comes first."""
    opened = desk.compounds[0] if len(desk.compounds) == 1 else None
    if opened is None:
        named = [opened for opened in desk.compounds if words.startswith(opened.compound.name)]
        if not named:
            return ask_which(desk, "反映")
        opened = max(named, key=lambda opened: len(opened.compound.name))
        words = words.removeprefix(opened.compound.name).lstrip(" ：:，,\t\n")
    if not words.strip():
        return Answer("help.given", say("opinions.say_what"))
    # Who sees to one building speaks of that one, unless the words name another.
    place = opened.places[0] if opened.places and len(opened.places) == 1 else None
    filed = await file_opinion(
        context,
        (opened.compound, place),
        context.inbox_id,
        words,
        context.inbound.sent_at,
        context.services.tagger.of(opened.compound_id).tag(words),
        context.group[0] if context.group else None,
    )
    return Answer("opinion.filed", receipt(context, filed, in_group=desk.in_group), MessageClass.RECEIPT)


async def not_understood(context: Context, desk: Desk) -> Answer:
    """Anything else that is said to the bot."""
    return Answer("chat.answered", say("staff.not_understood"))


_WHERE = r"(?:\s+(?P<where>\S.*))?"
_WHERE_AFTER = r"(?P<where>[^\s\d].*)?"  # the number has taken the spaces behind it

STAFF_ROUTES = (
    Route(command(r"帮助|菜单|使用说明|help|\?|怎么用"), for_staff(give_help)),
    Route(command(rf"本周(?:统计|情况|汇总)?{_WHERE}"), for_staff(show_week, Right.SEE_WEEK)),
    Route(
        command(rf"(?:待办|未答复|没答复|未回复|待答复)(?:的)?{_WHERE}"),
        for_staff(show_unanswered, Right.SEE_WEEK),
    ),
    Route(
        command(rf"(?:查询?|查一?下|看看?)?(?:办理)?进[度展]{COLON}{NUMBER}{_WHERE_AFTER}"),
        for_staff(show_progress, Right.SEE_WEEK),
    ),
    *LEARNING_ROUTES,
    Route(command(confirming(_WHERE_AFTER)), for_staff(confirm, Right.ACKNOWLEDGE_ALERT)),
    Route(command(rf"(?:谁)?值班(?:表|人员)?{_WHERE}"), for_staff(show_duty, Right.SEE_ALERTS)),
    *(Route(command(pattern), for_staff(report, Right.SEE_WEEK, Right.SEE_ALERTS)) for pattern in SAY_WORDS),
    Route(spoken(), for_staff(not_understood)),
    Route(lambda inbound: {}, pass_by),
)
