"""Pure rules about matters: which one a new voice is about, when one is confirmed, how many people it is to.

Where the figures come from: 54 files of labelled conversations (tests of the tagger, 7,000 messages). Neighbours in
a chat seldom share a word about the thing they share, so that what was said just before says more than likeness.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SAFETY = 3
WINDOW = timedelta(
    days=14
)  # shared measurements on citizens' letters; beyond it the same words mean a new occurrence
LASTING = timedelta(days=365)  # but what was confirmed and never done goes on, where and for whom it was
REOPEN_WITHIN = timedelta(days=30)  # of a request's end: what comes back later is a matter of its own
CONFIRMING = 2  # distinct households or other people who say the same make sure of what was only overheard
REACH = 8  # messages in a group after which another subject has taken over

# How often two messages were about one matter, by what their categories have in common and how many messages lay
# between them (measured: 0.90, 0.74, 0.51, 0.16 for the same leaf). Of another leaf it can only be the matter that was
# spoken of last (0.31, 0.15, 0.10 for the same top category, 0.34, 0.13, 0.08 for another; 0.00 for any other matter),
# and these are less than measured, since a thing that disappears in another is worse than one that is told twice.
_SAME_LEAF = (0.90, 0.75, 0.55, 0.20)
_SAME_TOP = (0.25, 0.15, 0.05, 0.00)
_OTHER = (0.15, 0.05, 0.00, 0.00)  # of what nobody named and the tagger is not sure of
_NEAR = (1, 3, REACH)  # messages back, for the figures above; the last one is for everything farther away
# What is added for the same leaf, so that on another day one of these and the leaf are enough. The third is for 没水了
# from five buildings at once: neutral in the measurement, which has one group of each compound. Likeness hardly moves
# the figures in chat; it is for letters, where 0.45 found the big topics.
_SAME_PLACE = 0.30  # both name the building
_SAME_PERSON = 0.30  # still at it: 0.80 instead of 0.39
_SAME_HOURS = 0.30
_SAME_WORDS = 0.50  # of the likeness
BURST = timedelta(hours=2)
# What is added for another leaf of what was spoken of last. Who goes on with a subject says little, so that the tagger
# is not sure (0.65 under four tenths, 0.23 over eight), often has just spoken (0.55 instead of 0.25), and does not
# wait; and nobody changes the subject while something burns.
_SIGN = 0.10
_UNSURE = 0.20
SURE = 0.75  # of the first category
BRIEF = 14  # characters without marks
AT_ONCE = timedelta(minutes=3)
STALE = timedelta(minutes=30)  # after it a new subject begins
JOIN = 0.5  # more likely one matter than two


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who says something. leaves: best first. sure: 0 to 1, of the first. brief: under BRIEF characters.
    named: in words of the lexicon, not guessed.
    """

    leaves: tuple[str, ...]
    building: str | None
    entrance: str | None
    person_id: int | None
    said_at: datetime
    urgency: int = 1
    sure: float = 1.0
    brief: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A matter as a new voice meets it.

    leaves: what its voices were taken for, leaf: the first. people: who has spoken of it, last_person_id: who did last.
    back: how many messages of the voice's own group ago that was (1: right before), None for not lately or elsewhere.
    is_subject: no other matter was spoken of since. likeness: 0 to 1, of the voice's words to those said of it.
    confirmed: more than overheard. ended_at: of its request; None while that is open, or there is none.
    """

    number: int
    leaf: str | None
    building: str | None
    entrance: str | None
    heard_at: datetime
    ended_at: datetime | None = None
    back: int | None = None
    people: frozenset[int] = frozenset()
    likeness: float = 0.0
    leaves: frozenset[str] = frozenset()
    last_person_id: int | None = None
    is_subject: bool = False
    urgency: int = 1
    confirmed: bool = False


def top(leaf: str) -> str:
    """The top category of a leaf."""
    return leaf.partition(".")[0]


def compatible(
    building: str | None, entrance: str | None, other_building: str | None, other_entrance: str | None
) -> bool:
    """Whether two places may be one: nothing that both name differs."""
    if building and other_building and building != other_building:
        return False
    return not (entrance and other_entrance and entrance != other_entrance)


def within_reach(matter: Known, said_at: datetime, *, goes_on: bool = False) -> bool:
    """Whether a matter is recent enough to be what is meant; one that ended is, for as long as it can be reopened.

    goes_on: the same thing, in the same building or from the same person. A danger does not go on for months.
    """
    if matter.ended_at is not None:
        return said_at - matter.ended_at <= REOPEN_WITHIN
    window = LASTING if goes_on and matter.confirmed and matter.urgency < SAFETY else WINDOW
    return said_at - matter.heard_at <= window


def strength(voice: Voice, matter: Known) -> float:
    """How likely a voice is about a matter, as measured; 0 when it cannot be."""
    if matter.leaf is None or not voice.leaves:
        return 0.0
    if not compatible(voice.building, voice.entrance, matter.building, matter.entrance):
        return 0.0
    near = matter.back is not None and matter.back <= REACH
    step = next(
        (step for step, reach in enumerate(_NEAR) if near and (matter.back or 0) <= reach), len(_NEAR)
    )
    is_subject = near and matter.is_subject
    words = _SAME_WORDS * matter.likeness
    if matter.leaf in voice.leaves or (is_subject and matter.leaves.intersection(voice.leaves)):
        kept = _SAME_PLACE * bool(voice.building and voice.building == matter.building)
        kept += _SAME_PERSON * (voice.person_id is not None and voice.person_id in matter.people)
        if not within_reach(matter, voice.said_at, goes_on=kept > 0):
            return 0.0
        hours = _SAME_HOURS * (not near and abs(voice.said_at - matter.heard_at) <= BURST)
        return min(_SAME_LEAF[step] + kept + hours + words, 1.0)
    if not within_reach(matter, voice.said_at):
        return 0.0
    is_kin = top(matter.leaf) == top(voice.leaves[0])
    if not is_subject or not _may_go_on(voice, matter):
        return min(_SAME_TOP[step] + words, 1.0) if is_kin else 0.0
    tops = {top(leaf) for leaf in voice.leaves}
    is_kin = is_kin or bool(tops & {top(leaf) for leaf in (matter.leaf, *matter.leaves)})
    if not is_kin and (voice.named or voice.sure >= SURE):
        return 0.0
    likely = _SAME_TOP[step] + words if is_kin else _OTHER[step]
    return min(likely + _signs(voice, matter), 1.0)


def _may_go_on(voice: Voice, matter: Known) -> bool:
    """Whether something else may be said of the subject: soon after it, and no danger of what is none."""
    if voice.urgency >= SAFETY > matter.urgency:
        return False
    return abs(voice.said_at - matter.heard_at) < STALE


def _signs(voice: Voice, matter: Known) -> float:
    """What else tells that somebody goes on with the subject."""
    signs = (
        voice.brief,
        voice.person_id is not None and voice.person_id == matter.last_person_id,
        abs(voice.said_at - matter.heard_at) <= AT_ONCE,
        matter.urgency >= SAFETY,
    )
    return _SIGN * sum(signs) + _UNSURE * (voice.sure < SURE)


def choose(voice: Voice, matters: Iterable[Known]) -> int | None:
    """The matter (number) a voice belongs to; None for a matter of its own. The order of `matters` does not count."""
    ranked = [(strength(voice, matter), matter.heard_at, matter.number) for matter in matters]
    best = max(ranked, default=None)
    return best[2] if best is not None and best[0] >= JOIN else None


@dataclass(frozen=True, slots=True)
class Said:
    """One voice as it is counted. unit: the bound home, None for none; repost_of: the voice it is a copy of."""

    number: int
    person_id: int | None
    unit: str | None
    repost_of: int | None
    standing: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people a matter is to: bound homes, and other people."""

    households: int = 0
    speakers: int = 0

    @property
    def total(self) -> int:
        """Both."""
        return self.households + self.speakers


