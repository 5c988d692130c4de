"""Who holds an office where a request is: whose it may be, and who decides at each step of the ladder."""

from collections.abc import Collection, Mapping, Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import ROLE_RIGHTS, Right, load_viewer
from handlers.alerts.words import office_line
from handlers.context import Services
from handlers.requests.commands import Actor, Party
from handlers.texts import say
from storage.queries.people import list_people_in_office
from storage.queries.tree import list_region_levels, list_scopes_of
from storage.sealing import Sealer
from storage.states import Ladder, RegionLevel, Role
from storage.tables import Compound, Matter, Person, RoleGrant

HANDLING = frozenset(role for role, rights in ROLE_RIGHTS.items() if Right.HANDLE in rights)

_DECIDE = (Role.SECRETARY, Role.COMMUNITY_WORKER)
# Where nobody decides on a step, those of another one are told.
_INSTEAD: Mapping[Ladder, tuple[Ladder, ...]] = {
    Ladder.COMPOUND: (Ladder.COMPOUND, Ladder.COMMUNITY, Ladder.SUBDISTRICT),
    Ladder.COMMUNITY: (Ladder.COMMUNITY, Ladder.SUBDISTRICT, Ladder.COMPOUND),
    Ladder.SUBDISTRICT: (Ladder.SUBDISTRICT, Ladder.COMMUNITY, Ladder.COMPOUND),
}
_STEP_OF = {
    RegionLevel.PRECINCT: Ladder.COMMUNITY,
    RegionLevel.COMMUNITY: Ladder.COMMUNITY,
    RegionLevel.SUBDISTRICT: Ladder.SUBDISTRICT,
    RegionLevel.DISTRICT: Ladder.SUBDISTRICT,
}


def scopes_inside(compound: Compound, matter: Matter) -> list[str]:
    """The nodes inside the compound on which a role counts for a matter: its building and its entrance."""
    if matter.building is None:
        return []
    codes = [matter.building]
    if matter.entrance is not None:
        codes.append(f"{matter.building}-{matter.entrance}")
    return [f"{compound.code}/{code}" for code in codes]


async def actor_in(session: AsyncSession, person_id: int, compound: Compound, matter: Matter) -> Actor:
    """A person with the roles they hold where a matter is; one on another building counts for nothing there."""
    scopes = {*await list_scopes_of(session, compound), *scopes_inside(compound, matter)}
    viewer = await load_viewer(session, person_id)
    return Actor(person_id, frozenset(grant.role for grant in viewer.grants if grant.scope_code in scopes))


def may(actor: Actor, *rights: Right) -> bool:
    """Whether one of the roles that somebody holds where a request is gives one of these rights."""
    return any(ROLE_RIGHTS[role].intersection(rights) for role in actor.roles)


async def list_party(session: AsyncSession, compound: Compound, matter: Matter, party: Party) -> list[int]:
    """Those (person_id) whose a request is; when the one who had it holds no office there any more, their role's."""
    scopes = [*await list_scopes_of(session, compound), *scopes_inside(compound, matter)]
    if party.person_id in _people(await list_people_in_office(session, scopes, HANDLING)):
        return [party.person_id]
    return _people(await list_people_in_office(session, scopes, [party.role]))


async def list_dispatchers(session: AsyncSession, compound: Compound, level: Ladder) -> list[int]:
    """Those (person_id) who decide whose a request is, at this step of the ladder."""
    scopes = await list_scopes_of(session, compound)
    levels = await list_region_levels(session, scopes)
    grants = await list_people_in_office(session, scopes, _DECIDE)
    by_step: dict[Ladder, list[int]] = {step: [] for step in Ladder}
    for grant, _person in grants:
        by_step[_step_of(grant, levels)].append(grant.person_id)
    for step in _INSTEAD[level]:
        if by_step[step]:
            return list(dict.fromkeys(by_step[step]))
    return []


def _step_of(grant: RoleGrant, levels: Mapping[str, RegionLevel]) -> Ladder:
    level = levels.get(grant.scope_code)
    if level is not None:
        return _STEP_OF[level]
    # A community worker who was given one compound is the community all the same.
    return Ladder.COMPOUND if grant.role is Role.SECRETARY else Ladder.COMMUNITY


async def find_party(
    session: AsyncSession, services: Services, compound: Compound, matter: Matter, words: str
) -> Sequence[Party]:
    """Who is meant by a role's word or a name: none, one, or several people of one name."""
    if (role := role_named(words)) is not None:
        return [Party(role)]
    scopes = [*await list_scopes_of(session, compound), *scopes_inside(compound, matter)]
    wanted = "".join(words.split())
    found = [
        Party(grant.role, grant.person_id)
        for grant, person in await list_people_in_office(session, scopes, HANDLING)
        if wanted and wanted in spellings(services.sealer, grant, person)
    ]
    by_person = {party.person_id: party for party in reversed(found)}
    return list(by_person.values())


async def list_candidates(
    session: AsyncSession, services: Services, compound: Compound, inside: Collection[str]
) -> dict[Party, str]:
    """Who may be given a request, as colleagues call them: each role, then everybody who holds one there.

    inside: the nodes inside the compound on which a role counts, too.
    """
    scopes = [*await list_scopes_of(session, compound), *inside]
    held = await list_people_in_office(session, scopes, HANDLING)
    names = {Party(role): role_name(role) for role in _ROLE_WORDS}
    for grant, person in held:
        party = Party(grant.role, grant.person_id)
        if party not in names:
            names[party] = f"{role_name(grant.role)} {office_line(services.sealer, grant, person)}"
    return names


def spellings(sealer: Sealer, grant: RoleGrant, person: Person) -> Collection[str]:
    """How colleagues may write somebody in office: by name, by title, by both."""
    name = sealer.open(person.name_sealed, "persons.name").decode() if person.name_sealed else ""
    return {spelling for spelling in (name, grant.title, f"{grant.title}{name}") if spelling}


_ROLE_WORDS = {
    Role.PROPERTY: ("物业", "物业公司", "物管"),
    Role.COMMUNITY_WORKER: ("社区", "居委会", "居委"),
    Role.GRID_WORKER: ("网格", "网格员"),
    Role.SECRETARY: ("书记", "支部"),
}


def role_named(words: str) -> Role | None:
    """The role that a word stands for."""
    word = "".join(words.split())
    return next((role for role, names in _ROLE_WORDS.items() if word in names), None)


def role_in(words: str, not_role: Role | None) -> Role | None:
    """The one role that a reason names beside the speaker's own; None when it names none, or several."""
    named = {role for role, names in _ROLE_WORDS.items() if any(name in words for name in names)} - {not_role}
    return named.pop() if len(named) == 1 else None


def role_name(role: Role) -> str:
    """A role as residents and staff call it."""
    match role:
        case Role.PROPERTY:
            return say("requests.role_property")
        case Role.COMMUNITY_WORKER:
            return say("requests.role_community_worker")
        case Role.GRID_WORKER:
            return say("requests.role_grid_worker")
        case Role.SECRETARY:
            return say("requests.role_secretary")
        case _:
            return say("requests.role_other")


def _people(grants: Sequence[tuple[RoleGrant, Person]]) -> list[int]:
    return list(dict.fromkeys(grant.person_id for grant, _person in grants))
