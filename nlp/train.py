"""Training the second stage. The only importer of the libraries that it needs; the server never does."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from nlp.chats import Conversation, Labelled, Phrase
from nlp.context import gate_inputs, gather, judge, top_inputs
from nlp.features import features, named_tops
from nlp.lexicon import top_of
from nlp.model import ZERO, Model, Scores, Weights
from nlp.tagger import Tagger

Floats = NDArray[np.float64]

_LEAST_SEEN = 2  # a feature of one message teaches nothing about others
_LEAST_WITNESSES = 3
_MOST_FEATURES = 40000  # by how much they move the outputs; more gain nothing, and cost memory
# What staff said of a message of theirs outweighs a shipped text that says otherwise, and gives way to several.
_TAUGHT_WEIGHT = 3.0
_URGENT_WEIGHT = 2.0  # a danger that is missed is worse than one too many
_FOLDS = 5
# Log-odds that a message is a matter: for one that the lexicon names none for, for one that it does, for one that it
# hears danger in, and from where on staff should have a look.
_LEAST = {"matter": 0.6, "named": 0.0, "alarming": -1.5, "unsure": -1.1}
_DANGER_PRECISION = 0.7
_SAFETY = 3
_UNSEEN = -4.0  # log-odds-like score of a leaf that the texts have too little of


def train(
    tagger: Tagger,
    chats: Sequence[Conversation],
    phrases: Sequence[Phrase],
    version: str,
    taught: Sequence[Conversation] = (),
) -> Weights:
    """A second stage over `tagger`, from labelled conversations; `phrases` teach only which words belong where.

    taught: conversations whose words are nobody else's business. A feature that is known from them alone is used only
    when three speakers had it in three different messages, and each of them counts like three of the others.
    Deterministic: the same texts give the same weights.
    """
    written = sum(len(chat.messages) for chat in chats)
    chats = [*chats, *taught]
    messages = [message for chat in chats for message in chat.messages]
    groups = [number for number, chat in enumerate(chats) for _ in chat.messages]
    texts = [message.text for message in messages] + [phrase.text for phrase in phrases]
    found = [tagger.tag(text) for text in texts]
    looked_at = [features(tagged) for tagged in found]
    seen = [each.names() for each in looked_at]
    private = range(written, len(messages))
    task = _Task(messages, phrases, tuple(tagger.lexicon.leaves), private)
    names = _vocabulary(seen, private, messages)
    every = np.arange(len(messages))
    outputs = _fit(task, _matrix(seen, names), every, leaves=False)
    names = _strongest(names, outputs.weights)
    matrix = _matrix(seen, names)
    weights = _quantise(version, task, names, _fit(task, matrix, every))
    # What a message is worth as context has to be learned from scores of messages that were not trained on.
    scores: dict[int, Scores] = {}
    for learned, held in GroupKFold(_FOLDS).split(every, groups=groups):
        model = Model(_quantise(version, task, names, _fit(task, matrix, learned, leaves=False)))
        scores |= {
            number: model.score(looked_at[number], named_tops(found[number])) for number in map(int, held)
        }
    apart = [scores[number] for number in range(len(messages))]
    combining = _fit_combining(task, chats, apart)
    thresholds = {**_LEAST, "urgent": _choose_urgent(task, apart, combining)}
    return replace(weights, combining=combining, thresholds=thresholds)


class _Task:
    """What is to be learned, as arrays: first the messages, then the phrases."""

    def __init__(
        self,
        messages: Sequence[Labelled],
        phrases: Sequence[Phrase],
        leaves: tuple[str, ...],
        taught: range,
    ) -> None:
        self.tops, self.leaves = tuple(dict.fromkeys(map(top_of, leaves))), leaves
        self.messages = len(messages)
        self.matter = np.array([bool(message.labels) for message in messages])
        self.urgent = np.array([message.urgency == _SAFETY for message in messages])
        order = {top: number for number, top in enumerate(self.tops)}
        said = [each.top for each in messages] + [top_of(each.leaf) for each in phrases]
        self.top = np.array([order.get(top, -1) for top in said])
        order = {leaf: number for number, leaf in enumerate(leaves)}
        named = [each.labels[0] if each.labels else "" for each in messages] + [each.leaf for each in phrases]
        self.leaf = np.array([order.get(leaf, -1) for leaf in named])
        self.phrases = np.arange(len(messages), len(messages) + len(phrases))
        self.counts = np.ones(len(messages) + len(phrases))
        self.counts[taught.start : taught.stop] = _TAUGHT_WEIGHT


class _Outputs:
    """Weights (outputs x features) and biases."""

    def __init__(self, weights: Floats, biases: Floats) -> None:
        self.weights, self.biases = weights, biases


def _vocabulary(seen: Sequence[set[str]], private: range, messages: Sequence[Labelled]) -> list[str]:
    """What is looked at: pairs of characters can be pieces of names, so that private ones need many witnesses."""
    counts = Counter(
        feature for number, message in enumerate(seen) if number not in private for feature in message
    )
    texts, speakers = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for number in private:
        for feature in seen[number]:
            texts[feature].add(messages[number].text)
            speakers[feature].add(messages[number].speaker)
    shared = {
        feature for feature in texts if min(len(texts[feature]), len(speakers[feature])) >= _LEAST_WITNESSES
    }
    return sorted(shared | {feature for feature, count in counts.items() if count >= _LEAST_SEEN})


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
    x, counts = matrix[chosen], task.counts[chosen]
    parts = [
        _fit_gate(x, task.matter[chosen], counts, 1.0),
        _fit_gate(x, task.urgent[chosen], counts, _URGENT_WEIGHT),
    ]
    told = np.concatenate([chosen[task.leaf[chosen] >= 0], task.phrases])
    parts.append(_fit_classes(matrix[told], task.top[told], task.counts[told], len(task.tops)))
    parts.append(_fit_leaves(task, matrix, told) if leaves else _nothing(len(task.leaves), matrix.shape[1]))
    return _Outputs(np.vstack([weights for weights, _ in parts]), np.concatenate([bias for _, bias in parts]))


def _fit_gate(x: csr_matrix, y: NDArray[np.bool_], counts: Floats, weight: float) -> tuple[Floats, Floats]:
    """A margin, plus naive Bayes by the complement; `weight` is what a miss costs more than a false alarm.

    Measured on authors and on kinds of text that were not trained on: at one false alarm in a hundred short messages
    from elsewhere the sum finds more complaints than either, and half again as many as a logistic regression.
    """
    margin = LinearSVC(C=0.3, class_weight={True: weight, False: 1.0}, random_state=0).fit(x, y, counts)
    no, yes = _bayes(x, y, counts)
    return margin.coef_ + 0.5 * (yes - no), margin.intercept_


def _fit_classes(x: csr_matrix, y: NDArray[np.int64], counts: Floats, count: int) -> tuple[Floats, Floats]:
    """The same, one class against the rest."""
    weights, biases = _nothing(count, x.shape[1])
    known = np.unique(y)
    if len(known) < 2:
        biases[known] = 0.0
        return weights, biases
    margin = LinearSVC(C=0.5, class_weight="balanced", random_state=0).fit(x, y, counts)
    coefficients, intercepts = margin.coef_, margin.intercept_
    if len(known) == 2:  # scikit-learn has one row for two classes
        coefficients, intercepts = (
            np.vstack([-coefficients, coefficients]),
            np.array([-intercepts[0], intercepts[0]]),
        )
    bayes = _bayes(x, y, counts)
    weights[known] = coefficients + bayes - bayes.mean(axis=0, keepdims=True)
    biases[known] = intercepts
    return weights, biases


def _bayes(x: csr_matrix, y: NDArray[Any], counts: Floats) -> Floats:
    log_shares: Floats = ComplementNB(alpha=0.5).fit((x > 0).astype(float), y, counts).feature_log_prob_
    return log_shares


def _fit_leaves(task: _Task, matrix: csr_matrix, told: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The leaves of one top category are told from each other only: which top it is has been decided before."""
    weights, biases = _nothing(len(task.leaves), matrix.shape[1])
    for top in range(len(task.tops)):
        own = told[task.top[told] == top]
        if len(own):
            fitted, intercepts = _fit_classes(matrix[own], task.leaf[own], task.counts[own], len(task.leaves))
            known = np.unique(task.leaf[own])
            weights[known], biases[known] = fitted[known], intercepts[known]
    return weights, biases


