"""Training the second stage. The only importer of the libraries that it needs; the server never does."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from nlp.chats import Conversation, Labelled
from nlp.context import Context, gate_inputs, gather, top_inputs
from nlp.features import features
from nlp.model import ZERO, Model, Scores, Weights
from nlp.tagger import Tagger

Floats = NDArray[np.float64]

_LEAST_SEEN = 2  # a feature of one message teaches nothing about others
_MOST_FEATURES = 24000  # by how much they move the outputs; more gain nothing, and cost memory
_STRENGTH = 1.0  # of scikit-learn's C
_URGENT_WEIGHT = 2.0  # a danger that is missed is worse than one too many
_FOLDS = 5
_UNSEEN = -4.0  # log-odds-like score of a leaf that the texts have too little of


def train(tagger: Tagger, chats: Sequence[Conversation], version: str, leaves: Sequence[str]) -> Weights:
    """A second stage over `tagger`, from labelled conversations.

    leaves: those of the lexicon; tops follow from them. Deterministic: the same texts give the same weights.
    """
    messages = [message for chat in chats for message in chat.messages]
    groups = [number for number, chat in enumerate(chats) for _ in chat.messages]
    seen = [features(tagger.tag(message.text)) for message in messages]
    tops = tuple(dict.fromkeys(leaf.partition(".")[0] for leaf in leaves))
    task = _Task(messages, tops, tuple(leaves))
    names = _vocabulary(seen)
    outputs = _fit(task, _matrix(seen, names), np.arange(len(messages)), leaves=False)
    names = _strongest(names, outputs.weights)
    matrix = _matrix(seen, names)
    weights = _quantise(version, task, names, _fit(task, matrix, np.arange(len(messages))))
    # What a message is worth as context has to be learned from scores of messages that were not trained on.
    scores = _score_out_of_fold(task, names, seen, matrix, groups, version)
    combining = _fit_combining(task, chats, scores)
    return Weights(
        weights.version,
        weights.tops,
        weights.leaves,
        weights.scales,
        weights.biases,
        weights.rows,
        combining,
        {},
        {},
    )


class _Task:
    """What is to be learned, as arrays."""

    def __init__(self, messages: Sequence[Labelled], tops: tuple[str, ...], leaves: tuple[str, ...]) -> None:
        self.tops, self.leaves = tops, leaves
        self.matter = np.array([bool(message.labels) for message in messages])
        self.urgent = np.array([message.urgency == 3 for message in messages])
        order = {top: number for number, top in enumerate(tops)}
        self.top = np.array([order.get(message.top, -1) for message in messages])
        order = {leaf: number for number, leaf in enumerate(leaves)}
        self.leaf = np.array(
            [order.get(message.labels[0], -1) if message.labels else -1 for message in messages]
        )


class _Outputs:
    """Weights (outputs x features) and biases."""

    def __init__(self, weights: Floats, biases: Floats) -> None:
        self.weights, self.biases = weights, biases


def _vocabulary(seen: Sequence[set[str]]) -> list[str]:
    counts = Counter(feature for message in seen for feature in message)
    return sorted(feature for feature, count in counts.items() if count >= _LEAST_SEEN)


def _matrix(seen: Sequence[set[str]], names: Sequence[str]) -> csr_matrix:
    """Each message's features, all alike and together of length one, as `Model.score` takes them."""
    order = {name: number for number, name in enumerate(names)}
    rows, columns, values = [], [], []
    for number, message in enumerate(seen):
        known = sorted(order[feature] for feature in message if feature in order)
        rows += [number] * len(known)
        columns += known
        values += [len(known) ** -0.5] * len(known)
    return csr_matrix((values, (rows, columns)), shape=(len(seen), len(names)))


def _fit(task: _Task, matrix: csr_matrix, chosen: NDArray[np.int64], *, leaves: bool = True) -> _Outputs:
    x = matrix[chosen]
    matter, urgent = task.matter[chosen], task.urgent[chosen]
    top, leaf = task.top[chosen], task.leaf[chosen]
    gate = LogisticRegression(C=_STRENGTH, max_iter=150, tol=1e-3).fit(x, matter)
    danger = LogisticRegression(
        C=_STRENGTH, max_iter=150, tol=1e-3, class_weight={True: _URGENT_WEIGHT, False: 1.0}
    ).fit(x, urgent)
    parts = [
        (gate.coef_, gate.intercept_),
        (danger.coef_, danger.intercept_),
        _fit_classes(x[top >= 0], top[top >= 0], len(task.tops)),
        _fit_leaves(task, x, leaf if leaves else np.full_like(leaf, -1)),
    ]
    return _Outputs(np.vstack([w for w, _ in parts]), np.concatenate([b for _, b in parts]))


def _fit_classes(x: csr_matrix, y: NDArray[np.int64], count: int) -> tuple[Floats, Floats]:
    fitted = LogisticRegression(C=_STRENGTH, max_iter=150, tol=1e-3, class_weight="balanced").fit(x, y)
    weights = np.zeros((count, x.shape[1]))
    biases = np.full(count, _UNSEEN)
    weights[fitted.classes_], biases[fitted.classes_] = fitted.coef_, fitted.intercept_
    return weights, biases


