"""Pure: which notice about a request takes the place of which, while they still wait to be sent.

To somebody who raised it, a step takes the place of the step before it. What asks for a rating is more than a step: it
says how a thing was done, and stands until there is nothing to rate any more. What staff write by hand (回复) is for
reading: it takes no place, and nothing takes its own.

Staff are asked to do something until it is done, whoever does it; what only tells them something stands.
"""

from collections.abc import Collection

from handlers.requests.commands import Told, Verb

# After these nobody is asked to rate what was done before.
_NOTHING_TO_RATE = frozenset({Told.DONE, Told.REOPENED, Told.CLOSED, Told.CANCELLED})
_CALLS = frozenset({Told.TO_DISPATCH, Told.YOURS})
_DEADLINES = frozenset({Told.NEAR, Told.LATE})
# Whatever staff were asked to do before, they need not any more.
_MOVES_ON = frozenset(
    {
        Verb.DISPATCHED,
        Verb.ACCEPTED,
        Verb.REFUSED,
        Verb.DONE,
        Verb.REOPENED,
        Verb.CANCELLED,
    }
)


def topics_of(compound_id: int, number: int, person_id: int) -> tuple[str, str]:
    """Both topics of a request to one who raised it: its steps, and the question how it was done."""
    where = f"request:{compound_id}:{number}"
    return f"{where}:step:{person_id}", f"{where}:rate:{person_id}"


def topic_of(compound_id: int, number: int, person_id: int, what: Told) -> str:
    """What a telling is news of; empty for words that stand by themselves. number: of the matter."""
    if what is Told.REPLIED:
        return ""
    steps, rating = topics_of(compound_id, number, person_id)
    return rating if what is Told.DONE else steps


def replaced_by(compound_id: int, number: int, person_id: int, what: Told) -> tuple[str, ...]:
    """The topics of which a telling is newer news."""
    if what is Told.REPLIED:
        return ()
    steps, rating = topics_of(compound_id, number, person_id)
    return (steps, rating) if what in _NOTHING_TO_RATE else (steps,)


def topic_to_staff(compound_id: int, number: int, what: Told) -> str:
    """What staff are asked to do, the same for all of them; empty for what only tells them something."""
    if what in _CALLS:
        return f"request:{compound_id}:{number}:call"
    return f"request:{compound_id}:{number}:deadline" if what in _DEADLINES else ""


def over_for_staff(compound_id: int, number: int, verbs: Collection[Verb]) -> tuple[str, ...]:
    """The topics to staff that have lost their point, by what happened."""
    deadline = topic_to_staff(compound_id, number, Told.LATE)
    if _MOVES_ON.intersection(verbs):
        return topic_to_staff(compound_id, number, Told.YOURS), deadline
    return (deadline,) if Verb.MISSED in verbs else ()