def _nothing(outputs: int, inputs: int) -> tuple[Floats, Floats]:
    return np.zeros((outputs, inputs)), np.full(outputs, _UNSEEN)


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


def _fit_combining(
    task: _Task, chats: Sequence[Conversation], scores: Sequence[Scores]
) -> Mapping[str, Sequence[float]]:
    """Each message with what came before it and without, as it will be met in groups and 1:1."""
    gates, rows, matter, urgent, top = [], [], [], [], []
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
                for known in (None, context) if context else (None,):
                    rows.append(top_inputs(scores[number], known))
                    top.append(task.top[number])
            number += 1
    x, y = np.array(gates), np.array(rows)
    return {
        "matter": _rounded(_fit_logistic(x, np.array(matter), 1.0)),
        "urgent": _rounded(_fit_logistic(x, np.array(urgent), _URGENT_WEIGHT)),
        "tops": _rounded(_fit_tied(y, np.array(top))),
    }


def _fit_logistic(x: Floats, y: Any, weight: float) -> Floats:
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
    bounds = [(0.0, None)] * len(start)  # what speaks for a category never speaks against it
    found: Floats = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found


def _rounded(weights: Floats) -> list[float]:
    return [float(f"{weight:.5g}") for weight in weights]


def _choose_urgent(task: _Task, scores: Sequence[Scores], combining: Mapping[str, Sequence[float]]) -> float:
    """On messages that were not trained on, each by itself: of what is taken for a danger enough has to be one."""
    values = [judge(combining, own, None).urgent for own in scores]
    return round(_lowest_with_precision(values, task.urgent), 3)


def _lowest_with_precision(values: Sequence[float], right: NDArray[np.bool_]) -> float:
    """The lowest threshold above which at least `_DANGER_PRECISION` are right."""
    order = np.argsort(-np.array(values))
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.nonzero(precision >= _DANGER_PRECISION)[0]
    return float(values[order[enough[-1]]]) if len(enough) else max(values)


def fingerprint(chats: Sequence[Conversation], phrases: Sequence[Phrase]) -> str:
    """Eight digits that change with the texts or their labels."""
    return hashlib.sha256(repr((chats, phrases)).encode()).hexdigest()[:8]
