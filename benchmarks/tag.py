"""How fast messages are tagged, beside `jieba.lcut` over the same messages in the same run."""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from nlp.matcher import Matcher
from nlp.normalise import normalise
from nlp.segment import jieba_segmenter
from nlp.tagger import Tagger

_MESSAGES = Path(__file__).with_name("chat_mix.txt")


def run(quick: bool) -> Iterator[dict[str, object]]:
    """Yields one row per metric. value and reference: messages/s, medians over interleaved rounds."""
    messages = _MESSAGES.read_text(encoding="utf-8").splitlines()
    tagger = Tagger.load()
    matcher = Matcher(tagger.lexicon)
    spelled = [normalise(message) for message in messages]
    reference = jieba_segmenter(hmm=True)
    reference("议事")
    rounds, repeats = (5, 1) if quick else (15, 5)
    rates: dict[str, list[float]] = {"reference": [], "tagger": [], "matcher": []}
    for _ in range(rounds):
        rates["reference"].append(_rate(reference, messages, repeats))
        rates["tagger"].append(_rate(partial(_tag, tagger), messages, 10 * repeats))
        rates["matcher"].append(_rate(matcher.find, spelled, 50 * repeats))
    lcut = statistics.median(rates.pop("reference"))
    for metric, measured in rates.items():
        value = statistics.median(measured)
        yield {
            "bench": "tag",
            "metric": metric,
            "value": round(value),
            "unit": "messages/s",
            "reference": round(lcut),
            "ratio": round(value / lcut, 2),
        }


def _tag(tagger: Tagger, message: str) -> None:
    """As the handlers do: of chatter nobody asks where."""
    tagged = tagger.tag(message)
    if tagged.categories:
        _ = tagged.place


def _rate(work: Callable[[str], object], messages: list[str], repeats: int) -> float:
    started = time.perf_counter()
    for _ in range(repeats):
        for message in messages:
            work(message)
    return repeats * len(messages) / (time.perf_counter() - started)
