"""Owners' votes in the town: a roll, a draft, and what leads one on."""

from handlers.voting.draft import Changes, create_vote, edit_vote
from handlers.voting.templates import find_template
from handlers.voting.terms import area_of
from storage.queries.tree import find_compound
from storage.states import OwnerKind
from storage.tables import Compound, RollOwner, RollTitle, RollUnit
from tests.web.town import HERE, Town


async def here(town: Town) -> Compound:
    async with town.site.database.read() as session:
        compound = await find_compound(session, HERE)
    assert compound is not None
    return compound


async def drafted(town: Town, template: str = "other", changes: Changes | None = None) -> int:
    """A draft from a template with its examples; returns its number."""
    values = {name: field.example for name, field in find_template(template).fields.items()}
    compound, by, now = await here(town), town.people["secretary"], town.clock.now
    async with town.site.database.write() as session:
        vote = await create_vote(session, compound, by, template, "national", now, values)
        if changes is not None:
            await edit_vote(session, compound, vote.vote_number, changes, now, actor_id=by)
        return vote.vote_number


async def enrolled(town: Town, buildings: tuple[str, ...] = ("3", "13"), each: int = 12) -> None:
    """A roll: in each building as many flats, two entrances, an owner each, 89.73 square metres."""
    compound = await here(town)
    assert compound.compound_id is not None
    compound_id, now, number = compound.compound_id, town.clock.now, 0
    async with town.site.database.write() as session:
        for building in buildings:
            for place in range(each):
                number += 1
                entrance = "1" if place < each // 2 else "2"
                code = f"{building}-{entrance}-{101 + place}"
                session.add(
                    RollOwner(
                        compound_id=compound_id,
                        owner_number=number,
                        kind=OwnerKind.PERSON,
                        name_sealed=town.sealer.seal(f"业主{number}".encode(), "roll_owners.name"),
                        entered_at=now,
                    )
                )
                session.add(
                    RollUnit(
                        compound_id=compound_id,
                        unit_code=code,
                        building=building,
                        entrance=entrance,
                        room=str(101 + place),
                        area_register=area_of("89.73"),
                        entered_at=now,
                    )
                )
                await session.flush()
                session.add(
                    RollTitle(compound_id=compound_id, unit_code=code, owner_number=number, since=now)
                )
