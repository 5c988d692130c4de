"""What was said before in a conversation, and what it makes of a message.

"我这儿也是黄的，三楼" is about water when water was talked about. The formulas have few weights, the same for every
category, so that they are learned from few conversations.
"""

import math
from collections.abc import Mapping, Sequence
from operator import mul
from typing import NamedTuple

from nlp.model import Scores, softmax

REACH = 6  # messages back
_FADING = 0.8  # of what a message counts, for each one in between
_HARDLY = 0.02  # a chance at which a message says nothing about what others talk of


class Context(NamedTuple):
    """The strongest of what was said before, faded; `last_*` is the message right before."""

    matter: float
    urgent: float
    tops: Sequence[float]
    last_matter: float
    last_urgent: float
    last_tops: Sequence[float]


class Judged(NamedTuple):
    """A message in its context: log-odds."""

    matter: float
    urgent: float


def gather(before: Sequence[Scores], tops: int) -> Context | None:
    """What the messages before (oldest first) add up to, for so many top categories; None when there are none."""
    if not before:
        return None
    weight, matter, urgent = 1.0, 0.0, 0.0
    heard = last_heard = [0.0] * tops
    for distance, scores in enumerate(reversed(before[-REACH:])):
        own = chance(scores.matter)
        matter = max(matter, weight * own)
        urgent = max(urgent, weight * chance(scores.urgent))
        if own > _HARDLY:
            said = [weight * own * share for share in scores.shares]
            heard = list(map(max, heard, said))
            if distance == 0:
                last_heard = said
        weight *= _FADING
    last = before[-1]
    return Context(matter, urgent, heard, chance(last.matter), chance(last.urgent), last_heard)


def gate_inputs(own: Scores, context: Context | None) -> tuple[float, ...]:
    """What decides whether a message is a matter, and whether it is urgent; 1.0 comes first, for the bias."""
    if context is None:
        return (1.0, own.matter, own.urgent, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    doubt = 1.0 / (1.0 + abs(own.matter))
    return (
        1.0,
        own.matter,
        own.urgent,
        1.0,
        context.matter,
        context.urgent,
        context.last_matter,
        context.last_urgent,
        doubt * context.matter,
    )


def top_inputs(own: Scores, context: Context | None) -> list[tuple[float, ...]]:
    """For each top category what speaks for it: the message's words, the lexicon, and what was said before."""
    named = own.named_tops
    if context is None:
        return [(score, sure, 0.0, 0.0, 0.0, 0.0) for score, sure in zip(own.tops, named, strict=True)]
    doubt = 1.0 - max(own.shares)
    return [
        (score, sure, heard, last, doubt * heard, doubt * last)
        for score, sure, heard, last in zip(own.tops, named, context.tops, context.last_tops, strict=True)
    ]


def judge(combining: Mapping[str, Sequence[float]], own: Scores, context: Context | None) -> Judged:
    """A message in its context, by the weights `combining` has for "matter" and "urgent"."""
    matter, urgent = combining["matter"], combining["urgent"]
    if context is None:  # the first three inputs are all there is
        said, alarm = own.matter, own.urgent
        return Judged(
            matter[0] + matter[1] * said + matter[2] * alarm,
            urgent[0] + urgent[1] * said + urgent[2] * alarm,
        )
    inputs = gate_inputs(own, context)
    return Judged(_dot(matter, inputs), _dot(urgent, inputs))


def weigh_tops(
    combining: Mapping[str, Sequence[float]], own: Scores, context: Context | None
) -> tuple[float, ...]:
    """The share of each top category, by the weights `combining` has for "tops"."""
    weights = combining["tops"]
    if context is None:  # the first two inputs are all there is
        return softmax(own.weighed(*weights[:2]))
    return softmax([_dot(weights, row) for row in top_inputs(own, context)])


def chance(log_odds: float) -> float:
    """A probability."""
    return 1.0 / (1.0 + math.exp(-log_odds)) if log_odds > -50 else 0.0


def _dot(weights: Sequence[float], values: Sequence[float]) -> float:
    return float(sum(map(mul, weights, values)))
