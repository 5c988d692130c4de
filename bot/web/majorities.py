"""What the law would really need of a kind of matter, beside figures that decide nothing.

Surveys of households and owners' votes know nothing of each other; only a page puts the majorities of art. 278 beside
what households said, so that one who is against it is not taken for a veto.
"""

from dataclasses import dataclass

from handlers.surveys.rules import Areas
from handlers.voting.terms import Regime, area_text
from handlers.voting.thresholds import Share, majority_for
from handlers.voting.words import area_words, item_law, item_name, majority_words


@dataclass(frozen=True, slots=True)
class Need:
    """What is needed, there, and missing: households, or an area in words ("" for nothing missing)."""

    least: int | str
    have: int | str
    missing: int | str


@dataclass(frozen=True, slots=True)
class Lawful:
    """What owners would need to decide a matter, by the households that are asked. area: where they are known.

    agree: of those who answered; None where what households said may not be told. The area that agrees is not told:
    areas differ, and even a rough sum of a few would tell whose they are.
    """

    name: str
    law: str
    words: tuple[str, str]
    take_part: Need
    area: Need | None
    agree: Need | None


def lawful(
    item: int | None, households: int, answered: int, agree: int | None, areas: Areas | None = None
) -> Lawful | None:
    """The majorities of an item of art. 278 beside a round's figures; None where nobody said which item it is."""
    if item is None:
        return None
    majority = majority_for(Regime.CIVIL_CODE, item)
    base = households if majority.of_all else answered
    return Lawful(
        item_name(item),
        item_law(item),
        majority_words(Regime.CIVIL_CODE, item),
        _need(majority.quorum, households, answered),
        _area(majority.quorum, areas) if areas is not None else None,
        _need(majority.agreement, base, agree) if agree is not None and base else None,
    )


def _need(share: Share, whole: int, have: int) -> Need:
    least = share.least(whole)
    return Need(least, have, max(least - have, 0))


def _area(share: Share, areas: Areas) -> Need:
    least = share.least(areas.total)
    missing = max(least - areas.answered, 0)
    return Need(_square(least), _square(areas.answered), _square(missing) if missing else "")


def _square(area: int) -> str:
    return area_words(area_text(area))