def _fit_leaves(task: _Task, x: csr_matrix, y: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The leaves of one top category are told from each other only: which top it is has been decided before."""
    weights = np.zeros((len(task.leaves), x.shape[1]))
    biases = np.full(len(task.leaves), _UNSEEN)
    for top in task.tops:
        own = [number for number, leaf in enumerate(task.leaves) if leaf.partition(".")[0] == top]
        chosen = np.isin(y, own)
        known = np.unique(y[chosen])
        if len(known) == 1:
            biases[known] = 0.0
        elif len(known) > 1:
            fitted = LogisticRegression(C=_STRENGTH, max_iter=150, tol=1e-3).fit(x[chosen], y[chosen])
            if len(known) == 2:  # scikit-learn has one row for two classes
                weights[known] = np.vstack([-fitted.coef_, fitted.coef_]) / 2
                biases[known] = np.concatenate([-fitted.intercept_, fitted.intercept_]) / 2
            else:
                weights[known], biases[known] = fitted.coef_, fitted.intercept_
    return weights, biases


def _strongest(names: list[str], weights: Floats) -> list[str]:
    power = np.abs(weights[:2]).sum(axis=0) + np.abs(weights[2:]).max(axis=0)
    chosen = np.sort(np.argsort(-power, kind="stable")[:_MOST_FEATURES])
    return [names[number] for number in chosen]


def _quantise(version: str, task: _Task, names: Sequence[str], outputs: _Outputs) -> Weights:
    scales = np.abs(outputs.weights).max(axis=1) / (ZERO - 1)
    scales[scales == 0] = 1.0
    steps = (np.rint(outputs.weights / scales[:, None]) + ZERO).astype(np.uint8)
    return Weights(
        version,
        task.tops,
        task.leaves,
        tuple(float(f"{scale:.6g}") for scale in scales),
        tuple(float(f"{bias:.6g}") for bias in outputs.biases),
        {name: steps[:, number].tobytes() for number, name in enumerate(names)},
        {},
        {},
        {},
    )


def _score_out_of_fold(
    task: _Task,
    names: Sequence[str],
    seen: Sequence[set[str]],
    matrix: csr_matrix,
    groups: Sequence[int],
    version: str,
) -> list[Scores]:
    scores: dict[int, Scores] = {}
    for learned, held in GroupKFold(_FOLDS).split(matrix, task.matter, groups):
        model = Model(_quantise(version, task, names, _fit(task, matrix, learned, leaves=False)))
        scores |= {number: model.score(seen[number]) for number in held}
    return [scores[number] for number in range(len(seen))]


def _fit_combining(
    task: _Task, chats: Sequence[Conversation], scores: Sequence[Scores]
) -> Mapping[str, Sequence[float]]:
    """Each message with what came before it and without, as it will be met in groups and 1:1."""
    gates, rows, matter, urgent, top = [], [], [], [], []
    nowhere = Context(0.0, 0.0, [0.0] * len(task.tops), 0.0, 0.0, [0.0] * len(task.tops))
    number = 0
    for chat in chats:
        for position in range(len(chat.messages)):
            before = scores[number - position : number]
            context = gather(before, len(task.tops))
            for known in (None, context) if context else (None,):
                gates.append(gate_inputs(scores[number], known))
                matter.append(task.matter[number])
                urgent.append(task.urgent[number])
            if task.top[number] >= 0:
                rows.append(top_inputs(scores[number], context or nowhere))
                top.append(task.top[number])
            number += 1
    x, y = np.array(gates), np.array(rows)
    return {
        "matter": _rounded(_fit_gate(x, np.array(matter), 1.0)),
        "urgent": _rounded(_fit_gate(x, np.array(urgent), _URGENT_WEIGHT)),
        "tops": _rounded(_fit_tied(y, np.array(top))),
    }


def _fit_gate(x: Floats, y: Any, weight: float) -> Floats:
    fitted = LogisticRegression(C=1.0, max_iter=2000, class_weight={True: weight, False: 1.0}).fit(
        x[:, 1:], y
    )
    return np.concatenate([fitted.intercept_, fitted.coef_[0]])


def _fit_tied(inputs: Floats, right: NDArray[np.int64]) -> Floats:
    """One weight for each kind of input, the same for all classes. inputs: messages x classes x kinds."""
    every = np.arange(len(right))

    def loss(weights: Floats) -> tuple[float, Floats]:
        values = inputs @ weights
        values -= values.max(axis=1, keepdims=True)
        shares = np.exp(values)
        shares /= shares.sum(axis=1, keepdims=True)
        missing = -np.log(shares[every, right] + 1e-12).mean() + 1e-3 * float(weights @ weights)
        expected = np.einsum("mc,mck->mk", shares, inputs)
        slope = (expected - inputs[every, right]).mean(axis=0) + 2e-3 * weights
        return missing, slope

    start = np.zeros(inputs.shape[2])
    start[0] = 1.0
    return minimize(loss, start, jac=True, method="L-BFGS-B").x


def _rounded(weights: Floats) -> list[float]:
    return [float(f"{weight:.5g}") for weight in weights]


def fingerprint(chats: Sequence[Conversation]) -> str:
    """Eight digits that change with the texts or their labels."""
    return hashlib.sha256(repr(chats).encode()).hexdigest()[:8]
