"""The tagger in use: what reads messages, and each compound's own phrases; replaced while messages are read."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nlp.lexicon import Lexicon
from nlp.model import Scores
from nlp.phrases import NO_PHRASES, Phrases
from nlp.reader import Reader
from nlp.tagger import Tagged


class LocalTagger(NamedTuple):
    """What reads one compound's messages. Whoever handles a message keeps the same one to its end."""

    reader: Reader
    phrases: Phrases = NO_PHRASES

    def tag(self, text: str, before: Sequence[Scores] = ()) -> Tagged:
        """What a message is about; see Reader.tag."""
        return self.reader.tag(text, before, self.phrases)

    def score(self, text: str) -> Scores:
        """What a message is worth as the context of another."""
        return self.reader.score(text, self.phrases)


class Taggers:
    """Holds what is in use. Nothing that it hands out ever changes: a swap is one assignment."""

    def __init__(self, reader: Reader, phrases: Mapping[int, Phrases] | None = None) -> None:
        """phrases: by compound id."""
        self.current = reader
        self.phrases: Mapping[int, Phrases] = phrases or {}

    def of(self, compound_id: int | None) -> LocalTagger:
        """What reads the messages of a compound, None: of nobody knows which."""
        known = self.phrases.get(compound_id) if compound_id is not None else None
        return LocalTagger(self.current, known or NO_PHRASES)

    def tag(self, text: str) -> Tagged:
        """What a text is about that belongs to no compound."""
        return self.current.tag(text)

    @property
    def lexicon(self) -> Lexicon:
        """What the categories are called now, and whose they are."""
        return self.current.lexicon
