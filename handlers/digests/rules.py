"""Pure rules of the weekly collection: when its steps come, which are due, and which words are quoted.

A step is due by the time and by what the table says was done, never by what a process remembers: a late start,
a second replica or a clock that jumped finds the same answer.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from handlers.local_time import LOCAL, local_date
from storage.states import CycleStep

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SPREAD = timedelta(minutes=20)  # compounds of a city do not all write at once
PROMPT_LATE = DAY  # a prompt that comes later than this is no reminder any more
PROMPT_EARLY_ENOUGH = timedelta(hours=12)  # before the close: people need time to answer
FEEDBACK_AT = time(10, 7)
REGIONS_AT = time(8, 37)  # on Monday, those who answer for many compounds
LOOK_BACK = 8  # weeks without a row that are still looked at after a long stop
PATIENCE = 3  # prompts in a row that nobody answers, before they get rarer, and rarer once more
PAUSES = (1, 2, 4)  # weeks from one prompt to the next
QUOTES = 3
QUOTE_LENGTH = range(12, 61)  # characters


@dataclass(frozen=True, slots=True)
class Plan:
    """When a week opens, prompts and closes: weekdays 1 (Monday) to 7, minutes after midnight, Asia/Shanghai.

    A prompt or close that is not after the opening belongs to the week after.
    """

    open_weekday: int = 1
    open_minute: int = 9 * 60 + 7
    prompt_weekday: int = 4
    prompt_minute: int = 18 * 60 + 37
    close_weekday: int = 7
    close_minute: int = 20 * 60


DEFAULT_PLAN = Plan()


class Timetable(NamedTuple):
    """The moments of one week of one compound."""

    opens_at: datetime
    prompts_at: datetime
    closes_at: datetime
    digests_at: datetime


@dataclass(frozen=True, slots=True)
class WeekState:
    """What was done of a week. `week` is its Monday, 2026-11-16."""

    week: str
    prompted: bool = False
    closed: bool = False
    digested: bool = False
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is due. silent: it is noted without a word to anybody; a silent digest is a week passed over."""

    step: CycleStep
    week: str
    silent: bool = False


def monday_of(now: datetime) -> date:
    """The Monday of the local week that `now` lies in."""
    today = local_date(now)
    return today - timedelta(days=today.weekday())


def minute_of_week(now: datetime) -> int:
    """Minutes since Monday 00:00, local."""
    local = now.astimezone(LOCAL)
    return local.weekday() * 1440 + local.hour * 60 + local.minute


def before(week: str, weeks: int = 1) -> str:
    """The week so many weeks before."""
    return (date.fromisoformat(week) - weeks * WEEK).isoformat()


@lru_cache(maxsize=4096)
def spread_of(code: str) -> timedelta:
    """How long after the planned minute a compound acts, 0 to 20 minutes: the same on every machine and day."""
    seconds = int(SPREAD.total_seconds()) + 1
    return timedelta(seconds=int.from_bytes(hashlib.sha256(code.encode()).digest()[:4]) % seconds)


def off_the_hour(at: datetime) -> datetime:
    """The moment itself, or a minute later when everybody's clockwork strikes (:00 and :30)."""
    return at + timedelta(minutes=1) if at.minute in (0, 30) else at


def sends_at(code: str, due_at: datetime, now: datetime) -> datetime:
    """When the words of a step may go out: at once, or spread out once more when all compounds are late together."""
    late = now - due_at > timedelta(minutes=5)
    return off_the_hour(now + spread_of(code) if late else now)


def feeds_back_at(code: str, now: datetime) -> datetime:
    """When residents hear what came of a week whose digest is made now: the morning after, when staff have read it."""
    morning = datetime.combine(local_date(now) + DAY, FEEDBACK_AT, LOCAL)
    return off_the_hour(morning + spread_of(code))


def is_news(closed_at: datetime, now: datetime) -> bool:
    """Whether residents still want to hear of a week, or the next one is over as well."""
    return now - closed_at < WEEK


def timetable(plan: Plan, code: str, week: str) -> Timetable:
    """The moments of the week that begins on the Monday `week`."""
    start = datetime.combine(date.fromisoformat(week), time(), LOCAL)
    opens, prompts, closes = offsets(plan)
    spread = spread_of(code)
    return Timetable(
        off_the_hour(start + opens + spread),
        off_the_hour(start + prompts + spread),
        start + closes,
        off_the_hour(start + closes + max(spread, timedelta(minutes=1))),
    )


def offsets(plan: Plan) -> tuple[timedelta, timedelta, timedelta]:
    """Opening, prompt and close as time since Monday 00:00; the latter two follow the first."""
    opens = timedelta(days=plan.open_weekday - 1, minutes=plan.open_minute)
    prompts = timedelta(days=plan.prompt_weekday - 1, minutes=plan.prompt_minute)
    closes = timedelta(days=plan.close_weekday - 1, minutes=plan.close_minute)
    return (
        opens,
        prompts if prompts > opens else prompts + WEEK,
        closes if closes > opens else closes + WEEK,
    )


