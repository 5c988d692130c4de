"""Use case: carry out the tellings of a change. Each person is told once of each change, whoever carries it out.

A resident is told by the account they write to; those who handle it by their app, and where none of them can be
reached the staff's own group reads it. Residents' groups read nothing of requests.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.reach.notify import Notice, Reached, notify_group, notify_person
from handlers.requests.commands import Change, Tell, Told, Verb, Whom
from handlers.requests.dispatching import assignment_of
from handlers.requests.notice import facts_for_reporter
from handlers.requests.offices import list_dispatchers, list_party, role_name
from handlers.requests.topics import over_for_staff, replaced_by, topic_of, topic_to_staff, topics_of
from handlers.requests.words import for_reporter, for_staff
from storage.queries.matters import list_reporters
from storage.queries.photos import count_photos_of_matter
from storage.queries.requests import list_voices
from storage.queries.rooms import list_internal_groups
from storage.states import MessageClass
from storage.supersede import supersede
from storage.tables import Compound, Matter

# A resident's own words are for those who handle the request, not for everybody in a group.
_RESIDENTS_WORDS = frozenset({Told.SUPPLEMENTED, Told.UNHAPPY, Told.YOURS, Told.TO_DISPATCH})
_ANSWERED = frozenset({Verb.RATED, Verb.REOPENED})
_BEGINNINGS = frozenset({Told.TO_DISPATCH, Told.YOURS, Told.PASSED_ON})
_REMINDERS = frozenset({Told.NEAR, Told.LATE})


async def tell_all(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    change: Change,
    now: datetime,
    *,
    seq: int,
    actor_id: int | None,
    heard_in: int | None,
) -> None:
    """Queue what a change tells, in the caller's transaction.

    seq: of the change's last entry, which the notices are known by. actor_id: who acted, and reads the answer to that.
    heard_in: the group (group_id) that reads the answer anyway.
    """
    key = f"request:{compound.compound_id}:{matter.number}:{seq}"
    told = {actor_id}
    verbs = {entry.verb for entry in change.entries}
    await supersede(session, over_for_staff(matter.compound_id, matter.number, verbs), now)
    if actor_id is not None and _ANSWERED & verbs:  # who has just answered need not be asked
        await supersede(session, topics_of(matter.compound_id, matter.number, actor_id), now)
    photos = await _photos_of(session, matter, change)
    for tell in change.tells:
        if tell.whom is Whom.REPORTERS:
            await _tell_reporters(
                session, services, compound, matter, change, tell, now, key=key, actor_id=actor_id
            )
            continue
        if tell.whom is Whom.PARTY:
            assert tell.party is not None
            people = await list_party(session, compound, matter, tell.party)
        else:
            people = await list_dispatchers(session, compound, change.facts.level)
        if set(people) <= told and people:  # the one who acts, or who has just been told
            continue
        advised = ""
        if tell.what is Told.TO_DISPATCH:
            advised = role_name((await assignment_of(session, services, compound, matter)).party.role)
        text = for_staff(services, compound, matter, change, tell, advised, in_group=False, photos=photos)
        notice = _to_staff(matter, tell, text, key)
        reached = await _tell_people(session, services, [p for p in people if p not in told], notice, now)
        told.update(people)
        if not reached:
            await _tell_groups(
                session,
                services,
                compound,
                matter,
                change,
                tell,
                advised,
                now,
                key=key,
                heard_in=heard_in,
                photos=photos,
            )


async def _photos_of(session: AsyncSession, matter: Matter, change: Change) -> int:
    """How many photos whoever begins with it should look at; who is told of a step knows them."""
    if not any(tell.what in _BEGINNINGS for tell in change.tells):
        return 0
    return await count_photos_of_matter(session, matter.compound_id, matter.number)


async def _tell_reporters(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    change: Change,
    tell: Tell,
    now: datetime,
    *,
    key: str,
    actor_id: int | None,
) -> None:
    own = await list_voices(session, matter.compound_id, matter.number)
    into = change.entries[-1].details.get("into")
    for person_id in await list_reporters(session, matter.compound_id, matter.number):
        if person_id == actor_id:
            continue
        number = own.get(person_id, matter.number)
        text = for_reporter(services, matter, change, tell, number, into if isinstance(into, int) else None)
        facts = facts_for_reporter(services, compound, matter, change, tell.what, number, now)
        notice = Notice(
            MessageClass.NOTICE,
            text,
            key,
            facts,
            topic=topic_of(matter.compound_id, matter.number, person_id, tell.what),
            replaces=replaced_by(matter.compound_id, matter.number, person_id, tell.what),
        )
        await notify_person(session, services, person_id, notice, now)


async def _tell_people(
    session: AsyncSession, services: Services, person_ids: Iterable[int], notice: Notice, now: datetime
) -> bool:
    outcomes = [await notify_person(session, services, person_id, notice, now) for person_id in person_ids]
    return any(outcome in (Reached.QUEUED, Reached.ALREADY) for outcome in outcomes)


async def _tell_groups(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    change: Change,
    tell: Tell,
    advised: str,
    now: datetime,
    *,
    key: str,
    heard_in: int | None,
    photos: int,
) -> None:
    shown = tell if tell.what not in _RESIDENTS_WORDS else Tell(tell.whom, tell.what, tell.party)
    text = for_staff(services, compound, matter, change, shown, advised, in_group=True, photos=photos)
    for group in await list_internal_groups(session, matter.compound_id):
        if group.group_id != heard_in:
            await notify_group(session, services, group, _to_staff(matter, tell, text, key), now)


def _to_staff(matter: Matter, tell: Tell, text: str, key: str) -> Notice:
    return Notice(
        MessageClass.REMINDER if tell.what in _REMINDERS else MessageClass.NOTICE,
        text,
        f"{key}:{tell.what}",
        topic=topic_to_staff(matter.compound_id, matter.number, tell.what),
    )
