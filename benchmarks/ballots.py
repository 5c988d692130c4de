"""How fast owners vote over HTTP, with real sessions and forms, on both databases.

`ballots`: durable ballots a second, each a POST that is answered when ballot, slots, leaf and receipts are committed,
from eight phones at once; beside it commits of one small row each, one after the other, on the same database.
`last_minutes`: as many owners as vote in the last ten minutes of a large vote, 3,000 of them, come at that pace. Each
opens the vote, the form, the check of it, casts, and reads the receipt, while somebody keeps the turnout open in the
console. The value is the 95th percentile of all these answers in milliseconds, the reference what it may be.
"""

import asyncio
import os
import random
import re
import secrets
import tempfile
import time
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import aiohttp
from sqlalchemy import text

from benchmarks.callbacks import write_config
from benchmarks.servers import CLIENT_CORE, running
from benchmarks.urgent import make_database
from bot.app import open_sealer
from bot.config import load_settings
from handlers.people.sign_in import session_hash
from handlers.voting.announced import Announced, as_json
from handlers.voting.freeze import freeze_roll
from handlers.voting.terms import AGREE, area_of
from storage.database import Database
from storage.migrate import prepare
from storage.sealing import Sealer
from storage.states import BindingState, Role, RoleSource, SessionKind, VoteState
from storage.tables import (
    ChannelIdentity,
    Compound,
    OwnerBinding,
    Person,
    RoleGrant,
    RollOwner,
    RollTitle,
    RollUnit,
    Vote,
    VoteQuestion,
    WebSession,
)
from tests.postgres import running_server as running_postgres

OWNERS, MINUTES = 3000, 10  # what "everybody in the last minutes" means
MOST_MS = 300
PHONES = 8
TURNOUT = "/console/BENCH/votes/1/turnout"
_LOOK_SECONDS = 2.0
_HIDDEN = re.compile(r'name="(csrf|key)" value="([^"]+)"')
_FORM = re.compile(r'href="(/h5/votes/BENCH/1/ballot/[0-9a-f]{16})"')


@dataclass
class Hall:
    """Who is in the vote. tokens: session cookies of the owners; staff: of somebody in the console."""

    tokens: list[str] = field(default_factory=list)
    staff: str = ""


def run(quick: bool) -> Iterator[dict[str, Any]]:
    """Yields ballots a second and the percentile, for each database; ratio = value / reference."""
    before = os.sched_getaffinity(0)
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        stack.callback(os.sched_setaffinity, 0, before)
        os.sched_setaffinity(0, {CLIENT_CORE})
        for name in ("sqlite", "postgresql"):
            with tempfile.TemporaryDirectory(prefix="yishi") as folder:
                url = f"sqlite:///{folder}/bench.db" if name == "sqlite" else make_database(postgres)
                config = write_config(Path(folder), passive_reply=False, database_url=url)
                hall = asyncio.run(_furnish(config, url))
                with running(str(config)) as server, server.awake():
                    rate, percentile, count = asyncio.run(_measure(server.address, hall, quick))
                commits = asyncio.run(_commits(url))
            yield _row(name, "ballots", rate, "1/s", commits, {})
            yield _row(name, "last_minutes", percentile, "ms", MOST_MS, {"answers": count})


def _row(
    database: str, metric: str, value: float, unit: str, reference: float, more: dict[str, Any]
) -> dict[str, Any]:
    return {
        "bench": "ballots",
        "metric": f"{database}_{metric}",
        "value": round(value, 1),
        "unit": unit,
        "reference": round(reference, 1),
        "ratio": round(value / reference, 3),
        **more,
    }


