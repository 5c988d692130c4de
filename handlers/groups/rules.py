"""Pure rules: who may be heard in a group, which words are the speaker's own, whose group a name says it is."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from storage.states import Tombstone


@dataclass(frozen=True, slots=True)
class Room:
    """What counts of a registered group; see ChatGroup."""

    registered_at: datetime
    told_at: datetime | None
    ended_at: datetime | None
    welcomes: bool


@dataclass(frozen=True, slots=True)
class Speaker:
    """What counts of a sender. joined_at None: not known as a member of the group.

    refused: does not want to be heard, said on whichever of their identities.
    """

    is_staff: bool
    joined_at: datetime | None
    told_at: datetime | None
    refused: bool


def why_unheard(
    *, private: bool, room: Room | None, speaker: Speaker, sent_at: datetime, has_words: bool
) -> Tombstone | None:
    """Why a message leaves no text, None when it may be stored."""
    if private:
        return Tombstone.PRIVATE
    if room is None or room.ended_at is not None:
        return Tombstone.UNKNOWN_ROOM
    if speaker.is_staff:
        return Tombstone.STAFF
    if speaker.refused:
        return Tombstone.REFUSED
    if not _was_told(room, speaker, sent_at):
        return Tombstone.NOT_TOLD
    return None if has_words else Tombstone.NOT_WORDS


def told_on_joining(room: Room, joined_at: datetime) -> datetime | None:
    """When someone who joined then was told by the group itself: by its notice, or by its welcome to newcomers."""
    if room.told_at is not None and joined_at <= room.told_at:
        return room.told_at
    # Whoever was there before the group was registered got no welcome.
    if room.welcomes and joined_at >= room.registered_at:
        return joined_at
    return None


def _was_told(room: Room, speaker: Speaker, sent_at: datetime) -> bool:
    # Told afterwards does not count: the archive hands over days of the past.
    moments = [speaker.told_at]
    if speaker.joined_at is not None:
        moments.append(told_on_joining(room, speaker.joined_at))
    return any(moment is not None and moment <= sent_at for moment in moments)


# An external contact is wm… or wo…, a robot wb…; everybody else is named by the corp (D:91774).
_EXTERNAL = re.compile(r"w[mo][A-Za-z0-9_-]{10,}")


def looks_external(sender: str) -> bool:
    """Whether an id is one the platform gives to people outside the corp."""
    return _EXTERNAL.fullmatch(sender) is not None


# Stricter than nlp.quotes, which only keeps a quote from being counted: here not a word of it may remain, so that
# everything up to the last rule of dashes goes, and all the rest where there is none.
_ARCHIVED_QUOTE = re.compile(r"这是一条引用\s*/\s*回复消息")
_RULE = re.compile(r"\n[ \t]*-{6,}[ \t]*(?:\n|$)")
_COPIED_QUOTES = (
    # The rule under it says what it is, whatever the one who is quoted calls themselves.
    re.compile(r"\s*「.*」[ \t]*\n[ \t]*(?:- ?){3,}[ \t]*(?:\n|$)", re.DOTALL),
    re.compile(r"\s*「[^」\n：:]{1,64}[：:].*」[ \t]*(?:\n|$)", re.DOTALL),
)


def own_words(text: str) -> str:
    """The text without the words it quotes, which may be of someone who is not to be heard; stripped."""
    text = text.replace("\r\n", "\n")
    if archived := _ARCHIVED_QUOTE.search(text):
        *_, end = len(text), *(rule.end() for rule in _RULE.finditer(text, archived.end()))
        text = text[: archived.start()] + text[end:]
    for quote in _COPIED_QUOTES:
        if found := quote.match(text):
            return text[found.end() :].strip()
    return text.strip()


_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")}
_NUMBER = r"\d{1,3}|[零一二三四五六七八九十]{1,3}|[A-Z]\d{0,2}"
_BUILDING = re.compile(rf"(?P<number>{_NUMBER})(?:号?[栋幢座]|号楼|#楼?)")
_ENTRANCE = re.compile(rf"(?P<number>{_NUMBER})单元")
_RANGE = re.compile(rf"(?:{_NUMBER})\s*[-~—至到、,，和及/&]\s*(?:{_NUMBER})(?:号?[栋幢座]|号楼|#|单元)")


def place_of_name(name: str, known: Collection[str]) -> str | None:
    """The place a group's name speaks of: 3栋业主群 is "3", 三号楼2单元 is "3-2".

    None when the name speaks of none, of several, or of one that is not in `known` (codes of places).
    """
    plain = unicodedata.normalize("NFKC", name).upper()
    buildings = {_as_code(found["number"]) for found in _BUILDING.finditer(plain)}
    if len(buildings) != 1 or _RANGE.search(plain):
        return None
    building = buildings.pop()
    entrances = {_as_code(found["number"]) for found in _ENTRANCE.finditer(plain)}
    if len(entrances) == 1 and (entrance := f"{building}-{entrances.pop()}") in known:
        return entrance
    return building if building in known else None


def _as_code(number: str) -> str:
    if number[0] not in _DIGITS and number[0] != "十":
        return number.lstrip("0") or number
    tens, ten, ones = number.rpartition("十")
    if not ten:
        return "".join(str(_DIGITS[digit]) for digit in number).lstrip("0")
    return str(10 * (_DIGITS[tens[-1]] if tens else 1) + (_DIGITS[ones] if ones else 0))
