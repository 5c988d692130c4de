"""Use case: a new opinion finds its matter, or founds one.

Part of the transaction that files the opinion. Whoever files holds the compound's counter, so that two replicas which
hear of one thing at once find each other's matter.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.matters.confirm import confirm_matter
from handlers.matters.recount import recount
from handlers.matters.rules import (
    BRIEF,
    LASTING,
    REOPEN_WITHIN,
    WINDOW,
    Counts,
    Known,
    Said,
    Talk,
    Voice,
    choose,
    compatible,
    confirms,
    count,
    count_others,
    top,
    within_reach,
)
from handlers.requests.raise_ import is_over, raise_request, reopen_request
from nlp.similar import is_copy, nearest, plain, terms
from storage.audit import add_audit_event
from storage.queries.matters import (
    Recent,
    Words,
    find_ended_matter,
    find_matter,
    find_matter_number,
    list_people,
    list_recent_matters,
    list_words,
)
from storage.states import MatterState
from storage.tables import Compound, Matter, Opinion

MATTERS = 40  # recent ones that a voice is compared with
WORDS = 60  # latest voices of these
LATEST = 3  # of each matter, for likeness
OWN_COPY = 8  # characters: what one person says twice is said once
COPY = (
    20  # characters: what somebody else repeats word for word, they passed on; 电梯坏了 they say themselves
)
GUESSED = "model"  # the rule of a hit that the second stage made
FOLLOWS_WITHIN = timedelta(days=365)  # of the end of a matter that came back


@dataclass(frozen=True, slots=True)
class Joined:
    """Where an opinion went. others: how many households and other people say the same; reopened: it had been done."""

    matter: Matter
    founded: bool
    others: Counts
    reopened: bool


async def join_matter(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    opinion: Opinion,
    now: datetime,
    *,
    overheard: bool,
    talk: Talk | None = None,
    about: int | None = None,
    late: bool = False,
) -> Joined:
    """Put an opinion with the matter it is about; confirm, count and reopen what follows from it.

    overheard: nobody told it to the bot. talk: what was said in its group before. about: the matter that it answers
    to, when that is known. late: filed long ago, so that it confirms nothing and reopens nothing.
    """
    matter = None
    if about is not None:
        # It may have been merged since it was looked up; now the compound's matters are held.
        found = await find_matter_number(session, opinion.compound_id, about)
        matter = await find_matter(session, opinion.compound_id, found) if found is not None else None
    elif opinion.categories:
        matter = await _find_likely(session, services, opinion, talk or Talk())
    if (
        matter is not None
        and matter.state is MatterState.CONFIRMED
        and not late
        and await is_over(session, matter, now)
    ):
        matter, opinion.repost_of = None, None  # nobody would see to what is said of it
    founded = matter is None
    if matter is None:
        matter = await _found(session, opinion, now)
    opinion.matter_number = matter.number
    _add_facts(matter, opinion)
    await session.flush()
    voices = await recount(session, matter)
    if not founded:
        _audit(session, "matter.joined", matter, opinion, now)
    reopened = False
    if not late:
        reopened = await _settle(
            session, services, compound, matter, opinion, voices, now, overheard=overheard
        )
    own = next(voice for voice in voices if voice.number == opinion.number)
    return Joined(matter, founded, count_others(voices, own.person_id, own.unit), reopened)


async def _settle(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    opinion: Opinion,
    voices: Sequence[Said],
    now: datetime,
    *,
    overheard: bool,
) -> bool:
    """What a new voice does to its matter; returns whether that had been done and is open again."""
    if matter.state is MatterState.CANDIDATE:
        if confirms(overheard=overheard, urgency=opinion.urgency, counts=count(voices)):
            await confirm_matter(
                session, services, compound, matter, now, by_rule=True, speaker_id=opinion.person_id
            )
        return False
    matter.solved_at = None
    key = f"inbox:{opinion.inbox_id}"
    carried = await reopen_request(
        session, services, compound, matter, now, key=key, actor_id=opinion.person_id
    )
    if (
        carried is None and matter.state is MatterState.CONFIRMED
    ):  # nobody stood behind it when it was confirmed
        await raise_request(session, services, compound, matter, now, actor_id=opinion.person_id)
    return carried is not None and carried.refused is None and not carried.again


async def _found(session: AsyncSession, opinion: Opinion, now: datetime) -> Matter:
    leaf = opinion.categories[0]["id"] if opinion.categories else None
    matter = Matter(
        compound_id=opinion.compound_id,
        number=opinion.number,
        leaf=leaf,
        urgency=opinion.urgency,
        building=opinion.building,
        entrance=opinion.entrance,
        opened_at=opinion.said_at,
        heard_at=opinion.said_at,
        state=MatterState.CANDIDATE,
    )
    session.add(matter)
    follows = None
    if leaf is not None:
        since = opinion.said_at - FOLLOWS_WITHIN
        follows = await find_ended_matter(session, opinion.compound_id, leaf, opinion.building, since)
    _audit(session, "matter.founded", matter, opinion, now, follows=follows)
    return matter


def _add_facts(matter: Matter, opinion: Opinion) -> None:
    matter.heard_at = max(matter.heard_at, opinion.said_at)
    matter.urgency = max(matter.urgency, opinion.urgency)
    if matter.building is None and matter.entrance in (None, opinion.entrance):
        matter.building = opinion.building
    if matter.entrance is None and matter.building in (None, opinion.building):
        matter.entrance = opinion.entrance


async def _find_likely(
    session: AsyncSession, services: Services, opinion: Opinion, talk: Talk
) -> Matter | None:
    voice = _voice(opinion)
    tops = {top(leaf) for leaf in voice.leaves}
    recent = await list_recent_matters(
        session,
        opinion.compound_id,
        {*voice.leaves, *(leaf for leaf in services.tagger.lexicon.leaves if top(leaf) in tops)},
        spoken_of=talk.last,
        heard_since=opinion.said_at - WINDOW,
        going_since=opinion.said_at - LASTING,
        ended_since=opinion.said_at - REOPEN_WITHIN,
        limit=MATTERS,
    )
    if not recent:
        return None
    numbers = [matter.number for matter, _ended_at in recent]
    words = await list_words(session, opinion.compound_id, numbers, WORDS)
    people = await list_people(session, opinion.compound_id, numbers)
    known = _meet(recent, opinion, words, people, talk)
    here = {matter.number for matter in known if _may_be_copied(voice, matter)}
    if (copied := _find_copied(opinion, [said for said in words if said.matter_number in here])) is not None:
        opinion.repost_of = copied.repost_of or copied.number
        return await find_matter(session, opinion.compound_id, copied.matter_number)
    chosen = choose(voice, known)
    return await find_matter(session, opinion.compound_id, chosen) if chosen is not None else None


def _voice(opinion: Opinion) -> Voice:
    return Voice(
        tuple(category["id"] for category in opinion.categories),
        opinion.building,
        opinion.entrance,
        opinion.person_id,
        opinion.said_at,
        opinion.urgency,
        opinion.categories[0]["score"],
        len(plain(opinion.text or "")) < BRIEF,
        any(hit["leaf"] and hit["rule"] != GUESSED for hit in opinion.hits),
    )


def _meet(
    recent: Sequence[Recent],
    opinion: Opinion,
    words: Sequence[Words],
    people: Mapping[int, AbstractSet[int]],
    talk: Talk,
) -> list[Known]:
    likeness = _weigh(opinion, words)
    voices: dict[int, list[Words]] = {}
    for said in words:
        voices.setdefault(said.matter_number, []).append(said)
    return [
        Known(
            number=matter.number,
            leaf=matter.leaf,
            building=matter.building,
            entrance=matter.entrance,
            heard_at=matter.heard_at,
            ended_at=ended_at,
            back=talk.back(matter.number),
            people=frozenset(people.get(matter.number, ())),
            likeness=likeness.get(matter.number, 0.0),
            leaves=frozenset(leaf for said in voices.get(matter.number, ()) for leaf in said.leaves),
            last_person_id=next((said.person_id for said in voices.get(matter.number, ())), None),
            is_subject=matter.number == talk.last,
            urgency=matter.urgency,
            confirmed=matter.state is MatterState.CONFIRMED,
        )
        for matter, ended_at in recent
    ]


def _may_be_copied(voice: Voice, matter: Known) -> bool:
    is_there = compatible(voice.building, voice.entrance, matter.building, matter.entrance)
    return is_there and within_reach(matter, voice.said_at)


def _find_copied(opinion: Opinion, words: Sequence[Words]) -> Words | None:
    own = plain(opinion.text or "")
    for said in words:
        least = OWN_COPY if said.person_id == opinion.person_id else COPY
        if len(own) >= least and is_copy(own, plain(said.text)):
            return said
    return None


def _weigh(opinion: Opinion, words: Sequence[Words]) -> dict[int, float]:
    """How much the words of an opinion agree with the latest ones of each matter; nothing of a matter without words."""
    latest: dict[int, list[str]] = {}
    for said in words:
        if len(texts := latest.setdefault(said.matter_number, [])) < LATEST:
            texts.append(said.text)
    flat = [(number, text) for number, texts in latest.items() for text in texts]
    agreeing = nearest(terms(opinion.text or ""), [terms(text) for _number, text in flat])
    best: dict[int, float] = {}
    for (number, _text), likeness in zip(flat, agreeing, strict=True):
        best[number] = max(best.get(number, 0.0), likeness)
    return best


def _audit(
    session: AsyncSession,
    verb: str,
    matter: Matter,
    opinion: Opinion,
    now: datetime,
    *,
    follows: int | None = None,
) -> None:
    details = {"opinion": opinion.number}
    if follows is not None:
        details["follows"] = follows
    add_audit_event(
        session,
        at=now,
        verb=verb,
        compound_id=matter.compound_id,
        actor_id=opinion.person_id,
        subject=f"matter:{matter.number}",
        details=details,
    )
