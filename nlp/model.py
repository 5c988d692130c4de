"""The second stage: a linear model over characters and the first stage's findings, trained by `nlp.train`.

Every feature has one small weight, a byte, for each of about 120 outputs. What is asked of every message are two of
these, and of a matter sometimes the leaves of one category: each such output is a column of bytes, by the feature's
number. The top categories are asked for together: theirs are kept side by side in one big integer for each feature, a
lane of 32 bits for each, so that adding up a message's features is adding up as many integers. The interpreter adds
twenty lanes as fast as one, and the server needs no matrix library.
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from nlp.automaton import finder

if TYPE_CHECKING:  # nlp.tagger has Scores in what it returns
    from nlp.features import Features

DEFAULT_PATH = Path(__file__).parent / "data" / "model.bin"

ZERO = 128  # the byte that stands for a weight of nothing
_MATTER, _URGENT, _FIRST_TOP = 0, 1, 2  # the order of outputs
_number = itemgetter(2)  # of a match
_Pick = Callable[[Sequence[int]], tuple[int, ...]]
_IN_TEXT = 2  # characters of the features that are looked for in texts, at most
_THRESHOLDS = {"matter", "named", "alarming", "unsure", "urgent"}
_COMBINING = {"matter", "urgent", "tops"}
_FORMAT = 1
_TELLING = 3


class ModelError(ValueError):
    """The file is no model of this version's kind."""


class Scores:
    """What the model thinks of one message. matter, urgent: log-odds that something is to be done, and at once.
    named: how sure the lexicon is of the top categories that it names.

    The rest is worked out when somebody asks: of chatter nobody does.
    """

    __slots__ = ("_model", "_pick", "_shares", "_size", "matter", "named", "urgent")

    def __init__(self, model: "Model", size: int, pick: _Pick, named: Mapping[str, float]) -> None:
        """size: how many features of the message the model has ever seen. pick: takes theirs out of a sequence."""
        self._model = model
        self._size = size
        self._pick = pick
        self._shares: tuple[float, ...] | None = None
        self.named = named
        self.matter, self.urgent = model.value(_MATTER, size, pick), model.value(_URGENT, size, pick)

    @property
    def tops(self) -> list[float]:
        """What speaks for each top category, in the model's order, as log-odds without their constant."""
        return self._model.tops(self._size, self._pick)

    @property
    def shares(self) -> tuple[float, ...]:
        """The same as shares of one."""
        if self._shares is None:
            self._shares = softmax(self.tops)
        return self._shares

    @property
    def named_tops(self) -> list[float]:
        """How sure the lexicon is of each top category, in the model's order."""
        sure = [0.0] * len(self._model.order)
        for top, score in self.named.items():
            sure[self._model.order[top]] = score
        return sure

    def weighed(self, said: float, sure: float) -> list[float]:
        """What speaks for each top category, in the model's order: the words and the lexicon, times a weight each."""
        values = [said * score for score in self.tops]
        for top, score in self.named.items():
            values[self._model.order[top]] += sure * score
        return values

    def likeliest(self, leaves: Sequence[int]) -> int:
        """Of some leaves of one top category, by their number in the model, the one for which most speaks."""
        if len(leaves) == 1:
            return leaves[0]
        model, size, pick = self._model, self._size, self._pick
        return max(leaves, key=lambda leaf: model.value(model.first_leaf + leaf, size, pick))

    def telling(self, clean: str, leaf: str) -> tuple[tuple[int, int], ...]:
        """Where in the normalised text the pairs of characters stand that speak most for the top category of a leaf."""
        weights = self._model.weights
        output = _FIRST_TOP + weights.tops.index(leaf.partition(".")[0])
        weighed = [
            (row[output], start)
            for start in range(len(clean) - 1)
            if (row := weights.rows.get(clean[start : start + 2])) is not None and row[output] > ZERO
        ]
        return tuple(
            sorted((start, start + 2) for _weight, start in sorted(weighed, reverse=True)[:_TELLING])
        )


