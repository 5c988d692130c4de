"""Use cases: two matters turn out to be one, or one to be two. Every voice is kept, and all of it can be undone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.matters.confirm import confirm_matter
from handlers.matters.recount import lose_voices, recount
from handlers.matters.rules import rest_number
from handlers.reach.notify import Notice, notify_person
from handlers.requests.commands import OPEN, Why
from handlers.requests.notice import facts_of_own
from handlers.requests.raise_ import (
    absorb_request,
    cancel_request,
    is_over,
    raise_request,
    reopen_request,
)
from handlers.requests.topics import topics_of
from handlers.texts import say
from storage.audit import add_audit_event
from storage.queries.matters import (
    find_matter,
    find_matter_number,
    find_request_state,
    list_merged_below,
    list_opinions_in,
    lock_matters,
)
from storage.queries.requests import list_voices
from storage.states import MatterState, MessageClass, OpinionState
from storage.tables import Compound, Matter, Opinion


class NotMergeable(Exception):  # noqa: N818  an answer, not an error
    """There is no such matter, or it is the same one, or it has nothing to be split from."""


async def merge_matters(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    into: int,
    other: int,
    now: datetime,
    *,
    actor_id: int,
) -> Matter:
    """Move every voice of the matter `other` to the matter `into`; returns that. Raises NotMergeable.

    What either of them was stays: one that is confirmed or open makes the whole so. When `into` is over for good and
    `other` is not, it is the other way round. Those whose voices move are told once. The caller has checked that the
    actor may.
    """
    assert compound.compound_id is not None
    await lock_matters(session, compound.compound_id)
    target, gone = await _pair(session, compound.compound_id, into, other)
    if await _is_over(session, target, now) and not await _is_over(session, gone, now):
        target, gone = gone, target
    opinions = await list_opinions_in(session, compound.compound_id, gone.number)
    stood = await list_voices(session, compound.compound_id, target.number)
    gone.merged_voices = [opinion.number for opinion in opinions]
    was_confirmed = gone.state is MatterState.CONFIRMED
    was_open = await find_request_state(session, gone) in OPEN
    if gone.state is MatterState.DISMISSED:
        gone.confirmed_at = None  # so that taking the merge back does not see to what was none
    gone.state, gone.merged_into = MatterState.MERGED, target.number
    for opinion in opinions:
        opinion.matter_number = target.number
    target.opened_at = min(target.opened_at, gone.opened_at)
    target.heard_at = max(target.heard_at, gone.heard_at)
    target.urgency = max(target.urgency, gone.urgency)
    await session.flush()
    await recount(session, gone)
    await recount(session, target)
    # Now that nobody stands behind it, only whoever works on it is told: the others read of the merging below.
    cancelled = await cancel_request(
        session, services, compound, gone, Why.MERGED, now, actor_id=actor_id, into=target.number
    )
    if was_confirmed and target.state is not MatterState.CONFIRMED:
        await confirm_matter(session, services, compound, target, now, actor_id=actor_id)
    elif was_open:
        await reopen_request(session, services, compound, target, now, key=None, actor_id=actor_id)
    if cancelled:
        await absorb_request(session, target, gone)
    details = {"other": gone.number, "voices": len(opinions)}
    _audit(session, "matter.merged", target, now, actor_id, details)
    news = _News(f"merged:{target.number}", _merged(target.number, stood), say("matters.brief_merged"))
    await _tell(session, services, compound, target, gone.number, opinions, news, now)
    return target


async def unmerge(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    now: datetime,
    *,
    actor_id: int,
) -> Matter:
    """Take a merge back: the voices that came with the matter `number` are its own again. Raises NotMergeable."""
    assert compound.compound_id is not None
    await lock_matters(session, compound.compound_id)
    matter = await find_matter(session, compound.compound_id, number)
    if matter is None or matter.state is not MatterState.MERGED:
        raise NotMergeable
    above = await find_matter_number(session, compound.compound_id, number)
    root = await find_matter(session, compound.compound_id, above) if above is not None else None
    assert root is not None
    came = set(matter.merged_voices or ())
    opinions = [
        opinion
        for opinion in await list_opinions_in(session, compound.compound_id, root.number)
        if opinion.number in came
    ]
    await _revive(session, services, compound, matter, root, opinions, now, actor_id)
    _audit(session, "matter.unmerged", matter, now, actor_id, {"from": root.number, "voices": len(opinions)})
    await _tell(session, services, compound, matter, root.number, opinions, _parted(matter.number), now)
    return matter


async def split_matter(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter_number: int,
    numbers: Collection[int],
    now: datetime,
    *,
    actor_id: int,
    tell: bool = True,
) -> Matter:
    """Give these opinions of a matter one of their own; returns it. Raises NotMergeable.

    A matter keeps the number of its first opinion: when that one leaves, the others go on under another number, and
    theirs is the matter that is returned. tell: those whose voices moved are told.
    """
    assert compound.compound_id is not None
    await lock_matters(session, compound.compound_id)
    matter = await find_matter(session, compound.compound_id, matter_number)
    if matter is None or matter.state is MatterState.MERGED:
        raise NotMergeable
    opinions = await list_opinions_in(session, compound.compound_id, matter.number)
    new_number = rest_number([opinion.number for opinion in opinions], numbers, matter.number)
    if new_number is None:
        raise NotMergeable
    stay = matter.number in numbers
    moving = [opinion for opinion in opinions if (opinion.number in numbers) is not stay]
    new = await find_matter(session, compound.compound_id, new_number)
    if new is None:
        first = moving[0]
        new = Matter(
            compound_id=compound.compound_id,
            number=new_number,
            leaf=first.categories[0]["id"] if first.categories else matter.leaf,
            urgency=max(opinion.urgency for opinion in moving),
            building=first.building,
            entrance=first.entrance,
            opened_at=min(opinion.said_at for opinion in moving),
            heard_at=max(opinion.said_at for opinion in moving),
            state=MatterState.MERGED,
            merged_into=matter.number,
            confirmed_at=matter.confirmed_at,
            confirmed_by=matter.confirmed_by,
        )
        session.add(new)
        await session.flush()
    await _revive(session, services, compound, new, matter, moving, now, actor_id)
    _audit(session, "matter.split", new, now, actor_id, {"from": matter.number, "voices": len(moving)})
    if tell:
        await _tell(session, services, compound, new, matter.number, moving, _parted(new.number), now)
    return new


async def take_apart(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    root: Matter,
    number: int,
    now: datetime,
    *,
    actor_id: int,
) -> Matter:
    """拆开: the matter `number` that was merged into `root` stands by itself again, or else the opinion gets its own.

    Returns that one. Raises NotMergeable.
    """
    assert compound.compound_id is not None
    own = await find_matter(session, compound.compound_id, number)
    if own is not None and own.state is MatterState.MERGED:
        return await unmerge(session, services, compound, number, now, actor_id=actor_id)
    return await split_matter(session, services, compound, root.number, [number], now, actor_id=actor_id)


async def _pair(session: AsyncSession, compound_id: int, into: int, other: int) -> tuple[Matter, Matter]:
    """Both matters, locked in one order everywhere."""
    if into == other:
        raise NotMergeable
    found = {number: await find_matter(session, compound_id, number) for number in sorted((into, other))}
    target, gone = found[into], found[other]
    if target is None or gone is None or MatterState.MERGED in (target.state, gone.state):
        raise NotMergeable
    return target, gone


async def _is_over(session: AsyncSession, matter: Matter, now: datetime) -> bool:
    return matter.state is MatterState.CONFIRMED and await is_over(session, matter, now)


async def _revive(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    root: Matter,
    opinions: Sequence[Opinion],
    now: datetime,
    actor_id: int,
) -> None:
    """Let a matter stand by itself again, with these voices out of the matter `root`."""
    matter.state, matter.merged_into, matter.merged_voices = MatterState.CANDIDATE, None, None
    for opinion in opinions:
        opinion.matter_number = matter.number
    await session.flush()
    moved = {opinion.number for opinion in opinions}
    for merged in await list_merged_below(session, matter.compound_id, root.number):
        if merged.number in moved:
            merged.merged_into = matter.number
        else:  # what has left by itself does not come along when that merge is taken back
            merged.merged_voices = [number for number in merged.merged_voices or () if number not in moved]
    await lose_voices(session, services, matter.compound_id, root.number, now, actor_id=actor_id)
    await recount(session, matter)
    if matter.confirmed_at is not None:
        matter.state = MatterState.CONFIRMED
        await session.flush()
        await raise_request(session, services, compound, matter, now, actor_id=actor_id)


@dataclass(frozen=True, slots=True)
class _News:
    """What happened to matters. key: names it. words: of it, for a person and the number they know. state: in brief."""

    key: str
    words: Callable[[int, int], str]
    state: str


async def _tell(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    left: int,
    opinions: Sequence[Opinion],
    news: _News,
    now: datetime,
) -> None:
    """Tell everybody whose voice moved to `matter`, once. left: the matter that their voices left."""
    told: set[int] = set()
    for opinion in opinions:
        if opinion.person_id is None or opinion.person_id in told or opinion.state is not OpinionState.FILED:
            continue
        told.add(opinion.person_id)
        number, where = opinion.number, f"request:{opinion.compound_id}"
        todo = say("matters.todo_differ", number=number) if number != matter.number else ""
        # With the time: what was merged, split and merged again is told again.
        notice = Notice(
            MessageClass.NOTICE,
            news.words(opinion.person_id, number),
            f"{news.key}:{opinion.compound_id}:{number}:{now:%y%m%d%H%M%S}",
            facts_of_own(
                services,
                compound,
                matter,
                number,
                news.state,
                todo or say("requests.todo_wait"),
                now,
            ),
            topic=f"{where}:{number}:moved",
            # How far it was where it is no longer means nothing to them now.
            replaces=(f"{where}:{number}:moved", *topics_of(opinion.compound_id, left, opinion.person_id)),
        )
        await notify_person(session, services, opinion.person_id, notice, now)


def _merged(into: int, stood: Mapping[int, int]) -> Callable[[int, int], str]:
    """stood: whose voices the other matter had before, with the number each of them knows it by."""

    def words(person_id: int, number: int) -> str:
        if person_id in stood:
            return say("matters.merged_own", number=number, other=stood[person_id])
        return say("matters.merged", number=number, matter=into)

    return words


def _parted(number: int) -> _News:
    return _News(
        f"split:{number}",
        lambda _person_id, own: say("matters.split", number=own),
        say("matters.brief_split"),
    )


def _audit(
    session: AsyncSession, verb: str, matter: Matter, now: datetime, actor_id: int, details: dict[str, int]
) -> None:
    add_audit_event(
        session,
        at=now,
        verb=verb,
        compound_id=matter.compound_id,
        actor_id=actor_id,
        subject=f"matter:{matter.number}",
        details=details,
    )
