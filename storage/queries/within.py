"""Which rows of a compound belong to a place in it, and to what lies in that place.

A matter belongs where its words say; only when they name no building, to the home of whoever said it.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlmodel import col

from storage.tables import AlertEpisode, Opinion


def opinion_within(codes: Collection[str] | None) -> ColumnElement[bool]:
    """The condition on opinions of one compound that they lie in one of these places; None: all of it."""
    return true() if codes is None else or_(false(), *map(_opinion_in, codes))


def episode_within(codes: Collection[str] | None) -> ColumnElement[bool]:
    """The same for safety alerts. They are counted by the building: what lies deeper has those that began there."""
    return true() if codes is None else or_(false(), *map(_episode_in, codes))


def _opinion_in(code: str) -> ColumnElement[bool]:
    building, *deeper = code.split("-")
    columns = (col(Opinion.entrance), col(Opinion.unit))
    named = [column == part for column, part in zip(columns, deeper, strict=False)]
    # What the words leave out the home fills in; what they say counts more.
    guessed = [or_(column.is_(None), column == part) for column, part in zip(columns, deeper, strict=False)]
    unnamed = col(Opinion.building).is_(None)
    ways = [and_(unnamed, _home_in(code), *guessed)]
    if len(deeper) <= len(columns):  # nobody's words name a household
        ways += [
            and_(col(Opinion.building) == building, *named),
            and_(unnamed, _home_in(building), *named),
        ]
    return or_(*ways)


def _home_in(code: str) -> ColumnElement[bool]:
    home = col(Opinion.home_code)
    # Not LIKE, which takes a for A on SQLite.
    return or_(home == code, func.substr(home, 1, len(code) + 1) == f"{code}-")


def _episode_in(code: str) -> ColumnElement[bool]:
    building, _, deeper = code.partition("-")
    matter = col(AlertEpisode.matter)
    tail = f"@{building}"
    of_building = func.substr(matter, func.length(matter) - len(tail) + 1, len(tail)) == tail
    if not deeper:
        return of_building
    began = select(col(Opinion.number)).where(
        col(Opinion.compound_id) == AlertEpisode.compound_id,
        col(Opinion.number) == AlertEpisode.opinion_number,
        _opinion_in(code),
    )
    return and_(of_building, began.exists())
