"""Use case: freeze the present roll for a vote."""

from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.roll.import_roll import LOCK
from handlers.voting.announced import rules_of
from handlers.voting.frozen_roll import FrozenRoll, Title, freeze
from handlers.voting.terms import area_text
from storage.queries.opinions import lock_counter
from storage.queries.roll import list_roll_units, list_titles
from storage.states import OwnerKind
from storage.tables import Compound, Vote, VoteOwner, VoteUnit


async def load_titles(session: AsyncSession, compound_id: int) -> list[Title]:
    """The present roll, a title for each unit."""
    owners: dict[str, set[int]] = {}
    minors: dict[str, set[int]] = {}
    developers: dict[str, set[int]] = {}
    representatives: dict[str, int] = {}
    for title, minor, kind in await list_titles(session, compound_id):
        owners.setdefault(title.unit_code, set()).add(title.owner_number)
        if minor:
            minors.setdefault(title.unit_code, set()).add(title.owner_number)
        if kind is OwnerKind.DEVELOPER:
            developers.setdefault(title.unit_code, set()).add(title.owner_number)
        if title.representative:
            representatives[title.unit_code] = title.owner_number
    return [
        Title(
            unit_code=unit.unit_code,
            kind=unit.kind,
            building=unit.building,
            entrance=unit.entrance,
            room=unit.room,
            owners=frozenset(owners.get(unit.unit_code, ())),
            area_register=unit.area_register,
            area_survey=unit.area_survey,
            area_contract=unit.area_contract,
            representative=representatives.get(unit.unit_code),
            minors=frozenset(minors.get(unit.unit_code, ())),
            developers=frozenset(developers.get(unit.unit_code, ())),
        )
        for unit in await list_roll_units(session, compound_id)
    ]


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a notice would freeze of the roll as it stands now. area: in millionths, and as it is written."""

    units: int
    persons: int
    area: int

    @property
    def area_text(self) -> str:
        """Square metres, exact."""
        return area_text(self.area)


async def hold_roll(session: AsyncSession, compound: Compound) -> None:
    """Let nobody change the roll until the transaction ends: what is frozen is read in more than one statement.

    Before a vote is held, as everybody takes them.
    """
    assert compound.compound_id is not None
    await lock_counter(session, compound.compound_id, LOCK)


async def look_ahead(session: AsyncSession, vote: Vote) -> Frozen:
    """The roll as a notice would freeze it now; nothing is written, and its root is minted later. Raises RollError."""
    frozen = freeze(rules_of(vote), await load_titles(session, vote.compound_id))
    return Frozen(len(frozen.lines), frozen.total.persons, frozen.total.area)


async def freeze_roll(session: AsyncSession, vote: Vote) -> FrozenRoll:
    """Freeze the units in the vote's scope and keep root and sums with the vote; raises RollError.

    In the caller's transaction, which holds the vote's row.
    """
    frozen = freeze(rules_of(vote), await load_titles(session, vote.compound_id))
    session.add_all(
        VoteUnit(
            compound_id=vote.compound_id,
            vote_number=vote.vote_number,
            unit_code=line.unit.unit_id,
            position=position,
            owner_key=line.unit.owner_key,
            kind=line.unit.kind,
            building=line.unit.building,
            entrance=line.entrance,
            room=line.room,
            area=line.unit.area,
            area_basis=line.area_basis,
            co_owned=line.unit.co_owned,
            owner_minor=line.unit.owner_minor,
            representative=line.unit.representative,
            salt=line.salt,
        )
        for position, line in enumerate(frozen.lines)
    )
    session.add_all(
        VoteOwner(
            compound_id=vote.compound_id,
            vote_number=vote.vote_number,
            owner_key=key,
            owner_number=owner_number,
        )
        for key, owners in frozen.keys.items()
        for owner_number in owners
    )
    vote.roll_root, vote.roll_persons, vote.roll_area = frozen.root, frozen.total.persons, frozen.total.area
    session.add(vote)
    return frozen