def is_prompted(week: str, last_week: str | None, unanswered: int) -> bool:
    """Whether a group hears a prompt this week. last_week: of its last one, None when it never had one.

    unanswered: how many in a row nobody answered; 0 as soon as somebody has spoken after one.
    """
    if last_week is None or last_week > week:  # the last one was noted by a clock that ran ahead
        return True
    pause = PAUSES[min(unanswered // PATIENCE, len(PAUSES) - 1)]
    return week >= before(last_week, -pause)


def unfinished(plan: Plan, code: str, weeks: Iterable[WeekState], now: datetime) -> list[str]:
    """Weeks whose digest should have been made by `now`, oldest first. More than one only after a long stop."""
    known = {state.week for state in weeks}
    # A compound without a past is not given one: its first week begins when it can be opened.
    is_new = not any(week < monday_of(now).isoformat() for week in known)
    return [
        state.week
        for state in _open_ends(weeks, now)
        if now >= timetable(plan, code, state.week).digests_at and (state.week in known or not is_new)
    ]


def due(
    plan: Plan, code: str, weeks: Sequence[WeekState], now: datetime, spoken: Collection[str] = ()
) -> list[Step]:
    """The steps that are due, in their order; nothing when all is done.

    weeks: the unfinished weeks, the newest before this one, and this one, as far as they have a row.
    spoken: which of the `unfinished` weeks have opinions; asked for only when there are several.
    """
    pending = unfinished(plan, code, weeks, now)
    steps = _catch_up(pending, {state.week for state in weeks if state.closed}, spoken)
    known = {state.week for state in weeks}
    for state in _open_ends(weeks, now):
        moments = timetable(plan, code, state.week)
        if state.week in pending or now < moments.opens_at:
            continue  # opened by a clock that ran ahead: its time will come
        if now >= moments.closes_at:
            if state.week in known and not state.closed:
                steps.append(Step(CycleStep.CLOSE, state.week))
            continue
        time_to_answer = moments.closes_at - now >= PROMPT_EARLY_ENOUGH
        if state.week not in known:
            steps.append(Step(CycleStep.OPEN, state.week, silent=not time_to_answer))
        if (
            time_to_answer
            and not (state.prompted or state.closed)
            and moments.prompts_at <= now < moments.prompts_at + PROMPT_LATE
        ):
            steps.append(Step(CycleStep.PROMPT, state.week))
    return steps


def _open_ends(weeks: Iterable[WeekState], now: datetime) -> list[WeekState]:
    """Weeks up to this one that are not finished, with those that nobody was there to open, oldest first."""
    known = {state.week: state for state in weeks}
    this = monday_of(now)
    found = {week: state for week, state in known.items() if not (state.digested or state.skipped)}
    earlier = [week for week in known if week < this.isoformat()]
    last = date.fromisoformat(max(earlier)) if earlier else this - WEEK
    week = max(last + WEEK, this - LOOK_BACK * WEEK)
    while week <= this:
        if week.isoformat() not in known:
            found[week.isoformat()] = WeekState(week.isoformat())
        week += WEEK
    return [found[week] for week in sorted(found) if week <= this.isoformat()]


def _catch_up(pending: Sequence[str], closed: Collection[str], spoken: Collection[str]) -> list[Step]:
    """One digest, for the last week that has something to say; the others are passed over."""
    if not pending:
        return []
    chosen = max((week for week in pending if week in spoken), default=pending[-1])
    steps = [Step(CycleStep.DIGEST, week, silent=True) for week in pending if week != chosen]
    if chosen not in closed:
        steps.append(Step(CycleStep.CLOSE, chosen))
    return [*steps, Step(CycleStep.DIGEST, chosen)]


class RegionsDue(NamedTuple):
    """A week that those above compounds are to be told of. may_wait: for digests that are still to come."""

    week: str
    may_wait: bool


def regions_told_of(now: datetime) -> RegionsDue | None:
    """The week before this one, from Monday morning to the end of Tuesday; None at other times."""
    monday = monday_of(now)
    begins = datetime.combine(monday, REGIONS_AT, LOCAL)
    if not begins <= now < datetime.combine(monday + 2 * DAY, time(), LOCAL):
        return None
    return RegionsDue(before(monday.isoformat()), may_wait=now < begins + DAY)


class Quote(NamedTuple):
    """Words that may be quoted."""

    number: int
    category: str
    speaker: int
    text: str


def choose_quotes(
    candidates: Iterable[Quote],
    ranked: Sequence[str],
    limit: int = QUOTES,
    words: Callable[[str], str | None] = str,
) -> list[Quote]:
    """Words for the digest: a different category and speaker each time as long as there are some.

    ranked: categories, the most frequent first. words: a text without what would tell who said it, None when it cannot
    be quoted; asked of no more than it takes. The same candidates give the same choice in any order.
    """
    place = {category: index for index, category in enumerate(ranked)}
    left = sorted(
        {quote.text: quote for quote in sorted(candidates, key=_number, reverse=True)}.values(),
        key=lambda quote: (place.get(quote.category, len(place)), quote.number),
    )
    chosen: list[Quote] = []
    while left and len(chosen) < limit:
        categories = {quote.category for quote in chosen}
        speakers = {quote.speaker for quote in chosen}
        best = min(left, key=lambda quote: (quote.category in categories) + 2 * (quote.speaker in speakers))
        left.remove(best)
        text = words(best.text)
        if text is not None and text not in {quote.text for quote in chosen}:
            chosen.append(best._replace(text=text))
    return chosen


def _number(quote: Quote) -> int:
    return quote.number
