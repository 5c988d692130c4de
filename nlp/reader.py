"""A message in, what it is about out: the lexicon first, then the model that hears what it does not name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from nlp.context import chance, gather, judge, weigh_tops
from nlp.evidence import new_tuple
from nlp.features import features, named_tops
from nlp.lexicon import Lexicon, LexiconError, top_of
from nlp.model import Model, Scores
from nlp.phrases import NO_PHRASES, Phrases
from nlp.ranking import Category
from nlp.tagger import CHATTER, MATTER, UNSURE, Tagged, Tagger

_SAFETY, _NORMAL = 3, 2
_SECOND_SHARE = 0.3  # of all, for a second category; one that the lexicon names needs half of it
_MOST_CATEGORIES = 3


class Reader:
    """Both stages over one lexicon and one model. Never changes, so that threads may share it."""

    def __init__(self, tagger: Tagger, model: Model) -> None:
        """Raises LexiconError when the lexicon lacks a category that the model may find."""
        known = tagger.lexicon
        for category in (*model.weights.tops, *model.weights.leaves):
            if category not in known.tops and category not in known.leaves:
                raise LexiconError(f"{category}: is missing, and model {model.version} knows it")
        self._tagger = tagger
        self.model = model
        self.version = f"{tagger.lexicon.version}+{model.version}"
        weights = model.weights
        self._tops = weights.tops
        self._leaves_of = {
            top: [number for number, leaf in enumerate(weights.leaves) if top_of(leaf) == top]
            for top in weights.tops
        }
        self._combining = weights.combining
        self._thresholds = weights.thresholds
        self._urgency = {leaf.id: leaf.urgency for leaf in tagger.lexicon.leaves.values()}

    @classmethod
    def load(cls, lexicon: Path | None = None, model: Path | None = None) -> Self:
        """A reader over files, the shipped ones by default. Raises LexiconError, ModelError, OSError."""
        tagger = Tagger.load(lexicon) if lexicon else Tagger.load()
        return cls(tagger, Model.load(model) if model else Model.load())

    @property
    def lexicon(self) -> Lexicon:
        """What the categories are called, and whose they are."""
        return self._tagger.lexicon

    def score(self, text: str, phrases: Phrases = NO_PHRASES) -> Scores:
        """What the model thinks of a message that is only the context of another."""
        found = self._tagger.tag(text, phrases)
        return self.model.score(features(found), named_tops(found))

    def leaf_of(self, text: str, top: str, phrases: Phrases = NO_PHRASES) -> str:
        """Of the leaves of a top category the likeliest for a message, for somebody who only said which top it is.

        KeyError when there is no such top category.
        """
        found = self._tagger.tag(text, phrases)
        for leaf, _score in found.categories:
            if top_of(leaf) == top:
                return leaf
        if leaves := self._leaves_of.get(top):
            scores = self.model.score(features(found), named_tops(found))
            return self.model.weights.leaves[scores.likeliest(leaves)]
        return next(leaf for leaf in self.lexicon.leaves if top_of(leaf) == self.lexicon.tops[top].id)

    def guess(self, text: str, phrases: Phrases = NO_PHRASES) -> str:
        """The leaf that a message in doubt is likeliest about, if it is about anything."""
        scores = self.score(text, phrases)
        shares = weigh_tops(self._combining, scores, None)
        return self.leaf_of(text, max(zip(shares, self._tops, strict=True))[1], phrases)

    def tag(self, text: str, before: Sequence[Scores] = (), phrases: Phrases = NO_PHRASES) -> Tagged:
        """Tag one message, whatever it holds; never raises on any text. before: scores of what was said just before
        in the same conversation, oldest first. phrases: those of the compound it was said in."""
        found = self._tagger.tag(text, phrases)
        scores = self.model.score(features(found), named_tops(found))
        context = gather(before, len(self._tops)) if before else None
        matter, urgency = judge(self._combining, scores, context)
        least = self._thresholds
        alarming = found.urgency == _SAFETY
        urgent = urgency >= least["urgent"] and matter >= least["alarming" if alarming else "named"]
        named = found.verdict is MATTER
        if urgent or matter >= least["named" if named else "matter"]:
            shares = weigh_tops(self._combining, scores, context)
            return self._matter(found, scores, chance(matter), shares, urgent=urgent)
        verdict = UNSURE if matter >= least["unsure"] else CHATTER
        return new_tuple(
            Tagged, ((), 1, verdict, self.version, found.text, found.clean, (), scores, found.phrases)
        )

    def _matter(
        self, found: Tagged, scores: Scores, sure: float, shares: Sequence[float], *, urgent: bool
    ) -> Tagged:
        named = {top_of(leaf): leaf for leaf, _score in reversed(found.categories)}
        categories: list[Category] = []
        least = min(max(shares), _SECOND_SHARE / 2)  # what is below can be neither first nor second
        likely = [(share, top) for share, top in zip(shares, self._tops, strict=True) if share >= least]
        likely.sort(reverse=True)
        for share, top in likely[:_MOST_CATEGORIES]:
            if categories and share < (_SECOND_SHARE / 2 if top in named else _SECOND_SHARE):
                break
            leaf = named.get(top) or self.model.weights.leaves[scores.likeliest(self._leaves_of[top])]
            categories.append(new_tuple(Category, (leaf, round(max(sure * share, 0.01), 3))))
        urgency = _SAFETY if urgent else min(self._urgency[categories[0].id], _NORMAL)
        chosen = {leaf for leaf, _score in categories}
        hits = tuple([hit for hit in found.found if hit[0] in chosen])
        return new_tuple(
            Tagged,
            (
                tuple(categories),
                urgency,
                MATTER,
                self.version,
                found.text,
                found.clean,
                hits,
                scores,
                found.phrases,
            ),
        )
