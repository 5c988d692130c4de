"""The order of the few rows that another column picks out."""

from typing import Any

from sqlalchemy import ColumnElement


def order_of_few(number: Any) -> ColumnElement[int]:
    """A numeric column to order by, for rows that an index on another column finds.

    SQLite knows nothing of how many rows a value has, and takes the index that spares it the sorting: by number it
    walked through all opinions of a compound to find the two voices of a matter, half a second for a million. An
    expression has no index to walk along.
    """
    expression: ColumnElement[int] = number + 0
    return expression
