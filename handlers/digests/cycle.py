"""Use case: take every compound's week one step further where it is due.

Called by the clock of every replica, as often as it likes. What is due follows from the time and the table
(rules.due); a step belongs to the replica whose statement wrote it down, in the transaction that queues its words.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import some_apart
from handlers.context import Services
from handlers.digests.build import Digest, Wanted, build_digests
from handlers.digests.public import feedback_text, public_week
from handlers.digests.render import digest_text
from handlers.digests.rules import (
    DAY,
    DEFAULT_PLAN,
    Plan,
    Step,
    Timetable,
    WeekState,
    before,
    due,
    feeds_back_at,
    is_news,
    is_prompted,
    minute_of_week,
    monday_of,
    sends_at,
    spread_of,
    timetable,
    unfinished,
)
from handlers.digests.untold import Told, feedback_key, find_untold
from handlers.local_time import LOCAL
from handlers.opinions.rules import SAFETY
from handlers.reach.fields import Facts, NoticeKind
from handlers.reach.notify import Notice, Reached, Whom, key_in_group, notify_all
from handlers.texts import say
from storage.audit import add_audit_event
from storage.database import Database
from storage.queries import cycles, week_figures
from storage.queries.cycles import Candidate, Week
from storage.queries.prompts import list_unseen, load_last_prompts, put_prompts
from storage.queries.week_figures import Period, Totals
from storage.states import CycleStep, GroupKind, MessageClass, Role
from storage.tables import ChatGroup

STEPS = 200  # in one call: a tick stays short, the next one goes on
BATCH = 20  # steps in one transaction: callbacks must not wait long behind it
LIVELY = 5  # opinions this week in a group that needs no prompt
READERS = (Role.SECRETARY, Role.COMMITTEE, Role.COMMUNITY_WORKER)

_ORDER = (CycleStep.CLOSE, CycleStep.DIGEST, CycleStep.OPEN, CycleStep.PROMPT)


@dataclass(frozen=True, slots=True)
class DueStep:
    """A step of a compound that is due."""

    compound_id: int
    code: str
    name: str
    plan: Plan
    step: Step

    @property
    def key(self) -> Week:
        """(compound_id, Monday)."""
        return self.compound_id, self.step.week

    @property
    def moments(self) -> Timetable:
        """The timetable of its week."""
        return timetable(self.plan, self.code, self.step.week)


class Words(NamedTuple):
    """Whom a step writes to, and what."""

    groups: Sequence[ChatGroup]
    persons: Sequence[int]
    notice: Notice


async def advance(database: Database, services: Services, now: datetime) -> int:
    """Make the steps that are due and that no other replica makes; returns how many.

    A compound that fails does not hold up the others; its error is raised when they are done.
    """
    steps = await list_due(database, now)
    return await some_apart(
        database,
        _batches(steps),
        lambda session, batch: _MAKERS[batch[0].step.step](session, services, batch, now),
    )


async def list_due(database: Database, now: datetime) -> list[DueStep]:
    """What is due now, at most about STEPS; one query when it is nothing."""
    found: list[DueStep] = []
    async with database.read() as session:
        candidates = await cycles.list_candidates(
            session,
            monday_of(now).isoformat(),
            minute_of_week(now),
            (
                (DEFAULT_PLAN.open_weekday, DEFAULT_PLAN.open_minute),
                (DEFAULT_PLAN.prompt_weekday, DEFAULT_PLAN.prompt_minute),
                (DEFAULT_PLAN.close_weekday, DEFAULT_PLAN.close_minute),
            ),
        )
        for candidate in candidates:
            found += await _due_of(session, candidate, now)
            if len(found) >= STEPS:
                break
    return found


async def _due_of(session: AsyncSession, candidate: Candidate, now: datetime) -> list[DueStep]:
    compound_id, code, name, settings, rows = candidate
    plan = Plan(*settings) if settings else DEFAULT_PLAN
    weeks = [WeekState(*row) for row in rows]
    spoken: set[str] = set()
    pending = unfinished(plan, code, weeks, now)
    if len(pending) > 1:
        for week in pending:
            period = Period(
                compound_id,
                timetable(plan, code, before(week)).closes_at,
                timetable(plan, code, week).closes_at,
            )
            if (await week_figures.count_weeks(session, [period], SAFETY)).get(compound_id, Totals()).matters:
                spoken.add(week)
    return [DueStep(compound_id, code, name, plan, step) for step in due(plan, code, weeks, now, spoken)]


def _batches(steps: Sequence[DueStep]) -> Iterator[Sequence[DueStep]]:
    """Steps of one kind each. Weeks that are passed over come first, so that a catch-up digest finds them settled."""
    for wanted in ((CycleStep.DIGEST, True), *((step, False) for step in _ORDER)):
        of_kind = [
            entry
            for entry in steps
            if (entry.step.step, entry.step.silent and entry.step.step is CycleStep.DIGEST) == wanted
        ]
        for start in range(0, len(of_kind), BATCH):
            yield of_kind[start : start + BATCH]


async def _open(session: AsyncSession, services: Services, batch: Sequence[DueStep], now: datetime) -> int:
    claimed = await cycles.claim_openings(session, [entry.key for entry in batch], now)
    mine = _claimed(batch, claimed)
    groups = await _groups(session, [entry for entry in mine if not entry.step.silent], GroupKind.INTERNAL)
    words = []
    for entry in mine:
        text = say("digests.opened", compound=entry.name, closes=_closes(entry))
        notice = _notice(entry, entry.moments.opens_at, MessageClass.PROMPT, text, now)
        words.append(Words(groups.get(entry.compound_id, ()), (), notice))
    await _write_to(session, services, words, now)
    _note(session, mine, "cycle.opened", now)
    return len(mine)


async def _prompt(session: AsyncSession, services: Services, batch: Sequence[DueStep], now: datetime) -> int:
    mine = _claimed(
        batch, await cycles.claim_step(session, CycleStep.PROMPT, [entry.key for entry in batch], now)
    )
    quiet = await _to_prompt(session, mine)
    notices: list[tuple[Whom, Notice]] = [
        (
            group,
            _notice(entry, entry.moments.prompts_at, MessageClass.PROMPT, prompt_text(entry), now),
        )
        for entry, group, _unanswered in quiet
    ]
    reached = await notify_all(session, services, notices, now)
    prompted: dict[str, list[tuple[int, int, int]]] = {}
    for (entry, group, unanswered), came in zip(quiet, reached, strict=True):
        if came is Reached.QUEUED:
            row = (group.compound_id, group.group_id or 0, unanswered + 1)
            prompted.setdefault(entry.step.week, []).append(row)
    for week, rows in prompted.items():
        await put_prompts(session, rows, week, now)
    _note(session, mine, "cycle.prompted", now)
    return len(mine)


async def _to_prompt(session: AsyncSession, steps: Sequence[DueStep]) -> list[tuple[DueStep, ChatGroup, int]]:
    """The groups to prompt, each with how many prompts in a row nobody has answered there."""
    groups = await _groups(session, steps, GroupKind.CUSTOMER)
    if not groups:
        return []
    since = {entry.compound_id: entry.moments.opens_at for entry in steps if entry.compound_id in groups}
    lively = await cycles.list_lively_groups(session, since, LIVELY)
    ids = [(group.compound_id, group.group_id or 0) for some in groups.values() for group in some]
    last = await load_last_prompts(session, ids)
    unseen = await list_unseen(
        session,
        [
            _prompt_key(entry, group, last[group.group_id or 0].week)
            for entry in steps
            for group in groups.get(entry.compound_id, ())
            if group.group_id in last
        ],
    )
    chosen = []
    for entry in steps:
        for group in groups.get(entry.compound_id, ()):
            prompt = last.get(group.group_id or 0)
            unanswered = prompt.unanswered if prompt and not prompt.spoken else 0
            if prompt and unanswered and _prompt_key(entry, group, prompt.week) in unseen:
                unanswered -= 1  # that one could be answered by nobody
            if group.group_id not in lively and is_prompted(
                entry.step.week, prompt.week if prompt else None, unanswered
            ):
                chosen.append((entry, group, unanswered))
    return chosen


def _prompt_key(entry: DueStep, group: ChatGroup, week: str) -> tuple[str, str]:
    """By which the outbox has a week's prompt: account and key."""
    return group.speaks_through, key_in_group(_key(entry.code, week, CycleStep.PROMPT), group.group_id or 0)


