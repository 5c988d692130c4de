"""Two replicas on one SQLite file, which no installation has, but whose rules must hold all the same."""

from sqlalchemy.exc import OperationalError


def is_out_of_luck(error: OperationalError) -> bool:
    """Whether SQLite gave up waiting for its lock. In a server the pump or the clock comes back another time.

    Whoever waits looks ten times a second whether it is free, and finds it taken for as long as the other one has work.
    On a loaded machine that is longer than SQLite waits.
    """
    return "database is locked" in str(error)
