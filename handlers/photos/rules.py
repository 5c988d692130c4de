"""Pure: which of somebody's words a picture of theirs belongs to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

WITHIN = timedelta(
    minutes=2
)  # words and their picture are two messages; people send them one after the other
RECENT = timedelta(hours=24)  # who passes by later takes a picture of what they told that day


class Said(NamedTuple):
    """Words that a picture may belong to: an opinion, or what its author added to it later (an entry of the timeline).

    room: the group they were said in, empty for 1:1. is_picture: no words, but another picture that was added there.
    """

    at: datetime
    compound_id: int
    opinion_number: int
    room: str = ""
    request_number: int | None = None
    event_seq: int | None = None
    is_picture: bool = False


def words_of(sent_at: datetime, room: str, said: Sequence[Said]) -> Said | None:
    """The words that a picture belongs to, None for none within two minutes before or after it.

    The last words before it come first, then the next after it: mostly people say what it is and show it. So it follows
    from the times alone, in whatever order messages arrive. A picture in a group belongs to words in that group; one
    that was sent 1:1 may show what its sender said in a group. Without words it goes where the one before it went.
    """
    near = [each for each in said if abs(each.at - sent_at) <= WITHIN and room in ("", each.room)]
    near = [each for each in near if not each.is_picture] or near
    before = [each for each in near if each.at <= sent_at]
    if before:
        return max(before, key=_order)
    return min(near, key=_order, default=None)


def _order(said: Said) -> tuple[datetime, int, int]:
    return said.at, said.opinion_number, said.event_seq or 0