def _key(code: str, week: str, step: CycleStep) -> str:
    return f"cycle:{code}:{week}:{step}"


async def _close(session: AsyncSession, _services: Services, batch: Sequence[DueStep], now: datetime) -> int:
    mine = _claimed(
        batch, await cycles.claim_step(session, CycleStep.CLOSE, [entry.key for entry in batch], now)
    )
    _note(session, mine, "cycle.closed", now)
    return len(mine)


async def _digest(session: AsyncSession, services: Services, batch: Sequence[DueStep], now: datetime) -> int:
    if batch[0].step.silent:
        return await _pass_over(session, batch, now)
    mine = _claimed(
        batch, await cycles.claim_step(session, CycleStep.DIGEST, [entry.key for entry in batch], now)
    )
    groups = await _groups(session, mine, GroupKind.INTERNAL)
    residents = await _groups(session, mine, GroupKind.CUSTOMER)
    readers: dict[int, list[int]] = {}
    if mine:
        for compound_id, person_id in await cycles.list_readers(
            session, [entry.compound_id for entry in mine], READERS
        ):
            readers.setdefault(compound_id, []).append(person_id)
    digests = await _build(session, services, mine, residents)
    await cycles.put_digests(session, digests)
    words = []
    for entry in mine:
        text = digest_text(digests[entry.key], _link(services, entry))
        notice = replace(
            _notice(entry, entry.moments.digests_at, MessageClass.DIGEST, text, now),
            facts=Facts(
                NoticeKind.DIGEST,
                what=say("reach.digest"),
                state=say("reach.state_digest"),
                at=entry.moments.closes_at,
                compound=entry.name,
                number=digests[entry.key]["total"],
                link=_link(services, entry),
            ),
        )
        words.append(Words(groups.get(entry.compound_id, ()), readers.get(entry.compound_id, ()), notice))
        if feedback := _feedback(services, entry, digests[entry.key], now):
            words.append(Words(residents.get(entry.compound_id, ()), (), feedback))
    await _write_to(session, services, words, now)
    _note(session, mine, "cycle.digested", now)
    return len(mine)


