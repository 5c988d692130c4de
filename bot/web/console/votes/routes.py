"""The pages of votes. What is not a number stands before what may be one."""

from bot.web.console.votes import drafting, editing, launching, listing, steps
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
    Route("GET", f"{_VOTE}/launch", CONSOLE, launching.show_launch),
    Route("POST", f"{_VOTE}/launch", CONSOLE, launching.launch, acts=True),
    Route("POST", f"{_VOTE}/count", CONSOLE, steps.count, acts=True),
    Route("POST", f"{_VOTE}/publish", CONSOLE, steps.publish, acts=True),
    Route("POST", f"{_VOTE}/extend", CONSOLE, steps.extend, acts=True),
    Route("POST", f"{_VOTE}/revoke", CONSOLE, steps.revoke, acts=True),
)
