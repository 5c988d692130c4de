"""The second stage: a linear model over characters and the first stage's findings, trained by `nlp.train`.

Every feature has one small weight for each of about 120 outputs. They are kept side by side in one big integer, a
lane of 16 bits for each, so that adding up a message's features is adding up as many integers: the interpreter adds
lanes of a hundred outputs as fast as one, and the server needs no matrix library.
"""

import json
import math
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Self

DEFAULT_PATH = Path(__file__).parent / "data" / "model.bin"

ZERO = 128  # the byte that stands for a weight of nothing
_LANE = 0xFFFF
_MOST = _LANE // 255  # features whose lanes cannot overflow
_FORMAT = 1
_TELLING = 3
_REMEMBERED = 5000  # features whose lanes of leaves are at hand: common characters are few


class ModelError(ValueError):
    """The file is no model of this version's kind."""


class Scores:
    """What the model thinks of one message. matter, urgent: log-odds that something is to be done, and at once.
    named: how sure the lexicon is of the top categories that it names.

    The rest is worked out when somebody asks: of chatter nobody does.
    """

    __slots__ = ("_features", "_model", "_shares", "_sum", "matter", "named", "urgent")

    def __init__(self, model: "Model", features: Iterable[str], named: Mapping[str, float]) -> None:
        self._model = model
        self.named = named
        self._features = features
        self._sum = total = model.gates_and_tops.add_up(features)
        self._shares: tuple[float, ...] | None = None
        self.matter, self.urgent = total.value(0), total.value(1)

    @property
    def tops(self) -> list[float]:
        """What speaks for each top category, in the model's order, as log-odds without their constant."""
        return self._sum.values(2)

    @property
    def shares(self) -> tuple[float, ...]:
        """The same as shares of one."""
        if self._shares is None:
            self._shares = softmax(self.tops)
        return self._shares

    @property
    def named_tops(self) -> list[float]:
        """How sure the lexicon is of each top category, in the model's order."""
        return [self.named.get(top, 0.0) for top in self._model.weights.tops]

    def likeliest(self, leaves: Sequence[int]) -> int:
        """Of some leaves of one top category, by their number in the model, the one for which most speaks."""
        return (
            max(leaves, key=self._model.leaves.add_up(self._features).value) if len(leaves) > 1 else leaves[0]
        )

    def telling(self, clean: str, leaf: str) -> tuple[tuple[int, int], ...]:
        """Where in the normalised text the pairs of characters stand that speak most for the top category of a leaf."""
        weights = self._model.weights
        output = 2 + weights.tops.index(leaf.partition(".")[0])
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
            "features": list(self.rows),
        }
        line = json.dumps(header, ensure_ascii=False, sort_keys=True).encode()
        return zlib.compress(line + b"\n" + b"".join(self.rows.values()), 9)

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


class Sum(NamedTuple):
    """The weights of so many known features of a message, added up lane by lane."""

    lanes: int
    known: int
    layer: "Layer"

    def value(self, output: int) -> float:
        """One output."""
        lane = (self.lanes >> 16 * output) & _LANE
        shrunk = (lane - ZERO * self.known) / math.sqrt(self.known or 1)
        return shrunk * self.layer.scales[output] + self.layer.biases[output]

    def values(self, first: int) -> list[float]:
        """All outputs from `first` on."""
        scales, biases = self.layer.scales, self.layer.biases
        lanes = memoryview(self.lanes.to_bytes(2 * len(scales), "little")).cast("H")
        nothing, shrink = ZERO * self.known, 1 / math.sqrt(self.known or 1)
        return [
            (lane - nothing) * shrink * scale + bias
            for lane, scale, bias in zip(lanes[first:], scales[first:], biases[first:], strict=True)
        ]


class Layer:
    """Some outputs of a model: their lanes of every feature, worked out at once or, to save memory, when first met."""

    def __init__(self, weights: Weights, first: int, last: int, *, at_once: bool) -> None:
        self.scales, self.biases = weights.scales[first:last], weights.biases[first:last]
        rows = weights.rows
        if at_once:
            self._lanes: Callable[[str], int | None] = {
                name: _lanes(row[first:last]) for name, row in rows.items()
            }.get
        else:
            self._lanes = lru_cache(_REMEMBERED)(
                lambda name: _lanes(row[first:last]) if (row := rows.get(name)) else None
            )

    def add_up(self, features: Iterable[str]) -> Sum:
        """The sum over those features that the model has ever seen."""
        known = list(filter(None, map(self._lanes, features)))
        if len(known) > _MOST:  # a long text: the lanes hold no more, and most has been said
            known = known[:_MOST]
        return Sum(sum(known), len(known), self)


class Model:
    """A model ready to be asked. Never changes, so that threads may share it."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.version = weights.version
        leaves = 2 + len(weights.tops)
        self.gates_and_tops = Layer(weights, 0, leaves, at_once=True)
        self.leaves = Layer(weights, leaves, len(weights.scales), at_once=False)

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Self:
        """A model from its file. Raises ModelError, OSError."""
        return cls(Weights.unpack(path.read_bytes()))

    def score(self, features: Collection[str], named: Mapping[str, float]) -> Scores:
        """What the features of one message add up to. Those that the model never saw say nothing.

        named: how sure the lexicon is of top categories.
        """
        return Scores(self, features, named)


def softmax(values: Sequence[float]) -> tuple[float, ...]:
    """Log-odds as shares of one."""
    highest = max(values)
    powers = [math.exp(value - highest) for value in values]
    whole = sum(powers)
    return tuple([power / whole for power in powers])


def _lanes(row: bytes) -> int:
    spread = bytearray(2 * len(row))
    spread[::2] = row
    return int.from_bytes(spread, "little")