def _feedback(services: Services, entry: DueStep, digest: Digest, now: datetime) -> Notice | None:
    """What residents' groups hear of the week; nothing when it has nothing to say, or is long over."""
    link = ""
    if services.public_url:
        link = f"{services.public_url}/h5/weeks/{entry.code}/{entry.step.week}"
    text = feedback_text(public_week(digest), link)
    if not text or not is_news(entry.moments.closes_at, now):
        return None
    not_before = feeds_back_at(entry.code, now)
    return Notice(
        message_class=MessageClass.DIGEST,
        text=text,
        dedupe_key=feedback_key(entry.code, entry.step.week),
        not_before=not_before,
        expires_at=not_before + 2 * DAY,
        topic=f"feedback:{entry.code}",
        replaces=(f"feedback:{entry.code}",),  # it tells what that one would have told
    )


async def _pass_over(session: AsyncSession, batch: Sequence[DueStep], now: datetime) -> int:
    keys = [entry.key for entry in batch]
    mine = _claimed(batch, await cycles.claim_step(session, CycleStep.DIGEST, keys, now, skip=True))
    _note(session, mine, "cycle.skipped", now)
    return len(mine)


Maker = Callable[[AsyncSession, Services, Sequence[DueStep], datetime], Awaitable[int]]
_MAKERS: dict[CycleStep, Maker] = {
    CycleStep.OPEN: _open,
    CycleStep.PROMPT: _prompt,
    CycleStep.CLOSE: _close,
    CycleStep.DIGEST: _digest,
}


