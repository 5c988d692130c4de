"""What the bot understands and says about matters: 确认, 不是事, 合并, 拆开 for staff; 不同 and 确认 for residents."""

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound, Opened, Right, access_own_opinion
from handlers.context import Answer, Context
from handlers.desk import Desk, ask_which, for_staff, pick
from handlers.filters import COLON, NUMBER, command
from handlers.matters.confirm import confirm_matter, dismiss_matter
from handlers.matters.merge import NotMergeable, merge_matters, split_matter, take_apart
from handlers.matters.own import confirm_own as confirm_own_matter
from handlers.router import Route
from handlers.texts import say
from storage.queries.matters import (
    find_matter,
    find_matter_number_within,
    lock_matters,
)
from storage.states import MatterState, OpinionState
from storage.tables import Compound, Matter


def state_of(matter: Matter) -> str:
    """How far a matter is, in words."""
    if not matter.households + matter.speakers:
        return say("opinions.state_withdrawn")
    if matter.state is MatterState.CANDIDATE:
        return say("matters.state_candidate")
    if matter.state is MatterState.DISMISSED:
        return say("matters.state_dismissed")
    return say("matters.state_confirmed")


def people_of(matter: Matter) -> str:
    """How many people say so: 3户、另2人."""
    if not matter.households:
        return say("matters.speakers", count=matter.speakers)
    if not matter.speakers:
        return say("matters.households", count=matter.households)
    return say("matters.both", households=matter.households, speakers=matter.speakers)


# Staff


async def _load(session: AsyncSession, opened: Opened, number: str) -> Matter | None:
    """The matter that a number leads to, with the compound's matters locked; a merged one is followed."""
    await lock_matters(session, opened.compound_id)
    found = await find_matter_number_within(session, opened.compound_id, opened.codes, int(number))
    return await find_matter(session, opened.compound_id, found) if found is not None else None


def _unknown(compound: Compound, number: str) -> Answer:
    return Answer("matter.unknown", say("staff.progress_unknown", compound=compound.name, number=int(number)))


async def confirm(context: Context, desk: Desk, number: str, where: str | None) -> Answer:
    """确认 NUMBER: it is something to be seen to; also after 不是事."""
    opened = pick(desk, where)
    if opened is None:
        return ask_which(desk, f"确认 {int(number)}")
    compound = opened.compound
    matter = await _load(context.session, opened, number)
    if matter is None:
        return _unknown(compound, number)
    changed = await confirm_matter(
        context.session, context.services, compound, matter, context.now, actor_id=context.person_id
    )
    text = say("matters.confirmed" if changed else "matters.confirmed_already", number=matter.number)
    return Answer("matter.confirmed", text)


async def dismiss(context: Context, desk: Desk, number: str, where: str | None) -> Answer:
    """不是事 NUMBER."""
    opened = pick(desk, where)
    if opened is None:
        return ask_which(desk, f"不是事 {int(number)}")
    compound = opened.compound
    matter = await _load(context.session, opened, number)
    if matter is None:
        return _unknown(compound, number)
    await dismiss_matter(
        context.session, context.services, compound, matter, context.now, actor_id=context.person_id
    )
    return Answer("matter.dismissed", say("matters.dismissed", number=matter.number))


async def merge(context: Context, desk: Desk, number: str, other: str, where: str | None) -> Answer:
    """合并 NUMBER OTHER: the second goes into the first."""
    opened = pick(desk, where)
    if opened is None:
        return ask_which(desk, f"合并 {int(number)} {int(other)}")
    compound = opened.compound
    target = await _load(context.session, opened, number)
    gone = await _load(context.session, opened, other)
    if target is None or gone is None:
        return _unknown(compound, number if target is None else other)
    try:
        merged = await merge_matters(
            context.session,
            context.services,
            compound,
            target.number,
            gone.number,
            context.now,
            actor_id=context.person_id,
        )
    except NotMergeable:
        return Answer("matter.same", say("matters.same_already", number=int(number), other=int(other)))
    # One that was over for good has come into the other, whichever was named first.
    came = gone.number if merged.number == target.number else target.number
    text = say("matters.merged_done", number=merged.number, other=came, people=people_of(merged))
    return Answer("matter.merged", text)


