"""For which owners of a frozen roll an identity may cast a ballot."""

import hashlib
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.identity.sold import find_earlier, list_bought, list_owned_by_others, list_unspoken_for
from storage.queries.bindings import list_bound, list_registrations
from storage.queries.titles import list_titled_units
from storage.queries.votes import list_owner_keys, list_vote_units
from storage.states import Capacity, RegistrationKind, RegistrationState
from storage.tables import Vote, VoteUnit

_MARK = 32  # characters of a voter's mark, as many as an owner key has


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One ballot that an identity may cast.

    owner_key: whose it is, in this vote. voter: who casts it, as storage.tables.Ballot has it. units: all that it
    covers, in the order of the roll; not empty. capacity: as what they are bound to the owner. proxy: the mark of who
    holds the owner's mandate, to be cast with the ballot; None for who votes by a binding. owner_number: of the roll.
    earlier: of who bought the units after the freeze, the ballots of buyers that are there (sold.find_earlier), and
    nobody is the voter; None for who has them of the frozen roll. stayed: they had a share of them all along, and
    who was named for them has sold theirs.
    """

    owner_key: str
    voter: str | None
    units: tuple[VoteUnit, ...]
    capacity: Capacity = Capacity.OWNER
    proxy: str | None = None
    owner_number: int = 0
    earlier: frozenset[str] | None = None
    stayed: bool = False

    @property
    def is_successor(self) -> bool:
        """Whether the units were bought after the roll was frozen."""
        return self.earlier is not None

    @property
    def is_voter(self) -> bool:
        """Whether this identity votes for any of the units; not where the co-owners named somebody else."""
        return self.is_successor or any(unit.representative in (None, self.voter) for unit in self.units)


async def list_entitlements(
    session: AsyncSession, vote: Vote, person_id: int, *, hold: bool = False
) -> list[Entitlement]:
    """What an identity may cast in a vote with a frozen roll, those with the first units first.

    hold: until the transaction ends nobody contests or ends what it rests on; for who casts a ballot on it. Of units
    that were sold after the freeze the seller casts none, and the buyer where none is there (sold.py). Whom two
    ways lead to the same ballot casts it as the owner, else as guardian or company, else as proxy; but as whom the
    co-owners named, if that is one of them.
    """
    ways: list[tuple[int, Capacity, str | None]] = [
        (binding.owner_number, binding.capacity, None)
        for binding in await list_bound(session, vote.compound_id, person_id, hold=hold)
    ]
    ways.sort(key=lambda way: way[1] is not Capacity.OWNER)
    mandates = await list_registrations(
        session,
        vote.compound_id,
        [RegistrationState.CONFIRMED],
        kind=RegistrationKind.PROXY,
        vote_number=vote.vote_number,
        holder_id=person_id,
        hold=hold,
    )
    ways += [(mandate.owner_number, Capacity.OWNER, mandate.mark) for mandate in mandates]
    found: dict[tuple[str, ...], Entitlement] = {}
    for number, capacity, proxy in ways:
        for one in await _of_owner(session, vote, person_id, number, capacity, proxy, hold=hold):
            named = (one.owner_key, *(unit.unit_code for unit in one.units if one.is_successor))
            if not found.setdefault(named, one).is_voter:
                found[named] = one
    return sorted(found.values(), key=lambda each: each.units[0].position)


def guardian_mark(own_key: str, person_id: int) -> str:
    """How a ballot says that a guardian cast it: another mark than the ward's own key, the same each time.

    Keys are random and minted for each vote, so it tells nobody who it is.
    """
    return hashlib.sha256(f"guardian:{own_key}:{person_id}".encode()).hexdigest()[:_MARK]


async def _of_owner(
    session: AsyncSession,
    vote: Vote,
    person_id: int,
    number: int,
    capacity: Capacity,
    proxy: str | None,
    *,
    hold: bool,
) -> list[Entitlement]:
    """The ballots of one owner: their own, those together with others, and those of what they bought since."""
    titled = await list_titled_units(session, vote.compound_id, number, hold=hold)
    keys = await list_owner_keys(session, vote.compound_id, vote.vote_number, number)
    # An owner is alone in one key only: their own.
    own = next((key for key, owners in keys.items() if owners == 1), None)
    frozen = await list_vote_units(session, vote.compound_id, vote.vote_number, keys)
    codes = {unit.unit_code for unit in frozen}
    gone = await list_owned_by_others(session, vote, codes - titled)
    unspoken = await list_unspoken_for(session, vote, frozen)
    gone |= unspoken
    by_key: dict[str, list[VoteUnit]] = {}
    for unit in frozen:
        if unit.unit_code not in gone:
            by_key.setdefault(unit.owner_key, []).append(unit)
    found = [
        Entitlement(
            key,
            _voter(key, own, units, person_id, capacity, proxy),
            tuple(units),
            capacity,
            proxy,
            number,
        )
        for key, units in by_key.items()
    ]
    # A mandate is the owner's of the roll, so it does not reach what was bought.
    changed = (titled - codes) | (titled & unspoken)
    bought = [] if proxy is not None else await list_bought(session, vote, number, changed)
    return [*found, *await _of_buyer(session, vote, bought, capacity, number, codes)]


async def _of_buyer(
    session: AsyncSession,
    vote: Vote,
    bought: list[VoteUnit],
    capacity: Capacity,
    number: int,
    owned: set[str],
) -> list[Entitlement]:
    """A ballot for what was bought of each seller, where the seller has not voted. owned: when the roll was frozen."""
    by_key: dict[str, list[VoteUnit]] = {}
    earlier: dict[str, frozenset[str]] = {}
    for unit in bought:
        there = await find_earlier(session, vote, unit.unit_code)
        if there is not None:
            by_key.setdefault(unit.owner_key, []).append(unit)
            earlier[unit.owner_key] = earlier.get(unit.owner_key, frozenset()) | there
    return [
        Entitlement(
            *(key, None, tuple(units), capacity, None, number, earlier[key]),
            stayed=all(unit.unit_code in owned for unit in units),
        )
        for key, units in by_key.items()
    ]


def _voter(
    key: str, own: str | None, units: list[VoteUnit], person_id: int, capacity: Capacity, proxy: str | None
) -> str:
    """The voter's mark. Among co-owners everybody acts under the own key of whom they act for.

    So a representative's guardian or proxy is the representative, and two who act for two co-owners contradict each
    other. Where a ward is alone, the guardian's mark differs from the ward's key, which may not vote.
    """
    voter = own or key
    if voter != key:
        return voter
    needs_guardian = capacity is Capacity.GUARDIAN or (
        proxy is not None and any(unit.owner_minor for unit in units)
    )
    return guardian_mark(voter, person_id) if needs_guardian else voter
