"""Surveys of households, pure: what may be asked, whose answer counts, what is due, how far it is, what may be shown.

A survey asks units, not people: one answer of a unit is in force, the last one, and the earlier ones are kept. It is
advice and never a vote of owners, whatever the figures are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from handlers.local_time import LOCAL, local_date
from storage.states import DoorOutcome, SurveyChoice, SurveyGiver, SurveyPhase, SurveyState

PHASES = {
    SurveyPhase.PLAN: "方案设计",
    SurveyPhase.NOTICE: "方案公示",
    SurveyPhase.WORKS: "进场施工",
}
CHOICES = tuple(SurveyChoice)
MOST_DAYS = 90
MOST_ROUNDS = 12
TITLE, BODY, QUESTION, NAME, WORDS, REPLY = 120, 4000, 400, 20, 400, 1000
"""The longest each may be, in characters."""
_OPENS, _CLOSES, _REMINDS = time(9), time(20), time(10)
_DAY = timedelta(days=1)
OLDEST_VISIT = timedelta(days=31)


class Code(StrEnum):
    """Why nothing was kept; stable, for pages."""

    TITLE = "survey.title"
    QUESTION = "survey.question"
    NAME = "survey.name"
    DAYS = "survey.days"
    BUILDINGS = "survey.buildings"
    ODD = "survey.odd"
    NO_UNITS = "survey.no_units"
    ANOTHER_OPEN = "survey.another_open"
    TOO_MANY = "survey.too_many"
    WRONG_STATE = "survey.wrong_state"
    NO_CHOICE = "survey.no_choice"
    NOT_ASKED = "survey.not_asked"
    ANOTHER_HOME = "survey.another_home"
    FORGOTTEN = "survey.forgotten"
    OVER = "survey.over"
    OLD_PAGE = "survey.old_page"
    DAY = "survey.day"
    CANVASSER = "survey.canvasser"
    NO_REPLY = "survey.no_reply"


class Refused(Exception):  # noqa: N818  an answer, not an error
    """Nothing was kept. `code` is stable."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Draft:
    """A round that somebody wants to hold. name: of a round of another kind. buildings: codes, empty for all."""

    phase: SurveyPhase
    question: str
    starts_on: date
    ends_on: date
    name: str = ""
    buildings: tuple[str, ...] = ()


def checked(draft: Draft, today: date) -> Draft:
    """The round as it is kept; raises Refused."""
    question = draft.question.strip()
    name = PHASES.get(draft.phase) or " ".join(draft.name.split())
    if not 0 < len(question) <= QUESTION:
        raise Refused(Code.QUESTION)
    if not 0 < len(name) <= NAME:
        raise Refused(Code.NAME)
    length = draft.ends_on - draft.starts_on
    if (
        not timedelta() <= length <= MOST_DAYS * _DAY
        or not today <= draft.ends_on <= today + 4 * MOST_DAYS * _DAY
    ):
        raise Refused(Code.DAYS)
    return Draft(
        draft.phase, question, draft.starts_on, draft.ends_on, name, tuple(sorted(set(draft.buildings)))
    )


def checked_title(title: str, body: str) -> tuple[str, str]:
    """What a survey is called and says, as it is kept; raises Refused."""
    title, body = " ".join(title.split()), body.strip()
    if not 0 < len(title) <= TITLE or len(body) > BODY:
        raise Refused(Code.TITLE)
    return title, body


@dataclass(frozen=True, slots=True)
class Said:
    """What a household says. reasons: codes, of those who are against. words: their own."""

    choice: SurveyChoice
    reasons: tuple[str, ...] = ()
    words: str = ""


def checked_answer(said: Said, reasons: Iterable[str]) -> Said:
    """The answer as it is kept; raises Refused. reasons: those that are offered."""
    if said.choice is not SurveyChoice.AGAINST:
        return Said(said.choice, (), said.words.strip()[:WORDS])
    given = tuple(each for each in reasons if each in said.reasons)
    return Said(said.choice, given, said.words.strip()[:WORDS])


_RANK = {SurveyGiver.STAFF: 0, SurveyGiver.RESIDENT: 1, SurveyGiver.OWNER: 2}


def takes_over(giver: SurveyGiver, standing: SurveyGiver | None) -> bool:
    """Whether an answer takes the place of the one that stands. The last one does, but for two things.

    standing: by what right that one would be given now.

    What staff write down never replaces what the household said itself, and a home that somebody only named (绑定)
    never what its proven owner said.
    """
    return standing is None or _RANK[giver] >= _RANK[standing]


def covers(parts: Iterable[str], building: str, entrance: str) -> bool:
    """Whether a canvasser with these parts goes to an entrance. A part: "" for all, "3", "3-2"."""
    return any(part in ("", building, f"{building}-{entrance}") for part in parts)


class Due(StrEnum):
    """What the clock does with a round."""

    OPEN = "open"
    LAPSE = "lapse"  # it should have opened, and its last day is over
    REMIND = "remind"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Times:
    """A round as the clock sees it. is_set: a draft that opens by itself."""

    state: SurveyState
    is_set: bool
    starts_on: date
    ends_on: date
    remind_at: datetime | None = None


