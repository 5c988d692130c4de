"""One request for a page, as those who answer it see it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import web
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.web.cookies import FORM, RESIDENT, STAFF, is_large, read_token, write_cookie
from bot.web.csrf import form_token
from bot.web.site import Site
from bot.web.uploads import Upload
from handlers.access import NotFound
from handlers.people.sign_in import LONGEST, SignedIn, fresh_token
from handlers.voting.attachments import Attachment
from storage.states import SessionKind

T = TypeVar("T")

_PLACES = re.compile(r"/(?:console|h5)(?:/[A-Za-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class Area:
    """Pages for one kind of visitor; each has a session cookie of its own."""

    root: str
    kind: SessionKind
    cookie: str

    @property
    def sign_in(self) -> str:
        """Where to go without a session."""
        return f"{self.root}/sign-in"


CONSOLE = Area("/console", SessionKind.STAFF, STAFF)
H5 = Area("/h5", SessionKind.RESIDENT, RESIDENT)
AREAS = (CONSOLE, H5)


@dataclass(slots=True)
class Visit:
    """`session` and `signed_in` are there behind the sign-in only; a transaction that writes for POST.

    photos: of a form that has some, as they are kept. refused_photos: why there are none, as pages know it. sheet: of a
    form that has one, with the file's name. attachment: of a form that has a PDF or a picture. afterwards: makes the
    answer when the transaction has ended, where that takes long.
    """

    site: Site
    request: web.Request
    area: Area
    now: datetime
    form: dict[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    photos: list[bytes] = field(default_factory=list)
    refused_photos: str = ""
    afterwards: Callable[[], Awaitable[web.Response]] | None = None
    sheet: tuple[bytes, str] = (b"", "")
    attachment: Attachment | None = None
    _session: AsyncSession | None = None
    _signed_in: SignedIn | None = None

    def enter(self, session: AsyncSession, signed_in: SignedIn) -> None:
        """Behind the sign-in."""
        self._session, self._signed_in = session, signed_in

    @property
    def session(self) -> AsyncSession:
        """The transaction this request runs in."""
        assert self._session is not None
        return self._session

    @property
    def signed_in(self) -> SignedIn:
        """Who is here."""
        assert self._signed_in is not None
        return self._signed_in

    @property
    def token(self) -> str:
        """The session token the browser brought, whether or not it is worth anything; empty for none."""
        return read_token(self.request, self.area.cookie, self.site.is_https)

    @property
    def form_cookie(self) -> str:
        """The cookie that forms are made for; empty when the browser has none yet."""
        return self.token or read_token(self.request, FORM, self.site.is_https)

    async def act(self, verb: Callable[..., Awaitable[T]], *what: object) -> T:
        """A use case in this request's transaction, done now by whoever is here:
        `verb(session, services, *what, now, actor_id=...)`."""
        return await verb(
            self.session,
            self.site.services,
            *what,
            self.now,
            actor_id=self.signed_in.viewer.person_id,
        )

    def part(self, name: str, pattern: str) -> str:
        """A part of the path; raises NotFound when it does not look like one."""
        value = self.request.match_info[name]
        if not re.fullmatch(pattern, value):
            raise NotFound
        return value

    def page(self, template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> web.Response:
        """A rendered page with the token its forms need."""
        cookie = self.form_cookie
        fresh = "" if cookie else fresh_token()
        text = self.site.templates.render(
            template,
            csrf=form_token(self.site.services.sealer, cookie or fresh),
            area=self.area.root,
            signed_in=self._signed_in,
            large=is_large(self.request, self.site.is_https),
            # Where the switch for large type comes back to; what was just typed would be lost.
            at=self.destination(self.request.path) if self.request.method == "GET" else "",
            **values,
        )
        response = web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
        if fresh:
            write_cookie(response, FORM, fresh, self.site.is_https)
        return response

    def sign_in_browser(self, token: str, destination: str) -> web.Response:
        """Hand out a session's token and go on."""
        response = see_other(destination)
        # Staff share computers: theirs goes when the browser closes.
        life = LONGEST[self.area.kind] if self.area is H5 else None
        write_cookie(response, self.area.cookie, token, self.site.is_https, life)
        return response

    def destination(self, wanted: str) -> str:
        """A page of this area to go to after signing in; the first page when `wanted` is anything else."""
        inside = wanted == self.area.root or wanted.startswith(f"{self.area.root}/")
        if not inside or not _PLACES.fullmatch(wanted) or wanted.startswith(self.area.sign_in):
            return self.area.root
        return wanted


def see_other(path: str) -> web.Response:
    """Go on to a page of ours."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})
