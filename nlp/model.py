"""The second stage: a linear model over characters and the first stage's findings, trained by `nlp.train`.

Every feature has one small weight for each of about 120 outputs. They are kept side by side in one big integer, a
lane of 16 bits for each, so that adding up a message's features is adding up as many integers: the interpreter adds
lanes of a hundred outputs as fast as one, and the server needs no matrix library.
"""

import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

DEFAULT_PATH = Path(__file__).parent / "data" / "model.bin"

ZERO = 128  # the byte that stands for a weight of nothing
_LANE = 0xFFFF
_MOST = _LANE // 255  # features whose lanes cannot overflow
_FORMAT = 1


class ModelError(ValueError):
    """The file is no model of this version's kind."""


class Scores:
    """What the model thinks of one message. matter, urgent: log-odds that something is to be done, and at once.

    The rest is read off the lanes when somebody asks: of chatter nobody does.
    """

    __slots__ = ("_lanes", "_model", "_nothing", "_shares", "_shrink", "matter", "urgent")

    def __init__(self, model: "Model", total: int, count: int) -> None:
        self._model = model
        self._lanes = total
        self._nothing = nothing = ZERO * count
        self._shrink = shrink = 1 / math.sqrt(count or 1)
        self._shares: tuple[float, ...] | None = None
        scales, biases = model.weights.scales, model.weights.biases
        self.matter = ((total & _LANE) - nothing) * shrink * scales[0] + biases[0]
        self.urgent = (((total >> 16) & _LANE) - nothing) * shrink * scales[1] + biases[1]

    @property
    def tops(self) -> list[float]:
        """What speaks for each top category, in the model's order, as log-odds without their constant."""
        return self._values(2, self._model.first_leaf)

    @property
    def shares(self) -> tuple[float, ...]:
        """The same as shares of one."""
        if self._shares is None:
            self._shares = softmax(self.tops)
        return self._shares

    @property
    def leaves(self) -> list[float]:
        """What speaks for each leaf, comparable within one top category."""
        return self._values(self._model.first_leaf, len(self._model.weights.scales))

    def _values(self, first: int, last: int) -> list[float]:
        weights, nothing, shrink = self._model.weights, self._nothing, self._shrink
        lanes = memoryview(
            (self._lanes >> 16 * first).to_bytes(2 * (len(weights.scales) - first), "little")
        ).cast("H")
        return [
            (lane - nothing) * shrink * scale + bias
            for lane, scale, bias in zip(
                lanes, weights.scales[first:last], weights.biases[first:last], strict=False
            )
        ]


@dataclass(frozen=True, slots=True)
class Weights:
    """A trained model as it is stored. rows: a byte for each output and feature, ZERO for none.

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


class Model:
    """A model ready to be asked. Never changes, so that threads may share it."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.version = weights.version
        self.first_leaf = 2 + len(weights.tops)
        self._rows = {name: _lanes(row) for name, row in weights.rows.items()}

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Self:
        """A model from its file. Raises ModelError, OSError."""
        return cls(Weights.unpack(path.read_bytes()))

    def score(self, features: Iterable[str]) -> Scores:
        """What the features of one message add up to. Those that the model never saw say nothing."""
        rows = self._rows
        known = [row for feature in features if (row := rows.get(feature)) is not None]
        if len(known) > _MOST:  # a long text: the lanes hold no more, and most has been said
            known = known[:_MOST]
        return Scores(self, sum(known), len(known))

    def weigh(self, feature: str, output: int) -> float:
        """How much one feature speaks for an output, before it is shared among the features of a message."""
        row = self.weights.rows.get(feature)
        return (row[output] - ZERO) * self.weights.scales[output] if row is not None else 0.0


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
