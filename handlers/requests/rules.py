"""Pure rules of a request's way: 下单 raised, 派单 dispatched, 接单 accepted, 办结 done, 评单 rated or reopened.

`apply` says what a command changes, which entries the timeline gets and who is told; `due` says what the clock has to
do. Times that need a calendar come in as `Moments`, worked out for `now` by the caller.

Decided here: one dissatisfied reporter is enough to reopen, whatever the others said, because a matter that is solved
for one household and not for the next one is not solved. What the others said stays in the figures.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from handlers.requests.commands import (
    ENDED,
    OPEN,
    Accept,
    Actor,
    AddHelper,
    Cancel,
    Change,
    Climb,
    Close,
    Code,
    Command,
    Decline,
    Dispatch,
    Entry,
    Facts,
    Finish,
    Mediate,
    Moments,
    Note,
    Party,
    Rate,
    Refused,
    Remind,
    Reopen,
    Reply,
    Revive,
    Sort,
    Supplement,
    Tell,
    Told,
    Verb,
    Warn,
    Whom,
)
from storage.states import Ladder, Rating, RequestState

REOPENINGS = 2  # after them a request goes up the ladder instead
REFUSALS = 3  # so many times "not ours", and somebody further up decides whose it is
RATE_WITHIN = timedelta(days=7)
REOPEN_WITHIN = timedelta(days=30)
UNHAPPY = frozenset({Rating.DISSATISFIED, Rating.BESIDE_THE_POINT})

_LADDER = tuple(Ladder)
_WORST_FIRST = (Rating.BESIDE_THE_POINT, Rating.DISSATISFIED, Rating.FAIR, Rating.SATISFIED)


def raised(now: datetime, moments: Moments) -> Change:
    """下单: a new request, which nobody has yet."""
    facts = Facts(RequestState.RAISED, raised_at=now, round_at=now, done_by=moments.fresh.by)
    return Change(
        _waiting(facts, now, moments),
        (Entry(Verb.RAISED),),
        (Tell(Whom.REPORTERS, Told.RAISED), Tell(Whom.DISPATCHERS, Told.TO_DISPATCH)),
    )


def apply(facts: Facts, command: Command, now: datetime, moments: Moments) -> Change | Refused:
    """What a command changes, or why it changes nothing. Rights were checked before; whose it is, is checked here."""
    does: Callable[..., Change | Refused] = _DOES[type(command)]
    return does(_noted(facts, now), command, now, moments)


def due(facts: Facts, now: datetime) -> tuple[Remind | Warn | Climb | Close, ...]:
    """What the clock has to do now, in this order. A deadline that was missed needs no reminder any more."""
    found: list[Remind | Warn | Climb | Close] = []
    if _is_due(facts.warn_at, now):
        found.append(Warn())
    elif _is_due(facts.remind_at, now):
        found.append(Remind())
    if _is_due(facts.climb_at, now):
        found.append(Climb())
    if _is_due(facts.close_at, now):
        found.append(Close())
    return tuple(found)


def worst(ratings: tuple[Rating, ...]) -> Rating:
    """The one that counts for the request. ValueError for none."""
    return min(ratings, key=_WORST_FIRST.index)


def absorbed(facts: Facts, gone: Facts) -> Facts:
    """A request that goes on for another one too, which was cancelled for it: neither a miss nor a day gets lost so."""
    kept = replace(
        facts,
        accepted_in_time=_worse(facts.accepted_in_time, gone.accepted_in_time),
        done_in_time=_worse(facts.done_in_time, gone.done_in_time),
    )
    if facts.state not in OPEN or facts.done_by is None or gone.done_by is None or gone.done_at is not None:
        return kept
    if facts.done_by <= gone.done_by:
        return kept
    return replace(
        kept,
        round_at=gone.round_at,
        done_by=gone.done_by,
        warn_at=min(kept.warn_at, gone.done_by) if kept.warn_at else gone.done_by,
    )


def _worse(one: bool | None, other: bool | None) -> bool | None:
    return False if other is False else one


def may_reopen(facts: Facts, now: datetime) -> bool:
    """Whether 还没好 would be heard."""
    return _reopens(facts, now) is None


def holds(facts: Facts, actor: Actor) -> bool:
    """Whether the request is the actor's, or their role's: a colleague may step in."""
    party = facts.party
    return party is not None and (party.person_id == actor.person_id or party.role in actor.roles)


# One function a command.


def _dispatch(facts: Facts, command: Dispatch, now: datetime, moments: Moments) -> Change | Refused:
    if facts.state not in OPEN:
        return _not_open(facts)
    if facts.party == command.party and facts.state in (RequestState.DISPATCHED, RequestState.ACCEPTED):
        return Refused(Code.ALREADY_THERE)
    details: dict[str, object] = _named(command.party) | {"by_rule": command.by_rule}
    tells = [Tell(Whom.REPORTERS, Told.DISPATCHED), Tell(Whom.PARTY, Told.YOURS, command.party)]
    if facts.party is not None and facts.party != command.party:
        tells.append(Tell(Whom.PARTY, Told.MOVED, facts.party))
    return Change(
        _given(facts, command.party, now, moments), (Entry(Verb.DISPATCHED, details=details),), tuple(tells)
    )


def _accept(facts: Facts, command: Accept, now: datetime, moments: Moments) -> Change | Refused:
    if (problem := _hers(facts, command.actor)) is not None:
        return problem
    if facts.state is RequestState.ACCEPTED:
        return Refused(Code.ALREADY_ACCEPTED)
    taken = _taken(facts, command.actor, now, moments)
    return Change(
        taken,
        (Entry(Verb.ACCEPTED, details={"in_time": _before(now, facts.accept_by)}),),
        (Tell(Whom.REPORTERS, Told.ACCEPTED),),
    )


def _decline(facts: Facts, command: Decline, now: datetime, moments: Moments) -> Change | Refused:
    if (problem := _hers(facts, command.actor)) is not None:
        return problem
    if not command.reason.strip():
        return Refused(Code.NO_WORDS)
    assert facts.party is not None
    refused = replace(facts, refusals=facts.refusals + 1)
    entry = Entry(Verb.REFUSED, command.reason, details=_named(facts.party) | {"named": command.named})
    goes_up = refused.refusals % REFUSALS == 0
    if command.named not in (None, facts.party.role) and not goes_up:
        party = Party(command.named)
        given = _given(refused, party, now, moments)
        dispatched = Entry(Verb.DISPATCHED, details=_named(party) | {"by_rule": True})
        return Change(
            given,
            (entry, dispatched),
            (
                Tell(Whom.REPORTERS, Told.DISPATCHED),
                Tell(Whom.PARTY, Told.YOURS, party, command.reason),
                Tell(Whom.DISPATCHERS, Told.PASSED_ON, party, command.reason),
            ),
        )
    waiting = replace(refused, state=RequestState.REFUSED)
    entries = [entry]
    if goes_up and (above := _above(facts.level)) is not None:
        waiting = replace(waiting, level=above)
        entries.append(Entry(Verb.CLIMBED, details={"level": above}))
    return Change(
        _waiting(waiting, now, moments),
        tuple(entries),
        (Tell(Whom.REPORTERS, Told.REFUSED), Tell(Whom.DISPATCHERS, Told.TO_DISPATCH, words=command.reason)),
    )


def _add_helper(facts: Facts, command: AddHelper, _now: datetime, _moments: Moments) -> Change | Refused:
    if facts.state not in OPEN:
        return _not_open(facts)
    if command.party == facts.party or command.party in facts.helpers:
        return Refused(Code.ALREADY_HELPS)
    return Change(
        replace(facts, helpers=(*facts.helpers, command.party)),
        (Entry(Verb.HELPED, details=_named(command.party)),),
        (Tell(Whom.PARTY, Told.HELP, command.party),),
    )


def _finish(facts: Facts, command: Finish, now: datetime, moments: Moments) -> Change | Refused:
    if (problem := _hers(facts, command.actor)) is not None:
        return problem
    if not command.reply.strip():
        return Refused(Code.NO_WORDS)
    entries = []
    if facts.state is not RequestState.ACCEPTED:  # done before anybody said that they would
        entries.append(Entry(Verb.ACCEPTED, details={"in_time": _before(now, facts.accept_by)}))
        facts = _taken(facts, command.actor, now, moments)
    in_time = _before(now, facts.done_by)
    entries.append(Entry(Verb.DONE, command.reply, public=True, details={"in_time": in_time}))
    done = replace(
        _untimed(facts),
        state=RequestState.DONE,
        done_at=now,
        close_at=now + RATE_WITHIN,
        done_in_time=in_time if facts.done_in_time is None else facts.done_in_time,
        rating=None,
    )
    return Change(done, tuple(entries), (Tell(Whom.REPORTERS, Told.DONE, words=command.reply),))


def _note(facts: Facts, command: Note, _now: datetime, _moments: Moments) -> Change | Refused:
    if not command.words.strip():
        return Refused(Code.NO_WORDS)
    return Change(facts, (Entry(Verb.NOTED, command.words),))


def _mediate(facts: Facts, command: Mediate, _now: datetime, _moments: Moments) -> Change | Refused:
    if facts.state is RequestState.CANCELLED:
        return Refused(Code.ENDED)
    return Change(facts, (Entry(Verb.MEDIATED, details={"outcome": command.outcome}),))


def _reply(facts: Facts, command: Reply, _now: datetime, _moments: Moments) -> Change | Refused:
    if facts.state is RequestState.CANCELLED:
        return Refused(Code.ENDED)
    if not command.words.strip():
        return Refused(Code.NO_WORDS)
    return Change(
        facts,
        (Entry(Verb.REPLIED, command.words, public=True),),
        (Tell(Whom.REPORTERS, Told.REPLIED, words=command.words),),
    )


def _supplement(facts: Facts, command: Supplement, _now: datetime, _moments: Moments) -> Change | Refused:
    if facts.state in ENDED:
        return Refused(Code.ENDED)
    if not command.words.strip():
        return Refused(Code.NO_WORDS)
    return Change(
        facts,
        (Entry(Verb.SUPPLEMENTED, command.words),),
        (_to_whoever_has_it(facts, Told.SUPPLEMENTED, command.words),),
    )


def _rate(facts: Facts, command: Rate, now: datetime, moments: Moments) -> Change | Refused:
    if facts.state in OPEN:
        return Refused(Code.NOT_DONE)
    if facts.state is RequestState.CANCELLED:
        return Refused(Code.ENDED)
    assert facts.done_at is not None
    if facts.state is RequestState.CLOSED or now >= facts.done_at + RATE_WITHIN:
        return Refused(Code.TOO_LATE)
    entry = Entry(
        Verb.RATED, command.comment or None, details={"rating": command.rating, "round": facts.round}
    )
    rating = worst((command.rating, *command.others))
    if command.rating in UNHAPPY:
        if (reopened := _reopened(facts, command.comment, now, moments)) is not None:
            return replace(reopened, entries=(entry, *reopened.entries))
        tells = tuple(
            Tell(whom, Told.UNHAPPY, party, command.comment)
            for whom, party in ((Whom.PARTY, facts.party), (Whom.DISPATCHERS, None))
        )
        ended = facts if facts.state is RequestState.RATED else _ended(facts, RequestState.RATED, now)
        return Change(replace(ended, rating=rating), (entry,), tells)
    if facts.state is RequestState.RATED:  # another reporter's opinion, or a second thought
        return Change(replace(facts, rating=rating), (entry,))
    return Change(
        replace(_ended(facts, RequestState.RATED, now), rating=rating),
        (entry,),
        (Tell(Whom.REPORTERS, Told.RATED),),
    )


def _reopen(facts: Facts, command: Reopen, now: datetime, moments: Moments) -> Change | Refused:
    if (problem := _reopens(facts, now)) is not None:
        return problem
    reopened = _reopened(facts, command.words, now, moments)
    assert reopened is not None
    first, *rest = reopened.entries
    return replace(reopened, entries=(replace(first, words=command.words or None), *rest))


def _cancel(facts: Facts, command: Cancel, now: datetime, _moments: Moments) -> Change | Refused:
    if facts.state in ENDED:
        return Refused(Code.ENDED)
    tells = [Tell(Whom.REPORTERS, Told.CANCELLED)]
    if facts.party is not None and facts.state is not RequestState.DONE:
        tells.append(Tell(Whom.PARTY, Told.CANCELLED, facts.party))
    return Change(
        _ended(facts, RequestState.CANCELLED, now),
        (Entry(Verb.CANCELLED, details={"why": command.why, "into": command.into}),),
        tuple(tells),
    )


def _sort(facts: Facts, command: Sort, _now: datetime, _moments: Moments) -> Change | Refused:
    if facts.state not in OPEN:
        return _not_open(facts)
    entry = Entry(Verb.SORTED, details={"before": command.before, "after": command.after})
    if facts.party is None:  # whoever dispatches it will see what it is
        return Change(facts, (entry,))
    # It stays where it is: nobody loses what they are at without a word.
    tells = (Tell(Whom.PARTY, Told.SORTED, facts.party), Tell(Whom.DISPATCHERS, Told.SORTED))
    return Change(facts, (entry,), tells)


def _revive(facts: Facts, _command: Revive, now: datetime, moments: Moments) -> Change | Refused:
    if facts.state is not RequestState.CANCELLED:
        return Refused(Code.STILL_OPEN if facts.state in OPEN else Code.ALREADY_DONE)
    # What was missed or climbed stays so, and a day that is still ahead stays the day: nothing is gained by having
    # something dismissed and confirmed again.
    revived = replace(
        facts, state=RequestState.RAISED, helpers=(), done_at=None, ended_at=None, climb_at=None, rating=None
    )
    if _before(now, facts.done_by):
        again = _waiting(revived, now, moments)
    else:
        revived = replace(revived, round_at=now, done_by=moments.fresh.by)
        again = _waiting(revived, now, replace(moments, done=moments.fresh))
    return replace(raised(now, moments), facts=again)


def _remind(facts: Facts, _command: Remind, now: datetime, _moments: Moments) -> Change | Refused:
    if not _is_due(facts.remind_at, now):
        return Refused(Code.NOT_DUE)
    return Change(
        replace(facts, remind_at=None), (Entry(Verb.REMINDED),), (_to_whoever_has_it(facts, Told.NEAR),)
    )


def _warn(facts: Facts, _command: Warn, now: datetime, _moments: Moments) -> Change | Refused:
    if not _is_due(facts.warn_at, now):
        return Refused(Code.NOT_DUE)
    tells = [_to_whoever_has_it(facts, Told.LATE)]
    if facts.party is not None:
        tells.append(Tell(Whom.DISPATCHERS, Told.LATE))
    # Whoever has not even accepted misses the day it has to be done by as well.
    ahead = [at for at in (facts.accept_by, facts.done_by) if at is not None and now < at]
    warned = replace(facts, remind_at=None, warn_at=min(ahead, default=None))
    return Change(warned, (Entry(Verb.MISSED),), tuple(tells))


def _climb(facts: Facts, _command: Climb, now: datetime, moments: Moments) -> Change | Refused:
    if not _is_due(facts.climb_at, now):
        return Refused(Code.NOT_DUE)
    above = _above(facts.level)
    assert above is not None, "nothing climbs from the top"
    climbed = replace(facts, level=above, climb_at=moments.again if _above(above) else None)
    tells = [Tell(Whom.REPORTERS, Told.CLIMBED), Tell(Whom.DISPATCHERS, Told.CLIMBED)]
    if facts.party is not None:
        tells.append(Tell(Whom.PARTY, Told.CLIMBED, facts.party))
    return Change(climbed, (Entry(Verb.CLIMBED, details={"level": above}),), tuple(tells))


def _close(facts: Facts, _command: Close, now: datetime, _moments: Moments) -> Change | Refused:
    if not _is_due(facts.close_at, now):
        return Refused(Code.NOT_DUE)
    return Change(
        _ended(facts, RequestState.CLOSED, now), (Entry(Verb.CLOSED),), (Tell(Whom.REPORTERS, Told.CLOSED),)
    )


_DOES: dict[type, Callable[..., Change | Refused]] = {
    Dispatch: _dispatch,
    Accept: _accept,
    Decline: _decline,
    AddHelper: _add_helper,
    Finish: _finish,
    Note: _note,
    Mediate: _mediate,
    Reply: _reply,
    Supplement: _supplement,
    Rate: _rate,
    Reopen: _reopen,
    Cancel: _cancel,
    Sort: _sort,
    Revive: _revive,
    Remind: _remind,
    Warn: _warn,
    Climb: _climb,
    Close: _close,
}


# What several of them share.


def _hers(facts: Facts, actor: Actor) -> Refused | None:
    """Why the actor may not take, give back or finish it; None when they may."""
    if facts.state not in OPEN:
        return _not_open(facts)
    if facts.party is None:
        return Refused(Code.NOT_DISPATCHED)
    return None if holds(facts, actor) else Refused(Code.NOT_YOURS)


def _not_open(facts: Facts) -> Refused:
    return Refused(Code.ALREADY_DONE if facts.state is RequestState.DONE else Code.ENDED)


def _reopens(facts: Facts, now: datetime) -> Refused | None:
    if facts.state in OPEN:
        return Refused(Code.STILL_OPEN)
    if facts.state is RequestState.CANCELLED:
        return Refused(Code.ENDED)
    assert facts.done_at is not None
    if now >= facts.done_at + REOPEN_WITHIN:
        return Refused(Code.TOO_LATE)
    if facts.round > REOPENINGS and _above(facts.level) is None:
        return Refused(Code.EXHAUSTED)
    return None


def _reopened(facts: Facts, words: str, now: datetime, moments: Moments) -> Change | None:
    """A new round: at first with whoever had it, then one step up with nobody; None when there is no step left.

    words: what whoever handles it reads of the reporter's.
    """
    climbs = facts.round > REOPENINGS
    above = _above(facts.level)
    if climbs and above is None:
        return None
    fresh = replace(
        facts,
        state=RequestState.REOPENED,
        round=facts.round + 1,
        round_at=now,
        refusals=0,
        done_at=None,
        ended_at=None,
        done_by=moments.fresh.by,
        rating=None,
    )
    entry = Entry(Verb.REOPENED, details={"round": fresh.round})
    now_on = replace(moments, done=moments.fresh)
    if climbs and above is not None:
        return Change(
            _waiting(replace(fresh, level=above), now, now_on),
            (entry, Entry(Verb.CLIMBED, details={"level": above})),
            (Tell(Whom.REPORTERS, Told.REOPENED), Tell(Whom.DISPATCHERS, Told.TO_DISPATCH, words=words)),
        )
    assert facts.party is not None
    timed = _until_accepted(replace(fresh, accepted_at=None), now, now_on)
    return Change(
        timed,
        (entry,),
        (Tell(Whom.REPORTERS, Told.REOPENED), Tell(Whom.PARTY, Told.YOURS, facts.party, words)),
    )


def _given(facts: Facts, party: Party, now: datetime, moments: Moments) -> Facts:
    """With somebody, who has yet to accept it."""
    given = replace(
        facts,
        state=RequestState.DISPATCHED,
        party=party,
        helpers=tuple(helper for helper in facts.helpers if helper != party),
        dispatched_at=now,
        accepted_at=None,
    )
    return _until_accepted(given, now, moments)


def _waiting(facts: Facts, now: datetime, moments: Moments) -> Facts:
    """With nobody; the state is the caller's."""
    return _until_accepted(replace(facts, party=None, dispatched_at=None, accepted_at=None), now, moments)


