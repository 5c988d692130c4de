"""How fast messages are read, beside `jieba.lcut` over the same messages in the same run.

`lexicon` is the first stage, `all_stages` both, `matcher` the automaton by itself.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nlp.matcher import Matcher
from nlp.normalise import normalise
from nlp.reader import Reader
from nlp.segment import jieba_segmenter
from nlp.tagger import Tagged, Tagger

_MESSAGES = Path(__file__).with_name("chat_mix.txt")


def run(quick: bool) -> Iterator[dict[str, object]]:
    """Yields one row per metric. value, reference: messages per second of CPU time, the best of many short rounds.

    The rounds take turns: whatever else is running slows all of them down, and what is best is what each can do.
    """
    messages = _MESSAGES.read_text(encoding="utf-8").splitlines()
    tagger = Tagger.load()
    reference = jieba_segmenter(hmm=True)
    reference("议事")
    rounds = 5 if quick else 60
    jobs: dict[str, tuple[Callable[[str], object], list[str], int]] = {
        "reference": (reference, messages, 1),
        "lexicon": (_reading(tagger.tag), messages, 10),
        "all_stages": (_reading(Reader.load().tag), messages, 3),
        "matcher": (Matcher(tagger.lexicon).find, [normalise(message) for message in messages], 30),
    }
    rates = dict.fromkeys(jobs, 0.0)
    for _ in range(rounds):
        for metric, job in jobs.items():
            rates[metric] = max(rates[metric], _rate(*job))
    lcut = rates.pop("reference")
    for metric, value in rates.items():
        yield {
            "bench": "tag",
            "metric": metric,
            "value": round(value),
            "unit": "messages/s",
            "reference": round(lcut),
            "ratio": round(value / lcut, 2),
        }


def _reading(tag: Callable[[str], Tagged]) -> Callable[[str], None]:
    """As the handlers do: of chatter nobody asks where."""

    def read(message: str) -> None:
        tagged = tag(message)
        if tagged.categories:
            _ = tagged.place

    return read


def _rate(work: Callable[[str], object], messages: list[str], repeats: int) -> float:
    """Over texts made anew each time, as they arrive: none has its UTF-8 form or its hash at hand."""
    spent = 0.0
    encoded = [message.encode() for message in messages]
    for _ in range(repeats):
        fresh = [message.decode() for message in encoded]
        started = time.thread_time()
        for message in fresh:
            work(message)
        spent += time.thread_time() - started
    return repeats * len(messages) / spent
