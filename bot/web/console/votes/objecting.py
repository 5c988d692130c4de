"""Objections to a published result: entered, answered."""

from aiohttp import web

from bot.web.console.votes.door import SEE, back_to, enter, vote_page
from bot.web.once import command_key
from bot.web.visit import Visit
from handlers.access import NotFound, Right
from handlers.voting.objections import answer_objection, object_to_result, objections_end, words_of
from handlers.voting.rules import Refused
from storage.queries.votes import list_vote_objections
from storage.states import ObjectionState

OBJECTION = r"[1-9]\d{0,8}"


async def show_objections(visit: Visit) -> web.Response:
    """What was said against the result."""
    found = await enter(visit, *SEE)
    rows = await list_vote_objections(visit.session, found.vote.compound_id, found.vote.vote_number)
    sealer, end = visit.site.services.sealer, objections_end(found.vote)
    return vote_page(
        visit,
        found,
        "objections",
        "异议",
        objections=[(row, words_of(sealer, row)) for row in rows],
        end=end,
        is_open=end is not None and visit.now <= end,
    )


async def enter_objection(visit: Visit) -> web.Response:
    """What an owner said at the desk, by phone or on paper."""
    found = await enter(visit, Right.RUN_VOTES)
    try:
        await object_to_result(
            visit.session,
            visit.site.services.sealer,
            found.opened.compound,
            found.vote.vote_number,
            visit.form.get("text", ""),
            visit.now,
            key=command_key(visit),
            actor_id=visit.signed_in.viewer.person_id,
        )
    except Refused as refused:
        return back_to(found, refused.code, "/objections")
    return back_to(found, "objection_kept", "/objections")


async def answer(visit: Visit) -> web.Response:
    """What the owner is told."""
    found = await enter(visit, Right.RUN_VOTES)
    accepted = visit.form.get("decision") == "accept"
    try:
        answered = await answer_objection(
            visit.session,
            visit.site.services.sealer,
            found.opened.compound,
            found.vote.vote_number,
            int(visit.part("objection", OBJECTION)),
            ObjectionState.ACCEPTED if accepted else ObjectionState.DECLINED,
            visit.form.get("answer", ""),
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    except Refused as refused:
        return back_to(found, refused.code, "/objections")
    if answered is None:
        raise NotFound
    return back_to(found, "objection_answered", "/objections")
