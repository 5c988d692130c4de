"""Which pages of surveys there are for staff."""

from bot.web.console.surveys import doors, listing, one_round
from bot.web.route import Route
from bot.web.visit import CONSOLE

_ALL = "/console/{compound}/surveys"
_ONE = f"{_ALL}/{{number}}"
_ROUND = f"{_ONE}/{{round}}"
SURVEY_ROUTES = (
    Route("GET", _ALL, CONSOLE, listing.show_surveys),
    Route("POST", _ALL, CONSOLE, listing.create, acts=True, long=True),
    Route("GET", _ONE, CONSOLE, listing.show_survey),
    Route("POST", _ONE, CONSOLE, listing.act, acts=True, long=True),
    Route("GET", _ROUND, CONSOLE, one_round.show_round),
    Route("POST", _ROUND, CONSOLE, one_round.act, acts=True, long=True),
    Route("GET", f"{_ROUND}/doors", CONSOLE, doors.show_doors),
    Route("POST", f"{_ROUND}/doors", CONSOLE, doors.note, acts=True),
    Route("GET", "/console/{compound}/doors", CONSOLE, doors.show_own),
)