def due(times: Times, now: datetime) -> Due | None:
    """What has to be done now; nobody is reminded at night, however late the clock comes."""
    over = now > closes_at(times.ends_on)
    if times.state is SurveyState.OPEN:
        if over:
            return Due.CLOSE
        is_time = times.remind_at is not None and times.remind_at <= now
        return Due.REMIND if is_time and _OPENS <= now.astimezone(LOCAL).time() < _CLOSES else None
    if times.state is SurveyState.DRAFT and times.is_set and opens_at(times.starts_on) <= now:
        return Due.LAPSE if over else Due.OPEN
    return None


def next_at(times: Times, now: datetime) -> datetime | None:
    """When the clock has to look at a round again: for reminders that are late in the evening, in the morning."""
    if times.state is SurveyState.OPEN:
        closes = closes_at(times.ends_on)
        return closes if times.remind_at is None else min(_by_day(max(times.remind_at, now)), closes)
    return opens_at(times.starts_on) if times.state is SurveyState.DRAFT and times.is_set else None


def _by_day(at: datetime) -> datetime:
    local = at.astimezone(LOCAL)
    if _OPENS <= local.time() < _CLOSES:
        return at
    return datetime.combine(local.date() + (local.time() >= _CLOSES) * _DAY, _OPENS, LOCAL)


def opens_at(starts_on: date) -> datetime:
    """When a round opens by itself: in the morning of its first day."""
    return datetime.combine(starts_on, _OPENS, LOCAL)


def closes_at(ends_on: date) -> datetime:
    """The last moment at which an answer counts: the evening of the last day."""
    return datetime.combine(ends_on, _CLOSES, LOCAL)


def remind_at(opened_at: datetime, ends_on: date) -> datetime | None:
    """When whoever has not answered is reminded: two days before the end, or as soon after the opening as a day is
    over; None for a round that is too short."""
    for before in (2, 1, 0):
        at = datetime.combine(ends_on - before * _DAY, _REMINDS, LOCAL)
        if at >= opened_at + _DAY:
            return at
    return None


class _Opened(Protocol):
    opened_at: datetime | None
    round_number: int


_Round = TypeVar("_Round", bound=_Opened)


def in_order(rounds: Iterable[_Round]) -> list[_Round]:
    """Rounds in the order in which they were opened, without those that never were; of one survey one is open."""
    opened = [(each.opened_at, each.round_number, each) for each in rounds if each.opened_at is not None]
    return [each for _at, _number, each in sorted(opened, key=lambda row: row[:2])]


def is_open(state: SurveyState, ends_on: date, now: datetime) -> bool:
    """Whether an answer that arrives now counts; the clock that closes rounds only follows."""
    return state is SurveyState.OPEN and now <= closes_at(ends_on)


def may_have_been(tried_on: date, starts_on: date, now: datetime) -> bool:
    """Whether a visit may be entered for this day: before its first day nobody was asked what a round asks."""
    return max(starts_on, local_date(now) - OLDEST_VISIT) <= tried_on <= local_date(now)


@dataclass(frozen=True, slots=True)
class Household:
    """A unit in a round, or several that are alike. choice: in force, None without an answer. last: what came of the
    last visit in vain. area: of all of them, None where one is missing."""

    building: str
    area: int | None = None
    choice: SurveyChoice | None = None
    last: DoorOutcome | None = None
    units: int = 1


@dataclass(frozen=True, slots=True)
class Counts:
    """Households. asked: with an answer, or at whose door somebody was. absent, refused, empty: without an answer."""

    households: int = 0
    asked: int = 0
    answered: int = 0
    agree: int = 0
    against: int = 0
    either: int = 0
    absent: int = 0
    refused: int = 0
    empty: int = 0

    @property
    def unreached(self) -> int:
        """Without an answer."""
        return self.households - self.answered

    @property
    def untried(self) -> int:
        """Nobody has been there, and they have not answered."""
        return self.households - self.asked

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Counts)))


@dataclass(frozen=True, slots=True)
class Areas:
    """The same in millionths of a square metre, where the area of every unit is known."""

    total: int
    answered: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a round is. areas: None where an area is missing: half a sum would mislead."""

    whole: Counts
    by_building: Mapping[str, Counts]
    areas: Areas | None


def coverage(households: Sequence[Household]) -> Coverage:
    """Count households, here only."""
    buildings: dict[str, Counts] = {}
    for each in sorted(households, key=lambda each: building_order(each.building)):
        buildings[each.building] = buildings.get(each.building, Counts()).plus(_counts(each))
    whole = Counts()
    for counts in buildings.values():
        whole = whole.plus(counts)
    known = [(each.area, each.choice) for each in households if each.area is not None]
    areas = None
    if known and len(known) == len(households):
        areas = Areas(
            sum(area for area, _choice in known),
            sum(area for area, choice in known if choice is not None),
        )
    return Coverage(whole, buildings, areas)


def _counts(household: Household) -> Counts:
    choice, last, units = household.choice, household.last, household.units
    return Counts(
        households=units,
        asked=units * (choice is not None or last is not None),
        answered=units * (choice is not None),
        agree=units * (choice is SurveyChoice.AGREE),
        against=units * (choice is SurveyChoice.AGAINST),
        either=units * (choice is SurveyChoice.EITHER),
        absent=units * (choice is None and last is DoorOutcome.ABSENT),
        refused=units * (choice is None and last is DoorOutcome.REFUSED),
        empty=units * (choice is None and last is DoorOutcome.EMPTY),
    )


def building_order(name: str) -> tuple[int, str]:
    """Building 2 before building 10."""
    return (int(name) if name.isascii() and name.isdecimal() else 0, name)
