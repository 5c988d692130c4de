"""The cookies of the pages. All are HttpOnly and SameSite=Lax; with https also Secure and bound to the host."""

import re
from datetime import timedelta

from aiohttp import web

STAFF = "staff"
RESIDENT = "h5"
FORM = "form"  # whose form it is, before anybody is signed in
OAUTH = "oauth"  # what a sign-in that is under way at the platform belongs to

LARGE = "large"  # pages in large type

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_name(name: str, is_https: bool) -> str:
    """The full name: the prefix makes browsers refuse one that another host or plain http has set."""
    return f"__Host-yishi-{name}" if is_https else f"yishi-{name}"


def read_token(request: web.Request, name: str, is_https: bool) -> str:
    """A token of ours, empty when there is none or it does not look like one."""
    value = request.cookies.get(cookie_name(name, is_https), "")
    return value if _TOKEN.fullmatch(value) else ""


def write_cookie(
    response: web.StreamResponse, name: str, value: str, is_https: bool, life: timedelta | None = None
) -> None:
    """Set a cookie; without `life` it goes when the browser closes."""
    response.set_cookie(
        cookie_name(name, is_https),
        value,
        max_age=int(life.total_seconds()) if life else None,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=is_https,
    )


def drop_cookie(response: web.StreamResponse, name: str, is_https: bool) -> None:
    """Take a cookie back, with the attributes it was set with: browsers ignore a prefixed one without Secure."""
    response.set_cookie(
        cookie_name(name, is_https), "", max_age=0, path="/", httponly=True, samesite="Lax", secure=is_https
    )


def is_large(request: web.Request, is_https: bool) -> bool:
    """Whether this browser wants large type."""
    return request.cookies.get(cookie_name(LARGE, is_https), "") == "1"
