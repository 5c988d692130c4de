"""Which ballots count: one slot for each unit across all channels. Pure; adds nothing up.

Ballots are judged in the order they were recorded. The order of the checks is part of the rule, since each ballot is
refused for one reason (voting.md section 7).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from handlers.voting.terms import Ballot, ChannelPriority, Rejection, Revote, Rules, Unit, in_scope, person_of

PAPER = "paper"
ONLINE = "online"
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Judged:
    """slots: the ballot that counts for each unit. contested: units whose co-owners each cast one, with all of them.

    returned: persons of whom any ballot came in, also one that was refused or for a unit out of scope. doubted:
    persons with a ballot that was accepted and that, they say, was not theirs.
    """

    slots: Mapping[str, Ballot]
    contested: Mapping[str, tuple[Ballot, ...]]
    rejected: tuple[tuple[Ballot, Rejection], ...]
    returned: frozenset[str]
    doubted: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Slots:
    """What has been judged so far. principals: for each proxy, whose mandate each of its ballots took."""

    held: dict[str, Ballot] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    contested: dict[str, list[Ballot]] = field(default_factory=dict)
    rejected: list[tuple[Ballot, Rejection]] = field(default_factory=list)
    principals: dict[str, list[str]] = field(default_factory=dict)


def judge(rules: Rules, roll: Mapping[str, Unit], ballots: Iterable[Ballot]) -> Judged:
    """Judge all ballots of a vote. `roll` is keyed by unit_id; ballots may come in any order."""
    slots = _Slots()
    returned, doubted = set(), set()
    for ballot in sorted(ballots, key=_arrival):
        unit = roll.get(ballot.unit_id)
        if unit is None:
            slots.rejected.append((ballot, Rejection.UNKNOWN_UNIT))
            continue
        returned.add(person_of(unit))
        reason = _refusal(rules, unit, ballot, slots) or _take(rules, unit, ballot, slots)
        if reason is not None:
            slots.rejected.append((ballot, reason))
        elif ballot.proxy is not None:
            slots.principals.setdefault(ballot.proxy, []).append(person_of(unit))
        if reason is None and ballot.contested:
            doubted.add(person_of(unit))
    contested = {unit_id: tuple(each) for unit_id, each in slots.contested.items()}
    return Judged(slots.held, contested, tuple(slots.rejected), frozenset(returned), frozenset(doubted))


def _arrival(ballot: Ballot) -> tuple[datetime, int]:
    return ballot.recorded_at or ballot.cast_at or _BEFORE_ALL, -1 if ballot.seq is None else ballot.seq


def _refusal(rules: Rules, unit: Unit, ballot: Ballot, slots: _Slots) -> Rejection | None:
    """Why a ballot for a unit of the roll does not count, whatever else came for the unit."""
    if not in_scope(rules, unit):
        return Rejection.UNKNOWN_UNIT
    if ballot.cast_at is not None:
        if rules.opens_at is not None and ballot.cast_at < rules.opens_at:
            return Rejection.EARLY
        if rules.closes_at is not None and ballot.cast_at > rules.closes_at:
            return Rejection.LATE
    if unit.representative is not None and ballot.by is not None and ballot.by != unit.representative:
        return Rejection.NOT_REPRESENTATIVE
    if unit.owner_minor and ballot.by == unit.owner_key:
        return Rejection.MINOR_NEEDS_GUARDIAN
    if ballot.proxy is None or rules.proxy_cap is None:
        return None
    principals = {person_of(unit), *slots.principals.get(ballot.proxy, ())}
    return Rejection.PROXY_CAP if len(principals) > rules.proxy_cap else None


def _take(rules: Rules, unit: Unit, ballot: Ballot, slots: _Slots) -> Rejection | None:
    """Put a ballot into its unit's slot, or say why it does not get there."""
    unit_id = unit.unit_id
    if unit_id in slots.contested:
        slots.contested[unit_id].append(ballot)
        return None
    held = slots.held.get(unit_id)
    if held is None:
        slots.held[unit_id] = ballot
        return None
    if _by_two_co_owners(unit, held, ballot):
        slots.contested[unit_id] = [slots.held.pop(unit_id), ballot]
        return None
    if held.channel != ballot.channel:
        paper_first = rules.channel_priority is ChannelPriority.PAPER_OVER_ONLINE
        if paper_first and held.channel == ONLINE and ballot.channel == PAPER:
            slots.held[unit_id] = ballot
            slots.rejected.append((held, Rejection.DUPLICATE_OTHER_CHANNEL))
            if (
                held.proxy is not None
            ):  # what is refused uses up no mandate, also when it is refused afterwards
                slots.principals[held.proxy].remove(person_of(unit))
            return None
        return Rejection.DUPLICATE_OTHER_CHANNEL
    changes = slots.changes.get(unit_id, 0)
    if rules.revote is Revote.NONE or (rules.revote is Revote.ONCE and changes):
        return Rejection.REVOTE_REFUSED
    slots.held[unit_id] = ballot
    slots.changes[unit_id] = changes + 1
    return None


def _by_two_co_owners(unit: Unit, held: Ballot, ballot: Ballot) -> bool:
    return (
        unit.co_owned
        and unit.representative is None
        and held.by is not None
        and ballot.by is not None
        and held.by != ballot.by
    )
