"""From the matches of a message to the hits that count: rules of the lexicon, then what voids them.

Everything here works on the normalised text and is reached only by messages that hold a candidate.
"""

from typing import Literal

from nlp import segment
from nlp.automaton import Match
from nlp.matcher import CUE, DENY, STRONG, WEAK, Matcher

Rule = Literal["strong", "pair", "weak", "model"]
Span = tuple[int, int]

_SENTENCE_ENDS = frozenset("。！？!?\n;；")
_RELAPSE_REACH = 12  # 修好了没两天又坏了: how far behind the good news the bad news may stand
_NEGATION, _TROUBLE = CUE["negation"], CUE["trouble"]
_DENIAL = _NEGATION | _TROUBLE
_RESOLVED = CUE["resolved"]


# A rule that fired: the leaf, the rule, and the spans of its terms (one, or the two sides of a pair). A plain tuple, as
# spans and matches are: a named one takes five times as long to make, and there are many of them.
Candidate = tuple[str, Rule, tuple[Span, ...]]

new_tuple = tuple.__new__  # a named tuple's own constructor takes three times as long


class Evidence:
    """The matches of one message, asked for what they mean.

    kinds: the roles of all matches but for the sides of pairs, or-ed together. pairs: a bit for each pair of which both
    sides are there.
    """

    __slots__ = ("_denies", "_matcher", "_matches", "_pairs", "kinds", "text")

    def __init__(self, matcher: Matcher, text: str, matches: list[Match], kinds: int, pairs: int) -> None:
        self.text = text
        self.kinds = kinds
        self._matcher = matcher
        self._matches = matches
        self._pairs = pairs
        self._denies: list[tuple[int, int, tuple[str, ...]]] | None = None
        if kinds & DENY:
            deny = matcher.deny
            self._denies = [(start, end, deny[number]) for start, end, number in matches if deny[number]]

    def cue(self, group: str) -> list[Span]:
        """Where the cues of a group stand, without those inside a longer deny phrase."""
        bit = CUE[group]
        if not self.kinds & bit:
            return []
        kinds = self._matcher.kinds
        spans = [(start, end) for start, end, number in self._matches if kinds[number] & bit]
        return [span for span in spans if not self._denied(*span)] if self._denies else spans

    def says(self, group: str) -> bool:
        """Is there a cue of a group? Where it stands matters only beside deny phrases."""
        if not self.kinds & CUE[group]:
            return False
        return not self._denies or bool(self.cue(group))

    def standing(self, group: str) -> list[Span]:
        """The cues of a group that are neither negated nor overtaken by good news."""
        spans, kinds = self.cue(group), self.kinds
        if spans and kinds & _RESOLVED:
            over = self._over_until()
            spans = [span for span in spans if span[0] >= over]
        if spans and kinds & _DENIAL == _DENIAL:
            absent = self._absent()
            spans = [span for span in spans if not touches(span, absent)]
        return spans

    def hits(self, window: int) -> list[Candidate]:
        """The candidates that survive deny phrases, longer terms, negation and good news, by position."""
        kinds, complete = self.kinds, self._pairs
        found: list[Candidate] = []
        if kinds & STRONG:
            found, complete = self._strong(complete)
        if complete:
            found += self._paired(complete, window, found)
        if not found and kinds & WEAK:
            found = self._weak()
        if found and kinds & _RESOLVED and (over := self._over_until()):
            found = [hit for hit in found if hit[2][-1][0] >= over]
        if found and kinds & _DENIAL == _DENIAL and (absent := self._absent()):
            found = [hit for hit in found if not any(touches(mark, absent) for mark in hit[2])]
        return found

    def _strong(self, pairs: int) -> tuple[list[Candidate], int]:
        """The longest terms only: 狗叫扰民 is about the dog, not about 扰民 as such. And the pairs of other leaves.

        Matches come by their end, so that what a longer one holds is what was found last.
        """
        strong, others, denies = self._matcher.strong, self._matcher.others, self._denies
        found: list[Candidate] = []
        plain = len(strong)  # the number of the first term that is not strong
        for match in self._matches:
            if match[2] >= plain:
                continue
            start, end, number = match
            leaves = strong[number]
            if denies:
                leaves = tuple([leaf for leaf in leaves if not self._denied(start, end, leaf)])
                if not leaves:
                    continue
            if pairs:
                for leaf in leaves:
                    pairs &= others[leaf]
            last = 0
            while found:
                first, last = found[-1][2][0]
                if first < start:
                    break
                found.pop()
            if found and last == end:
                continue  # inside of the last one
            marks = ((start, end),)
            for leaf in leaves:
                found.append((leaf, "strong", marks))  # noqa: PERF401 - a comprehension takes longer for so few
        return found, pairs

    def _paired(self, complete: int, window: int, strong: list[Candidate]) -> list[Candidate]:
        """Of the complete pairs (one bit each) those within reach of each other, unless inside a longer strong term."""
        matcher, matches = self._matcher, self._matches
        found: list[Candidate] = []
        while complete:
            lowest = complete & -complete
            complete ^= lowest
            leaf, left_side, right_side, either_side = matcher.pairs[lowest.bit_length() - 1]
            left, right = [], []
            for start, end, number in matches:
                if number in either_side:
                    if number in left_side:
                        left.append((start, end))
                    if number in right_side:
                        right.append((start, end))
            if self._denies:
                left = self._allowed(left, leaf)
                right = self._allowed(right, leaf)
            marks = self._most_telling(left, right, window)
            if marks is not None and not (strong and _inside_longer(marks, strong)):
                found.append((leaf, "pair", marks))
        return found

    def _most_telling(self, left: list[Span], right: list[Span], window: int) -> tuple[Span, Span] | None:
        """The longest two sides within the window and one sentence; of equals those nearest to each other."""
        best: tuple[int, int, Span, Span] | None = None
        text, longest = self.text, 0
        for a in left:
            a_start, a_end = a
            for b in right:
                b_start, b_end = b
                length = a_end - a_start + b_end - b_start
                if length < longest:
                    continue
                if a_end <= b_start:
                    gap, first, second, between = b_start - a_end, a, b, text[a_end:b_start]
                else:
                    gap, first, second, between = a_start - b_end, b, a, text[b_end:a_start]
                if gap < 0 or gap > window or not _SENTENCE_ENDS.isdisjoint(between):
                    continue
                rank = (-length, gap, first, second)
                if best is None or rank < best:
                    best, longest = rank, length
        return best and best[2:]

    def _weak(self) -> list[Candidate]:
        """Where nothing stronger fired: weak words beside a cue they do not touch, and not amid small talk."""
        cues = self.cue("problem") + self.cue("context")
        if not cues or self.says("chatter"):
            return []
        weak = self._matcher.weak
        return [
            (leaf, "weak", ((start, end),))
            for start, end, number in self._matches
            if weak[number] and _beside_one((start, end), cues) and self._is_word(start, end)
            for leaf in weak[number]
            if not self._denied(start, end, leaf)
        ]

    def _is_word(self, start: int, end: int) -> bool:
        """Two characters are often the end of one word and the head of the next; longer terms hardly ever are."""
        return end - start != 2 or segment.on_boundaries(self.text, start, end)

    def _over_until(self) -> int:
        """The end of the last good news that is neither doubted nor followed by a relapse; 0 without any."""
        doubts, relapses = self.cue("unresolved"), self.cue("relapse")
        over = 0
        for start, end in self.cue("resolved"):
            doubted = any(
                left < end and start < right and right - left > end - start for left, right in doubts
            )
            relapsed = any(end - 1 <= left <= end + _RELAPSE_REACH for left, _right in relapses)
            if not doubted and not relapsed:
                over = max(over, end)
        return over

    def _absent(self) -> list[Span]:
        """The troubles a negation stands right before: 没有漏水."""
        kinds = self._matcher.kinds
        negations: list[Span] = []
        absent: list[Span] = []
        for start, end, number in self._matches:  # a negation ends, and so comes, before its trouble does
            kind = kinds[number] & _DENIAL
            if not kind:
                continue
            if (
                negations
                and kind & _TROUBLE
                and self._negated(start, negations)
                and not self._denied(start, end)
            ):
                absent.append((start, end))
            if kind & _NEGATION:
                negations.append((start, end))
        return absent

    def _negated(self, position: int, negations: list[Span]) -> bool:
        """Does one of the negations, and no question, stand right before a position?"""
        for start, end in negations:
            if end == position and not self._asks(start, end) and not self._denied(start, end):
                return True
        return False

    def _asks(self, start: int, end: int) -> bool:
        """Is this negation half of a question, as in 有没有漏水 and 漏不漏?"""
        return start > 0 and self.text[start - 1] in self.text[end - 1 : end + 1]

    def _allowed(self, spans: list[Span], leaf: str) -> list[Span]:
        """Those of the spans that no deny phrase voids for a leaf."""
        denied = self._denied
        for span in spans:
            if denied(*span, leaf):
                return [span for span in spans if not denied(*span, leaf)]
        return spans

    def _denied(self, start: int, end: int, leaf: str | None = None) -> bool:
        """Does a longer deny phrase overlap the span, or one as long of the leaf's own?"""
        for left, right, leaves in self._denies or ():
            if left < end and start < right:
                longer = (right - left) - (end - start)
                if longer > 0 or (longer == 0 and leaf in leaves):
                    return True
        return False


def _inside_longer(marks: tuple[Span, Span], strong: list[Candidate]) -> bool:
    first, last = marks[0][0], marks[1][1]
    for _leaf, _rule, ((start, end),) in strong:
        if start <= first and last <= end and end - start > last - first:
            return True
    return False


def touches(span: Span, others: list[Span]) -> bool:
    """Does the span share a character with any of the others?"""
    start, end = span
    for left, right in others:  # noqa: SIM110 - any() over a generator takes twice as long, and others are few
        if left < end and start < right:
            return True
    return False


def _beside_one(span: Span, others: list[Span]) -> bool:
    """Is there one that the span does not touch?"""
    start, end = span
    return not all(left < end and start < right for left, right in others)
