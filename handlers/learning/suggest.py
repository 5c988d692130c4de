"""A further reader may suggest what a doubtful message is about. It never tags: staff see it in their list.

What leaves for it has been masked first, and what might still tell who said it does not leave at all.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from handlers.digests.masking import is_anonymous, mask

REMEMBERED = 5000
_MOST = 300  # characters of one message that it gets to read


class FurtherReader(Protocol):
    """Reads a few masked texts. bot/ implements it."""

    async def read(self, texts: Sequence[str], leaves: Mapping[str, str]) -> list[str | None] | None:
        """For each text the id of one of the leaves (id: name), "" for no matter, None for no idea.

        None instead of a list when there is no answer now. Never raises for what its server does.
        """


class Suggestions:
    """What the further reader said, by a hash of the masked text; in memory, the oldest forgotten first."""

    def __init__(self, reader: FurtherReader, batch: int) -> None:
        self._reader = reader
        self._batch = batch
        self._known: OrderedDict[bytes, str | None] = OrderedDict()
        # Asked without an answer, longest ago first. One message may be what no answer can be given to: those that it
        # was asked with wait for nothing but their turn, each by itself.
        self._unanswered: OrderedDict[bytes, None] = OrderedDict()

    def leaf_for(self, text: str) -> str | None:
        """The leaf that was suggested for a message, None for no suggestion."""
        return self._known.get(_key(masked(text))) or None

    async def ask(self, texts: Iterable[str], leaves: Mapping[str, str]) -> int:
        """Have those read that were not yet, one batch; returns how many were."""
        wanted = self._choose(texts)
        if not wanted:
            return 0
        answers = await self._reader.read(list(wanted.values()), leaves)
        for key in wanted:
            self._unanswered.pop(key, None)
            if answers is None:
                self._unanswered[key] = None
        if answers is None:
            return 0
        for key, answer in zip(wanted, answers, strict=True):
            self._known[key] = answer if answer in leaves else None
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return len(wanted)

    def _choose(self, texts: Iterable[str]) -> dict[bytes, str]:
        """By key: a batch of what was never asked, else the one that was asked without an answer longest ago."""
        fresh: dict[bytes, str] = {}
        stuck: dict[bytes, str] = {}
        for text in texts:
            words = masked(text)
            if not words or (key := _key(words)) in self._known:
                continue
            (stuck if key in self._unanswered else fresh)[key] = words
            if len(fresh) == self._batch:
                break
        if fresh:
            return fresh
        # What nobody asks about any more is forgotten with that.
        self._unanswered = OrderedDict.fromkeys(key for key in self._unanswered if key in stuck)
        return {key: stuck[key] for key in list(self._unanswered)[:1]}


def masked(text: str) -> str:
    """A message as it may leave the house; empty when it may not."""
    words = mask(text[:_MOST])
    return words if words and is_anonymous(words) else ""


def _key(words: str) -> bytes:
    return hashlib.sha256(words.encode()).digest()[:16]
