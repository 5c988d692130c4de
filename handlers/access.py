"""The only doors to rows. What a person may not see does not exist for them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.console import (
    count_compounds_outside,
    list_compounds_within,
    list_regions_below,
)
from storage.queries.opinions import list_opinions_by_number, list_opinions_of
from storage.queries.people import list_grants_of
from storage.queries.tree import find_compound, list_region_codes_above
from storage.states import Role
from storage.tables import Compound, Opinion

MOST_COMPOUNDS = 500  # on one page


class NotFound(Exception):  # noqa: N818  an answer, not an error
    """There is no such row for this person."""


class Forbidden(Exception):  # noqa: N818  an answer, not an error
    """The row is there for this person, but not for this purpose."""


class Right(StrEnum):
    """What a role lets a person do in a compound."""

    SEE_WEEK = "see_week"
    SEE_DIGEST = "see_digest"
    SEE_ALERTS = "see_alerts"
    ACKNOWLEDGE_ALERT = "acknowledge_alert"
    SEE_OUTBOX = "see_outbox"
    SEE_REQUESTS = "see_requests"
    DISPATCH = "dispatch"
    HANDLE = "handle"
    NOTE = "note"


_WATCH = frozenset({Right.SEE_ALERTS, Right.ACKNOWLEDGE_ALERT})
_READ = frozenset({Right.SEE_WEEK, Right.SEE_DIGEST})
_SEE = frozenset({Right.SEE_REQUESTS})
_HANDLE = _SEE | {Right.HANDLE, Right.NOTE}
_DISPATCH = _HANDLE | {Right.DISPATCH}

# The property company (物业) acts on alerts and numbers; the digest with residents' own words is the committee's.
ROLE_RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.SECRETARY: _READ | _WATCH | _DISPATCH,
    Role.COMMITTEE: _READ | _SEE | {Right.SEE_ALERTS},
    Role.PROPERTY: _WATCH | _HANDLE | {Right.SEE_WEEK},
    Role.COMMUNITY_WORKER: _READ | _WATCH | _DISPATCH,
    Role.GRID_WORKER: _WATCH | _HANDLE | {Right.SEE_WEEK},
    Role.SUPERVISOR: _READ | _SEE,
    Role.DUTY: _WATCH,
    Role.OPERATOR: frozenset({Right.SEE_OUTBOX}),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role on a node: a region's code, a compound's code, or COMPOUND/PLACE."""

    role: Role
    scope_code: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, with the roles they hold now."""

    person_id: int
    grants: tuple[Grant, ...] = ()


async def load_viewer(session: AsyncSession, person_id: int) -> Viewer:
    """A person with their present roles; none for a resident."""
    grants = await list_grants_of(session, person_id)
    return Viewer(person_id, tuple(Grant(grant.role, grant.scope_code) for grant in grants))


async def access_compound(session: AsyncSession, viewer: Viewer, code: str, right: Right) -> Compound:
    """The compound, for someone whose role there or in a region above has the right.

    Raises NotFound when it is another's, or nobody's; Forbidden when their roles there are for something else.
    """
    compound = await find_compound(session, code)
    rights = await rights_in(session, viewer, compound) if compound is not None else None
    if compound is None or rights is None:
        raise NotFound
    if right not in rights:
        raise Forbidden
    return compound


async def rights_in(session: AsyncSession, viewer: Viewer, compound: Compound) -> frozenset[Right] | None:
    """What the viewer may do in a compound; None for someone who is nobody there."""
    return _rights(viewer, compound, await list_region_codes_above(session, compound.region_code))


async def access_compounds(session: AsyncSession, viewer: Viewer) -> list[tuple[Compound, frozenset[Right]]]:
    """The compounds in which the viewer holds a role, by name, with what they may do there."""
    scopes = {grant.scope_code for grant in viewer.grants}
    below = {scope: await list_regions_below(session, {scope}) for scope in sorted(scopes)}
    codes = {scope.partition("/")[0] for scope in scopes}
    compounds = await list_compounds_within(session, codes, set().union(*below.values()), MOST_COMPOUNDS)
    found = []
    for compound in compounds:
        above = {scope for scope, regions in below.items() if compound.region_code in regions}
        found.append((compound, _rights(viewer, compound, above) or frozenset()))
    return found


async def access_platform(session: AsyncSession, viewer: Viewer, right: Right) -> None:
    """The rows that belong to no compound, for someone with the right in every compound. Raises Forbidden."""
    scopes = {grant.scope_code for grant in viewer.grants if right in ROLE_RIGHTS[grant.role]}
    if not scopes:
        raise Forbidden
    if await count_compounds_outside(session, scopes, await list_regions_below(session, scopes)):
        raise Forbidden


async def access_own_opinion(session: AsyncSession, person_id: int, number: int) -> Opinion:
    """The opinion that this person raised under this number; raises NotFound for anybody else's."""
    found = await list_opinions_by_number(session, person_id, number)
    if not found:
        raise NotFound
    return found[0]


async def access_own_opinions(session: AsyncSession, person_id: int, limit: int) -> list[Opinion]:
    """What this person raised, newest first."""
    return await list_opinions_of(session, person_id, limit)


def _rights(viewer: Viewer, compound: Compound, regions: Collection[str]) -> frozenset[Right] | None:
    """None for someone who is nobody here. A role on a part of the compound opens nothing of the whole."""
    rights: set[Right] = set()
    is_somebody = False
    for grant in viewer.grants:
        if grant.scope_code == compound.code or grant.scope_code in regions:
            is_somebody = True
            rights |= ROLE_RIGHTS[grant.role]
        elif grant.scope_code.startswith(f"{compound.code}/"):
            is_somebody = True
    return frozenset(rights) if is_somebody else None
