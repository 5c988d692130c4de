"""The pages of the monthly consultation for staff."""

from bot.web.console.consultations import listing, month
from bot.web.route import Route
from bot.web.visit import CONSOLE

_ROOT = "/console/{compound}/consultations"
_MONTH = f"{_ROOT}/{{month}}"

CONSULTATION_ROUTES = (
    Route("GET", _ROOT, CONSOLE, listing.show_consultations),
    Route("POST", _ROOT, CONSOLE, listing.command, acts=True),
    Route("GET", _MONTH, CONSOLE, month.show_month),
    Route("POST", _MONTH, CONSOLE, month.command, acts=True, long=True),
    Route("POST", f"{_MONTH}/items/{{item}}", CONSOLE, month.change, acts=True, long=True),
    Route("GET", f"{_MONTH}/minutes", CONSOLE, month.show_minutes),
)
