"""Two compounds of two districts, people with every role, platforms that say who is at the browser, and a browser."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDictProxy
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.channels.base import ChannelError, SendResult, Verdict
from bot.channels.official_account import Visitor
from bot.web.pages import pages_middlewares, pages_routes
from bot.web.site import Site
from handlers.people.enrol import CompoundEntry, PlaceEntry, RegionEntry, enrol_compound
from handlers.people.sign_in import sign_in_resident, sign_in_staff
from storage.queries.people import put_role
from storage.sealing import Sealer
from storage.states import PlaceLevel, RegionLevel, Role, RoleSource
from storage.tables import (
    AlertEpisode,
    ChannelIdentity,
    Compound,
    Opinion,
    Person,
    StaffAccount,
    WeeklyCycle,
)

PASSWORD = "four-short-words-here"
HERE, THERE = "XH-1", "LH-2"
WEEK = "2026-03-02"

ENTRIES = (
    CompoundEntry(
        HERE,
        "新禾苑",
        (
            RegionEntry(RegionLevel.DISTRICT, "440199", "清平区"),
            RegionEntry(RegionLevel.SUBDISTRICT, "4401990", "柳荫街道"),
            RegionEntry(RegionLevel.COMMUNITY, "440199001", "河沿社区"),
            RegionEntry(RegionLevel.PRECINCT, "440199001P2", "第二片区"),
        ),
        (
            PlaceEntry(PlaceLevel.BUILDING, "3", "3栋", None),
            PlaceEntry(PlaceLevel.ENTRANCE, "3-1", "3栋1单元", "3"),
            PlaceEntry(PlaceLevel.BUILDING, "13", "13栋", None),
        ),
        (),
    ),
    CompoundEntry(
        THERE,
        "兰花里",
        (
            RegionEntry(RegionLevel.DISTRICT, "440198", "东湾区"),
            RegionEntry(RegionLevel.COMMUNITY, "440198001", "兰溪社区"),
        ),
        (PlaceEntry(PlaceLevel.BUILDING, "3", "3栋", None),),
        (),
    ),
)

# Who looks, by what they are and where; None for residents.
STAFF: Mapping[str, tuple[tuple[Role, str], ...]] = {
    "secretary": ((Role.SECRETARY, HERE),),
    "committee": ((Role.COMMITTEE, HERE),),
    "property": ((Role.PROPERTY, HERE),),
    "community_worker": ((Role.COMMUNITY_WORKER, HERE),),
    "grid_worker": ((Role.GRID_WORKER, HERE),),
    "supervisor": ((Role.SUPERVISOR, HERE),),
    "duty": ((Role.DUTY, HERE),),
    "district_secretary": ((Role.SECRETARY, "440199"),),
    "subdistrict_secretary": ((Role.SECRETARY, "4401990"),),
    "community_secretary": ((Role.SECRETARY, "440199001"),),
    "precinct_secretary": ((Role.SECRETARY, "440199001P2"),),
    "building_steward": ((Role.GRID_WORKER, f"{HERE}/3"),),
    "building_secretary": ((Role.SECRETARY, f"{HERE}/3"),),
    "building_committee": ((Role.COMMITTEE, f"{HERE}/3"),),
    "building_operator": ((Role.OPERATOR, f"{HERE}/3"),),
    "entrance_steward": ((Role.GRID_WORKER, f"{HERE}/3-1"),),
    "next_building_steward": ((Role.GRID_WORKER, f"{HERE}/13"),),
    "lost_building_steward": ((Role.GRID_WORKER, f"{HERE}/99"),),
    "neighbour_building_steward": ((Role.GRID_WORKER, f"{THERE}/3"),),
    "neighbour_community": ((Role.SECRETARY, "440198001"),),
    "neighbour_secretary": ((Role.SECRETARY, THERE),),
    "neighbour_district": ((Role.SECRETARY, "440198"),),
    "operator": ((Role.OPERATOR, "440199"), (Role.OPERATOR, THERE)),
    "operator_of_one": ((Role.OPERATOR, HERE),),
}
RESIDENTS = {"resident": False, "snapshot": True}


T = TypeVar("T")


def take(codes: dict[str, T], code: str) -> T:
    """A code works once; the platform says 40029 for any other."""
    if code == "silence":
        raise ChannelError(SendResult(Verdict.UNKNOWN, None, "微信平台没有应答"))
    if code not in codes:
        raise ChannelError(SendResult(Verdict.REFUSED, 40029, "code 无效"))
    return codes.pop(code)


class Corp:
    """WeCom as the site meets it: codes it has given out, each good once."""

    def __init__(self, account: str = "corp") -> None:
        self.account = account
        self.codes: dict[str, str] = {}

    def sign_in_url(self, redirect: str, state: str) -> str:
        return f"https://open.weixin.qq.com/connect?{urlencode({'redirect_uri': redirect, 'state': state})}"

    async def member_of(self, code: str) -> str:
        return take(self.codes, code)


class ServiceAccount:
    """The service account's platform as the site meets it."""

    def __init__(self) -> None:
        self.codes: dict[str, Visitor] = {}

    def sign_in_url(self, redirect: str, state: str) -> str:
        return f"https://open.weixin.qq.com/authorize?{urlencode({'redirect_uri': redirect, 'state': state})}"

    async def visitor_of(self, code: str) -> Visitor:
        return take(self.codes, code)


