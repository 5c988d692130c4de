"""Pure: the figures of a period, as docs/rates.md defines them. Counts stay integers until somebody reads them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from storage.states import Rating, RequestState

HAPPY = frozenset({Rating.SATISFIED, Rating.FAIR})


class Over(StrEnum):
    """What a rate is taken of; one choice for the whole installation, so that compounds can be compared."""

    DUE = "due"  # what was met or missed by now
    ALL = "all"  # everything that was raised in the period


@dataclass(frozen=True, slots=True)
class Row:
    """A request that was raised in the period.

    rating: what counts of its last round. ratings: what each reporter thought of it last, in whichever round.
    """

    state: RequestState
    accepted_in_time: bool | None
    done_in_time: bool | None
    rating: Rating | None = None
    ratings: tuple[Rating, ...] = ()


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
    """

    raised: int
    response: Rate
    on_time: Rate
    resolution: Rate
    satisfaction: Rate


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
    )


def _is_resolved(row: Row) -> bool | None:
    """Rated well, or closed because nobody objected; None while it is within its time or waits to be rated."""
    if row.state in (RequestState.RATED, RequestState.CLOSED):
        return row.rating is None or row.rating in HAPPY
    if row.state is RequestState.DONE:
        return None
    return None if row.done_in_time is None else False


def _rate(values: list[bool | None], over: Over) -> Rate:
    total = len(values) if over is Over.ALL else sum(value is not None for value in values)
    return Rate(sum(value is True for value in values), total)
