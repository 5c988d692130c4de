"""What somebody could do about a matter as it stands now, so that a page offers nothing that is refused."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from handlers.access import Right
from handlers.requests.commands import ENDED, OPEN, Actor, Facts
from handlers.requests.rules import RATE_WITHIN, holds, may_reopen
from storage.states import MatterState, RequestState


class Offer(StrEnum):
    """Something to do: with a matter, with its request, or with one's own."""

    CONFIRM = "confirm"
    DISMISS = "dismiss"
    MERGE = "merge"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    DECLINE = "decline"
    HELP = "help"
    FINISH = "finish"
    REPLY = "reply"
    NOTE = "note"
    MEDIATE = "mediate"
    RATE = "rate"
    SUPPLEMENT = "supplement"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"


def offers_to_staff(
    rights: Collection[Right], state: MatterState, facts: Facts | None, actor: Actor
) -> frozenset[Offer]:
    """What a member of staff could do; facts: None while the matter has no request."""
    found: set[Offer] = set()
    if Right.MERGE in rights:
        found.add(Offer.MERGE)
        if state is not MatterState.CONFIRMED:
            found.add(Offer.CONFIRM)
        if state is MatterState.CANDIDATE or (
            state is MatterState.CONFIRMED and (facts is None or facts.state not in ENDED)
        ):
            found.add(Offer.DISMISS)
    if facts is None:
        return frozenset(found)
    if Right.NOTE in rights:
        found.add(Offer.NOTE)
        if facts.state is not RequestState.CANCELLED:
            found.add(Offer.REPLY)
    if Right.MEDIATE in rights and facts.state is not RequestState.CANCELLED:
        found.add(Offer.MEDIATE)
    if facts.state not in OPEN:
        return frozenset(found)
    if Right.DISPATCH in rights:
        found |= {Offer.DISPATCH, Offer.HELP}
    if Right.HANDLE in rights:
        found.add(Offer.HELP)
        if holds(facts, actor):
            found |= {Offer.DECLINE, Offer.FINISH}
            if facts.state is not RequestState.ACCEPTED:
                found.add(Offer.ACCEPT)
    return frozenset(found)


def offers_to_reporter(facts: Facts | None, now: datetime) -> frozenset[Offer]:
    """What somebody whose opinion stands could do; facts: None while there is no request."""
    if facts is None:
        return frozenset({Offer.WITHDRAW})
    found: set[Offer] = set()
    if facts.state in OPEN:
        found.add(Offer.WITHDRAW)
    if facts.state not in ENDED:
        found.add(Offer.SUPPLEMENT)
    if (
        facts.state in (RequestState.DONE, RequestState.RATED)
        and facts.done_at is not None
        and now < facts.done_at + RATE_WITHIN
    ):
        found.add(Offer.RATE)
    if may_reopen(facts, now):
        found.add(Offer.REOPEN)
    return frozenset(found)
