"""The pages for whoever keeps a compound."""

from bot.web.console.grid import card, cells, profile, uploading
from bot.web.route import Route
from bot.web.visit import CONSOLE

_HERE = "/console/{compound}"

GRID_ROUTES = (
    Route("GET", f"{_HERE}/profile", CONSOLE, profile.show_profile),
    Route("POST", f"{_HERE}/profile", CONSOLE, profile.save_profile, acts=True),
    Route("GET", f"{_HERE}/card", CONSOLE, card.show_card),
    Route("POST", f"{_HERE}/card", CONSOLE, card.save_entry, acts=True),
    Route("GET", f"{_HERE}/grid", CONSOLE, cells.show_grid),
    Route("POST", f"{_HERE}/grid/cells", CONSOLE, cells.give, acts=True),
    Route("POST", f"{_HERE}/grid/upload", CONSOLE, uploading.upload, acts=True, sheet=True),
    Route("GET", f"{_HERE}/grid/upload", CONSOLE, uploading.show_upload),
    Route("POST", f"{_HERE}/grid/upload/import", CONSOLE, uploading.bring_in, acts=True),
    Route("POST", f"{_HERE}/grid/upload/drop", CONSOLE, uploading.drop, acts=True),
)
