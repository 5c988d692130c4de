"""Extra figures over the team's data folder, which is not part of the checkout. Floors, not targets."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nlp.place import Place
from nlp.tagger import Tagger

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "tagging"
OPEN_CONVERSATIONS = range(1, 13)  # the others are a hold-out that nobody opens while the lexicon grows

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the team's data folder is not beside this checkout"),
]


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (FOLDER / name).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def test_small_talk_of_strangers_is_hardly_ever_tagged(tagger: Tagger) -> None:
    tagged = [bool(tagger.tag(row["text"]).categories) for row in _rows("chatter_sms.jsonl")]
    assert sum(tagged) / len(tagged) < 0.01


def test_places_in_group_chat_are_exact(tagger: Tagger) -> None:
    rows = [row for row in _rows("chat_dev.jsonl") if row["conv"] in OPEN_CONVERSATIONS]
    right = [tagger.tag(row["text"]).place == Place(**row["place"]) for row in rows]
    assert sum(right) / len(right) >= 0.97


def test_titles_of_letters_find_their_category(tagger: Tagger) -> None:
    tops = [
        (row["top"], row["also"], categories[0].id.split(".")[0])
        for row in _rows("letters_720.jsonl")
        if (categories := tagger.tag(row["text"]).categories)
    ]
    assert sum(top == found or found in also for top, also, found in tops) / len(tops) > 0.85
