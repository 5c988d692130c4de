"""A form acts once: whoever presses its button twice, or goes back and presses it again, does the thing once.

The key is made when the page is shown. What acts is named by a hash of the key, of whose form it is, where it goes and
what it says: the same words again are the same command, other words typed into an old page are a new one.
"""

import hashlib
import re
import secrets

from aiohttp import web

from bot.web.csrf import FIELD
from bot.web.visit import Visit
from storage.claims import try_claim

KEY = "key"
_JOB = "form"
_SHAPE = re.compile(r"[A-Za-z0-9_-]{16}")


def fresh_key() -> str:
    """For the forms of one page."""
    return secrets.token_urlsafe(12)


def command_key(visit: Visit) -> str:
    """What names the command that this form is; a form without a key is none of ours."""
    if not _SHAPE.fullmatch(visit.form.get(KEY, "")):
        raise web.HTTPBadRequest
    person_id = visit.signed_in.viewer.person_id
    fields = sorted(entry for entry in visit.form.items() if entry[0] != FIELD)
    named = repr((person_id, visit.request.path, fields))
    return f"form:{hashlib.sha256(named.encode()).hexdigest()[:32]}"


async def first_time(visit: Visit) -> bool:
    """Whether this form is to act; the work belongs in the same transaction. For what keeps no keys of its own."""
    return await try_claim(visit.session, _JOB, command_key(visit), "page", visit.now)
