"""Use case: a danger is told to those on duty at once, once per episode."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.alerts.rules import Episode, Hit, alarming, building_of, building_of_matter, judge, matter_of
from handlers.alerts.words import alert_facts, alert_text, safety_leaf
from handlers.context import Services
from handlers.reach.notify import Notice, Reached, notify_group, notify_person
from handlers.texts import say
from storage.audit import add_audit_event
from storage.queries.alerts import count_hit, find_latest_episode, lock_alerts, open_episode
from storage.queries.matters import find_open_episode_of
from storage.queries.people import list_people_in_office
from storage.queries.rooms import list_internal_groups
from storage.queries.tree import list_scopes_of
from storage.states import MessageClass, Role
from storage.tables import AlertEpisode, Compound, Opinion

# Who is told, in this order: the next circle only when nobody of the one before can be reached.
CIRCLES = ((Role.DUTY,), (Role.PROPERTY, Role.SECRETARY), (Role.COMMUNITY_WORKER,))
_REACHED = (Reached.QUEUED, Reached.ALREADY)


async def raise_alert(
    session: AsyncSession, services: Services, compound: Compound, opinion: Opinion, now: datetime
) -> AlertEpisode | None:
    """Tell those on duty about a dangerous opinion, or count it when they know; None when it is no danger.

    Part of the caller's transaction. Two replicas that hear of one danger at once raise one alert.
    """
    if not alarming(opinion.urgency, opinion.said_at, now):
        return None
    assert compound.compound_id is not None
    building = opinion.building or building_of(opinion.home_code)
    matter = matter_of(safety_leaf(services, opinion), building)
    last = await lock_alerts(session, compound.compound_id)
    latest = await find_latest_episode(session, compound.compound_id, matter)
    hit = judge(_facts(latest), now)
    if (
        latest is not None
        and hit is not Hit.OPEN
        and await count_hit(session, latest, now, again=hit is Hit.AGAIN)
    ):
        episode = latest
    else:  # also when somebody acknowledged it in this very moment
        hit = Hit.OPEN
        episode = await open_episode(session, compound.compound_id, last + 1, matter, opinion.number, now)
    told, groups = 0, 0
    if hit is not Hit.COUNT:
        told, groups = await _tell(session, services, compound, episode, opinion, now)
        if not told and not groups:
            services.on_unheard(compound.code, episode.number, "raised")
    add_audit_event(
        session,
        at=now,
        verb="alert.counted" if hit is Hit.COUNT else "alert.raised",
        compound_id=compound.compound_id,
        subject=f"alert:{episode.number}",
        details={
            "matter": matter,
            "opinion": opinion.number,
            "hits": episode.hits,
            "told": told,
            "groups": groups,
        },
    )
    return episode


async def count_echo(session: AsyncSession, opinion: Opinion, now: datetime) -> None:
    """Somebody only says that it is the same for them: counted in the open alert of that matter, told to nobody."""
    if not alarming(opinion.urgency, opinion.said_at, now) or opinion.matter_number is None:
        return
    await lock_alerts(session, opinion.compound_id)
    episode = await find_open_episode_of(session, opinion.compound_id, opinion.matter_number)
    if episode is None or not await count_hit(session, episode, now, again=False):
        return
    add_audit_event(
        session,
        at=now,
        verb="alert.counted",
        compound_id=opinion.compound_id,
        subject=f"alert:{episode.number}",
        details={"matter": episode.matter, "opinion": opinion.number, "hits": episode.hits, "told": 0},
    )


def _facts(episode: AlertEpisode | None) -> Episode | None:
    if episode is None:
        return None
    return Episode(episode.alerted_at, episode.acknowledged_at, episode.escalated_at)


async def _tell(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    episode: AlertEpisode,
    opinion: Opinion,
    now: datetime,
) -> tuple[int, int]:
    """Returns how many people and how many groups it reaches."""
    key = alert_key(episode)
    text = alert_text(services, compound, episode, opinion, in_group=False)
    facts = alert_facts(services, compound, episode, opinion, say("reach.state_alert"), opinion.said_at)
    notice = Notice(MessageClass.ALERT, text, key, facts)
    building = building_of_matter(episode.matter)
    told, asked = 0, set[int]()
    for roles in CIRCLES:
        circled = await circle(session, compound, roles, building)
        people = [each for each in circled if each not in asked]
        told = await tell_circle(session, services, people, notice, now)
        if told:
            break
        asked.update(people)
    groups = 0
    for group in await list_internal_groups(session, episode.compound_id):
        text = alert_text(services, compound, episode, opinion, in_group=True)
        reached = await notify_group(session, services, group, Notice(MessageClass.ALERT, text, key), now)
        groups += reached in _REACHED
    return told, groups


def alert_key(episode: AlertEpisode) -> str:
    """What one alert is known by, so that nobody gets it twice: compound, number, and the time of this alert."""
    return f"alert:{episode.compound_id}:{episode.number}:{episode.alerted_at:%y%m%d%H%M%S}"


async def circle(
    session: AsyncSession, compound: Compound, roles: Collection[Role], building: str = ""
) -> list[int]:
    """Those (person_id) who hold one of the roles for a compound, or for this building of it."""
    scopes = await list_scopes_of(session, compound)
    if building:
        scopes.append(f"{compound.code}/{building}")
    in_office = await list_people_in_office(session, scopes, roles)
    return list(dict.fromkeys(grant.person_id for grant, _person in in_office))


async def tell_circle(
    session: AsyncSession, services: Services, person_ids: Sequence[int], notice: Notice, now: datetime
) -> int:
    """Send each of them the notice; returns how many it reaches now: who must write first may write tomorrow."""
    reached = [await notify_person(session, services, person_id, notice, now) for person_id in person_ids]
    return sum(result in _REACHED for result in reached)
