import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.features import Features
from nlp.model import ZERO, Model, ModelError, Weights, softmax

TOPS, LEAVES = ("water", "fire"), ("water.leak", "water.dirty", "fire.smoke")
OUTPUTS = 2 + len(TOPS) + len(LEAVES)
SCALES = tuple(0.1 * number for number in range(1, OUTPUTS + 1))
BIASES = tuple(-0.5 * number for number in range(OUTPUTS))

row = st.lists(st.integers(1, 255), min_size=OUTPUTS, max_size=OUTPUTS).map(bytes)
rows = st.dictionaries(st.text("水火漏冒", min_size=1, max_size=2), row)


COMBINING = {"matter": [1.0], "urgent": [1.0], "tops": [1.0]}
THRESHOLDS = {"matter": 0.5, "named": 0.0, "alarming": -1.0, "unsure": -1.0, "urgent": 0.5}


def weights(known: dict[str, bytes]) -> Weights:
    return Weights("t1", TOPS, LEAVES, SCALES, BIASES, known, COMBINING, THRESHOLDS, {"messages": 3})


def plain(known: dict[str, bytes], features: set[str], output: int) -> float:
    """What one output adds up to, the slow way."""
    found = [known[feature][output] - ZERO for feature in features if feature in known]
    return sum(found) / math.sqrt(len(found) or 1) * SCALES[output] + BIASES[output]


@given(rows, st.text("水火漏冒烟", max_size=30), st.sets(st.sampled_from(["said:matter", "top:water"])))
def test_lanes_add_up_as_numbers_do(known: dict[str, bytes], text: str, markers: set[str]) -> None:
    known |= {"said:matter": bytes(range(1, OUTPUTS + 1)), "水": bytes([200] * OUTPUTS)}
    seen = Features(text, sorted(markers))
    scores = Model(weights(known)).score(seen, {})
    expected = [plain(known, seen.names(), output) for output in range(OUTPUTS)]
    assert scores.matter == pytest.approx(expected[0])
    assert scores.urgent == pytest.approx(expected[1])
    assert scores.tops == pytest.approx(expected[2:4])
    assert sum(scores.shares) == pytest.approx(1.0)
    assert math.isclose(expected[4 + scores.likeliest([0, 1])], max(expected[4:6]))
    assert scores.likeliest([2]) == 2


def test_as_many_features_as_a_long_text_has_overflow_no_lane() -> None:
    names = [f"{number:05}" for number in range(1000)]
    scores = Model(
        weights({name: bytes([255] * OUTPUTS) for name in names} | {"水": bytes([1] * OUTPUTS)})
    ).score(Features("", names), {})
    assert scores.matter == pytest.approx((255 - ZERO) * math.sqrt(1000) * SCALES[0] + BIASES[0])
    assert scores.tops[1] == pytest.approx((255 - ZERO) * math.sqrt(1000) * SCALES[3] + BIASES[3])


@given(rows)
def test_a_file_holds_what_was_put_into_it(known: dict[str, bytes]) -> None:
    assert Weights.unpack(weights(known).pack()) == weights(known)
    assert weights(known).pack() == weights(dict(reversed(known.items()))).pack()


@pytest.mark.parametrize(
    "change",
    [
        b"",
        b"x",
        weights({}).pack()[:-3],
        weights({"水": bytes(OUTPUTS - 1)}).pack(),
        replace(weights({}), thresholds={"matter": 0.5}).pack(),
    ],
)
def test_what_is_no_model_is_refused(change: bytes) -> None:
    with pytest.raises(ModelError):
        Weights.unpack(change)


def test_what_moved_it_most_is_told_by_its_place() -> None:
    known = {
        "漏水": bytes([ZERO] * 2 + [ZERO + 90, ZERO] + [ZERO] * 3),
        "水管": bytes([ZERO] * 2 + [ZERO + 20, ZERO] + [ZERO] * 3),
        "管好": bytes([ZERO] * 2 + [ZERO - 20, ZERO] + [ZERO] * 3),
    }
    scores = Model(weights(known)).score(Features("漏水管好", []), {})
    assert scores.telling("漏水管好", "water.leak") == ((0, 2), (1, 3))
    assert scores.telling("漏水管好", "fire.smoke") == ()


@given(st.lists(st.floats(-700, 700), min_size=1, max_size=30))
def test_shares_are_of_one_and_in_order(values: list[float]) -> None:
    shares = softmax(values)
    assert sum(shares) == pytest.approx(1.0)
    assert shares[values.index(max(values))] == max(shares)
