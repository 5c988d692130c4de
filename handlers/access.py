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
from storage.queries.matters import find_matter_behind, find_matter_number_within
from storage.queries.opinions import list_opinions_by_number, list_opinions_of
from storage.queries.people import list_grants_of
from storage.queries.tree import (
    find_compound,
    find_region,
    list_places_coded,
    list_region_codes_above,
    list_regions_coded,
)
from storage.queries.votes import find_vote
from storage.states import OpinionState, Role
from storage.tables import Compound, Matter, Opinion, Place, Region, Vote

MOST_COMPOUNDS = 5000  # more than a district has: whoever is left out could not even answer its alerts


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
    MERGE = "merge"  # say what is one matter: confirm, dismiss, merge, split
    SEE_REQUESTS = "see_requests"
    DISPATCH = "dispatch"
    HANDLE = "handle"
    NOTE = "note"
    CORRECT = "correct"  # say what a matter is about, and read what the tagger could not make out
    RUN_VOTES = "run_votes"
    SEE_VOTES = "see_votes"  # drafts, turnout and what is not published yet; never how ballots are marked
    DECIDE = "decide"  # rule on ballots that no rule decides, and see what is marked on them
    SEE_EVIDENCE = "see_evidence"  # the sealed bundle, in which every ballot is open
    KEEP_ROLL = "keep_roll"
    BIND_OWNERS = "bind_owners"  # hand out codes of units, and say with another who is an owner
    ENTER_PAPERS = (
        "enter_papers"  # print ballot papers, take them in, key them in; or the official platform's figures
    )
    RUN_POLLS = "run_polls"  # ask residents something that decides nothing
    CHECK_HAZARDS = "check_hazards"  # go round for hazards
    SET_HAZARDS = "set_hazards"  # have grid workers reminded of the round
    KEEP_POINTS = "keep_points"  # switch residents' points on and off
    SEE_OVERSIGHT = "see_oversight"  # what rises, what campaigns and months came to
    ANSWER_RATES = "answer_rates"  # see the property company's rate card, and write beside it
    RUN_OVERSIGHT = "run_oversight"  # switch warnings off, begin campaigns
    ADD_PLACES = (
        "add_places"  # say where a campaign has something to put right, and that it was; see what it came to
    )
    SEE_CONSULTATIONS = "see_consultations"
    RUN_CONSULTATIONS = "run_consultations"  # the agenda, the meeting and its minutes
    KEEP_COMPOUND = "keep_compound"  # its profile, its card, its tree and who has which grid cell
    SEE_GRID = "see_grid"
    MEDIATE = "mediate"  # record a mediation, and read who was party to it
    RUN_SURVEYS = "run_surveys"  # ask every household, name who goes there, answer what they say against it
    SEE_SURVEYS = "see_surveys"  # how far a survey is, never what a household said
    CANVASS = "canvass"  # go from door to door, for who was named for it
    SEE_TOPICS = "see_topics"  # who does what in which step is for handlers/topics/rules.py


_WATCH = frozenset({Right.SEE_ALERTS, Right.ACKNOWLEDGE_ALERT})
_READ = frozenset(
    {Right.SEE_WEEK, Right.SEE_DIGEST, Right.SEE_OVERSIGHT, Right.SEE_CONSULTATIONS, Right.SEE_TOPICS}
)
_SEE = frozenset({Right.SEE_REQUESTS})
_HANDLE = _SEE | {Right.HANDLE, Right.NOTE}
_DISPATCH = _HANDLE | {Right.DISPATCH}
_RULE = frozenset({Right.SEE_VOTES, Right.DECIDE, Right.ENTER_PAPERS, Right.BIND_OWNERS})
_RUN = _RULE | {
    Right.RUN_VOTES,
    Right.KEEP_ROLL,
    Right.RUN_POLLS,
    Right.KEEP_POINTS,
    Right.SET_HAZARDS,
    Right.RUN_OVERSIGHT,
    Right.ADD_PLACES,
    Right.RUN_CONSULTATIONS,
    Right.RUN_SURVEYS,
    Right.SEE_SURVEYS,
    Right.CANVASS,
}
_KEEP = frozenset({Right.KEEP_COMPOUND, Right.SEE_GRID, Right.MEDIATE})
_SORT = frozenset({Right.MERGE, Right.CORRECT, Right.CHECK_HAZARDS})

