"""The doors to visit plans: for whoever visits a home, and for the community's head. There is no list for others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import Grant, NotFound, Viewer
from handlers.alerts.words import office_line
from handlers.context import Services
from handlers.visits.rules import NEAR, WORKERS, Office, goes_to, is_head
from handlers.visits.sealed import home_of
from storage.audit import add_audit_event
from storage.queries.people import list_people_in_office, list_people_in_office_inside
from storage.queries.tree import find_compound, list_region_codes_above, list_region_levels
from storage.queries.visits import find_plan, list_plans
from storage.sealing import Sealer
from storage.states import RegionLevel
from storage.tables import Compound, VisitPlan


@dataclass(frozen=True, slots=True)
class Nodes:
    """What lies above a compound, as far as visits go. community: None where there is none."""

    near: frozenset[str]
    community: str | None


@dataclass(frozen=True, slots=True)
class OpenedVisits:
    """The plans of a compound that somebody may see."""

    compound: Compound
    nodes: Nodes
    plans: tuple[VisitPlan, ...]
    is_head: bool

    @property
    def compound_id(self) -> int:
        """The tenant."""
        assert self.compound.compound_id is not None
        return self.compound.compound_id


@dataclass(frozen=True, slots=True)
class OpenedPlan:
    """One of them."""

    opened: OpenedVisits
    plan: VisitPlan


async def access_visits(session: AsyncSession, sealer: Sealer, viewer: Viewer, code: str) -> OpenedVisits:
    """All plans for the head, their own for a worker; raises NotFound for whoever has none."""
    compound = await find_compound(session, code)
    if compound is None or compound.compound_id is None:
        raise NotFound
    nodes = await nodes_of(session, compound)
    offices = offices_of(viewer.grants)
    if is_head(offices, nodes.community):
        plans = await list_plans(session, compound.compound_id)
        return OpenedVisits(compound, nodes, tuple(plans), is_head=True)
    own = [
        plan
        for plan in await list_plans(session, compound.compound_id, viewer.person_id)
        if goes_to(offices, nodes.near, compound.code, home_of(sealer, plan).code)
    ]
    if not own:
        raise NotFound
    return OpenedVisits(compound, nodes, tuple(own), is_head=False)


async def access_plan(
    session: AsyncSession, sealer: Sealer, viewer: Viewer, code: str, number: int
) -> OpenedPlan:
    """One plan that goes on; raises NotFound like `access_visits`, and for another's."""
    opened = await access_visits(session, sealer, viewer, code)
    plan = await find_plan(session, opened.compound_id, number)
    if plan is None or number not in {each.number for each in opened.plans}:
        raise NotFound
    return OpenedPlan(opened, plan)


async def access_as_head(session: AsyncSession, sealer: Sealer, viewer: Viewer, code: str) -> OpenedVisits:
    """For the head alone; raises NotFound."""
    opened = await access_visits(session, sealer, viewer, code)
    if not opened.is_head:
        raise NotFound
    return opened


def note_look(
    session: AsyncSession, compound_id: int, number: int | None, now: datetime, *, actor_id: int
) -> None:
    """Keep who looked, at the list or at one plan."""
    add_audit_event(
        session,
        at=now,
        verb="visits.seen" if number is None else "visit.seen",
        compound_id=compound_id,
        actor_id=actor_id,
        subject="visits" if number is None else f"visit:{number}",
    )


async def nodes_of(session: AsyncSession, compound: Compound) -> Nodes:
    """Precinct and community of a compound."""
    levels = await list_region_levels(session, await list_region_codes_above(session, compound.region_code))
    community = next((code for code, level in levels.items() if level is RegionLevel.COMMUNITY), None)
    return Nodes(frozenset(code for code, level in levels.items() if level in NEAR), community)


def offices_of(grants: tuple[Grant, ...]) -> list[Office]:
    """Roles as the rules see them."""
    return [Office(grant.role, grant.scope_code) for grant in grants]


async def list_fit(
    session: AsyncSession, services: Services, compound: Compound, nodes: Nodes, home: str
) -> Mapping[int, str]:
    """Who may visit a home (the code of its place), as colleagues call them, by person."""
    held = await list_people_in_office(session, {compound.code, *nodes.near}, WORKERS)
    held += await list_people_in_office_inside(session, compound.code, WORKERS)
    fit: dict[int, str] = {}
    for grant, person in held:
        if not home or goes_to([Office(grant.role, grant.scope_code)], nodes.near, compound.code, home):
            fit.setdefault(grant.person_id, office_line(services.sealer, grant, person))
    return fit
