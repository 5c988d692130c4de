"""How fast messages are read, beside `jieba.lcut` over the same messages in the same run.

`lexicon` is the first stage, `all_stages` both, `matcher` the automaton by itself.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from nlp.matcher import Matcher
from nlp.normalise import normalise
from nlp.reader import Reader
from nlp.segment import jieba_segmenter
from nlp.tagger import Tagged, Tagger

_MESSAGES = Path(__file__).with_name("chat_mix.txt")


def run(quick: bool) -> Iterator[dict[str, object]]:
    """Yields one row per metric. value, reference: messages per second of CPU time, medians over interleaved rounds."""
    messages = _MESSAGES.read_text(encoding="utf-8").splitlines()
    tagger = Tagger.load()
    matcher = Matcher(tagger.lexicon)
    spelled = [normalise(message) for message in messages]
    reference = jieba_segmenter(hmm=True)
    reference("议事")
    rounds, repeats = (5, 1) if quick else (15, 5)
    jobs: dict[str, tuple[Callable[[str], object], list[str], int]] = {
        "reference": (reference, messages, repeats),
        "lexicon": (partial(_read, tagger.tag), messages, 10 * repeats),
        "all_stages": (partial(_read, Reader.load().tag), messages, 3 * repeats),
        "matcher": (matcher.find, spelled, 50 * repeats),
    }
    rates: dict[str, list[float]] = {metric: [] for metric in jobs}
    for _ in range(rounds):
        for metric, job in jobs.items():
            rates[metric].append(_rate(*job))
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


def _read(tag: Callable[[str], Tagged], message: str) -> None:
    """As the handlers do: of chatter nobody asks where."""
    tagged = tag(message)
    if tagged.categories:
        _ = tagged.place


def _rate(work: Callable[[str], object], messages: list[str], repeats: int) -> float:
    started = time.thread_time()
    for _ in range(repeats):
        for message in messages:
            work(message)
    return repeats * len(messages) / (time.thread_time() - started)
