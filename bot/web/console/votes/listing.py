"""The votes of a compound, and one of them with what comes next."""

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.tabs import count_waiting
from bot.web.console.votes.ahead import Ahead, ahead, part_of
from bot.web.console.votes.door import SEE, Entered, enter, vote_page
from bot.web.visit import Visit
from handlers.access import Right, access_compound
from handlers.voting import words
from handlers.voting.announced import Counts, announced_of
from handlers.voting.attachments import attached
from handlers.voting.checking import find_faults
from handlers.voting.count import counts_of
from handlers.voting.delivery import Reach, load_reach
from handlers.voting.documents import load_missing
from handlers.voting.jurisdictions import load_profile
from handlers.voting.lint import Finding
from handlers.voting.terms import area_text
from storage.queries.votes import list_documents, list_questions, list_votes
from storage.states import VoteState
from storage.tables import Vote

SHOWN = 100
DRAFTS = (VoteState.DRAFT, VoteState.LINTED)


async def show_votes(visit: Visit) -> web.Response:
    """The newest first."""
    viewer, code = visit.signed_in.viewer, visit.part("compound", CODE)
    opened = await access_compound(visit.session, viewer, code, *SEE)
    votes = await list_votes(visit.session, opened.compound_id, SHOWN)
    return visit.page(
        "console/votes/list.html",
        opened=opened,
        waiting=await count_waiting(visit, opened),
        votes=votes,
        runs=Right.RUN_VOTES in opened.rights,
        words=words,
        told=visit.request.query.get("told", ""),
    )


async def show_vote(visit: Visit) -> web.Response:
    """A draft with what is wrong beside each part; anything else as it was announced."""
    found = await enter(visit, *SEE)
    findings: list[Finding] = []
    if found.vote.state in DRAFTS:
        findings = await find_faults(visit.session, found.vote, visit.now)
    counts = await counts_of(visit.session, found.vote)
    return await _shown(visit, found, findings, counts)


async def _shown(visit: Visit, found: Entered, findings: list[Finding], counts: Counts) -> web.Response:
    vote = found.vote
    profile, announced = load_profile(vote.profile), announced_of(vote)
    by_part: dict[str, list[Finding]] = {}
    for finding in findings:
        by_part.setdefault(part_of(finding.field), []).append(finding)
    questions = await list_questions(visit.session, vote.compound_id, vote.vote_number)
    documents = await list_documents(visit.session, vote.compound_id, vote.vote_number)
    signer = visit.site.services.signer
    return vote_page(
        visit,
        found,
        "draft" if vote.state in DRAFTS else "vote",
        "概况",
        ahead=_offered(ahead(vote, counts, findings, visit.now), found),
        findings=by_part,
        questions=questions,
        attachments=attached(documents),
        announced=announced,
        rules=words.rules_words(announced, election=any(each.seats for each in questions)),
        profile=profile,
        unchecked=[name for name in profile.unverified if name not in vote.checked],
        key_id=signer.key_id if signer else "",
        area_text=area_text,
        reach=await _reach(visit, vote),
        missing=await load_missing(visit.session, vote, documents),
        signs=signer is not None,
    )


async def _reach(visit: Visit, vote: Vote) -> Reach | None:
    """How far the notice and the reminders got, while that still can be bettered."""
    if vote.state not in (VoteState.NOTICED, VoteState.OPEN):
        return None
    return await load_reach(visit.session, visit.site.services, vote)


_VIEWED = frozenset({"/turnout", "/documents", "/result", "/evidence", "/objections"})
_ALSO = {"/papers": Right.ENTER_PAPERS, "/official": Right.ENTER_PAPERS, "/cases": Right.DECIDE}


def _offered(next_one: Ahead, found: Entered) -> Ahead:
    """Without the button for who may not press it."""
    rights = found.opened.rights
    if Right.RUN_VOTES in rights or next_one.page in _VIEWED or _ALSO.get(next_one.page) in rights:
        return next_one
    return Ahead(next_one.code, "", next_one.count, next_one.at)
