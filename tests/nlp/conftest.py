from typing import Any

import pytest

from nlp.tagger import Tagger
from tests.nlp.small import small_taxonomy


@pytest.fixture(scope="session")
def tagger() -> Tagger:
    return Tagger.load()


@pytest.fixture
def small() -> dict[str, Any]:
    return small_taxonomy()
