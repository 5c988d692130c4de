"""The two who alone see which units of a vote have not voted: named before its notice, and nobody else afterwards.

Who has voted is a secret of each owner's. Two know it, so that somebody can go from door to door, and so that neither
looks unseen: each look is in the audit log.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import ROLE_RIGHTS, Forbidden, Opened, Right, Viewer, access_vote
from handlers.alerts.words import office_line
from handlers.context import Services
from handlers.voting.life import audit, hold_vote
from storage.queries.people import list_people_in_office
from storage.queries.tree import list_scopes_of
from storage.queries.vote_reach import list_officers, put_officers
from storage.states import VoteState
from storage.tables import Compound, Person, RoleGrant, Vote

OFFICERS = 2
_UNFROZEN = frozenset({VoteState.DRAFT, VoteState.LINTED})
_ROLES = tuple(role for role, rights in ROLE_RIGHTS.items() if Right.SEE_VOTES in rights)


class Code(StrEnum):
    """Why nobody was named; stable, for pages and scripts."""

    TOO_LATE = "officers.too_late"
    NOT_TWO = "officers.not_two"
    NOT_STAFF = "officers.not_staff"


class NotNamed(Exception):  # noqa: N818  an answer, not an error
    """Nobody was named. `code` is stable."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class OpenedCanvass:
    """A vote that is open to one of its officers."""

    opened: Opened
    vote: Vote


async def name_officers(
    session: AsyncSession,
    compound: Compound,
    number: int,
    person_ids: Collection[int],
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Name two different people, in the place of those named before; raises NotNamed, or NoVote.

    After the notice it is too late: owners were told that two know, and who joins them later would learn in secret.
    """
    vote = await hold_vote(session, compound, number)
    if vote.state not in _UNFROZEN:
        raise NotNamed(Code.TOO_LATE)
    named = sorted(set(person_ids))
    if len(named) != OFFICERS or len(person_ids) != OFFICERS:
        raise NotNamed(Code.NOT_TWO)
    fit = {grant.person_id for grant, _person in await _in_office(session, compound)}
    if not fit.issuperset(named):
        raise NotNamed(Code.NOT_STAFF)
    if named == await list_officers(session, vote.compound_id, number):
        return
    await put_officers(session, vote.compound_id, number, named, actor_id, now)
    audit(session, vote, "vote.officers_named", now, actor_id, {"officers": named})


async def list_fit(session: AsyncSession, services: Services, compound: Compound) -> dict[int, str]:
    """Who may be named, as colleagues call them, by person: those who may see votes in all of the compound."""
    found: dict[int, str] = {}
    for grant, person in await _in_office(session, compound):
        found.setdefault(grant.person_id, office_line(services.sealer, grant, person))
    return found


async def access_canvass(session: AsyncSession, viewer: Viewer, code: str, number: int) -> OpenedCanvass:
    """A vote, for one of its two officers while they hold an office; raises what `access_vote` does, and Forbidden
    for everybody else."""
    found = await access_vote(session, viewer, code, number, Right.SEE_VOTES)
    if viewer.person_id not in await list_officers(session, found.opened.compound_id, number):
        raise Forbidden
    return OpenedCanvass(found.opened, found.vote)


async def _in_office(session: AsyncSession, compound: Compound) -> list[tuple[RoleGrant, Person]]:
    return await list_people_in_office(session, await list_scopes_of(session, compound), _ROLES)
