"""From the matches of a message to the hits that count: rules of the lexicon, then what voids them.

Everything here works on the normalised text and is reached only by messages that hold a candidate.
"""

from typing import Literal

from nlp import segment
from nlp.automaton import Match
from nlp.matcher import CUE, DENY, LEFT, STRONG, WEAK, Matcher

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
    """The matches of one message, asked for what they mean. roles: those of all matches or-ed together."""

    __slots__ = ("_denies", "_matcher", "_matches", "roles", "text")

    def __init__(self, matcher: Matcher, text: str, matches: list[Match], roles: int) -> None:
        self.text = text
        self.roles = roles
        self._matcher = matcher
        self._matches = matches
        self._denies: list[tuple[int, int, tuple[str, ...]]] | None = None
        if roles & DENY:
            deny = matcher.deny
            self._denies = [(start, end, deny[number]) for start, end, number in matches if deny[number]]

    def cue(self, group: str) -> list[Span]:
        """Where the cues of a group stand, without those inside a longer deny phrase."""
        bit = CUE[group]
        if not self.roles & bit:
            return []
        roles = self._matcher.roles
        spans = [(start, end) for start, end, number in self._matches if roles[number] & bit]
        return [span for span in spans if not self._denied(*span)] if self._denies else spans

    def standing(self, group: str) -> list[Span]:
        """The cues of a group that are neither negated nor overtaken by good news."""
        spans = self.cue(group)
        if not spans or not self._may_be_refuted():
            return spans
        over, absent = self._over_until(), self._absent()
        return [span for span in spans if span[0] >= over and not touches(span, absent)]

    def hits(self, window: int) -> list[Candidate]:
        """The candidates that survive deny phrases, longer terms, negation and good news, by position."""
        roles = self.roles
        complete = self._matcher.complete_pairs(roles)
        found: list[Candidate] = []
        if roles & STRONG:
            found, told = self._strong()
            if complete:
                others = self._matcher.others
                for leaf in told:
                    complete &= others[leaf]
        if complete:
            found += self._pairs(complete, window, found)
        if not found and roles & WEAK:
            found = self._weak()
        if found and self._may_be_refuted():
            over, absent = self._over_until(), self._absent()
            if over:
                found = [hit for hit in found if hit[2][-1][0] >= over]
            if absent:
                found = [hit for hit in found if not any(touches(mark, absent) for mark in hit[2])]
        return found

    def _may_be_refuted(self) -> bool:
        roles = self.roles
        return bool(roles & _RESOLVED) or roles & _DENIAL == _DENIAL

    def _strong(self) -> tuple[list[Candidate], list[str]]:
        """The longest terms only: 狗叫扰民 is about the dog, not about 扰民 as such. And the leaves that any term told.

        Matches come by their end, so that what a longer one holds is what was found last.
        """
        strong, denies = self._matcher.strong, self._denies
        found: list[Candidate] = []
        told: list[str] = []
        for start, end, number in self._matches:
            leaves = strong[number]
            if leaves and denies:
                leaves = tuple([leaf for leaf in leaves if not self._denied(start, end, leaf)])
            if not leaves:
                continue
            told += leaves
            while found and found[-1][2][0][0] >= start:
                found.pop()
            if found and found[-1][2][0][1] == end:
                continue  # inside of the last one
            marks = ((start, end),)
            for leaf in leaves:
                found.append((leaf, "strong", marks))  # noqa: PERF401 - a comprehension takes longer for so few
        return found, told

    def _pairs(self, complete: int, window: int, strong: list[Candidate]) -> list[Candidate]:
        """Of the complete pairs (one bit each) those within reach of each other, unless inside a longer strong term."""
        matcher, matches, roles = self._matcher, self._matches, self._matcher.roles
        found: list[Candidate] = []
        while complete:
            lowest = complete & -complete
            complete ^= lowest
            pair = lowest.bit_length() - 1
            leaf = matcher.pairs[pair]
            left_side, right_side = lowest << LEFT, lowest << matcher.right
            left, right = [], []
            for start, end, number in matches:
                if roles[number] & left_side:
                    left.append((start, end))
                if roles[number] & right_side:
                    right.append((start, end))
            if self._denies:
                left = [span for span in left if not self._denied(*span, leaf)]
                right = [span for span in right if not self._denied(*span, leaf)]
            marks = self._most_telling(left, right, window)
            if marks is not None and not (strong and _inside_longer(marks, strong)):
                found.append((leaf, "pair", marks))
        return found

    def _most_telling(self, left: list[Span], right: list[Span], window: int) -> tuple[Span, Span] | None:
        """The longest two sides within the window and one sentence; of equals those nearest to each other."""
        best: tuple[int, int, Span, Span] | None = None
        for a in left:
            for b in right:
                first, second = a, b
                gap = b[0] - a[1]
                if gap < 0:
                    first, second = b, a
                    gap = a[0] - b[1]
                if gap < 0 or gap > window:
                    continue
                rank = (first[0] - first[1] + second[0] - second[1], gap, first, second)
                if best is not None and rank > best:
                    continue
                if gap == 0 or _SENTENCE_ENDS.isdisjoint(self.text[first[1] : second[0]]):
                    best = rank
        return best and best[2:]

    def _weak(self) -> list[Candidate]:
        """Where nothing stronger fired: weak words beside a cue they do not touch, and not amid small talk."""
        cues = self.cue("problem") + self.cue("context")
        if not cues or self.cue("chatter"):
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
        if not self.roles & _RESOLVED:
            return 0
        resolved = self.cue("resolved")
        doubts, relapses = self.cue("unresolved"), self.cue("relapse")
        over = 0
        for start, end in resolved:
            doubted = any(
                left < end and start < right and right - left > end - start for left, right in doubts
            )
            relapsed = any(end - 1 <= left <= end + _RELAPSE_REACH for left, _right in relapses)
            if not doubted and not relapsed:
                over = max(over, end)
        return over

    def _absent(self) -> list[Span]:
        """The troubles a negation stands right before: 没有漏水."""
        if self.roles & _DENIAL != _DENIAL:
            return []
        roles = self._matcher.roles
        negated: set[int] = set()
        absent: list[Span] = []
        for start, end, number in self._matches:  # a negation ends, and so comes, before its trouble does
            role = roles[number]
            if role & _TROUBLE and start in negated and not self._denied(start, end):
                absent.append((start, end))
            if role & _NEGATION and not self._asks(start, end) and not self._denied(start, end):
                negated.add(end)
        return absent

    def _asks(self, start: int, end: int) -> bool:
        """Is this negation half of a question, as in 有没有漏水 and 漏不漏?"""
        return start > 0 and self.text[start - 1] in self.text[end - 1 : end + 1]

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
    return any(left < end and start < right for left, right in others)


def _beside_one(span: Span, others: list[Span]) -> bool:
    """Is there one that the span does not touch?"""
    start, end = span
    return not all(left < end and start < right for left, right in others)
