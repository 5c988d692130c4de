"""Telling our own forms from those of other sites: by a token in the form, and by where the browser says it was.

The token is a keyed hash of the cookie that the answer goes with, so nothing need be stored.
"""

import hmac
from collections.abc import Mapping

from storage.sealing import Sealer

FIELD = "csrf"


class Forged(Exception):  # noqa: N818  an answer, not an error
    """A form that is not, or no longer, ours."""


def form_token(sealer: Sealer, cookie: str) -> str:
    """What a form must bring along with this cookie."""
    return sealer.lookup(cookie.encode(), "web.csrf").hex()


def check_form(sealer: Sealer, cookie: str, form: Mapping[str, str]) -> None:
    """Raises Forged unless the form was made for this cookie."""
    if not cookie or not hmac.compare_digest(
        form_token(sealer, cookie).encode(), form.get(FIELD, "").encode()
    ):
        raise Forged


def check_origin(headers: Mapping[str, str], origin: str) -> None:
    """Raises Forged when the browser says that the request comes from elsewhere. Old ones say nothing."""
    if headers.get("Origin", origin) != origin:
        raise Forged
    if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Forged
