"""How well messages are read, in figures."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from nlp.chats import Conversation, Labelled
from nlp.context import REACH
from nlp.model import Scores
from nlp.reader import Reader
from nlp.tagger import Tagged, Verdict

_SAFETY = 3

Read = Callable[[Conversation], Iterator[Tagged]]


class Figures(NamedTuple):
    """Shares from 0 to 1; None where nothing was there to be right or wrong about.

    complaint_f1: matter or chatter. top_macro_f1: mean over the top categories that occur; any of a message's
    categories is right. urgent_*: urgency 3. place_exact: building, entrance and unit all as labelled, of the messages
    that say where or are said to. chatter_tagged: of the messages that are no matter.
    """

    messages: int
    matters: int
    urgent: int
    complaint_f1: float | None
    complaint_precision: float | None
    complaint_recall: float | None
    top_macro_f1: float | None
    top_right: float | None
    urgent_recall: float | None
    urgent_precision: float | None
    place_exact: float | None
    chatter_tagged: float | None


def in_context(reader: Reader) -> Read:
    """Reads conversations as they are heard in a group."""

    def read(chat: Conversation) -> Iterator[Tagged]:
        before: list[Scores] = []
        for message in chat.messages:
            tagged = reader.tag(message.text, before[-REACH:])
            yield tagged
            if tagged.scores is not None:
                before.append(tagged.scores)

    return read


def alone(tag: Callable[[str], Tagged]) -> Read:
    """Reads every message by itself."""

    def read(chat: Conversation) -> Iterator[Tagged]:
        for message in chat.messages:
            yield tag(message.text)

    return read


def measure(chats: Iterable[Conversation], read: Read) -> Figures:
    """The figures of a way of reading on labelled conversations."""
    pairs = [pair for chat in chats for pair in zip(chat.messages, read(chat), strict=True)]
    said = [bool(message.labels) for message, _ in pairs]
    heard = [tagged.verdict is Verdict.MATTER for _, tagged in pairs]
    precision, recall = _precision_recall(said, heard)
    urgent = _precision_recall(
        [message.urgency == _SAFETY for message, _ in pairs],
        [tagged.urgency == _SAFETY for _, tagged in pairs],
    )
    matters = [(message, tagged) for message, tagged in pairs if message.labels]
    placed = [(m, t) for m, t in pairs if any(m.place) or any(t.place)]
    chatter = [tagged for message, tagged in pairs if not message.labels]
    return Figures(
        len(pairs),
        len(matters),
        sum(message.urgency == _SAFETY for message, _ in pairs),
        _f1(precision, recall),
        precision,
        recall,
        _macro_f1(pairs),
        _share(_top(tagged) in message.tops for message, tagged in matters),
        urgent[1],
        urgent[0],
        _share(message.place == tagged.place for message, tagged in placed),
        _share(tagged.verdict is Verdict.MATTER for tagged in chatter),
    )


def worse(figures: Figures, reference: Figures, margin: float) -> list[str]:
    """The names of those figures that are worse than the reference's by more than a margin."""
    found = []
    if (figures.chatter_tagged or 0.0) > (reference.chatter_tagged or 0.0) + margin:
        found.append("chatter_tagged")
    for name in ("complaint_f1", "top_macro_f1", "urgent_recall"):
        own, other = getattr(figures, name), getattr(reference, name)
        if other is not None and (own or 0.0) < other - margin:
            found.append(name)
    return found


def _top(tagged: Tagged) -> str:
    return tagged.categories[0].id.partition(".")[0] if tagged.categories else "none"


def _macro_f1(pairs: Sequence[tuple[Labelled, Tagged]]) -> float | None:
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for message, tagged in pairs:
        top = _top(tagged)
        if top in message.tops:
            right[top] += 1
            continue
        wrong[top] += 1
        missed[message.top] += 1
    tops = {message.top for message, _ in pairs} - {"none"}
    scores = [2 * right[top] / (2 * right[top] + wrong[top] + missed[top] or 1) for top in tops]
    return round(sum(scores) / len(scores), 4) if scores else None


def _precision_recall(said: Sequence[bool], heard: Sequence[bool]) -> tuple[float | None, float | None]:
    both = sum(s and h for s, h in zip(said, heard, strict=True))
    return _ratio(both, sum(heard)), _ratio(both, sum(said))


def _f1(precision: float | None, recall: float | None) -> float | None:
    if not precision or not recall:
        return None
    return round(2 * precision * recall / (precision + recall), 4)


def _share(answers: Iterable[bool]) -> float | None:
    counted = list(answers)
    return _ratio(sum(counted), len(counted))


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
