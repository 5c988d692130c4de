"""Polls of residents, pure: what may be asked, what may be ticked, what may be shown of the answers.

A poll asks people, not units: one person is one answer, owner or tenant. It is advice and never a vote of owners.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from storage.states import PollKind

FEWEST = 5  # answers: of fewer, a figure would tell what somebody said
MOST_OPTIONS = 12
MOST_DAYS = 60
SATISFACTION = ("满意", "基本满意", "不满意", "说不清")


class Code(StrEnum):
    """Why a poll, or an answer, was not taken; stable, for pages."""

    ODD = "poll.odd"
    OVER = "poll.over"
    NOT_ASKED = "poll.not_asked"
    FORGOTTEN = "poll.forgotten"
    TICKS = "poll.ticks"


class Refused(Exception):  # noqa: N818  an answer, not an error
    """Nothing was kept. `code` is stable."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Draft:
    """A poll that somebody wants to hold. places: codes of buildings, empty for all. live: figures before the end."""

    kind: PollKind
    title: str
    closes_at: datetime
    body: str = ""
    options: tuple[str, ...] = ()
    choose: int = 1
    places: tuple[str, ...] = ()
    live: bool = False


def checked(draft: Draft, now: datetime) -> Draft:
    """The draft as it is held; raises Refused. Satisfaction is always asked in the same words."""
    options = tuple(each.strip() for each in draft.options if each.strip())
    choose = draft.choose
    if draft.kind is PollKind.SATISFACTION:
        options, choose = SATISFACTION, 1
    title = " ".join(draft.title.split())
    fits = (
        0 < len(title) <= 120
        and len(draft.body) <= 4000
        and 2 <= len(options) <= MOST_OPTIONS
        and len(set(options)) == len(options)
        and all(len(each) <= 60 for each in options)
        and 1 <= choose <= len(options)
        and now < draft.closes_at <= now + timedelta(days=MOST_DAYS)
    )
    if not fits:
        raise Refused(Code.ODD)
    return Draft(
        draft.kind, title, draft.closes_at, draft.body.strip(), options, choose, draft.places, draft.live
    )


def is_open(opens_at: datetime, closes_at: datetime, ended_at: datetime | None, now: datetime) -> bool:
    """Whether an answer that arrives now counts; the clock that ends polls only follows."""
    return ended_at is None and opens_at <= now <= closes_at


def may_show(live: bool, closes_at: datetime, ended_at: datetime | None, now: datetime) -> bool:
    """Whether the figures may be seen: after the end, or all along where that was said from the start."""
    return live or is_over(closes_at, ended_at, now)


def is_over(closes_at: datetime, ended_at: datetime | None, now: datetime) -> bool:
    """Whether no more answers come."""
    return ended_at is not None or now > closes_at


def ticks(options: int, choose: int, ticked: Sequence[int]) -> list[int]:
    """What was ticked, by the places of the options from 0, in order; raises Refused for none, too many, or another."""
    chosen = sorted(set(ticked))
    if not 1 <= len(chosen) <= choose or chosen[0] < 0 or chosen[-1] >= options:
        raise Refused(Code.TICKS)
    return chosen


def is_asked(places: Sequence[str], building: str | None) -> bool:
    """Whether somebody of this building is asked; without a known one only where everybody is."""
    return not places or building in places


def building_of(place_code: str | None) -> str | None:
    """The building of a place's code."""
    return place_code.partition("-")[0] if place_code else None


@dataclass(frozen=True, slots=True)
class Counts:
    """Answers, and of them those that ticked each option; options is None where it would be about too few."""

    answers: int
    options: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What may be told. by_building: "" for those that are shown together, because each has too few answers."""

    whole: Counts
    by_building: Mapping[str, Counts]


def figures(options: int, answers: Sequence[tuple[Sequence[int], str | None]]) -> Figures:
    """Count answers (what was ticked, the building). Integers only; no row, and no difference of rows, is about few."""
    whole = _counts(options, [ticked for ticked, _building in answers])
    if whole.options is None:
        return Figures(whole, {})
    groups: dict[str, list[Sequence[int]]] = {}
    for ticked, building in answers:
        groups.setdefault(building or "", []).append(ticked)
    few = groups.pop("", [])
    shown: dict[str, Counts] = {}
    for building, those in sorted(groups.items(), key=lambda row: (len(row[1]), row[0])):
        if len(those) < FEWEST or 0 < len(few) < FEWEST:
            few = [*few, *those]
        else:
            shown[building] = _counts(options, those)
    if 0 < len(few) < FEWEST:
        return Figures(whole, {})  # the rows with the sum would tell what these few said
    rows = dict(sorted(shown.items()))
    if few:
        rows[""] = _counts(options, few)
    return Figures(whole, rows if len(rows) > 1 else {})


def in_fives(
    answers: Sequence[tuple[Sequence[int], str | None]],
) -> list[tuple[Sequence[int], str | None]]:
    """Of answers in the order they came those that are shown while more come: the first five, ten, and so on.

    With each single one shown, who looks twice would know what their neighbour ticked in between. For the same reason
    buildings are left out.
    """
    return [(ticked, None) for ticked, _building in answers[: len(answers) - len(answers) % FEWEST]]


def _counts(options: int, answers: Sequence[Sequence[int]]) -> Counts:
    if len(answers) < FEWEST:
        return Counts(len(answers), None)
    counter = Counter(place for ticked in answers for place in ticked)
    return Counts(len(answers), tuple(counter[place] for place in range(options)))