async def _measure(address: str, hall: Hall, quick: bool) -> tuple[float, float, int]:
    """Ballots a second; the percentile, and over how many answers."""
    waiting = iter(hall.tokens)
    fast = 80 if quick else 400
    slow = OWNERS * (10 if quick else 60) // (MINUTES * 60)
    async with aiohttp.ClientSession(
        address, cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=0)
    ) as http:
        rate = await _cast_all(http, [next(waiting) for _ in range(fast)])
        spent = await _last_minutes(http, hall, [next(waiting) for _ in range(slow)])
    return rate, quantiles(spent, n=20)[-1] * 1000, len(spent)


async def _cast_all(http: aiohttp.ClientSession, tokens: list[str]) -> float:
    """Everybody has the form before their eyes; then all press the button."""
    forms = [await _form_of(http, token, []) for token in tokens]
    queue = iter(zip(tokens, forms, strict=True))

    async def phone() -> None:
        for token, (path, form) in queue:
            await _post(http, token, f"{path}/cast", form)

    started = time.perf_counter()
    await asyncio.gather(*(phone() for _ in range(PHONES)))
    return len(tokens) / (time.perf_counter() - started)


async def _last_minutes(http: aiohttp.ClientSession, hall: Hall, tokens: list[str]) -> list[float]:
    """They come by chance, at the pace of OWNERS in MINUTES. Seconds that each answer took."""
    spent: list[float] = []
    chance = random.Random(278)

    async def look() -> None:
        while True:
            await _get(http, {"yishi-staff": hall.staff}, TURNOUT, spent)
            await asyncio.sleep(_LOOK_SECONDS)

    async def vote(token: str) -> None:
        path, form = await _form_of(http, token, spent)
        await _timed(_post(http, token, path, form, 200), spent)
        receipt = await _timed(_post(http, token, f"{path}/cast", form), spent)
        await _get(http, {"yishi-h5": token}, receipt, spent)

    looking = asyncio.create_task(look())
    voting = []
    for token in tokens:
        voting.append(asyncio.create_task(vote(token)))
        await asyncio.sleep(chance.expovariate(OWNERS / (MINUTES * 60)))
    await asyncio.gather(*voting)
    if looking.done():
        looking.result()
    looking.cancel()
    return spent


async def _form_of(http: aiohttp.ClientSession, token: str, spent: list[float]) -> tuple[str, dict[str, str]]:
    """The form's address, and its fields with a yes."""
    cookies = {"yishi-h5": token}
    vote = await _get(http, cookies, "/h5/votes/BENCH/1", spent)
    found = _FORM.search(vote)
    assert found is not None, vote
    page = await _get(http, cookies, found[1], spent)
    return found[1], {**dict(_HIDDEN.findall(page)), "m-q1": AGREE}


async def _get(http: aiohttp.ClientSession, cookies: dict[str, str], path: str, spent: list[float]) -> str:
    async def get() -> str:
        async with http.get(path, headers=_cookie(cookies)) as response:
            response.raise_for_status()
            if response.history:
                raise RuntimeError(f"{path} led to {response.url}")
            return await response.text()

    return await _timed(get(), spent)


async def _post(
    http: aiohttp.ClientSession, token: str, path: str, form: dict[str, str], expected: int = 303
) -> str:
    """Where it leads; raises RuntimeError for another answer than the one expected."""
    async with http.post(
        path, data=form, headers=_cookie({"yishi-h5": token}), allow_redirects=False
    ) as response:
        if response.status != expected or "eligible" in response.headers.get("Location", ""):
            raise RuntimeError(f"{path} answered {response.status}: {await response.text()}")
        return response.headers.get("Location", "")


