"""How well voices are put together into matters, in figures.

Plays labelled conversations to the rules as the bot hears them, one compound after the other, and compares the
matters that come out with the labelled ones.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import NamedTuple

from handlers.matters.rules import BRIEF, Counts, Known, Voice, choose, confirms
from nlp.chats import Conversation, Labelled
from nlp.similar import nearest, plain, terms
from nlp.tagger import Tagged, Verdict

Read = Callable[[Conversation], Iterable[Tagged]]
_MATTERS = 40  # latest ones that a voice is compared with, by the latest voices of each
_LATEST = 3


class Clustering(NamedTuple):
    """B-cubed figures over voices (Amigó et al. 2009): for each voice the share of its matter that belongs there
    (purity) and the share of its labelled matter that it was put together with (recall); means over all voices.

    matters, found: labelled ones and those that came out.
    """

    voices: int
    matters: int
    found: int
    purity: float | None
    recall: float | None
    f1: float | None


class Heard(NamedTuple):
    """A message that counts as a voice: where in its conversation, and what it is taken to be about."""

    position: int
    message: Labelled
    leaves: tuple[str, ...]
    building: str | None
    entrance: str | None
    urgency: int
    sure: float = 1.0
    named: bool = True


def as_labelled(chat: Conversation) -> Iterator[Heard]:
    """What was labelled as something to be done: the rules by themselves, with categories that are right."""
    for position, message in enumerate(chat.messages):
        if message.labels:
            place = message.place
            yield Heard(position, message, message.labels, place.building, place.entrance, message.urgency)


def as_read(read: Read) -> Callable[[Conversation], Iterator[Heard]]:
    """What a way of reading takes for something to be done: the rules behind the tagger, with its mistakes."""

    def hear(chat: Conversation) -> Iterator[Heard]:
        for position, (message, tagged) in enumerate(zip(chat.messages, read(chat), strict=True)):
            if tagged.verdict is Verdict.MATTER:
                leaves = tuple(category.id for category in tagged.categories)
                place, sure = tagged.place, tagged.categories[0].score
                yield Heard(
                    position,
                    message,
                    leaves,
                    place.building,
                    place.entrance,
                    tagged.urgency,
                    sure,
                    bool(tagged.found),
                )

    return hear


def by_group(chats: Iterable[Conversation]) -> list[list[Conversation]]:
    """The conversations of one file, group by group, each in the order in which it was held."""
    groups: dict[str, list[Conversation]] = {}
    for chat in chats:
        groups.setdefault(chat.group, []).append(chat)
    return [sorted(held, key=_begun) for held in groups.values()]


def _begun(chat: Conversation) -> tuple[str, str]:
    return chat.day, chat.messages[0].at.zfill(5) if chat.messages else ""


def measure_clustering(
    compounds: Iterable[Sequence[Conversation]], hear: Callable[[Conversation], Iterable[Heard]] = as_labelled
) -> Clustering:
    """The figures over compounds, each with its conversations in the order in which they were held.

    A message that is labelled as chatter but heard as a voice is a labelled matter of its own.
    """
    pairs: list[tuple[tuple[int, str], tuple[int, int]]] = []  # labelled and found, of each voice
    for compound, chats in enumerate(compounds):
        for number, (heard, found) in enumerate(_play(chats, hear)):
            pairs.append(((compound, heard.message.matter or f"#{number}"), (compound, found)))
    return _b_cubed(pairs)


@dataclass(slots=True)
class _Matter:
    known: Known
    said: list[Counter[str]] = field(default_factory=list)
    last: tuple[int, int] = (-1, 0)  # conversation and position


def _play(
    chats: Sequence[Conversation], hear: Callable[[Conversation], Iterable[Heard]]
) -> Iterator[tuple[Heard, int]]:
    matters: list[_Matter] = []
    people: dict[str, int] = {}
    for conversation, chat in enumerate(chats):
        for heard in hear(chat):
            said_at = _time(chat.day, heard.message.at)
            person_id = people.setdefault(heard.message.speaker, len(people))
            voice = Voice(
                heard.leaves,
                heard.building,
                heard.entrance,
                person_id,
                said_at,
                heard.urgency,
                heard.sure,
                len(plain(heard.message.text)) < BRIEF,
                heard.named,
            )
            said = terms(heard.message.text)
            number = choose(voice, _meet(matters, said, (conversation, heard.position)))
            if number is None:
                number = len(matters)
                known = Known(number, heard.leaves[0], heard.building, heard.entrance, said_at)
                matters.append(_Matter(known))
            matter = matters[number]
            known = matter.known
            spoken = known.people | {person_id}
            urgency = max(known.urgency, heard.urgency)
            matter.known = replace(
                known,
                building=known.building or heard.building,
                entrance=known.entrance or heard.entrance,
                heard_at=said_at,
                people=spoken,
                last_person_id=person_id,
                leaves=known.leaves.union(heard.leaves),
                urgency=urgency,
                confirmed=confirms(overheard=True, urgency=urgency, counts=Counts(0, len(spoken))),
            )
            matter.said.append(said)
            matter.last = (conversation, heard.position)
            yield heard, number


def _meet(matters: Sequence[_Matter], said: Counter[str], where: tuple[int, int]) -> list[Known]:
    recent = sorted(matters, key=attrgetter("last"))[-_MATTERS:]
    likeness = iter(nearest(said, [document for matter in recent for document in matter.said[-_LATEST:]]))
    met = []
    for matter in recent:
        like = max(next(likeness) for _ in matter.said[-_LATEST:])
        back = where[1] - matter.last[1] if matter.last[0] == where[0] else None
        met.append(replace(matter.known, likeness=like, back=back, is_subject=matter is recent[-1]))
    return met


def _time(day: str, at: str) -> datetime:
    return datetime.fromisoformat(f"{day} {at.zfill(5)}").replace(tzinfo=UTC)


def _b_cubed(pairs: Sequence[tuple[tuple[int, str], tuple[int, int]]]) -> Clustering:
    if not pairs:
        return Clustering(0, 0, 0, None, None, None)
    together: dict[object, int] = defaultdict(int)
    labelled: dict[object, int] = defaultdict(int)
    found: dict[object, int] = defaultdict(int)
    for gold, cluster in pairs:
        together[gold, cluster] += 1
        labelled[gold] += 1
        found[cluster] += 1
    purity = sum(together[gold, cluster] / found[cluster] for gold, cluster in pairs) / len(pairs)
    recall = sum(together[gold, cluster] / labelled[gold] for gold, cluster in pairs) / len(pairs)
    f1 = 2 * purity * recall / (purity + recall)
    return Clustering(len(pairs), len(labelled), len(found), round(purity, 4), round(recall, 4), round(f1, 4))
