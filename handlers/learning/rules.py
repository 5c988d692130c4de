"""Pure rules of sorting by hand."""

from dataclasses import dataclass

SAFETY, NORMAL, ROUTINE = 3, 2, 1


@dataclass(frozen=True, slots=True)
class Sorting:
    """What a member of staff says of an opinion.

    category: the id of a leaf or a top category; "" when it is no matter at all; None to leave it as it is. urgent:
    whether it cannot wait; None when nothing was said about that.
    """

    category: str | None = None
    urgent: bool | None = None


def sorted_urgency(sorting: Sorting, before: int, usual: int, *, matter: bool) -> int:
    """The urgency of an opinion after it was sorted. usual: that of its category.

    Only 不急 takes a danger back: whoever names another category has not said that nothing burns.
    """
    if not matter:
        return ROUTINE
    if sorting.urgent is not None:
        return SAFETY if sorting.urgent else min(usual, NORMAL)
    if before >= SAFETY or sorting.category is None:
        return before
    return min(usual, NORMAL)