def _cookie(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


async def _timed(work: Awaitable[str], spent: list[float]) -> str:
    started = time.perf_counter()
    answer = await work
    spent.append(time.perf_counter() - started)
    return answer


async def _commits(url: str) -> float:
    """Commits a second of one small row each, as durable as ballots are."""
    database = Database(url)
    count = 300
    try:
        async with database.write() as session:
            await session.exec(text("CREATE TABLE bench_commits (number INTEGER PRIMARY KEY)"))  # type: ignore[call-overload]
        started = time.perf_counter()
        for number in range(count):
            async with database.write() as session:
                await session.exec(text(f"INSERT INTO bench_commits VALUES ({number})"))  # type: ignore[call-overload]
        return count / (time.perf_counter() - started)
    finally:
        await database.close()


async def _furnish(config: Path, url: str) -> Hall:
    """A vote that is open, with OWNERS owners who are bound, follow the account, and are signed in."""
    sealer, now = open_sealer(load_settings(config)), datetime.now(UTC)
    database = Database(url)
    try:
        await prepare(database)
        async with database.write() as session:
            compound = Compound(code="BENCH", name="大户小区")
            session.add(compound)
            people = [Person(created_at=now) for _ in range(OWNERS + 1)]
            session.add_all(people)
            await session.flush()
            compound_id = compound.compound_id
            assert compound_id is not None
            numbers = [person.person_id for person in people if person.person_id is not None]
            *owners, secretary = numbers
            hall = Hall(staff=_session(session, sealer, SessionKind.STAFF, secretary, now))
            session.add(
                RoleGrant(
                    person_id=secretary,
                    role=Role.SECRETARY,
                    scope_code="BENCH",
                    source=RoleSource.STAFF,
                    granted_at=now,
                )
            )
            for at, person_id in enumerate(owners):
                _enrol(session, compound_id, at + 1, person_id, now)
                hall.tokens.append(_session(session, sealer, SessionKind.RESIDENT, person_id, now))
            await session.flush()
            session.add_all(
                RollTitle(compound_id=compound_id, unit_code=_code(at + 1), owner_number=at + 1, since=now)
                for at in range(OWNERS)
            )
            session.add_all(
                OwnerBinding(
                    compound_id=compound_id,
                    binding_number=at + 1,
                    owner_number=at + 1,
                    person_id=person_id,
                    state=BindingState.BOUND,
                    possession="code",
                    possession_at=now,
                    knowledge="document",
                    bound_at=now,
                )
                for at, person_id in enumerate(owners)
            )
            await session.flush()
            vote = Vote(
                compound_id=compound_id,
                vote_number=1,
                state=VoteState.OPEN,
                title="选聘物业服务企业",
                rules=as_json(Announced()),
                operator_id=secretary,
                created_at=now,
                noticed_at=now - timedelta(days=20),
                opens_at=now - timedelta(days=1),
                closes_at=now + timedelta(hours=1),
            )
            session.add(vote)
            await session.flush()
            session.add(
                VoteQuestion(
                    compound_id=compound_id,
                    vote_number=1,
                    question_id="q1",
                    position=1,
                    item=4,
                    title="是否选聘",
                    options=[AGREE],
                )
            )
            await freeze_roll(session, vote)
        async with database.write() as session:
            # What the server's own upkeep does in the fifteen days of the notice: plans for empty tables take minutes.
            await session.exec(text("ANALYZE"))  # type: ignore[call-overload]
        return hall
    finally:
        await database.close()


def _enrol(session: Any, compound_id: int, number: int, person_id: int, now: datetime) -> None:
    session.add(
        ChannelIdentity(account="main", external_id=f"o{number:027}", person_id=person_id, first_seen_at=now)
    )
    session.add(RollOwner(compound_id=compound_id, owner_number=number, name_sealed=b"-", entered_at=now))
    session.add(
        RollUnit(
            compound_id=compound_id,
            unit_code=_code(number),
            building=str(number // 100),
            area_register=area_of("89.73"),
            entered_at=now,
        )
    )


def _code(number: int) -> str:
    return f"{number // 100}-1-{number % 100:03}"


def _session(session: Any, sealer: Sealer, kind: SessionKind, person_id: int, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            token_hash=session_hash(sealer, token),
            kind=kind,
            person_id=person_id,
            account="main",
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(days=1),
        )
    )
    return token