@dataclass
class Page:
    """What a browser got."""

    status: int
    text: str
    headers: CIMultiDictProxy[str]

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.text)
        assert found is not None, self.text
        return found[1]

    def cookie(self, name: str) -> str:
        """The whole Set-Cookie line of a cookie."""
        (line,) = [line for line in self.headers.getall("Set-Cookie", []) if line.startswith(f"{name}=")]
        return line


@dataclass
class Browser:
    """Keeps cookies, follows nothing."""

    http: aiohttp.ClientSession
    base: str
    cookies: dict[str, str] = field(default_factory=dict)
    origin: str | None = None

    async def get(self, path: str) -> Page:
        return await self.ask("GET", path)

    async def post(self, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> Page:
        if self.origin is not None:
            headers = {"Origin": self.origin, **headers}
        return await self.ask("POST", path, urlencode(fields or {}), headers)

    async def submit(self, shown_at: str, path: str, fields: Mapping[str, str] | None = None) -> Page:
        """Send a form of the page at `shown_at`."""
        csrf = (await self.get(shown_at)).csrf
        return await self.post(path, {"csrf": csrf, **(fields or {})})

    async def ask(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Page:
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        async with self.http.request(
            method, self.base + path, data=body, headers={**sent, **(headers or {})}, allow_redirects=False
        ) as response:
            for name, cookie in response.cookies.items():
                if cookie["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = cookie.value
            return Page(response.status, await response.text(errors="replace"), response.headers)


@dataclass
class Town:
    """A site with people, and its clock."""

    site: Site
    clock: "Hands"
    corp: Corp
    service: ServiceAccount
    http: aiohttp.ClientSession
    base: str
    application: web.Application
    people: dict[str, int]

    @property
    def prefix(self) -> str:
        return "__Host-yishi-" if self.site.is_https else "yishi-"

    def browser(self) -> Browser:
        return Browser(self.http, self.base)

    async def as_staff(self, who: str, browser: Browser | None = None) -> Browser:
        """A browser in which someone has just signed in."""
        browser = browser or self.browser()
        async with self.site.database.write() as session:
            token = await sign_in_staff(session, self.sealer, self.people[who], "link", self.clock.now)
        browser.cookies[f"{self.prefix}staff"] = token
        return browser

    async def as_resident(self, who: str = "resident", openid: str | None = None) -> Browser:
        browser = self.browser()
        self.clock.count += 1
        async with self.site.database.write() as session:
            token = await sign_in_resident(
                session,
                self.sealer,
                "main",
                openid or f"o-{who}",
                f"state-{self.clock.count}",
                self.clock.now,
                read_only=RESIDENTS[who],
            )
        browser.cookies[f"{self.prefix}h5"] = token
        return browser

    @property
    def sealer(self) -> Sealer:
        return self.site.services.sealer


@dataclass
class Hands:
    """A clock that is moved by hand."""

    now: datetime
    count: int = 0

    def __call__(self) -> datetime:
        return self.now

    def forward(self, length: timedelta) -> None:
        self.now += length


def application_of(site: Site) -> web.Application:
    """The pages beside another path, as the public listener has them."""

    async def callback(_request: web.Request) -> web.Response:
        return web.Response(text="callback")

    application = web.Application(middlewares=pages_middlewares(site), client_max_size=65536)
    application.add_routes(
        [web.get("/wechat/main/callback", callback, allow_head=False), *pages_routes(site)]
    )
    return application


async def settle(session: AsyncSession, sealer: Sealer, now: datetime) -> dict[str, int]:
    """Enrol the compounds and everybody; returns person ids by name."""
    for entry in ENTRIES:
        await enrol_compound(session, sealer, entry, now)
    people = {}
    for who, grants in STAFF.items():
        person = Person(created_at=now, name_sealed=sealer.seal(f"姓{who}".encode(), "persons.name"))
        session.add(person)
        await session.flush()
        assert person.person_id is not None
        people[who] = person.person_id
        for role, scope in grants:
            await put_role(session, person.person_id, role, scope, "书记", False, RoleSource.STAFF, now)
        session.add(
            ChannelIdentity(
                account="corp", external_id=f"u-{who}", person_id=person.person_id, first_seen_at=now
            )
        )
    return people


def staff_account(person_id: int, username: str, password_hash: str, now: datetime) -> StaffAccount:
    return StaffAccount(person_id=person_id, username=username, password_hash=password_hash, created_at=now)


def episode(
    compound_id: int, number: int, now: datetime, matter: str = "danger@3", opinion: int | None = None
) -> AlertEpisode:
    return AlertEpisode(
        compound_id=compound_id,
        number=number,
        matter=matter,
        opinion_number=opinion,
        opened_at=now,
        alerted_at=now,
        last_hit_at=now,
    )


def opinion(
    compound_id: int,
    number: int,
    person_id: int,
    now: datetime,
    text: str,
    categories: tuple[str, ...] = (),
    urgency: int = 1,
    building: str | None = "3",
) -> Opinion:
    return Opinion(
        compound_id=compound_id,
        number=number,
        inbox_id=number,
        person_id=person_id,
        said_at=now,
        filed_at=now,
        text=text,
        categories=[{"id": one, "score": 0.9} for one in categories],
        urgency=urgency,
        building=building,
        lexicon_version="test",
    )


def digest(name: str = "新禾苑", words: str = "楼道灯又不亮了，晚上回家真怕摔着。") -> dict[str, object]:
    return {
        "compound": name,
        "code": HERE,
        "week": WEEK,
        "from": "2026-03-02",
        "to": "2026-03-08",
        "total": 37,
        "last_total": 29,
        "speakers": 21,
        "categories": [
            {"id": "dianti", "name": "电梯", "count": 14, "last": 6},
            {"id": "huanjing", "name": "环境卫生", "count": 9, "last": 12},
            {"id": "tingche", "name": "停车秩序", "count": 1, "last": 0},
        ],
        "places": [{"name": "3栋2单元", "count": 11}, {"name": "12栋", "count": 4}],
        "urgent": [
            {
                "number": 1012,
                "label": "燃气异味",
                "place": "3栋",
                "said_on": "3月4日",
                "text": words,
                "state": "filed",
            }
        ],
        "unanswered": [{"number": 1003, "label": "电梯故障", "place": "3栋", "days": 6}],
        "quotes": [{"text": words, "label": "公共照明"}],
    }


def week_row(compound_id: int, now: datetime, **changes: object) -> WeeklyCycle:
    return WeeklyCycle(
        compound_id=compound_id, week=WEEK, opened_at=now, digested_at=now, digest={**digest(), **changes}
    )


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def here_id(town: Town) -> int:
    async with town.site.database.read() as session:
        found = (await session.exec(select(Compound.compound_id).where(Compound.code == HERE))).one()
    assert found is not None
    return found
