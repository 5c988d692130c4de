"""Who is told what of a consultation; each notice once, whoever asks for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.consultations import words
from handlers.consultations.rules import DAY
from handlers.context import Services
from handlers.digests.rules import off_the_hour, spread_of
from handlers.reach.fields import Facts, NoticeKind
from handlers.reach.notify import Notice, notify_group, notify_person
from handlers.texts import say
from storage.queries.consultations import list_residents_after, list_seats
from storage.queries.cycles import list_readers
from storage.queries.vote_reach import list_groups_written_to
from storage.states import MessageClass, Role
from storage.supersede import supersede
from storage.tables import Compound, Consultation, ConsultationItem

HOSTS = (Role.SECRETARY, Role.COMMITTEE)
ABOVE = (Role.COMMUNITY_WORKER,)
RESIDENTS_AT_ONCE = 50  # in one transaction: callbacks must not wait long behind it


async def tell_staff(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    row: Consultation,
    what: str,
    text: str,
    now: datetime,
    roles: Sequence[Role] = HOSTS,
) -> None:
    """Write to those who hold the meeting. what: names the notice within the month, after what is in front of ":"."""
    link = words.desk_of(services.public_url, compound.code, row.month)
    state = _state_for_staff(what.partition(":")[0])
    notice = Notice(
        MessageClass.REMINDER,
        f"{text}{link}",
        _key(compound, row, what),
        facts=replace(
            _facts(services, compound, row, state), todo=say("consultations.todo_desk"), link=link.strip()
        ),
        not_before=off_the_hour(now + spread_of(compound.code)),
        expires_at=now + 3 * DAY,
    )
    for _compound_id, person_id in await list_readers(session, [row.compound_id], roles):
        await notify_person(session, services, person_id, notice, now)


async def tell_groups(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    row: Consultation,
    what: str,
    text: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Write to the compound's groups."""
    notice = Notice(
        MessageClass.PROMPT,
        text,
        _key(compound, row, what),
        not_before=off_the_hour(now + spread_of(compound.code)),
        expires_at=expires_at,
        topic=_topic(row),
    )
    for group in await list_groups_written_to(session, row.compound_id):
        await notify_group(session, services, group, notice, now)


async def tell_residents(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    row: Consultation,
    items: Sequence[ConsultationItem],
    now: datetime,
) -> None:
    """Invite some more of those who live there 1:1, and note how far that is."""
    notice = _invitation(services, compound, row, items, now)
    after = row.told_after or 0
    people = await list_residents_after(session, row.compound_id, after, RESIDENTS_AT_ONCE)
    for person_id in people:
        await notify_person(session, services, person_id, notice, now)
    row.told_after = people[-1] if len(people) == RESIDENTS_AT_ONCE else None


async def tell_coming(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    row: Consultation,
    items: Sequence[ConsultationItem],
    now: datetime,
) -> None:
    """Tell everybody who signed up of another time or place, owners who live elsewhere too; residents hear it once."""
    notice = _invitation(services, compound, row, items, now)
    for seat in await list_seats(session, row.compound_id, row.month):
        await notify_person(session, services, seat.person_id, notice, now)


def _invitation(
    services: Services,
    compound: Compound,
    row: Consultation,
    items: Sequence[ConsultationItem],
    now: datetime,
) -> Notice:
    return Notice(
        MessageClass.PROMPT,
        words.invitation(compound, row, items, services.public_url),
        _key(compound, row, f"invited:{row.moved}"),
        facts=_facts(
            services,
            compound,
            row,
            say("consultations.state_moved" if row.moved else "consultations.state_new"),
        ),
        not_before=off_the_hour(now + spread_of(compound.code)),
        expires_at=row.meets_at,
        topic=_topic(row),
    )


async def take_back(session: AsyncSession, row: Consultation, now: datetime) -> None:
    """Whatever still waits to invite people is not true any more."""
    await supersede(session, [_topic(row)], now)


async def tell_person(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    row: Consultation,
    person_id: int,
    what: str,
    text: str,
    now: datetime,
    state: str,
) -> None:
    """Write to one resident about what they proposed, or about a meeting they wanted to come to."""
    notice = Notice(
        MessageClass.NOTICE,
        text,
        _key(compound, row, what),
        facts=_facts(services, compound, row, state),
        expires_at=now + 14 * DAY,
    )
    await notify_person(session, services, person_id, notice, now)


def _facts(services: Services, compound: Compound, row: Consultation, state: str) -> Facts:
    return Facts(
        NoticeKind.MEETING,
        what=say("consultations.what"),
        state=state,
        at=row.meets_at,
        compound=compound.name,
        place=row.place,
        todo=say("consultations.todo"),
        link=words.page_of(services.public_url, compound.code, row.month),
    )


def _state_for_staff(what: str) -> str:
    """What a template says of where a month is."""
    match what:
        case "proposed":
            return say("consultations.state_proposed")
        case "unsettled":
            return say("consultations.state_unsettled")
        case "closed":
            return say("consultations.state_closed")
        case "ask":
            return say("consultations.state_ask")
        case "late":
            return say("consultations.state_late")
        case _:
            return say("consultations.state_check")


def _topic(row: Consultation) -> str:
    return f"consultation:{row.compound_id}:{row.month}"


def _key(compound: Compound, row: Consultation, what: str) -> str:
    return f"consultation:{compound.code}:{row.month}:{what}"
