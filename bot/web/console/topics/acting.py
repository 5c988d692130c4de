"""The buttons of a topic: one address, and in the form which of them it is. Who may press it is for the rules."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot.web.console.topics.door import Entered, back_to, enter
from bot.web.console.topics.fields import (
    day_of,
    number_of,
    number_or_none,
    past_day_of,
    poll_end_of,
    share_of,
    step_of,
    yes_of,
)
from bot.web.console.topics.listing import topic_page
from bot.web.once import command_key
from bot.web.returned import Returned
from bot.web.visit import Visit
from handlers.access import Right
from handlers.topics import commands as c
from handlers.topics.acceptance import enter_paper, finish_milestone, name_representative
from handlers.topics.carry_out import Carried, carry_out
from handlers.topics.commands import Code, Command, Refused
from handlers.topics.facts import Decision, Election
from handlers.topics.objections import answer_objection, object_to_topic
from handlers.topics.tasks import FUNDS, do_task, start_poll
from handlers.topics.votes import draft_vote, link_vote
from handlers.voting.jurisdictions import profile_codes
from storage.states import ObjectionState

KEPT, MOVED = "topic_kept", "topic_moved"

Act = Callable[[Visit, Entered, str], Awaitable[Carried]]


async def act(visit: Visit) -> web.Response:
    """Do what a form says, once; what is refused comes back as it was typed, and leaves nothing behind."""
    found = await enter(visit)
    key = command_key(visit)
    form = visit.form
    do = ACTS.get(form.get("act", ""))
    entry = found.topic.entry
    try:
        if do is None:
            raise Refused(Code.ODD)
        async with visit.session.begin_nested():
            carried = await do(visit, found, key)
    except Refused as refused:
        about = form.get("task") or form.get("objection") or 0
        return await topic_page(visit, refused.code, Returned(form.get("act", ""), about, form))
    return back_to(found, MOVED if carried.facts.entry > entry else KEPT)


def _words(visit: Visit, name: str = "words") -> str:
    return visit.form.get(name, "")


async def _do(
    visit: Visit,
    found: Entered,
    key: str,
    use_case: Callable[..., Awaitable[Carried]],
    *what: object,
    **more: object,
) -> Carried:
    """A use case about this topic, by whoever is here."""
    return await use_case(
        visit.session,
        visit.site.services,
        found.opened.compound,
        found.topic.topic_number,
        *what,
        visit.now,
        key=key,
        actor_id=found.actor.person_id,
        **more,
    )


async def _command(visit: Visit, found: Entered, key: str, command: Command) -> Carried:
    return await _do(visit, found, key, carry_out, command)


async def _advance(visit: Visit, found: Entered, key: str) -> Carried:
    return await _command(visit, found, key, c.Advance())


async def _skip(visit: Visit, found: Entered, key: str) -> Carried:
    return await _command(visit, found, key, c.Skip(_words(visit)))


async def _back(visit: Visit, found: Entered, key: str) -> Carried:
    return await _command(visit, found, key, c.GoBack(step_of(visit, "to"), _words(visit)))


async def _end(visit: Visit, found: Entered, key: str) -> Carried:
    return await _command(visit, found, key, c.End(_words(visit)))


async def _task(visit: Visit, found: Entered, key: str) -> Carried:
    figures = {
        name: number for name in (*FUNDS, "poll") if (number := number_or_none(visit, name)) is not None
    }
    return await _do(
        visit,
        found,
        key,
        do_task,
        visit.form.get("task", ""),
        _words(visit),
        figures=figures,
        survey=number_or_none(visit, "survey"),
    )


async def _poll(visit: Visit, found: Entered, key: str) -> Carried:
    return await _do(
        visit,
        found,
        key,
        start_poll,
        poll_end_of(visit),
        task=visit.form.get("task", ""),
        options=[line for line in visit.form.get("options", "").splitlines() if line.strip()],
    )


async def _require(visit: Visit, found: Entered, key: str) -> Carried:
    return await _command(visit, found, key, c.RequireVote(number_of(visit, "item")))


async def _link(visit: Visit, found: Entered, key: str) -> Carried:
    return await _do(visit, found, key, link_vote, number_of(visit, "vote"))


async def _draft(visit: Visit, found: Entered, key: str) -> Carried:
    profile = visit.form.get("profile", "")
    if Right.RUN_VOTES not in found.opened.rights:
        raise Refused(Code.NOT_YOURS)
    if profile not in profile_codes():
        raise Refused(Code.ODD)
    return await _do(visit, found, key, draft_vote, profile)


async def _decide(visit: Visit, found: Entered, key: str) -> Carried:
    decision = Decision(
        _words(visit, "body"),
        number_of(visit, "members"),
        number_of(visit, "in_favour"),
        _words(visit),
        past_day_of(visit, "on"),
    )
    return await _command(visit, found, key, c.Decide(decision))


async def _plan(visit: Visit, found: Entered, key: str) -> Carried:
    return await _command(visit, found, key, c.PlanMilestone(_words(visit), day_of(visit, "due")))


async def _finish(visit: Visit, found: Entered, key: str) -> Carried:
    place = number_of(visit, "milestone")
    return await _do(
        visit, found, key, finish_milestone, c.FinishMilestone(place, _words(visit), past_day_of(visit, "on"))
    )


async def _elect(visit: Visit, found: Entered, key: str) -> Carried:
    election = Election(_words(visit), past_day_of(visit, "on"), share_of(visit, "share"))
    return await _command(visit, found, key, c.Elect(election))


async def _name(visit: Visit, found: Entered, key: str) -> Carried:
    return await _do(
        visit,
        found,
        key,
        name_representative,
        visit.form.get("name", ""),
        visit.form.get("unit", ""),
        independent=visit.form.get("independent") == "yes",
    )


async def _paper(visit: Visit, found: Entered, key: str) -> Carried:
    return await _do(
        visit,
        found,
        key,
        enter_paper,
        number_of(visit, "representative"),
        yes_of(visit, "accepts"),
        _words(visit),
    )


async def _object(visit: Visit, found: Entered, key: str) -> Carried:
    return await object_to_topic(
        visit.session,
        visit.site.services,
        found.opened.compound,
        found.topic.topic_number,
        _words(visit),
        visit.now,
        key=key,
        person_id=found.actor.person_id,
        for_another=True,
    )


async def _answer(visit: Visit, found: Entered, key: str) -> Carried:
    state = ObjectionState.ACCEPTED if yes_of(visit, "accepted") else ObjectionState.DECLINED
    return await _do(visit, found, key, answer_objection, number_of(visit, "objection"), state, _words(visit))


async def _state(visit: Visit, found: Entered, key: str) -> Carried:
    return await _command(visit, found, key, c.State(_words(visit)))


ACTS: Mapping[str, Act] = {
    "advance": _advance,
    "skip": _skip,
    "back": _back,
    "end": _end,
    "task": _task,
    "poll": _poll,
    "require": _require,
    "link": _link,
    "draft": _draft,
    "decide": _decide,
    "plan": _plan,
    "finish": _finish,
    "elect": _elect,
    "name": _name,
    "paper": _paper,
    "object": _object,
    "answer": _answer,
    "state": _state,
}