async def _build(
    session: AsyncSession,
    services: Services,
    steps: Sequence[DueStep],
    residents: Mapping[int, Sequence[ChatGroup]],
) -> dict[Week, Digest]:
    untold = await find_untold(
        session,
        [
            Told(entry.compound_id, entry.code, entry.step.week, residents.get(entry.compound_id, ()))
            for entry in steps
        ],
    )
    # In the transaction that claimed them: another replica has not built the same meanwhile.
    wanted = [
        Wanted(
            entry.compound_id,
            entry.code,
            entry.name,
            entry.step.week,
            entry.moments,
            timetable(entry.plan, entry.code, before(entry.step.week)).closes_at,
            untold.get(entry.compound_id),
        )
        for entry in steps
    ]
    return await build_digests(session, services, wanted) if wanted else {}


def _claimed(batch: Sequence[DueStep], claimed: Iterable[Week]) -> list[DueStep]:
    keys = set(claimed)
    return [entry for entry in batch if entry.key in keys]


async def _groups(
    session: AsyncSession, steps: Sequence[DueStep], kind: GroupKind
) -> dict[int, list[ChatGroup]]:
    groups: dict[int, list[ChatGroup]] = {}
    if steps:
        for group in await cycles.list_groups_of(session, [entry.compound_id for entry in steps], kind):
            groups.setdefault(group.compound_id, []).append(group)
    return groups


def _note(session: AsyncSession, steps: Iterable[DueStep], verb: str, now: datetime) -> None:
    """Last in its transaction: then the rows of all compounds are written in one go."""
    for entry in steps:
        add_audit_event(
            session,
            at=now,
            verb=verb,
            compound_id=entry.compound_id,
            subject=f"cycle:{entry.step.week}",
        )


def _notice(
    entry: DueStep, due_at: datetime, message_class: MessageClass, text: str, now: datetime
) -> Notice:
    not_before = sends_at(entry.code, due_at, now)
    expires_at = not_before + 3 * DAY
    if message_class is MessageClass.PROMPT:  # nobody needs to be told of a week that is over
        expires_at = min(not_before + DAY, entry.moments.closes_at)
    return Notice(
        message_class=message_class,
        text=text,
        dedupe_key=_key(entry.code, entry.step.week, entry.step.step),
        not_before=not_before,
        expires_at=expires_at,
    )


async def _write_to(session: AsyncSession, services: Services, words: Sequence[Words], now: datetime) -> None:
    """All that a batch of steps has to say, in one go."""
    notices: list[tuple[Whom, Notice]] = []
    for each in words:
        notices += [(group, each.notice) for group in each.groups]
        notices += [(person_id, each.notice) for person_id in each.persons]
    await notify_all(session, services, notices, now)


def prompt_text(entry: DueStep) -> str:
    """What the residents' groups are asked: other words each week, and not the same ones in every compound."""
    turn = date.fromisoformat(entry.step.week).toordinal() // 7 + int(spread_of(entry.code).total_seconds())
    return say(
        (
            "digests.prompt_say",
            "digests.prompt_list",
            "digests.prompt_small",
            "digests.prompt_idea",
            "digests.prompt_elders",
        )[turn % 5],
        compound=entry.name,
        closes=_closes(entry),
    )


def _closes(entry: DueStep) -> str:
    local = entry.moments.closes_at.astimezone(LOCAL)
    return say("digests.closing_day", weekday="一二三四五六日"[local.weekday()], at=f"{local:%H:%M}")


def _link(services: Services, entry: DueStep) -> str:
    if not services.public_url:
        return ""
    return f"{services.public_url}/console/{entry.code}/digest/{entry.step.week}"
