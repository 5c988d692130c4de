"""Pure: the figures of a period, as docs/rates.md defines them. Counts stay integers until somebody reads them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from storage.states import Ladder, Rating, RequestState

ENDED = frozenset({RequestState.RATED, RequestState.CLOSED})
_UP = tuple(Ladder)
HAPPY = frozenset({Rating.SATISFIED, Rating.FAIR})


class Over(StrEnum):
    """What a rate is taken of; one choice for the whole installation, so that compounds can be compared."""

    DUE = "due"  # what was met or missed by now
    ALL = "all"  # everything that was raised in the period


@dataclass(frozen=True, slots=True)
class Row:
    """A request that was raised in the period.

    rating: what counts of its last round. ratings: what each reporter thought of it last, in whichever round.
    level: how far up the ladder it has gone.
    """

    state: RequestState
    accepted_in_time: bool | None
    done_in_time: bool | None
    rating: Rating | None = None
    ratings: tuple[Rating, ...] = ()
    level: Ladder = Ladder.COMPOUND


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `total`."""

    count: int
    total: int

    @property
    def percent(self) -> int | None:
        """Rounded to whole percent, halves up; None when there is nothing to take it of."""
        return (200 * self.count + self.total) // (2 * self.total) if self.total else None


@dataclass(frozen=True, slots=True)
class Rates:
    """raised: how many there are, cancelled ones left out.

    response: 响应率, on_time: 按时办结率, resolution: 解决率, satisfaction: 满意率.
    in_compound: 小事不出小区, in_community: 大事不出社区, of what has ended.
    """

    raised: int
    response: Rate
    on_time: Rate
    resolution: Rate
    satisfaction: Rate
    in_compound: Rate = Rate(0, 0)
    in_community: Rate = Rate(0, 0)


def rates(rows: Iterable[Row], over: Over = Over.DUE) -> Rates:
    """The figures of these requests."""
    counted = [row for row in rows if row.state is not RequestState.CANCELLED]
    ratings = [rating for row in counted for rating in row.ratings]
    resolved = [_is_resolved(row) for row in counted]
    return Rates(
        raised=len(counted),
        response=_rate([row.accepted_in_time for row in counted], over),
        on_time=_rate([row.done_in_time for row in counted], over),
        resolution=_rate(resolved, over),
        satisfaction=Rate(sum(rating in HAPPY for rating in ratings), len(ratings)),
        in_compound=_rate([_stayed(row, Ladder.COMPOUND) for row in counted], over),
        in_community=_rate([_stayed(row, Ladder.COMMUNITY) for row in counted], over),
    )


def _is_resolved(row: Row) -> bool | None:
    """Rated well, or closed because nobody objected; None while it is within its time or waits to be rated."""
    if row.state in (RequestState.RATED, RequestState.CLOSED):
        return row.rating is None or row.rating in HAPPY
    if row.state is RequestState.DONE:
        return None
    return None if row.done_in_time is None else False


def _stayed(row: Row, highest: Ladder) -> bool | None:
    """Whether it ended no further up than here; None while it has not ended."""
    return _UP.index(row.level) <= _UP.index(highest) if row.state in ENDED else None


def _rate(values: list[bool | None], over: Over) -> Rate:
    total = len(values) if over is Over.ALL else sum(value is not None for value in values)
    return Rate(sum(value is True for value in values), total)
