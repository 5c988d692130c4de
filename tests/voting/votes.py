"""Small votes for tests: a roll from a line, ballots from a line."""

from collections.abc import Iterable
from datetime import datetime

from handlers.voting.judge import Judged, judge
from handlers.voting.tally import tally
from handlers.voting.terms import (
    AGREE,
    Ballot,
    Choice,
    Outcome,
    Question,
    Rules,
    Ruling,
    Unit,
    area_of,
)
from storage.states import UnitKind

QUESTION = Question("q", 4)


def unit(unit_id: str, area: str = "100", owner: str | None = None, **more: object) -> Unit:
    """A flat; its owner is of the same name unless given."""
    values = {"kind": UnitKind.RESIDENTIAL, "area": area_of(area), **more}
    return Unit(unit_id=unit_id, owner_key=owner or unit_id, **values)  # type: ignore[arg-type]


def ballot(unit_id: str, choice: Choice = AGREE, channel: str = "online", **more: object) -> Ballot:
    """A ballot for the only question."""
    return Ballot(unit_id, {"q": choice}, channel, **more)  # type: ignore[arg-type]


def at(day: int, hour: int = 12) -> datetime:
    """A moment of May 2026, in the compound's time."""
    return datetime.fromisoformat(f"2026-05-{day:02d}T{hour:02d}:00:00+08:00")


def judged(units: Iterable[Unit], ballots: Iterable[Ballot], rules: Rules | None = None) -> Judged:
    """Which of the ballots count."""
    return judge(rules or Rules(), {each.unit_id: each for each in units}, ballots)


def outcome(
    units: Iterable[Unit],
    ballots: Iterable[Ballot],
    rules: Rules | None = None,
    question: Question = QUESTION,
    rulings: Iterable[Ruling] = (),
) -> Outcome:
    """The outcome of a vote on one question."""
    rules = rules or Rules()
    roll = {each.unit_id: each for each in units}
    return tally(rules, [question], roll, judge(rules, roll, ballots), rulings)[question.question_id]
