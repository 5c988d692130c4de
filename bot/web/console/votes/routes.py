"""The pages of votes. What is not a number stands before what may be one."""

from bot.web.console.votes import (
    attaching,
    cases,
    drafting,
    editing,
    evidence,
    launching,
    listing,
    objecting,
    official,
    reading,
    steps,
)
from bot.web.route import Route
from bot.web.visit import CONSOLE

_VOTES = "/console/{compound}/votes"
_VOTE = "/console/{compound}/votes/{number}"

VOTE_ROUTES = (
    Route("GET", _VOTES, CONSOLE, listing.show_votes),
    Route("GET", f"{_VOTES}/new", CONSOLE, drafting.choose_template),
    Route("GET", f"{_VOTES}/new/{{template}}", CONSOLE, drafting.fill_template),
    Route("POST", f"{_VOTES}/new/{{template}}", CONSOLE, drafting.create, acts=True, long=True),
    Route("GET", _VOTE, CONSOLE, listing.show_vote),
    Route("GET", f"{_VOTE}/edit/{{part}}", CONSOLE, editing.show_part),
    Route("POST", f"{_VOTE}/edit/{{part}}", CONSOLE, editing.save_part, acts=True, long=True),
    Route("GET", f"{_VOTE}/attachments", CONSOLE, attaching.show_attachments),
    Route("POST", f"{_VOTE}/attachments", CONSOLE, attaching.add, acts=True, attaches=True),
    Route("POST", f"{_VOTE}/attachments/{{document}}/drop", CONSOLE, attaching.drop, acts=True),
    Route("GET", f"{_VOTE}/launch", CONSOLE, launching.show_launch),
    Route("POST", f"{_VOTE}/launch", CONSOLE, launching.launch, acts=True),
    Route("POST", f"{_VOTE}/count", CONSOLE, steps.count, acts=True),
    Route("GET", f"{_VOTE}/official", CONSOLE, official.show_official),
    Route("POST", f"{_VOTE}/official", CONSOLE, official.enter_official, acts=True, long=True),
    Route("POST", f"{_VOTE}/publish", CONSOLE, steps.publish, acts=True),
    Route("POST", f"{_VOTE}/extend", CONSOLE, steps.extend, acts=True),
    Route("POST", f"{_VOTE}/revoke", CONSOLE, steps.revoke, acts=True),
    Route("GET", f"{_VOTE}/turnout", CONSOLE, reading.show_turnout),
    Route("GET", f"{_VOTE}/result", CONSOLE, reading.show_result),
    Route("GET", f"{_VOTE}/documents", CONSOLE, reading.show_documents),
    Route("GET", f"{_VOTE}/documents/{{document}}", CONSOLE, reading.show_document),
    Route("GET", f"{_VOTE}/cases", CONSOLE, cases.show_cases),
    Route("GET", f"{_VOTE}/cases/{{case}}", CONSOLE, cases.show_case),
    Route("POST", f"{_VOTE}/cases/{{case}}", CONSOLE, cases.rule, acts=True),
    Route("GET", f"{_VOTE}/objections", CONSOLE, objecting.show_objections),
    Route("POST", f"{_VOTE}/objections", CONSOLE, objecting.enter_objection, acts=True),
    Route("POST", f"{_VOTE}/objections/{{objection}}", CONSOLE, objecting.answer, acts=True),
    Route("GET", f"{_VOTE}/evidence", CONSOLE, evidence.show_evidence),
    Route("POST", f"{_VOTE}/evidence/public", CONSOLE, evidence.take_public, acts=True),
    Route("POST", f"{_VOTE}/evidence/sealed", CONSOLE, evidence.take_sealed, acts=True),
)