# The property company (物业) acts on alerts and numbers; the digest with residents' own words is the committee's.
# It has a contract to lose in owners' votes, and sees of them what everybody sees. Ballots are opened for the
# supervisors (监督), who run no vote.
ROLE_RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.SECRETARY: _READ | _WATCH | _DISPATCH | _RUN | _KEEP | _SORT,
    Role.COMMITTEE: _READ
    | _SEE
    | _RULE
    | {Right.SEE_ALERTS, Right.MERGE, Right.CORRECT, Right.RUN_POLLS, Right.RUN_CONSULTATIONS}
    | {Right.RUN_SURVEYS, Right.SEE_SURVEYS, Right.CANVASS},
    Role.PROPERTY: _WATCH | _HANDLE | {Right.SEE_WEEK, Right.SEE_TOPICS, Right.ANSWER_RATES},
    Role.COMMUNITY_WORKER: _READ | _WATCH | _DISPATCH | _RUN | _KEEP | _SORT,
    Role.GRID_WORKER: _WATCH
    | _HANDLE
    | {Right.SEE_WEEK, Right.SEE_TOPICS, Right.CORRECT, Right.CHECK_HAZARDS, Right.SEE_GRID, Right.MEDIATE}
    | {Right.SEE_SURVEYS, Right.CANVASS, Right.ADD_PLACES},
    Role.SUPERVISOR: _READ | _SEE | {Right.SEE_VOTES, Right.SEE_EVIDENCE, Right.SEE_SURVEYS},
    Role.DUTY: _WATCH,
    Role.OPERATOR: frozenset({Right.SEE_OUTBOX}),
}


