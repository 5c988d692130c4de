"""The pages of topics."""

from bot.web.console.topics import acting, listing, papers
from bot.web.route import Route
from bot.web.visit import CONSOLE

_ALL = "/console/{compound}/topics"
_ONE = f"{_ALL}/{{number}}"

TOPIC_ROUTES = (
    Route("GET", _ALL, CONSOLE, listing.show_topics),
    Route("POST", _ALL, CONSOLE, listing.propose, acts=True, long=True),
    Route("GET", _ONE, CONSOLE, listing.show_topic),
    Route("POST", _ONE, CONSOLE, acting.act, acts=True, long=True),
    Route("POST", f"{_ONE}/documents", CONSOLE, papers.add, acts=True, attaches=True),
    Route("GET", f"{_ONE}/documents/{{document}}", CONSOLE, papers.show),
)
