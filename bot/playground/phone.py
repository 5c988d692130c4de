"""A resident's phone with the pages open in it: signs in as WeChat would, reads, fills in forms, presses buttons.

What the demo's residents use, and whoever wants to walk the pages without a browser. No script runs in it, as on the
pages there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import aiohttp
from yarl import URL

from bot.playground.platform import Platform

_UNSEEN = frozenset({"head", "style", "script", "template"})
_CELLS = frozenset({"td", "th"})
_BREAKS = frozenset(
    {"p", "li", "h1", "h2", "h3", "tr", "dt", "dd", "div", "section", "label", "br", "legend"}
)


@dataclass
class Form:
    """A form as a browser has it. fields: hidden and prefilled ones; offered: what may be chosen, by name."""

    action: str
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    offered: dict[str, list[str]] = field(default_factory=dict)


class Page(HTMLParser):
    """A page: where, how it was answered, what it says, its forms and links."""

    def __init__(self, url: URL, status: int, html: str) -> None:
        super().__init__()
        self.url, self.status = url, status
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._unseen = 0
        self._in_main = False
        self._select = ""
        self._said: list[str] = []
        self.feed(html)

    @property
    def lines(self) -> list[str]:
        """What can be read of its main part, a line each, without empty ones."""
        return [line for line in (" ".join(each.split()) for each in "".join(self._said).split("\n")) if line]

    def form(self, action: str) -> Form:
        """The form whose action ends like this; raises LookupError."""
        for form in self.forms:
            if form.action.endswith(action):
                return form
        raise LookupError(f"{self.url} has no form for {action}: {' / '.join(self.lines)[:300]}")

    def link(self, part: str) -> str:
        """The first link with this in it; raises LookupError."""
        for link in self.links:
            if part in link:
                return link
        raise LookupError(f"{self.url} has no link to {part}: {' / '.join(self.lines)[:300]}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element begins."""
        values = {name: value or "" for name, value in attrs}
        self._unseen += tag in _UNSEEN
        self._in_main |= tag == "main"
        if tag in _BREAKS:
            self._said.append("\n")
        elif tag in _CELLS:
            self._said.append(" ")
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get").lower()))
        elif tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif self.forms and "name" in values and tag in ("input", "button", "select", "textarea"):
            self._control(self.forms[-1], tag, values)
        elif self.forms and tag == "option":
            self.forms[-1].offered[self._select].append(values.get("value", ""))
            self.forms[-1].fields.setdefault(self._select, values.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """One element ends."""
        self._unseen -= tag in _UNSEEN
        self._in_main &= tag != "main"
        if tag in _BREAKS:
            self._said.append("\n")

    def handle_data(self, data: str) -> None:
        """Words."""
        if self._in_main and not self._unseen:
            self._said.append(data)

    def _control(self, form: Form, tag: str, values: Mapping[str, str]) -> None:
        name, value, kind = values["name"], values.get("value", ""), values.get("type", "text")
        if tag == "select":
            self._select = name
            form.offered[name] = []
        elif tag == "button" or kind == "submit":
            return
        elif kind in ("radio", "checkbox"):
            form.offered.setdefault(name, []).append(value)
            if "checked" in values:
                form.fields[name] = value
        else:
            form.fields[name] = value


class Phone:
    """One person's browser. app_id: of the account through which they sign in; person: who they are there."""

    def __init__(self, platform: Platform, app_id: str, person: str, address: str) -> None:
        self._platform, self._app_id, self._person = platform, app_id, person
        self._address = URL(address)
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def close(self) -> None:
        """Put it away."""
        await self._http.close()

    async def open(self, path: str) -> Page:
        """A page; signs in on the way when that is asked for."""
        self._platform.sign_in.as_person[self._app_id] = self._person
        async with self._http.get(self._address.join(URL(path))) as response:
            return Page(response.url, response.status, await response.text())

    async def submit(self, page: Page, form: Form, **fields: str) -> Page:
        """Fill in a form and send it."""
        target = page.url.join(URL(form.action))
        headers = {"Origin": str(self._address.origin()), "Sec-Fetch-Site": "same-origin"}
        data = {**form.fields, **fields}
        async with self._http.post(target, data=data, headers=headers) as response:
            return Page(response.url, response.status, await response.text())

    async def download(self, path: str) -> bytes:
        """A file."""
        async with self._http.get(self._address.join(URL(path))) as response:
            response.raise_for_status()
            return await response.read()