@dataclass(frozen=True, slots=True)
class Weights:
    """A trained model as it is stored. rows: a byte, 1 to 255, for each output and feature, ZERO for none.

    scales, biases: of the outputs matter, urgent, tops, leaves, in this order. combining: how what was said before
    is taken into account (`nlp.context`). thresholds: of log-odds, by name.
    """

    version: str
    tops: tuple[str, ...]
    leaves: tuple[str, ...]
    scales: tuple[float, ...]
    biases: tuple[float, ...]
    rows: Mapping[str, bytes]
    combining: Mapping[str, Sequence[float]]
    thresholds: Mapping[str, float]
    figures: Mapping[str, Any]

    def pack(self) -> bytes:
        """The bytes of a model file."""
        names = sorted(self.rows)  # in whatever order they were found, the same bytes
        header = {
            "format": _FORMAT,
            "version": self.version,
            "tops": self.tops,
            "leaves": self.leaves,
            "scales": self.scales,
            "biases": self.biases,
            "combining": {name: list(weights) for name, weights in self.combining.items()},
            "thresholds": dict(self.thresholds),
            "figures": dict(self.figures),
            "features": names,
        }
        line = json.dumps(header, ensure_ascii=False, sort_keys=True).encode()
        return zlib.compress(line + b"\n" + b"".join(map(self.rows.__getitem__, names)), 9)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """The weights in the bytes of a model file. Raises ModelError."""
        try:
            line, _, body = zlib.decompress(packed).partition(b"\n")
            header = json.loads(line)
            if header["format"] != _FORMAT:
                raise ModelError(f"format {header['format']}, not {_FORMAT}")
            width = 2 + len(header["tops"]) + len(header["leaves"])
            features = header["features"]
            if len(body) != width * len(features) or not width == len(header["scales"]) == len(
                header["biases"]
            ):
                raise ModelError("its parts do not fit together")
            if not (header["thresholds"].keys() >= _THRESHOLDS and header["combining"].keys() >= _COMBINING):
                raise ModelError("it was trained by another version")
            rows = {name: body[at * width : (at + 1) * width] for at, name in enumerate(features)}
            return cls(
                header["version"],
                tuple(header["tops"]),
                tuple(header["leaves"]),
                tuple(header["scales"]),
                tuple(header["biases"]),
                rows,
                header["combining"],
                header["thresholds"],
                header["figures"],
            )
        except (zlib.error, KeyError, TypeError, ValueError) as error:
            raise error if isinstance(error, ModelError) else ModelError("not a model file") from error


class Model:
    """A model ready to be asked. Never changes, so that threads may share it."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.version = weights.version
        names = sorted(weights.rows, key=len)  # those that are looked for in texts come first
        in_text = [name for name in names if len(name) <= _IN_TEXT]
        self._find = finder(in_text)
        self._markers = {
            name: number for number, name in enumerate(names[len(in_text) :], start=len(in_text))
        }
        self._nothing = len(names)  # a number of no feature, with a row of no weight
        width = len(weights.scales)
        rows = [*map(weights.rows.__getitem__, names), bytes(width)]
        packed = b"".join(rows)
        columns = (packed[output::width] for output in range(width))
        self._outputs = list(zip(columns, weights.scales, weights.biases, strict=True))
        self.order = {top: number for number, top in enumerate(weights.tops)}
        self.first_leaf = _FIRST_TOP + len(weights.tops)
        tops = slice(_FIRST_TOP, self.first_leaf)
        self._lanes = [_lanes(row[tops]) for row in rows]
        self._scaling = list(zip(weights.scales[tops], weights.biases[tops], strict=True))

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Self:
        """A model from its file. Raises ModelError, OSError."""
        return cls(Weights.unpack(path.read_bytes()))

    def score(self, features: "Features", named: Mapping[str, float]) -> Scores:
        """What the features of one message add up to. Those that the model never saw say nothing.

        named: how sure the lexicon is of top categories.
        """
        known = set(map(_number, self._find(features.text)))
        markers = self._markers
        for name in features.markers:
            if name in markers:
                known.add(markers[name])
        # of nothing two as well, so that what is picked is a tuple however few there are
        return Scores(self, len(known), itemgetter(self._nothing, self._nothing, *known), named)

    def value(self, output: int, size: int, pick: _Pick) -> float:
        """One output."""
        column, scale, bias = self._outputs[output]
        return (sum(pick(column)) - ZERO * size) / sqrt(size or 1) * scale + bias

    def tops(self, size: int, pick: _Pick) -> list[float]:
        """What speaks for each top category."""
        total = sum(pick(self._lanes))
        lanes = memoryview(total.to_bytes(4 * len(self._scaling), "little")).cast("I")
        nothing, shrink = ZERO * size, 1 / sqrt(size or 1)
        return [
            (lane - nothing) * shrink * scale + bias
            for lane, (scale, bias) in zip(lanes, self._scaling, strict=True)
        ]


def softmax(values: Sequence[float]) -> tuple[float, ...]:
    """Log-odds as shares of one."""
    highest = max(values)
    powers = list(map(exp, [value - highest for value in values]))
    whole = sum(powers)
    return tuple([power / whole for power in powers])


def _lanes(row: bytes) -> int:
    spread = bytearray(4 * len(row))
    spread[::4] = row
    return int.from_bytes(spread, "little")