def _until_accepted(facts: Facts, now: datetime, moments: Moments) -> Facts:
    by = facts.done_by if facts.done_by is not None and now < facts.done_by else moments.accept.by
    return replace(
        facts,
        accept_by=moments.accept.by,
        remind_at=moments.accept.remind_at,
        warn_at=min(moments.accept.by, by),
        climb_at=_up_at(facts, min(moments.accept.up_at, _late_step(facts, now, moments))),
        close_at=None,
    )


def _taken(facts: Facts, actor: Actor, now: datetime, moments: Moments) -> Facts:
    """Accepted, by this person in the role that has it: from here the deadline of the round runs."""
    assert facts.party is not None
    in_time = _before(now, facts.accept_by)
    return replace(
        facts,
        state=RequestState.ACCEPTED,
        party=Party(facts.party.role, actor.person_id),
        accepted_at=now,
        accept_by=None,
        remind_at=moments.done.remind_at if moments.done.remind_at > now else None,
        warn_at=facts.done_by if _before(now, facts.done_by) else None,
        climb_at=_up_at(facts, _late_step(facts, now, moments)),
        accepted_in_time=in_time if facts.accepted_in_time is None else facts.accepted_in_time,
    )


def _noted(facts: Facts, now: datetime) -> Facts:
    """With what was missed by now, which stays missed also when a command comes before the clock has looked."""
    if facts.state not in OPEN:
        return facts
    noted = facts
    if facts.accepted_in_time is None and not _before(now, facts.accept_by):
        noted = replace(noted, accepted_in_time=False)
    if facts.done_in_time is None and not _before(now, facts.done_by):
        noted = replace(noted, done_in_time=False)
    return noted


