from collections.abc import Sequence

import pytest

from handlers.context import Services
from handlers.learning.taggers import Taggers
from nlp.model import Scores
from nlp.phrases import NO_PHRASES, Phrases
from nlp.reader import Reader
from nlp.segment import warm
from nlp.tagger import Tagged
from storage.sealing import Sealer
from tests.bot.fakes import Clock

POISON = "毒药"


class TouchyTagger(Reader):
    """A tagger with a fault: it cannot read one word."""

    def tag(self, text: str, before: Sequence[Scores] = (), phrases: Phrases = NO_PHRASES) -> Tagged:
        if POISON in text:
            raise ZeroDivisionError(text)
        return super().tag(text, before, phrases)


@pytest.fixture(scope="session")
def tagger() -> Reader:
    warm()  # as a server does before it works
    return TouchyTagger.load()


@pytest.fixture
def services(tagger: Reader, sealer: Sealer) -> Services:
    """All accounts serve the compound XH-1."""
    return Services(Taggers(tagger), sealer, raw_text_days=180, default_compounds={"main": "XH-1"})


@pytest.fixture
def clock() -> Clock:
    return Clock()
