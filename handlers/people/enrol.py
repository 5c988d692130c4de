"""Use case: bring in a compound with its regions, places and contacts; doing it again changes only what differs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.people.office import get_or_add_person
from handlers.requests.assign import Rule
from handlers.requests.commands import Party
from handlers.requests.dispatching import put_rules
from handlers.visits.sealed import list_visited
from storage.audit import add_audit_event
from storage.queries.people import end_imported_roles, get_or_add_identities, put_role
from storage.queries.phrases import put_phrases
from storage.queries.profiles import put_profile
from storage.queries.tree import (
    delete_places,
    find_compound,
    list_codes_in_use,
    list_flat_codes,
    put_compound,
    put_places,
    put_region,
)
from storage.sealing import Sealer
from storage.states import (
    CompoundKind,
    Convening,
    PhraseKind,
    PlaceLevel,
    RegionLevel,
    Role,
    RoleSource,
    Stewardship,
    Tenure,
)
from storage.tables import Compound

_NAMED = 5  # flats that a refusal names


class FlatsInUse(Exception):  # noqa: N818  an answer, not an error
    """Flats that the entry leaves out and something refers to; the message names them."""


@dataclass(frozen=True, slots=True)
class RegionEntry:
    """A node above the compound."""

    level: RegionLevel
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class PlaceEntry:
    """A node inside the compound; `parent` is a code that came before."""

    level: PlaceLevel
    code: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class ContactEntry:
    """Someone in office. `public`: name and phone are shown to residents.

    member: the WeCom account and userid under which they are reached, None for somebody who is not of a corp.
    """

    role: Role
    title: str
    name: str
    phone: str
    public: bool
    member: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """Who gets what. contact: the name of somebody in the same entry, None for whoever holds the role."""

    category: str
    building: str
    role: Role
    contact: str | None
    auto: bool


@dataclass(frozen=True, slots=True)
class CompoundEntry:
    """A compound as an operator describes it; regions from the highest down. phrases: its own, by what they are."""

    code: str
    name: str
    regions: tuple[RegionEntry, ...]
    places: tuple[PlaceEntry, ...]
    contacts: tuple[ContactEntry, ...]
    tenure: Tenure | None = None
    stewardship: Stewardship | None = None
    built_year: int | None = None
    households: int | None = None
    residents: int | None = None
    kind: CompoundKind | None = None
    convening: Convening | None = None
    property_company: str = ""
    property_since: date | None = None
    rules: tuple[RuleEntry, ...] = ()
    phrases: Mapping[str, PhraseKind] = field(default_factory=dict)


async def enrol_compound(session: AsyncSession, sealer: Sealer, entry: CompoundEntry, now: datetime) -> int:
    """Write the entry; contacts that are no longer in it leave office, rules stay. Returns the compound's id.

    Flats that are no longer in it go, unless it has none at all. Roles that staff accounts gave stay. Raises RuleError
    for a rule that cannot be, FlatsInUse when somebody lives in a flat that would go, or it is needed otherwise.
    """
    parent: str | None = None
    for region in entry.regions:
        await put_region(
            session,
            {"code": region.code, "level": region.level, "name": region.name, "parent_code": parent},
        )
        parent = region.code
    is_new = await find_compound(session, entry.code) is None
    told = {
        "tenure": entry.tenure,
        "stewardship": entry.stewardship,
        "built_year": entry.built_year,
        "households": entry.households,
        "residents": entry.residents,
    }
    # What the file does not say stays as somebody wrote it on the page.
    told = {name: value for name, value in told.items() if value is not None}
    compound = await put_compound(
        session, {"code": entry.code, "name": entry.name, "region_code": parent, **told}
    )
    assert compound.compound_id is not None
    more = {
        "kind": entry.kind,
        "convening": entry.convening,
        "property_company": entry.property_company or None,
        "property_since": entry.property_since,
    }
    more = {name: value for name, value in more.items() if value is not None}
    await put_profile(session, compound.compound_id, {}, more, now)
    await _put_places(session, sealer, compound, entry.places)
    in_office = set()
    by_name: dict[str, int] = {}
    for contact in entry.contacts:
        person_id = await get_or_add_person(session, sealer, contact.name, contact.phone, now)
        if contact.member is not None:
            identities = await get_or_add_identities(session, [contact.member], now)
            identities[contact.member].person_id = person_id
        await put_role(
            session,
            person_id,
            contact.role,
            entry.code,
            contact.title,
            contact.public,
            RoleSource.IMPORT,
            now,
        )
        in_office.add((person_id, contact.role))
        by_name[contact.name] = person_id
    await end_imported_roles(session, entry.code, in_office, now)
    if entry.rules:
        rules = [
            Rule(
                rule.category,
                rule.building,
                Party(rule.role, by_name[rule.contact] if rule.contact else None),
                rule.auto,
            )
            for rule in entry.rules
        ]
        await put_rules(session, compound, rules, now)
    await put_phrases(session, compound.compound_id, entry.phrases)
    add_audit_event(
        session,
        at=now,
        verb="compound.enrolled" if is_new else "compound.changed",
        compound_id=compound.compound_id,
        subject=f"compound:{entry.code}",
        details={"places": len(entry.places), "contacts": len(entry.contacts), "phrases": len(entry.phrases)},
    )
    return compound.compound_id


async def _put_places(
    session: AsyncSession, sealer: Sealer, compound: Compound, places: Collection[PlaceEntry]
) -> None:
    assert compound.compound_id is not None
    await put_places(
        session,
        compound.compound_id,
        [
            {"code": place.code, "level": place.level, "name": place.name, "parent_code": place.parent}
            for place in places
        ],
    )
    flats = {place.code for place in places if place.level is PlaceLevel.UNIT}
    gone = await list_flat_codes(session, compound.compound_id) - flats if flats else set()
    if not gone:
        return
    in_use = await list_codes_in_use(session, compound)
    in_use |= await list_visited(session, sealer, compound.compound_id)
    if used := sorted(gone & in_use):
        more = f" and {len(used) - _NAMED} more" if len(used) > _NAMED else ""
        raise FlatsInUse(f"{', '.join(used[:_NAMED])}{more}")
    await delete_places(session, compound.compound_id, gone)