def _late_step(facts: Facts, now: datetime, moments: Moments) -> datetime:
    """When it goes up because it is not done. A step that was taken for that leaves the next one its time."""
    if now < moments.done.up_at:
        return moments.done.up_at
    return facts.climb_at or moments.again


def _up_at(facts: Facts, at: datetime) -> datetime | None:
    return at if _above(facts.level) is not None else None


def _untimed(facts: Facts) -> Facts:
    return replace(facts, remind_at=None, warn_at=None, climb_at=None, close_at=None)


def _ended(facts: Facts, state: RequestState, now: datetime) -> Facts:
    return replace(_untimed(facts), state=state, ended_at=now)


def _to_whoever_has_it(facts: Facts, what: Told, words: str = "") -> Tell:
    if facts.party is None:
        return Tell(Whom.DISPATCHERS, what, words=words)
    return Tell(Whom.PARTY, what, facts.party, words)


def _above(level: Ladder) -> Ladder | None:
    step = _LADDER.index(level) + 1
    return _LADDER[step] if step < len(_LADDER) else None


def _named(party: Party) -> dict[str, object]:
    return {"role": party.role, "person_id": party.person_id}


def _before(now: datetime, deadline: datetime | None) -> bool:
    return deadline is None or now < deadline


def _is_due(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now
