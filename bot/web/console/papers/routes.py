"""Which pages of ballot papers there are."""

from bot.web.console.papers import deciding, keying, overview, printing, reception
from bot.web.route import Route
from bot.web.visit import CONSOLE

_PAPERS = "/console/{compound}/votes/{number}/papers"
_ONE = f"{_PAPERS}/{{serial}}"

PAPER_ROUTES = (
    Route("GET", _PAPERS, CONSOLE, overview.show_overview),
    Route("GET", f"{_PAPERS}/print", CONSOLE, printing.show_printing),
    Route("POST", f"{_PAPERS}/print", CONSOLE, printing.print_some, acts=True),
    Route("POST", f"{_PAPERS}/reprint", CONSOLE, printing.reprint_one, acts=True),
    Route("GET", f"{_PAPERS}/sheets", CONSOLE, printing.show_sheets),
    Route("GET", f"{_PAPERS}/reception", CONSOLE, reception.show_reception),
    Route("POST", f"{_PAPERS}/reception", CONSOLE, reception.receive, acts=True),
    Route("POST", f"{_PAPERS}/batch", CONSOLE, reception.count_box, acts=True),
    Route("POST", f"{_PAPERS}/call", CONSOLE, reception.register_by_phone, acts=True),
    Route("GET", f"{_PAPERS}/entry", CONSOLE, keying.show_entry),
    Route("GET", _ONE, CONSOLE, keying.show_paper),
    Route("POST", f"{_ONE}/enter", CONSOLE, keying.key_in, acts=True),
    Route("POST", f"{_ONE}/void", CONSOLE, keying.void_one, acts=True),
    Route("POST", f"{_ONE}/scan", CONSOLE, keying.add_scan, acts=True, uploads=True),
    Route("GET", f"{_ONE}/scan", CONSOLE, keying.show_scan),
    Route("GET", f"{_ONE}/decide", CONSOLE, deciding.show_readings),
    Route("POST", f"{_ONE}/decide", CONSOLE, deciding.decide_one, acts=True),
)
