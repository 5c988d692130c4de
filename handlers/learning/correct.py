"""Use case: a member of staff says what an opinion is about."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound, Opened
from handlers.alerts.raise_ import raise_alert
from handlers.context import Services
from handlers.learning.rules import Sorting, sorted_urgency
from handlers.local_time import LOCAL
from handlers.matters.confirm import confirm_matter, dismiss_matter
from handlers.matters.recount import load_voices
from handlers.opinions.rules import SAFETY
from handlers.reach.notify import Notice, notify_person
from handlers.requests.carry_out import carry_out
from handlers.requests.commands import Command, Dispatch, Sort
from handlers.requests.dispatching import assignment_of
from handlers.requests.notice import facts_about
from handlers.texts import say
from nlp.lexicon import top_of
from storage.audit import add_audit_event
from storage.queries.corrections import BY_STAFF, find_last_correction, find_opinion_to_sort, was_told
from storage.queries.matters import find_highest_urgency, find_matter, lock_matters
from storage.queries.requests import lock_request
from storage.states import MatterState, MessageClass, OpinionState, RequestState
from storage.tables import Compound, Correction, Matter, Opinion


@dataclass(frozen=True, slots=True)
class Corrected:
    """What came of it. changed: false when it was sorted so already; told: its author gets a word about it."""

    opinion: Opinion
    changed: bool
    recategorised: bool = False
    told: bool = False


async def correct_opinion(
    session: AsyncSession,
    services: Services,
    opened: Opened,
    number: int,
    sorting: Sorting,
    by: int,
    now: datetime,
) -> Corrected:
    """Sort an opinion anew in the caller's transaction; doing it twice changes nothing.

    opened: the compound as far as Right.CORRECT opens it; sorting: ids must be of the lexicon in use; by: person_id.
    Its author is told when the category changed after they had a receipt, those on duty when it is now a danger.
    The matter that it founded follows, with a request that nobody was given yet; whoever was given one is told. A
    matter is as urgent as its most urgent voice. Raises NotFound.
    """
    await lock_matters(session, opened.compound_id)  # before any opinion: everybody locks in one order
    opinion = await find_opinion_to_sort(session, opened.compound_id, opened.codes, number)
    if opinion is None:
        raise NotFound
    last = await find_last_correction(session, opened.compound_id, number)
    before, urgency_before = [category["id"] for category in opinion.categories], opinion.urgency
    after = _after(services, opinion, sorting)
    urgency = sorted_urgency(sorting, urgency_before, _usual_urgency(services, after), matter=bool(after))
    said = [sorting.category] if sorting.category else after  # what they said is what is learned from
    if last is not None and (last.after, last.urgency_after) == (said, urgency):
        return Corrected(opinion, changed=False)
    seq = last.seq + 1 if last is not None else 1
    session.add(
        Correction(
            compound_id=opened.compound_id,
            opinion_number=number,
            seq=seq,
            before=before,
            after=said,
            urgency_before=urgency_before,
            urgency_after=urgency,
            version=opinion.lexicon_version,
            corrected_at=now,
            corrected_by=by,
        )
    )
    if after != before:
        opinion.categories = [{"id": leaf, "score": 1.0} for leaf in after]
        opinion.hits = [hit for hit in opinion.hits if not hit["leaf"]]
    opinion.urgency = urgency
    opinion.lexicon_version = BY_STAFF
    add_audit_event(
        session,
        at=now,
        verb="opinion.corrected",
        compound_id=opened.compound_id,
        actor_id=by,
        subject=f"opinion:{number}",
        details={"before": before, "after": said, "urgency": [urgency_before, urgency]},
    )
    recategorised = before[:1] != after[:1]
    matter = await _find_matter(session, opinion)
    cancelled = False
    if matter is not None:
        highest = await find_highest_urgency(session, opened.compound_id, matter.number)
        matter.urgency = highest or urgency
        if matter.number != number:  # what later voices are about, the first one says
            matter = None
    if matter is not None and sorting.category == "":
        cancelled = await _dismiss_alone(session, services, opened.compound, matter, by, now)
    elif matter is not None and after:
        taken_back = last is not None and not last.after  # it had been taken for none
        leaf_before, matter.leaf = matter.leaf, after[0]
        await _follow(session, services, opened.compound, matter, by, now, taken_back=taken_back)
        if leaf_before != matter.leaf:
            await _sort_request(session, services, opened.compound, matter, leaf_before, seq, by, now)
    # Whoever stands behind a request that was cancelled has a word about it already.
    told = cancelled or (
        recategorised and await _tell_author(session, services, opened.compound, opinion, seq, by, now)
    )
    if urgency >= SAFETY > urgency_before:
        await raise_alert(session, services, opened.compound, opinion, now)
    return Corrected(opinion, changed=True, recategorised=recategorised, told=told)


async def _find_matter(session: AsyncSession, opinion: Opinion) -> Matter | None:
    """The matter in which an opinion stands."""
    if opinion.state is not OpinionState.FILED or opinion.matter_number is None:
        return None
    await session.flush()
    return await find_matter(session, opinion.compound_id, opinion.matter_number)


async def _follow(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    by: int,
    now: datetime,
    *,
    taken_back: bool,
) -> None:
    """What a new category does to a matter. taken_back: it had been dismissed with the opinion."""
    if taken_back and matter.state is MatterState.DISMISSED:
        if matter.confirmed_at is None:
            matter.state = MatterState.CANDIDATE
        else:  # its request begins anew, and finds its rule by itself
            await confirm_matter(session, services, compound, matter, now, actor_id=by)
    await session.flush()


async def _dismiss_alone(
    session: AsyncSession, services: Services, compound: Compound, matter: Matter, by: int, now: datetime
) -> bool:
    """When no other voice stands behind a matter it is dismissed; returns whether its request was cancelled."""
    if any(said.number != matter.number and said.standing for said in await load_voices(session, matter)):
        return False
    if not await dismiss_matter(session, services, compound, matter, now, actor_id=by):
        return False
    request = await lock_request(session, matter.compound_id, matter.number)
    return request is not None and request.state is RequestState.CANCELLED


async def _sort_request(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    before: str | None,
    seq: int,
    by: int,
    now: datetime,
) -> None:
    """Its category is another: one that waits may have a rule now; of one that somebody has they are told."""
    request = await lock_request(session, matter.compound_id, matter.number)
    if request is None or matter.leaf is None:
        return
    assigned = await assignment_of(session, services, compound, matter)
    command: Command = Sort(before, matter.leaf)
    if request.state is RequestState.RAISED and assigned.auto:
        command = Dispatch(assigned.party, by_rule=True)
    actor_id = None if isinstance(command, Dispatch) else by
    key = f"corrected:{matter.number}:{seq}"
    await carry_out(session, services, compound, matter, command, now, key=key, actor_id=actor_id)


def _after(services: Services, opinion: Opinion, sorting: Sorting) -> list[str]:
    """The leaves that the opinion has from now on."""
    before: list[str] = [category["id"] for category in opinion.categories]
    category = sorting.category
    if category is None:
        return before
    if not category:
        return []
    tagger = services.tagger.of(opinion.compound_id)
    if category not in tagger.reader.lexicon.tops:
        return [category]
    # They said which top category it is; the words, or what it was taken for, say the rest.
    held = [leaf for leaf in before if top_of(leaf) == category]
    return held[:1] or [tagger.reader.leaf_of(opinion.text or "", category, tagger.phrases)]


def _usual_urgency(services: Services, leaves: list[str]) -> int:
    known = services.tagger.lexicon.leaves
    return known[leaves[0]].urgency if leaves and leaves[0] in known else 1


async def _tell_author(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    opinion: Opinion,
    seq: int,
    by: int,
    now: datetime,
) -> bool:
    if opinion.person_id in (None, by) or opinion.state is OpinionState.WITHDRAWN:
        return False
    assert opinion.person_id is not None
    day = opinion.filed_at.astimezone(LOCAL)
    if not await was_told(session, opinion, f"group-receipt:{opinion.person_id}:{day:%Y%m%d}"):
        return False
    lexicon, number = services.tagger.lexicon, opinion.number
    leaves = [category["id"] for category in opinion.categories]
    if leaves:
        name = f"{lexicon.top_name(leaves[0])}·{lexicon.name(leaves[0])}"
        text, state = say("learning.told", number=number, category=name), say("learning.brief_corrected")
        todo = say("requests.todo_wait")
    else:
        name = say("requests.some_matter")
        text, state = say("learning.told_no_matter", number=number), say("learning.brief_no_matter")
        todo = say("requests.todo_ask")
    topic = f"corrected:{opinion.compound_id}:{number}"
    notice = Notice(
        MessageClass.NOTICE,
        text,
        f"{topic}:{seq}",
        facts_about(services, compound, name, (opinion.building, opinion.entrance), number, state, todo, now),
        topic=topic,
        replaces=(topic,),
    )
    await notify_person(session, services, opinion.person_id, notice, now)
    return True
