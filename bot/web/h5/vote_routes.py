"""Which pages of votes there are for residents, and what is open to everybody."""

from bot.web.h5 import ballot, check, evidence, large, papers, receipt, result, seen, votes
from bot.web.route import Route
from bot.web.visit import H5

_VOTE = "/h5/votes/{compound}/{number}"

RESIDENT_VOTE_ROUTES = (
    Route("POST", "/h5/large", H5, large.switch_large, is_open=True),
    Route("GET", "/h5/votes", H5, votes.show_votes),
    Route("GET", _VOTE, H5, votes.show_vote),
    Route("GET", f"{_VOTE}/eligible", H5, votes.show_eligible),
    Route("GET", f"{_VOTE}/ballot/{{ref}}", H5, ballot.show_ballot),
    Route("POST", f"{_VOTE}/ballot/{{ref}}", H5, ballot.confirm_ballot, reads=True),
    Route("POST", f"{_VOTE}/ballot/{{ref}}/cast", H5, ballot.cast, acts=True),
    Route("GET", f"{_VOTE}/receipts/{{ballot}}", H5, receipt.show_receipt),
    Route("GET", f"{_VOTE}/receipts/{{ballot}}/download", H5, receipt.download_receipt),
    Route("GET", f"{_VOTE}/papers", H5, papers.show_papers),
    Route("GET", f"{_VOTE}/papers/{{serial}}", H5, papers.show_paper),
    Route("POST", f"{_VOTE}/seen", H5, seen.confirm_seen, acts=True),
    Route("GET", f"{_VOTE}/documents/{{document}}", H5, votes.show_document),
    Route("GET", f"{_VOTE}/result", H5, result.show_result),
    Route("GET", f"{_VOTE}/roll", H5, evidence.show_roll_lines),
    Route("GET", f"{_VOTE}/roll/download", H5, evidence.download_roll_lines),
    Route("GET", f"{_VOTE}/log", H5, evidence.show_log, is_open=True),
    Route("GET", f"{_VOTE}/bundle", H5, evidence.download_bundle, is_open=True),
    Route("GET", "/h5/check", H5, check.show_check, is_open=True, scripted=True),
)
