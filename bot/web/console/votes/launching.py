"""The notice: everything that is frozen by it, shown once more before it goes out."""

from functools import partial
from typing import Any

from aiohttp import web

from bot.documents.about import About, RollFigures
from bot.documents.of_vote import fault_of_notice, load_about
from bot.documents.render import in_thread
from bot.web.console.votes.door import Entered, back_to, enter, vote_page
from bot.web.console.votes.listing import DRAFTS
from bot.web.visit import Visit
from handlers.access import Right
from handlers.voting import words
from handlers.voting.announced import announced_of
from handlers.voting.attachments import attached
from handlers.voting.checking import find_faults, lint_vote
from handlers.voting.freeze import Frozen, hold_roll, look_ahead
from handlers.voting.frozen_roll import RollError
from handlers.voting.life import hold_vote
from handlers.voting.notice import notice_vote
from handlers.voting.rules import Refused
from storage.queries.votes import list_documents, list_questions

_NO_ROOT = bytes(32)  # it is minted with the notice


async def show_launch(visit: Visit) -> web.Response:
    """What will be frozen, to be read once more."""
    found = await enter(visit, Right.RUN_VOTES)
    return await _shown(visit, found)


async def launch(visit: Visit) -> web.Response:
    """Publish the notice, if what would be frozen is still what was shown; pressing it twice publishes once."""
    found = await enter(visit, Right.RUN_VOTES)
    compound, number, by = found.opened.compound, found.vote.vote_number, visit.signed_in.viewer.person_id
    await hold_roll(visit.session, compound)
    vote = await hold_vote(visit.session, compound, number)
    if vote.state not in DRAFTS:
        return back_to(found, "vote_launched")
    if visit.form.get("sure") != "yes":
        return back_to(found, "vote_not_sure", "/launch")
    try:
        if _mark(vote.revision, await look_ahead(visit.session, vote)) != visit.form.get("seen"):
            return back_to(found, "vote_changed_meanwhile", "/launch")
        findings = await lint_vote(visit.session, compound, number, visit.now, actor_id=by)
        if any(finding.error for finding in findings):
            return back_to(found, "vote.not_linted")
        await notice_vote(visit.session, visit.site.services.signer, compound, number, visit.now, actor_id=by)
    except RollError:
        return back_to(found, "vote.roll_unready")
    except Refused as refused:
        return back_to(found, refused.code)
    return back_to(found, "vote_launched")


async def _shown(visit: Visit, found: Entered) -> web.Response:
    vote = found.vote
    if vote.state not in DRAFTS:
        return back_to(found, "vote_launched")
    if any(finding.error for finding in await find_faults(visit.session, vote, visit.now)):
        return back_to(found, "vote.not_linted")
    if visit.site.services.signer is None:
        return back_to(found, "vote.no_signing_key")
    announced = announced_of(vote)
    questions = await list_questions(visit.session, vote.compound_id, vote.vote_number)
    documents = await list_documents(visit.session, vote.compound_id, vote.vote_number)
    frozen = await look_ahead(visit.session, vote)
    services, key_id = visit.site.services, visit.site.services.signer.key_id
    roll = RollFigures(frozen.persons, frozen.area, _NO_ROOT)
    about = await load_about(
        visit.session, found.opened.compound, vote, key_id, services.public_url, visit.now, roll
    )
    values = {
        "announced": announced,
        "questions": questions,
        "rules": words.rules_words(announced, election=any(each.seats for each in questions)),
        "attachments": attached(documents),
        "frozen": frozen,
        "seen": _mark(vote.revision, frozen),
        "key_id": key_id,
    }
    visit.afterwards = partial(_tried, visit, found, about, values)
    return web.Response()


async def _tried(visit: Visit, found: Entered, about: About, values: dict[str, Any]) -> web.Response:
    """The page, with what keeps the notice from being printed: once it is out, no word of it can be changed."""
    return vote_page(visit, found, "launch", fault=await in_thread(fault_of_notice, about), **values)


def _mark(revision: int, frozen: Frozen) -> str:
    """What was shown, so that nothing else is published."""
    return f"{revision}/{frozen.units}/{frozen.persons}/{frozen.area}"
