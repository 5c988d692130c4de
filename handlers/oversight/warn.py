"""Use case: when a week has its digest, count who spoke of what, and tell when one kind of thing is on the rise.

Called by the clock of every replica. The row that holds a week's count is what replicas race for; the warning and its
words are in the same transaction. A week whose digest is older than three days is counted without a word.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from statistics import median_low
from typing import Any, TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import MOST_COMPOUNDS
from handlers.apart import each_apart, some_apart
from handlers.context import Services
from handlers.digests.rules import monday_of
from handlers.local_time import LOCAL
from handlers.oversight.rising import PAST, WINDOWS, Episode, Rise, Week, observe
from handlers.oversight.words import tell_rises
from handlers.reach.notify import notify_all
from nlp.lexicon import Lexicon, top_of
from storage.audit import add_audit_event
from storage.claims import try_claim
from storage.database import Database
from storage.queries import oversight as queries
from storage.queries.console import list_compounds_below
from storage.queries.cycles import list_readers, load_digests
from storage.queries.oversight import Digested, Span, Voice
from storage.states import Role
from storage.tables import CommunityWarning, Compound, EarlyWarning, WeekTally

READERS = (Role.SECRETARY, Role.COMMUNITY_WORKER)
TOLD_WITHIN = timedelta(days=3)
COMMUNITY_JOB = "community_warnings"
COMMUNITY_AT = timedelta(hours=8)  # on Monday, of the week before: whoever closes on Sunday has closed
COMMUNITIES = 100  # in one tick: alerts wait for its end
EXAMPLES = 3
BATCH = 20  # compounds in one transaction: callbacks must not wait long behind it
_LIMIT = 200
_LOOK_BACK = PAST + max(WINDOWS)  # weeks
_WEEK = timedelta(days=7)


async def advance_warnings(database: Database, services: Services, now: datetime) -> int:
    """Count the weeks that are over and were not counted; returns how many."""
    since = (monday_of(now) - 8 * _WEEK).isoformat()
    async with database.read() as session:
        weeks = await queries.list_untallied(session, since, _LIMIT)
        monday, communities = last_community_week(now), list[str]()
        if monday is not None:
            communities = await queries.list_unwatched(session, COMMUNITY_JOB, monday, COMMUNITIES)
    done = 0
    # What is still to be counted belongs to the community's week; after a day it holds up nobody any more.
    if monday is not None and (not weeks or now.astimezone(LOCAL).weekday() > 0):
        done += await each_apart(
            database, communities, lambda session, code: watch_community(session, services, code, monday, now)
        )
    return done + await some_apart(
        database, _batches(weeks), lambda session, batch: watch_weeks(session, services, batch, now)
    )


def _batches(weeks: Sequence[Digested]) -> Iterator[Sequence[Digested]]:
    """Of one week each, so that a compound comes up once in a batch."""
    for _week, group in groupby(weeks, key=lambda each: each.week):
        found = list(group)
        for start in range(0, len(found), BATCH):
            yield found[start : start + BATCH]


def last_community_week(now: datetime) -> str | None:
    """The week that communities look back at: the one before, from Monday 8:00 to Wednesday."""
    monday = monday_of(now)
    begins = datetime.combine(monday, datetime.min.time(), LOCAL) + COMMUNITY_AT
    return (monday - _WEEK).isoformat() if begins <= now < begins + TOLD_WITHIN else None


async def watch_weeks(
    session: AsyncSession, services: Services, batch: Sequence[Digested], now: datetime
) -> int:
    """Count one week of these compounds, note what rose and what is over, and tell secretary and community.

    Returns how many were counted. What they need is asked of the database once for all of them.
    """
    week = batch[0].week
    digests = await load_digests(session, [(each.compound_id, week) for each in batch])
    mine = await queries.add_tallies(session, [compound_id for compound_id, _week in digests], week, now)
    if not mine:
        return 0
    lexicon = services.tagger.lexicon
    spans = {compound_id: _span(digests[compound_id, week]) for compound_id in mine}
    voices = await queries.list_said_in(session, spans)
    people = {compound_id: count_people(voices.get(compound_id, ()), lexicon) for compound_id in mine}
    await queries.put_tallies(session, week, people)
    first = (date.fromisoformat(week) - _LOOK_BACK * _WEEK).isoformat()
    tallies = _by_compound(await queries.list_tallies(session, mine, first, week))
    settings = await queries.list_oversight(session, mine)
    known = _by_compound(await queries.list_warnings_of(session, mine))
    for each in batch:
        if each.compound_id not in people:
            continue
        span, counted = spans[each.compound_id], tallies[each.compound_id]
        if len(counted) == 1:
            earlier = await _count_earlier(session, services, each.compound_id, week, span.since, now)
            counted = [*earlier, *counted]
        if settings[each.compound_id].warnings:
            warnings = known.get(each.compound_id, [])
            rises, ended = observe(
                [Week(tally.week, tally.people) for tally in counted], _episodes(warnings), lexicon.tops
            )
            _end(session, warnings, ended, week)
            if rises:
                await _raise(session, services, each, span.until, rises, now)
    return len(people)


def _span(digest: dict[str, Any]) -> Span:
    """A week: after weeks that were passed over a digest reaches further back, and is no rise for that."""
    since, until = (datetime.fromisoformat(digest[side]) for side in ("from", "to"))
    return Span(max(since, until - _WEEK), until)


async def _raise(
    session: AsyncSession,
    services: Services,
    digested: Digested,
    until: datetime,
    rises: Sequence[Rise],
    now: datetime,
) -> None:
    compound_id, week = digested.compound_id, digested.week
    compound = await session.get_one(Compound, compound_id)
    examples = {}
    for rise in rises:
        matters = await queries.list_matters_of(
            session, compound_id, rise.category, until - rise.weeks * _WEEK, until, EXAMPLES
        )
        examples[rise.category] = matters
        session.add(
            EarlyWarning(
                compound_id=compound_id,
                matters=[matter.number for matter in matters],
                **_values(rise, week, now),
            )
        )
        add_audit_event(
            session, at=now, verb="warning.raised", compound_id=compound_id,
            subject=f"warning:{rise.category}:{week}", details={"people": rise.count, "weeks": rise.weeks},
        )  # fmt: skip
    if now - digested.at < TOLD_WITHIN:
        notice = tell_rises(services, compound.name, compound.code, week, rises, examples, now)
        readers = await list_readers(session, [compound_id], READERS)
        await notify_all(session, services, [(person_id, notice) for _compound, person_id in readers], now)


async def watch_community(
    session: AsyncSession, services: Services, region_code: str, week: str, now: datetime
) -> int:
    """The same for all compounds of a community together, where there are several; once a week."""
    if not await try_claim(session, COMMUNITY_JOB, f"{region_code}:{week}", "clock", now):
        return 0
    compounds = await list_compounds_below(session, region_code, MOST_COMPOUNDS)
    ids = {compound.compound_id: compound for compound in compounds if compound.compound_id}
    settings = await queries.list_oversight(session, ids)
    watched = [compound_id for compound_id in ids if settings[compound_id].warnings]
    if len(watched) < 2:
        return 0
    first = (date.fromisoformat(week) - _LOOK_BACK * _WEEK).isoformat()
    tallies = _counted_as_long(await queries.list_tallies(session, watched, first, week))
    weeks = _together(tallies)
    if not weeks or weeks[-1].week != week or len({tally.compound_id for tally in tallies}) < 2:
        return 0
    known = await queries.list_community_warnings(session, [region_code], _LIMIT)
    rises, ended = observe(weeks, _episodes(known), services.tagger.lexicon.tops)
    _end(session, known, ended, week)
    named = {}
    for rise in rises:
        newest = [tally for tally in tallies if tally.week == week and tally.people.get(rise.category)]
        newest.sort(key=lambda tally: (-tally.people[rise.category], tally.compound_id))
        named[rise.category] = [ids[tally.compound_id] for tally in newest[:EXAMPLES]]
        session.add(
            CommunityWarning(
                region_code=region_code,
                compounds=[compound.code for compound in named[rise.category]],
                **_values(rise, week, now),
            )
        )
    if rises:
        region = await queries.get_region(session, region_code)
        notice = tell_rises(services, region.name, region_code, week, rises, {}, now, named)
        holders = await queries.list_holders(session, region_code, READERS)
        await notify_all(session, services, [(person_id, notice) for person_id in holders], now)
    return 1


def count_people(voices: Sequence[Voice], lexicon: Lexicon) -> dict[str, int]:
    """By top category: the households, and people without one, who spoke of it. Unknown categories are left out."""
    who: dict[str, set[object]] = {}
    for voice in voices:
        top = top_of(voice.leaf)
        speaker = voice.unit or voice.person_id
        if top in lexicon.tops and speaker is not None:
            who.setdefault(top, set()).add(speaker)
    return {top: len(people) for top, people in sorted(who.items())}


async def _count_earlier(
    session: AsyncSession, services: Services, compound_id: int, week: str, until: datetime, now: datetime
) -> list[WeekTally]:
    """What was said before anybody counted, in weeks of seven days back from the first that is counted."""
    span = Span(until - _LOOK_BACK * _WEEK, until)
    voices = (await queries.list_said_in(session, {compound_id: span})).get(compound_id, [])
    if not voices:
        return []
    by_weeks: dict[int, list[Voice]] = {}
    for voice in voices:
        by_weeks.setdefault((until - voice.filed_at) // _WEEK + 1, []).append(voice)
    for back in range(1, max(by_weeks) + 1):  # before the first word nobody listened
        monday = (date.fromisoformat(week) - back * _WEEK).isoformat()
        people = count_people(by_weeks.get(back, []), services.tagger.lexicon)
        await queries.add_tally(session, compound_id, monday, people, now)
    first = (date.fromisoformat(week) - _LOOK_BACK * _WEEK).isoformat()
    before = (date.fromisoformat(week) - _WEEK).isoformat()
    return await queries.list_tallies(session, [compound_id], first, before)


def _counted_as_long(tallies: Sequence[WeekTally]) -> list[WeekTally]:
    """Of those compounds that were counted in the newest week and for as long as most of them: with one that has just
    come the others would have no past."""
    if not tallies:
        return []
    there = {tally.compound_id for tally in tallies if tally.week == tallies[-1].week}
    first: dict[int, str] = {}
    for tally in tallies:
        if tally.compound_id in there:
            first.setdefault(tally.compound_id, tally.week)
    begun = median_low(first.values())
    return [tally for tally in tallies if first.get(tally.compound_id, "~") <= begun]


def _together(tallies: Sequence[WeekTally]) -> list[Week]:
    """Weeks of a community, of these compounds together."""
    there = {tally.compound_id for tally in tallies}
    weeks: dict[str, list[WeekTally]] = {}
    for tally in tallies:
        weeks.setdefault(tally.week, []).append(tally)
    summed = []
    for week, found in sorted(weeks.items()):
        if len(found) < len(there):  # a week that lacks a compound would be too low
            continue
        people: dict[str, int] = {}
        for tally in found:
            for category, count in tally.people.items():
                people[category] = people.get(category, 0) + count
        summed.append(Week(week, people))
    return summed


_Kept = TypeVar("_Kept", WeekTally, EarlyWarning)


def _by_compound(rows: Sequence[_Kept]) -> dict[int, list[_Kept]]:
    found: dict[int, list[_Kept]] = {}
    for row in rows:
        found.setdefault(row.compound_id, []).append(row)
    return found


def _episodes(known: Sequence[EarlyWarning] | Sequence[CommunityWarning]) -> list[Episode]:
    return [Episode(each.category, each.week, each.still_usual, each.ended_week) for each in known]


def _end(
    session: AsyncSession,
    known: Sequence[EarlyWarning] | Sequence[CommunityWarning],
    ended: Sequence[Episode],
    week: str,
) -> None:
    over = {(episode.category, episode.opened) for episode in ended}
    for warning in known:
        if (warning.category, warning.week) in over:
            warning.ended_week = week
            session.add(warning)


def _values(rise: Rise, week: str, now: datetime) -> dict[str, Any]:
    return {
        "category": rise.category,
        "week": week,
        "weeks": rise.weeks,
        "people": rise.count,
        "usual_tenths": round(rise.usual * 10),
        "still_usual": rise.limit,
        "raised_at": now,
    }