# What these rights open has a place. The digest is of a whole compound: its figures, places and quotes come from all
# buildings, and it is kept as it was sent. What could not be sent is nobody's place. What is one matter is judged over
# all buildings. A vote and the roll are the whole compound's.
PLACE_RIGHTS = _DISPATCH | {
    Right.SEE_WEEK,
    Right.SEE_ALERTS,
    Right.ACKNOWLEDGE_ALERT,
    Right.CORRECT,
    Right.CHECK_HAZARDS,
    Right.MEDIATE,
    Right.CANVASS,
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
    # A role that file and staff command both gave is held once.
    held = dict.fromkeys(Grant(grant.role, grant.scope_code) for grant in grants)
    return Viewer(person_id, tuple(held))


@dataclass(frozen=True, slots=True)
class Opened:
    """A compound as far as it is open for one purpose.

    places: those whose rows, and the rows of what lies in them, may be seen; None for all of the compound.
    rights: what the viewer may do in the compound or in a part of it, for this purpose or another.
    """

    compound: Compound
    rights: frozenset[Right]
    places: tuple[Place, ...] | None = None

    @property
    def compound_id(self) -> int:
        """The tenant."""
        assert self.compound.compound_id is not None
        return self.compound.compound_id

    @property
    def codes(self) -> tuple[str, ...] | None:
        """The codes of the places, for queries."""
        return None if self.places is None else tuple(place.code for place in self.places)

    @property
    def part(self) -> str:
        """The part that is open as people call it, empty for the whole: 3栋、5栋."""
        return "、".join(place.name for place in self.places or ())

    @property
    def name(self) -> str:
        """The compound, with the part that is open."""
        return f"{self.compound.name}{self.part}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody may do in a compound: in all of it, and in single places of it."""

    compound: Compound
    whole: frozenset[Right]
    parts: tuple[tuple[Place, frozenset[Right]], ...] = ()

    @property
    def rights(self) -> frozenset[Right]:
        """What they may do in the compound or in a part of it."""
        return self.whole.union(*(rights for _place, rights in self.parts))

    @property
    def part(self) -> str:
        """The only part they have anything to do with, as people call it; empty for the whole."""
        return "" if self.whole else "、".join(place.name for place, rights in self.parts if rights)

    def open(self, *rights: Right) -> Opened:
        """The compound as far as any of the rights opens it; raises Forbidden when none of them does."""
        if self.whole.intersection(rights):
            return Opened(self.compound, self.rights)
        places = tuple(place for place, held in self.parts if held.intersection(rights))
        if not places:
            raise Forbidden
        return Opened(self.compound, self.rights, places)


@dataclass(frozen=True, slots=True)
class OpenedMatter:
    """A matter, with what the viewer may do there: a role on a building counts for what lies in it."""

    opened: Opened
    matter: Matter
    rights: frozenset[Right]


async def access_compound(session: AsyncSession, viewer: Viewer, code: str, *rights: Right) -> Opened:
    """The compound as far as the viewer's roles there, in it or above have any of the rights.

    Raises NotFound when it is another's, or nobody's; Forbidden when their roles there are for something else.
    """
    return (await _standing_in(session, viewer, code)).open(*rights)


@dataclass(frozen=True, slots=True)
class OpenedRegion:
    """A region above compounds, open for one purpose with all that lies in it."""

    region: Region
    rights: frozenset[Right]


async def access_region(session: AsyncSession, viewer: Viewer, code: str, *rights: Right) -> OpenedRegion:
    """The region, where a role on it or above has any of the rights; roles on compounds in it open nothing of it.

    Raises NotFound when it is nobody's or another's, Forbidden when their roles there are for something else.
    """
    region = await find_region(session, code)
    if region is None:
        raise NotFound
    above = await list_region_codes_above(session, code)
    roles = [grant.role for grant in viewer.grants if grant.scope_code in above]
    if not roles:
        raise NotFound
    held = frozenset[Right]().union(*(ROLE_RIGHTS[role] for role in roles))
    if not held.intersection(rights):
        raise Forbidden
    return OpenedRegion(region, held)


async def access_regions(session: AsyncSession, viewer: Viewer, right: Right) -> list[Region]:
    """The regions on which the viewer has a role with this right, the highest first."""
    codes = {grant.scope_code for grant in viewer.grants if right in ROLE_RIGHTS[grant.role]}
    return await list_regions_coded(session, codes)


async def access_matter(
    session: AsyncSession, viewer: Viewer, code: str, number: int, *rights: Right
) -> OpenedMatter:
    """The matter that a number leads to, where the viewer has any of the rights; a merged one is followed.

    Raises what `access_compound` does, and NotFound when it lies elsewhere in the compound.
    """
    standing = await _standing_in(session, viewer, code)
    opened = standing.open(*rights)
    found = await find_matter_number_within(session, opened.compound_id, opened.codes, number)
    matter = await find_matter_behind(session, opened.compound_id, found) if found is not None else None
    if matter is None:
        raise NotFound
    held = set(standing.whole)
    for place, there in standing.parts:
        if there - held and await find_matter_number_within(
            session, opened.compound_id, [place.code], matter.number
        ):
            held |= there
    return OpenedMatter(opened, matter, frozenset(held))


@dataclass(frozen=True, slots=True)
class OpenedVote:
    """A vote of a compound that is open to the viewer."""

    opened: Opened
    vote: Vote


async def access_vote(
    session: AsyncSession, viewer: Viewer, code: str, number: int, *rights: Right
) -> OpenedVote:
    """The vote of this number, where the viewer has any of the rights; raises what `access_compound` does, and
    NotFound when there is none."""
    opened = await access_compound(session, viewer, code, *rights)
    vote = await find_vote(session, opened.compound_id, number)
    if vote is None:
        raise NotFound
    return OpenedVote(opened, vote)


async def access_compounds(session: AsyncSession, viewer: Viewer) -> list[Standing]:
    """The compounds in which the viewer holds a role, by name."""
    scopes = {grant.scope_code for grant in viewer.grants}
    below = {scope: await list_regions_below(session, {scope}) for scope in sorted(scopes)}
    codes = {scope.partition("/")[0] for scope in scopes}
    compounds = await list_compounds_within(session, codes, set().union(*below.values()), MOST_COMPOUNDS)
    found = []
    for compound in compounds:
        above = {scope for scope, regions in below.items() if compound.region_code in regions}
        standing = await _standing(session, viewer, compound, above)
        if standing is not None:
            found.append(standing)
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


@dataclass(frozen=True, slots=True)
class Own:
    """An opinion of somebody's, with what it belongs to; no matter while nobody has put it with one."""

    compound: Compound
    opinion: Opinion
    matter: Matter | None


async def access_own(session: AsyncSession, person_id: int, number: int, code: str = "") -> Own:
    """What this person raised under this number, withdrawn or not; raises NotFound for anybody else's.

    code: of the compound, for somebody who has the number in two of them; the newest without.
    """
    for opinion in await list_opinions_by_number(session, person_id, number):
        compound = await session.get_one(Compound, opinion.compound_id)
        if code in ("", compound.code):
            stands = opinion.state is OpinionState.FILED and opinion.matter_number is not None
            matter = await find_matter_behind(session, opinion.compound_id, number) if stands else None
            return Own(compound, opinion, matter)
    raise NotFound


async def _standing_in(session: AsyncSession, viewer: Viewer, code: str) -> Standing:
    compound = await find_compound(session, code)
    if compound is None:
        raise NotFound
    regions = await list_region_codes_above(session, compound.region_code)
    standing = await _standing(session, viewer, compound, regions)
    if standing is None:
        raise NotFound
    return standing


async def _standing(
    session: AsyncSession, viewer: Viewer, compound: Compound, regions: Collection[str]
) -> Standing | None:
    """None for someone who is nobody here."""
    whole: set[Right] = set()
    inside: dict[str, set[Right]] = {}
    is_somebody = False
    for grant in viewer.grants:
        code, _, place = grant.scope_code.partition("/")
        if grant.scope_code == compound.code or grant.scope_code in regions:
            is_somebody = True
            whole |= ROLE_RIGHTS[grant.role]
        elif place and code == compound.code:
            is_somebody = True
            inside.setdefault(place, set()).update(ROLE_RIGHTS[grant.role] & PLACE_RIGHTS)
    if not is_somebody:
        return None
    places: list[Place] = []
    if inside:
        assert compound.compound_id is not None
        places = await list_places_coded(session, compound.compound_id, inside)
    return Standing(
        compound,
        frozenset(whole),
        tuple((place, frozenset(inside[place.code])) for place in places),
    )
