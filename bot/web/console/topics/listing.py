"""Where every topic of a compound stands and who holds it; beginning one; one with its record and its buttons."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web
from sqlmodel import col, select

from bot.web.console.tabs import count_waiting
from bot.web.console.topics.door import Entered, enter, open_compound
from bot.web.console.topics.fields import POLL_DAYS, SHARES, number_or_none
from bot.web.once import first_time, fresh_key
from bot.web.returned import NOTHING, Returned
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened, Right, access_matter
from handlers.alerts.words import office_line
from handlers.local_time import local_date
from handlers.polls.results import load_figures
from handlers.topics import commands as c
from handlers.topics.acceptance import name_of
from handlers.topics.carry_out import actor_in
from handlers.topics.commands import Code, Command, Refused
from handlers.topics.facts import STEPS, Facts, Standing
from handlers.topics.objections import words_of
from handlers.topics.present import TASK, decided, missing
from handlers.topics.propose import check_proposal, propose_topic
from handlers.topics.record import load_facts
from handlers.topics.rules import ORGANISERS, may
from handlers.topics.tasks import FUNDS, gap_of
from handlers.topics.tell import list_holders
from handlers.topics.templates import load_templates, suggest, template_of
from handlers.topics.votes import list_fitting
from handlers.topics.words import STEP_NAMES
from handlers.voting.jurisdictions import load_profile, profile_codes
from handlers.voting.words import item_name
from storage.queries.matters import find_matter_behind
from storage.queries.people import list_people_in_office
from storage.queries.polls import find_poll, list_polls
from storage.queries.surveys import list_surveys_of_topic
from storage.queries.topics import (
    list_representatives,
    list_topic_documents,
    list_topic_events,
    list_topic_objections,
    list_topics,
)
from storage.queries.tree import list_scopes_of
from storage.queries.votes import find_vote
from storage.states import Role, TopicState, TopicStep, TopicVerb
from storage.tables import Person

SHOWN = 100
ITEMS = range(1, 10)  # of art. 278
_KINDS: dict[str, type[Command]] = {
    "advance": c.Advance,
    "skip": c.Skip,
    "back": c.GoBack,
    "end": c.End,
    "task": c.DoTask,
    "document": c.AddDocument,
    "poll": c.StartPoll,
    "require": c.RequireVote,
    "link": c.LinkVote,
    "decide": c.Decide,
    "plan": c.PlanMilestone,
    "finish": c.FinishMilestone,
    "elect": c.Elect,
    "paper": c.EnterPaper,
    "object": c.Object,
    "answer": c.AnswerObjection,
    "state": c.State,
}
# Whoever did one of these is a resident, whom the record does not name.
_BY_RESIDENTS = frozenset({TopicVerb.OBJECTED, TopicVerb.SIGNED, TopicVerb.REFUSED})


async def show_topics(visit: Visit) -> web.Response:
    """All topics, late ones first, and a form for one more."""
    return await _list_page(visit, visit.request.query.get("told", ""), visit.request.query.get("matter", ""))


async def _list_page(visit: Visit, told: str, matter: str, back: Returned = NOTHING) -> web.Response:
    opened = await open_compound(visit)
    actor = await actor_in(visit.session, opened.compound, visit.signed_in.viewer.person_id)
    topics = await list_topics(visit.session, [opened.compound_id], SHOWN)
    matter = matter if matter.isascii() and matter.isdecimal() and len(matter) <= 15 else ""
    behind = await find_matter_behind(visit.session, opened.compound_id, int(matter)) if matter else None
    return visit.page(
        "console/topics/list.html",
        opened=opened,
        topics=topics,
        holders={
            step: await holders_of(visit, opened, await list_holders(visit.session, opened.compound, step))
            for step in {topic.step for topic in topics}
        },
        steps=STEP_NAMES,
        templates=load_templates(),
        proposes=bool(ORGANISERS & actor.roles),
        items={item: item_name(item) for item in ITEMS},
        matter=matter,
        suggested=suggest(behind.leaf) if behind else "",
        now=visit.now,
        key=fresh_key(),
        waiting=await count_waiting(visit, opened),
        told=told,
        back=back,
    )


async def propose(visit: Visit) -> web.Response:
    """Begin a topic; a second click does nothing. What is refused comes back as it was typed."""
    opened = await open_compound(visit)
    viewer = visit.signed_in.viewer
    base = f"/console/{opened.compound.code}/topics"
    try:
        actor = await actor_in(visit.session, opened.compound, viewer.person_id)
        if not ORGANISERS & actor.roles:
            raise Refused(Code.NOT_YOURS)
        matter = number_or_none(visit, "matter")
        if matter is not None:
            code = opened.compound.code
            await access_matter(visit.session, viewer, code, matter, Right.SEE_REQUESTS)
        item = number_or_none(visit, "item")
        title, body = visit.form.get("title", ""), visit.form.get("body", "")
        template = visit.form.get("template", "")
        items = [item] if item else []
        check_proposal(title, body, template, items)
        async with visit.session.begin_nested():  # what is refused leaves no claim behind
            if not await first_time(visit):
                return see_other(f"{base}?told=topic_proposed")
            topic = await propose_topic(
                visit.session,
                visit.site.services,
                opened.compound,
                title,
                body,
                template,
                visit.now,
                actor_id=viewer.person_id,
                matter_number=matter,
                items=items,
            )
    except (Refused, NotFound) as error:
        code = error.code if isinstance(error, Refused) else Code.ODD
        return await _list_page(
            visit, code, visit.form.get("matter", ""), Returned("propose", typed=visit.form)
        )
    return see_other(f"{base}/{topic.topic_number}?told=topic_proposed")


async def show_topic(visit: Visit) -> web.Response:
    """One topic: where it stands, what is missing and who has to do it, then all that was done."""
    return await topic_page(visit, visit.request.query.get("told", ""))


async def topic_page(visit: Visit, told: str, back: Returned = NOTHING) -> web.Response:
    """The page as it is now, with what came of a button, and the form that was refused."""
    found = await enter(visit)
    topic, opened = found.topic, found.opened
    facts, template = await load_facts(visit.session, topic), template_of(topic.template)
    is_open = topic.state is TopicState.OPEN
    can = {name for name, kind in _KINDS.items() if may(found.actor, topic.step, kind)}
    return visit.page(
        "console/topics/topic.html",
        opened=opened,
        topic=topic,
        here=found.address,
        facts=facts,
        form=template,
        steps=STEP_NAMES,
        order=STEPS,
        plan=template.plan[topic.step],
        lacking=missing(template.plan, facts) if is_open else (),
        task_mark=TASK,
        decided=decided(facts),
        can=can if is_open and not visit.signed_in.read_only else set(),
        holders=await holders_of(
            visit, opened, await list_holders(visit.session, opened.compound, topic.step)
        ),
        items={item: item_name(item) for item in ITEMS},
        drafts=Right.RUN_VOTES in opened.rights,
        poll_days=POLL_DAYS,
        shares=SHARES,
        funds=FUNDS,
        gap_of=gap_of,
        today=local_date(visit.now),
        now=visit.now,
        key=fresh_key(),
        told=told,
        back=back,
        **await _hanging(visit, found, facts),
    )


_UNREAD = "（原话只给社区和业委会看）"


async def _hanging(visit: Visit, found: Entered, facts: Facts) -> dict[str, Any]:
    """What hangs on a topic, for its page."""
    session, topic, sealer = visit.session, found.topic, visit.site.services.sealer
    compound_id, number = topic.compound_id, topic.topic_number
    events = await list_topic_events(session, compound_id, number)
    actors = [each.actor_id for each in events if each.actor_id and each.verb not in _BY_RESIDENTS]
    objections = await list_topic_objections(session, compound_id, number)
    representatives = await list_representatives(session, compound_id, number)
    polls = await list_polls(session, [compound_id], SHOWN)
    poll = None if topic.poll_number is None else await find_poll(session, compound_id, topic.poll_number)
    # The property company has a contract to lose: neighbours' words against it are not for its eyes.
    reads = bool(found.actor.roles - {Role.PROPERTY})
    asks = facts.lawful and facts.step is TopicStep.DECIDE and facts.vote is Standing.NONE
    vote = None if topic.vote_number is None else await find_vote(session, compound_id, topic.vote_number)
    return {
        "documents": await list_topic_documents(session, compound_id, number),
        "objections": [(each, words_of(sealer, each) if reads else _UNREAD) for each in objections],
        "representatives": [(each, name_of(sealer, each)) for each in representatives],
        "surveys": await list_surveys_of_topic(session, compound_id, number),
        "polls": [poll for poll in polls if poll.about.get("topic") == number],
        "poll": poll,
        "figures": await load_figures(session, poll, visit.now) if poll else None,
        "vote": vote,
        "fitting": await list_fitting(session, topic) if asks else [],
        "places": [load_profile(code) for code in profile_codes()] if asks else [],
        "events": list(reversed(events)),
        "unnamed": _BY_RESIDENTS,
        "names": await _names(visit, found.opened, actors),
    }


async def holders_of(visit: Visit, opened: Opened, people: Iterable[int]) -> str:
    """Who they are, as colleagues call them; empty for nobody."""
    names = await _names(visit, opened, list(people))
    return "、".join(dict.fromkeys(names.values()))


async def _names(visit: Visit, opened: Opened, people: Iterable[int]) -> dict[int, str]:
    wanted, sealer = set(people), visit.site.services.sealer
    scopes = await list_scopes_of(visit.session, opened.compound)
    names = {
        grant.person_id: office_line(sealer, grant, person)
        for grant, person in await list_people_in_office(visit.session, scopes, tuple(Role))
        if grant.person_id in wanted
    }
    left = wanted - names.keys()
    if left:
        statement = select(Person).where(col(Person.person_id).in_(left))
        for person in await visit.session.exec(statement):
            sealed = person.name_sealed
            name = sealer.open(sealed, "persons.name").decode() if sealed else "已离岗的同事"
            names[person.person_id or 0] = name
    return names
