from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web

from bot.web.listener import Runner
from bot.web.site import Site
from bot.web.templating import Templates
from handlers.context import Services
from handlers.learning.taggers import Taggers
from nlp.reader import Reader
from nlp.segment import warm
from storage.database import Database
from storage.sealing import Sealer
from tests.beginning import Beginning
from tests.voting.assembly import SIGNER
from tests.web.town import Corp, Hands, ServiceAccount, Town, application_of, settle

NOON = datetime(2026, 3, 12, 4, 0, tzinfo=UTC)  # a Thursday, in Shanghai


@pytest.fixture(scope="session")
def tagger() -> Reader:
    warm()  # as a server does before it works
    return Reader.load()


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates()


@pytest.fixture
def public_url() -> str:
    """Pages with https: parametrise otherwise."""
    return "https://yishi.example.org"


@pytest.fixture(scope="session")
def settled(sealer: Sealer) -> Beginning[dict[str, int]]:
    """The compounds and everybody."""
    return Beginning(lambda session: settle(session, sealer, NOON))


@pytest.fixture
async def town(
    database: Database,
    tagger: Reader,
    templates: Templates,
    sealer: Sealer,
    public_url: str,
    settled: Beginning[dict[str, int]],
) -> AsyncIterator[Town]:
    people = await settled.lay(database)
    services = Services(Taggers(tagger), sealer, 180, {"main": "XH-1"}, public_url=public_url, signer=SIGNER)
    async with open_town(database, services, templates, people) as town:
        yield town


@pytest.fixture
async def second(town: Town, database_url: str) -> AsyncIterator[Town]:
    """Another replica: the same database through its own connections, the same platforms."""
    database = Database(database_url)
    async with open_town(database, town.site.services, town.site.templates, town.people) as other:
        other.corp.codes, other.service.codes = town.corp.codes, town.service.codes
        yield other
    await database.close()


@asynccontextmanager
async def open_town(
    database: Database, services: Services, templates: Templates, people: dict[str, int]
) -> AsyncIterator[Town]:
    clock, corp, service = Hands(NOON), Corp(), ServiceAccount()
    site = Site(
        database,
        services,
        clock,
        templates,
        members={"corp": corp},
        residents={"main": service},
        refusal_seconds=0.0,
    )
    application = application_of(site)
    runner = Runner(application, 1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Town(site, clock, corp, service, http, base, application, people)
    await runner.cleanup()