async def part(context: Context, desk: Desk, number: str, where: str | None) -> Answer:
    """拆开 NUMBER: a matter that was merged stands by itself again, or one opinion gets a matter of its own."""
    opened = pick(desk, where)
    if opened is None:
        return ask_which(desk, f"拆开 {int(number)}")
    compound = opened.compound
    session, asked = context.session, int(number)
    root = await _load(session, opened, number)
    if root is None:
        return _unknown(compound, number)
    try:
        matter = await take_apart(
            session, context.services, compound, root, asked, context.now, actor_id=context.person_id
        )
    except NotMergeable:
        return Answer("matter.alone", say("matters.alone", number=asked))
    return Answer(
        "matter.split",
        say("matters.split_done", number=matter.number, root=root.number, people=people_of(matter)),
    )


# Residents


async def differ(context: Context, number: str | None) -> Answer:
    """不同 NUMBER: what I said is another matter than that of the others."""
    if number is None:
        return Answer("help.given", say("matters.differ_usage"))
    try:
        opinion = await access_own_opinion(context.session, context.person_id, int(number))
    except NotFound:
        return Answer("progress.unknown", say("opinions.progress_unknown", number=int(number)))
    if opinion.matter_number in (None, opinion.number) or opinion.state is not OpinionState.FILED:
        return Answer("matter.alone", say("matters.alone_yours", number=opinion.number))
    compound = await context.session.get_one(Compound, opinion.compound_id)
    try:
        await split_matter(
            context.session,
            context.services,
            compound,
            opinion.matter_number or 0,
            [opinion.number],
            context.now,
            actor_id=context.person_id,
            tell=False,
        )
    except NotMergeable:  # staff were first
        return Answer("matter.alone", say("matters.alone_yours", number=opinion.number))
    return Answer("matter.split", say("matters.split_yours", number=opinion.number))


async def confirm_own(context: Context, number: str) -> Answer:
    """确认 NUMBER by somebody who said it in a group: it is meant."""
    try:
        opinion = await access_own_opinion(context.session, context.person_id, int(number))
    except NotFound:
        return Answer("progress.unknown", say("opinions.progress_unknown", number=int(number)))
    if opinion.state is not OpinionState.FILED:
        return Answer("progress.unknown", say("opinions.progress_unknown", number=opinion.number))
    compound = await context.session.get_one(Compound, opinion.compound_id)
    await confirm_own_matter(
        context.session, context.services, compound, opinion, context.now, actor_id=context.person_id
    )
    return Answer("matter.confirmed", say("matters.confirmed_yours", number=opinion.number))


_WHERE = r"(?P<where>[^\s\d].*)?"  # the number has taken the spaces behind it
_SECOND = r"(?:编号|号|#)?\s*(?P<other>\d{1,15})\s*号?"

STAFF_ROUTES = (
    Route(command(rf"确认{COLON}{NUMBER}{_WHERE}"), for_staff(confirm, Right.MERGE)),
    Route(
        command(rf"(?:这)?(?:不是|不算)(?:个|一个)?事(?:情|儿)?{COLON}{NUMBER}{_WHERE}"),
        for_staff(dismiss, Right.MERGE),
    ),
    Route(
        command(rf"合并{COLON}{NUMBER}(?:\s*[和与、,，+]\s*)?{_SECOND}{_WHERE}"),
        for_staff(merge, Right.MERGE),
    ),
    Route(command(rf"(?:拆[开分]|取消合并|撤销合并){COLON}{NUMBER}{_WHERE}"), for_staff(part, Right.MERGE)),
)

ROUTES = (
    Route(command(rf"(?:不同|不一样|不是同?一件事?)(?:{COLON}{NUMBER})?"), differ),
    Route(command(rf"确认{COLON}{NUMBER}"), confirm_own),
)
