"""The pages of the roll."""

from bot.web.console.roll import listing, uploading
from bot.web.route import Route
from bot.web.visit import CONSOLE

_ROLL = "/console/{compound}/roll"
_UPLOAD = f"{_ROLL}/uploads/{{upload}}"

ROLL_ROUTES = (
    Route("GET", _ROLL, CONSOLE, listing.show_roll),
    Route("POST", f"{_ROLL}/objections", CONSOLE, listing.enter_objection, acts=True),
    Route("POST", f"{_ROLL}/objections/{{number}}", CONSOLE, listing.decide, acts=True),
    Route("POST", f"{_ROLL}/uploads", CONSOLE, uploading.upload, acts=True, sheet=True),
    Route("GET", _UPLOAD, CONSOLE, uploading.show_upload),
    Route("POST", f"{_UPLOAD}/columns", CONSOLE, uploading.say_columns, acts=True),
    Route("POST", f"{_UPLOAD}/import", CONSOLE, uploading.bring_in, acts=True),
    Route("POST", f"{_UPLOAD}/drop", CONSOLE, uploading.drop, acts=True),
)
