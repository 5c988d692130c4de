"""Labelled conversations, as people write them by hand: what the second stage is trained on and measured with.

    == GROUP | 2026-04-06
    speaker|18:21|dianti.kunren,wuye.xiangying|3|3/2/501|m01|text

labels: leaf ids, the main one first, or `none`; urgency 1 to 3, `-` for none; place building/entrance/unit, empty
where it is not said; matter: the same id for everything about one matter of the file, `-` for none. A line break in
the text is written \\n.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from nlp.lexicon import top_of
from nlp.place import Place

DATA = Path(__file__).parent / "data"
TRAINING, PHRASES, UNSEEN = DATA / "chats", DATA / "phrases", DATA / "unseen"

_FIELDS = 7
_NOTHING = ("-", "")


class ChatsError(ValueError):
    """A line that is no labelled message; the text names file and line."""


class Labelled(NamedTuple):
    """One message with what it is about. labels: () for chatter; urgency: 0 for chatter."""

    speaker: str
    at: str
    labels: tuple[str, ...]
    urgency: int
    place: Place
    matter: str
    text: str

    @property
    def top(self) -> str:
        """The main top category, "none" for chatter."""
        return top_of(self.labels[0]) if self.labels else "none"

    @property
    def tops(self) -> frozenset[str]:
        """All top categories that are right for it."""
        return frozenset(map(top_of, self.labels))


class Conversation(NamedTuple):
    """What was said in one group on one day, oldest first."""

    group: str
    day: str
    messages: tuple[Labelled, ...]


def load_chats(folder: Path) -> list[Conversation]:
    """All conversations of the text files of a folder, in the order of their names."""
    return [chat for path in sorted(folder.glob("*.txt")) for chat in read_chats(path)]


def read_chats(path: Path) -> list[Conversation]:
    """The conversations of one file. Raises ChatsError, OSError."""
    return parse_chats(path.read_text(encoding="utf-8").splitlines(), path.name)


def parse_chats(lines: Iterable[str], name: str) -> list[Conversation]:
    """The conversations in `lines`; `name` is what errors call them. Blank lines are passed over."""
    chats: list[tuple[str, str, list[Labelled]]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if line.startswith("=="):
            group, _, day = line.strip("= ").partition("|")
            chats.append((group.strip(), day.strip(), []))
            continue
        try:
            chats[-1][2].append(_labelled(line))
        except (ValueError, IndexError) as error:
            raise ChatsError(f"{name}, line {number}: {error}") from None
    return [Conversation(group, day, tuple(messages)) for group, day, messages in chats]


class Phrase(NamedTuple):
    """A few words that are typical of a leaf."""

    leaf: str
    text: str


def load_phrases(folder: Path) -> list[Phrase]:
    """The phrases of all text files of a folder; each line is a leaf and its phrases, separated by tabs."""
    phrases = []
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            leaf, *texts = line.split("\t")
            phrases += [Phrase(leaf, text) for text in texts]
    return phrases


def _labelled(line: str) -> Labelled:
    fields = line.split("|", _FIELDS - 1)
    if len(fields) != _FIELDS:
        raise ValueError(f"{len(fields)} fields, not {_FIELDS}")
    speaker, at, labels, urgency, place, matter, text = (field.strip() for field in fields)
    known = () if labels in ("none", "") else tuple(label.strip() for label in labels.split(","))
    if urgency not in ("-", "1", "2", "3"):
        raise ValueError(f"urgency {urgency!r}")
    if bool(known) != (urgency != "-"):
        raise ValueError("labels and urgency disagree")
    parts = [part.strip() or None for part in place.split("/")]
    if len(parts) != len(Place._fields):
        raise ValueError(f"place {place!r}")
    return Labelled(
        speaker,
        at,
        known,
        0 if urgency == "-" else int(urgency),
        Place(*parts),
        "" if matter in _NOTHING else matter,
        text.replace("\\n", "\n"),
    )
