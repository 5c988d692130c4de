"""For which owners of a frozen roll an identity may cast a ballot, and which identities belong to a unit."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.bindings import list_bound_owners, list_persons_bound_to
from storage.queries.votes import list_owner_keys, list_vote_units
from storage.tables import Vote, VoteUnit


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One ballot that an identity may cast.

    owner_key: whose it is, in this vote. voter: who casts it, as storage.tables.Ballot has it. units: all that it
    covers, in the order of the roll; not empty.
    """

    owner_key: str
    voter: str
    units: tuple[VoteUnit, ...]

    @property
    def is_voter(self) -> bool:
        """Whether this identity votes for any of the units; not where the co-owners named somebody else."""
        return any(unit.representative in (None, self.voter) for unit in self.units)


async def list_entitlements(session: AsyncSession, vote: Vote, person_id: int) -> list[Entitlement]:
    """What an identity may cast in a vote with a frozen roll, those with the first units first."""
    numbers = await list_bound_owners(session, vote.compound_id, person_id)
    found = []
    for number in numbers:
        keys = await list_owner_keys(session, vote.compound_id, vote.vote_number, number)
        # An owner is alone in one key only: their own.
        own = next((key for key, owners in keys.items() if owners == 1), None)
        by_key: dict[str, list[VoteUnit]] = {}
        for unit in await list_vote_units(session, vote.compound_id, vote.vote_number, keys):
            by_key.setdefault(unit.owner_key, []).append(unit)
        found += [Entitlement(key, own or key, tuple(units)) for key, units in by_key.items()]
    return sorted(found, key=lambda each: each.units[0].position)


async def list_identities(session: AsyncSession, compound_id: int, unit_codes: Iterable[str]) -> list[int]:
    """Persons who are bound to an owner of any of the units now, by number."""
    return await list_persons_bound_to(session, compound_id, unit_codes)
