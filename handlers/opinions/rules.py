"""Pure rules about what is filed and how a place is named."""

from enum import StrEnum

SAFETY = 3


class Filing(StrEnum):
    """What becomes of something said to the bot."""

    FILE = "file"
    FILE_UNSORTED = "file_unsorted"
    ANSWER = "answer"
    GREET = "greet"


def decide(*, asked: bool, tagged: bool, chatter: bool, length: int) -> Filing:
    """Whether words become an opinion.

    asked: the person began with 反映. In a 1:1 dialogue a doubt is filed: a wrong number is withdrawn in a
    second, a complaint that was taken for chatter is lost.
    """
    if tagged:
        return Filing.FILE
    if asked:
        return Filing.FILE_UNSORTED
    if chatter:
        return Filing.GREET if length <= 6 else Filing.ANSWER
    return Filing.FILE_UNSORTED if length >= 4 else Filing.GREET


def decide_in_group(*, tagged: bool, danger: bool) -> bool:
    """Whether something overheard in a group becomes an opinion.

    Nobody asked the bot there, and nobody is told: a doubt is chatter, unless it sounds like danger.
    """
    return tagged or danger


def place_in_group(
    group_place: str | None, building: str | None, entrance: str | None
) -> tuple[str | None, str | None]:
    """Building and entrance of something said in a group; a group of one building speaks of that one.

    group_place: the code of the group's building or entrance ("3", "3-2"), None for a group of the whole compound.
    """
    if building is not None or group_place is None:
        return building, entrance
    own_building, _, own_entrance = group_place.partition("-")
    return own_building, entrance or own_entrance.partition("-")[0] or None


def place_name(building: str | None, entrance: str | None, unit: str | None) -> str:
    """Name a place as people do: 3栋2单元501; an empty string when nothing is known."""
    parts = ((building, "栋"), (entrance, "单元"), (unit, ""))
    return "".join(f"{value}{suffix}" for value, suffix in parts if value)