def count(voices: Iterable[Said]) -> Counts:
    """Who says it. Two people of one home are one household; a copy counts only when what it copies is gone.

    Somebody who was forgotten is one more for each voice that is left of them (see `folded`).
    """
    return _count_people(_originals(voices))


def count_others(voices: Iterable[Said], person_id: int | None, unit: str | None) -> Counts:
    """Which households and people say it besides one person and their home."""
    left = [
        voice
        for voice in _originals(voices)
        if (person_id is None or voice.person_id != person_id) and (unit is None or voice.unit != unit)
    ]
    return _count_people(left)


def _originals(voices: Iterable[Said]) -> list[Said]:
    """The voices that stand and are no copy of one that does."""
    standing = [voice for voice in voices if voice.standing]
    numbers = {voice.number for voice in standing}
    return [voice for voice in standing if voice.repost_of not in numbers]


def _count_people(voices: Sequence[Said]) -> Counts:
    units = {voice.unit for voice in voices if voice.unit is not None}
    # Who spoke before and after they were bound is one of their household.
    of_units = {voice.person_id for voice in voices if voice.unit is not None}
    others = {
        voice.person_id if voice.person_id is not None else -voice.number
        for voice in voices
        if voice.unit is None and (voice.person_id is None or voice.person_id not in of_units)
    }
    return Counts(len(units), len(others))


def folded(voices: Sequence[Said], person_id: int) -> dict[int, int]:
    """Voices of somebody who is about to be forgotten that would count for a second time afterwards: number by number.

    The value is the voice that goes on counting for both.
    """
    originals = _originals(voices)
    own = [voice for voice in originals if voice.person_id == person_id]
    units = {voice.unit for voice in own if voice.unit is not None}
    heirs = [voice for voice in originals if voice.person_id != person_id and voice.unit in units] or own
    return {voice.number: heirs[0].number for voice in own if voice.number != heirs[0].number}


def confirms(*, overheard: bool, urgency: int, counts: Counts) -> bool:
    """Whether a voice makes sure of its matter: told to the bot, dangerous, or not the first to say it."""
    return not overheard or urgency >= SAFETY or counts.total >= CONFIRMING


ECHO_REACH = 3  # messages back: a +1 further on is about the dumplings that were offered in between
ECHO_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said in a group before a message, the last first: the matter of each, and when it was said."""

    matters: tuple[int | None, ...] = ()
    times: tuple[datetime, ...] = ()

    def back(self, matter: int) -> int | None:
        """How many messages ago a matter was spoken of; None for not lately."""
        return self.matters.index(matter) + 1 if matter in self.matters else None

    @property
    def last(self) -> int | None:
        """The matter that was spoken of last."""
        return next((matter for matter in self.matters if matter is not None), None)

    def subject(self, said_at: datetime) -> int | None:
        """What an echo in this place is about; None when there was nothing, or something else in between."""
        for matter, at in zip(self.matters[:ECHO_REACH], self.times[:ECHO_REACH], strict=True):
            if matter is not None:
                return matter if said_at - at <= ECHO_WITHIN else None
        return None


def rest_number(numbers: Collection[int], leaving: Collection[int], matter: int) -> int | None:
    """The number under which the smaller part of a split goes on; None when there is nothing to split.

    A matter keeps the number of its first opinion: when that one leaves, it stays, and the others go.
    """
    left, going = set(numbers) - set(leaving), set(numbers) & set(leaving)
    if not left or not going:
        return None
    return min(left if matter in going else going)
