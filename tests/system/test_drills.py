"""Fault drill for outgoing messages: real servers, killed in the middle, on a platform that misbehaves.

What was promised is counted by the simulator: what arrived at whom, and each attempt over a quota.
"""

import asyncio
import itertools
import random
import time
from collections import Counter
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from bot.app import utc_now
from bot.playground.api import SEND_PATH
from bot.playground.faults import Faults
from bot.playground.platform import Platform
from storage.database import Database
from storage.outbox import add_message
from storage.send_windows import add_grant, open_windows
from storage.states import POLICIES, Form, MessageClass, Promise, WindowKind, WindowRule
from tests.system.books import Books, open_books
from tests.system.fleet import MARK, Fleet, Server, Setup
from tests.system.residents import PEOPLE

TOTAL = 2000
BURST_EVERY = 100  # attempts
TEMPLATE, SUBSCRIBE = "drill-template", "drill-subscribe"
WINDOW = WindowRule(WindowKind.MESSAGE, 48 * 3600, 5)
CLASSES = (
    MessageClass.ALERT,
    MessageClass.NOTICE,
    MessageClass.RECEIPT,
    MessageClass.DIGEST,
    MessageClass.PROMPT,
    MessageClass.REMINDER,
)
TALKATIVE = PEOPLE[:20]  # are to get more than their window lets through
SILENT = PEOPLE[500:]  # have no window: a notice they accepted, then a template
TOKENS_VOIDED = 8
# Each fault happens so often in one drill; last of all a token is found to be too old.
FAULTS = {
    "rate_limited": 40,
    "out_of_window": 24,
    "over_quota": 24,
    "busy": 40,
    "http_500": 32,
    "timeout_after": 32,
    "timeout_before": 16,
}


@dataclass(frozen=True)
class LoudSetup(Setup):
    """At any hour, with templates for notices."""

    def write(self, path: Path) -> None:
        super().write(path)
        with path.open("a", encoding="utf-8") as file:
            file.write(
                f'template_id = "{TEMPLATE}"\nsubscribe_template_id = "{SUBSCRIBE}"\n'
                '[quiet_hours]\nstart = "00:00:00"\nend = "00:00:00"\n'
            )


@dataclass(frozen=True)
class Letter:
    """One message of the drill. `text` arrives when it goes as text; notices name it too."""

    number: int
    openid: str
    message_class: MessageClass

    @property
    def name(self) -> str:
        return f"第{self.number}号"

    @property
    def text(self) -> str:
        return f"{MARK} {self.name} 通知"

    @property
    def at_least_once(self) -> bool:
        return POLICIES[self.message_class].promise is Promise.AT_LEAST_ONCE


def write_letters() -> list[Letter]:
    """In a random order; 160 for those whose window has room for 100, and three for each who has none."""
    people = [person for person in TALKATIVE for _ in range(8)]
    people += [person for person in SILENT for _ in range(3)]
    others = PEOPLE[len(TALKATIVE) : -len(SILENT)]
    people += [others[number % len(others)] for number in range(TOTAL - len(people))]
    random.shuffle(people)
    return [Letter(number, person, CLASSES[number % 6]) for number, person in enumerate(people)]


def _notices(name: str) -> dict[str, dict[str, object]]:
    return {
        f"{form}@main": {"template_id": template_id, "fields": {"thing1": name}}
        for form, template_id in ((Form.TEMPLATE, TEMPLATE), (Form.SUBSCRIBE, SUBSCRIBE))
    }


async def queue(database_url: str, platform: Platform, letters: list[Letter]) -> None:
    """Put letters into the outbox, and let the bot and the platform agree on who may be written to."""
    database, now = Database(database_url), utc_now()
    async with database.write() as session:
        await open_windows(
            session, {("main", openid, WINDOW) for openid in PEOPLE if openid not in SILENT}, now
        )
        for openid in SILENT:
            platform.audience.remove(openid)
            platform.audience.add(openid)
            await add_grant(session, "main", openid, now)
            platform.notices.accepted[openid, SUBSCRIBE] = 1
        for letter in letters:
            silent = letter.openid in SILENT
            await add_message(
                session,
                account="main",
                recipient=letter.openid,
                message_class=letter.message_class,
                text=letter.text,
                dedupe_key=letter.name,
                now=now,
                form=Form.SUBSCRIBE if silent else Form.TEXT,
                payload={"notices": _notices(letter.name)} if silent else None,
                fallbacks=[("main", letter.openid, form) for form in (Form.TEMPLATE, Form.TEXT)]
                if silent
                else (),
            )
    await database.close()


class Drill:
    """Bad weather, deaths, and a clock that does not make the test wait."""

    def __init__(self, fleet: Fleet, setup: Setup, platform: Platform, books: Books) -> None:
        self.fleet = fleet
        self.setup = setup
        self.platform = platform
        self.books = books
        self.left = Counter(FAULTS)
        self.over = False
        self.killed_at: list[int] = []
        platform.faults.api_path = "/cgi-bin/message/"

    @property
    def calls(self) -> int:
        """Attempts the platform saw."""
        return sum(
            count
            for path, count in self.platform.counters.api_calls.items()
            if path.startswith("/cgi-bin/message/")
        )

    async def storm(self) -> None:
        """Let the faults happen a few at a time, spread over the drill by the attempts."""
        voided_at = utc_now() - timedelta(minutes=10)
        for burst in itertools.count():
            await self.wait_for_calls(BURST_EVERY * (burst + 1))
            if burst < TOKENS_VOIDED:
                # Somebody else asked for another token by force; by the platform's clock not twice in 30 seconds.
                self.platform.stable_tokens.forced(voided_at + timedelta(seconds=31 * burst))
            if self.over or not self.left:
                break
            for name in random.sample(sorted(self.left), min(3, len(self.left))):
                count = min(self.left[name], 4)
                setattr(self.platform.faults, name, getattr(self.platform.faults, name) + count)
                self.left = self.left - Counter({name: count})
        self.platform.faults.token_expired += 1

    async def wait_for_calls(self, calls: int) -> None:
        """Until the platform has seen so many attempts."""
        while self.calls < calls and not self.over:  # noqa: ASYNC110  what is waited for happens in another process
            await asyncio.sleep(0.005)

    async def kill_after(self, server: Server, calls: int) -> Server:
        """Wait for so many attempts, kill a server and start another in its place."""
        await self.wait_for_calls(calls)
        server.kill()
        await server.wait(10)
        self.killed_at.append(self.calls)
        await self.books.end_leases(server.replica, utc_now())
        return await self.fleet.start(self.setup)

    async def run_clock(self) -> None:
        """Pauses between tries are minutes and hours: let them be over as soon as they begin."""
        while not self.over:
            await asyncio.sleep(0.5)
            await self.write(
                f"UPDATE outbox SET not_before = '{_stamp()}' WHERE state = 'pending' AND not_before > '{_stamp()}'"
            )

    async def write(self, statement: str) -> None:
        database = Database(self.setup.database_url)
        async with database.write() as session:
            await (await session.connection()).execute(text(statement))
        await database.close()

    async def wait_until_over(self, seconds: float) -> None:
        """Until nothing is due or on its way."""
        ends_at = time.monotonic() + seconds
        while await self.books.count("FROM outbox WHERE state IN ('pending', 'sending')"):
            assert time.monotonic() < ends_at, await self.books.outbox_states()
            await asyncio.sleep(0.2)

    async def let_the_waited_for_write(self) -> int:
        """Whoever is waited for writes something; returns how many did."""
        rows = await self.books.select("SELECT DISTINCT recipient FROM outbox WHERE state = 'waiting'")
        people = [str(recipient) for (recipient,) in rows]
        for start in range(0, len(people), 20):
            await asyncio.gather(
                *(self.platform.user_sends(openid, f"谢谢 {MARK}") for openid in people[start : start + 20])
            )
        return len(people)


def _stamp() -> str:
    # As SQLite keeps times; PostgreSQL takes it too.
    return utc_now().strftime("%Y-%m-%d %H:%M:%S.%f")


async def test_two_thousand_messages_keep_their_promises(
    fleet: Fleet, platform: Platform, founded: str
) -> None:
    started = time.monotonic()
    letters = write_letters()
    await queue(founded, platform, letters)
    setup = LoudSetup(founded, platform.base_url)
    async with open_books(founded) as books:
        drill = Drill(fleet, setup, platform, books)
        helpers = asyncio.gather(drill.storm(), drill.run_clock())
        servers = [await fleet.start(setup) for _ in range(1 if founded.startswith("sqlite") else 2)]
        for calls in (500, 1100, 1700):
            servers.append(await drill.kill_after(servers.pop(0), calls))
        rounds = 0
        while True:
            await drill.wait_until_over(60)
            platform.callback_url = servers[-1].callback_url
            wrote = await drill.let_the_waited_for_write()
            rounds += 1
            if not wrote:
                break
            await books.wait_until_worked(20)
            assert rounds < 12, "people are waited for without end"
        drill.over = True
        await helpers
        seconds = time.monotonic() - started
        rows = await books.select(
            "SELECT dedupe_key, state, form, attempts FROM outbox WHERE inbox_id IS NULL"
        )
    outcome = {str(key): str(state) for key, state, _, _ in rows}
    _check(platform, letters, outcome)
    forms = Counter(str(form) for _, _, form, _ in rows)
    arrived = Counter(_arrivals(platform, letter) for letter in letters)
    errors = dict(sorted(platform.counters.errors.items()))
    print(
        f"{TOTAL} messages in {seconds:.0f} s, killed after {drill.killed_at} attempts of {drill.calls}; "
        f"states {dict(Counter(outcome.values()))}; last form {dict(forms)}; copies that arrived {dict(arrived)}; "
        f"errcodes {errors}; rounds of waiting {rounds}; attempts over a quota {len(platform.ledger.exceeded())}"
    )
    assert not {name: count for name, count in drill.left.items() if count}, "not all faults happened"
    assert {40001, 42001, 45009, 45015, 45047, -1} <= platform.counters.errors.keys()


def _arrivals(platform: Platform, letter: Letter) -> int:
    return sum(letter.name in arrived for arrived in platform.ledger.texts(letter.openid))


def _check(platform: Platform, letters: list[Letter], outcome: dict[str, str]) -> None:
    lost = [each for each in letters if each.at_least_once and _arrivals(platform, each) < 1]
    assert not lost, f"{len(lost)} at-least-once messages did not arrive: {lost[:3]}"
    doubled = [each for each in letters if not each.at_least_once and _arrivals(platform, each) > 1]
    assert not doubled, f"{len(doubled)} at-most-once messages arrived twice: {doubled[:3]}"
    for letter in letters:
        state = outcome[letter.name]
        assert state == "sent" or (state == "uncertain" and not letter.at_least_once), (letter, state)
        assert state != "sent" or _arrivals(platform, letter) >= 1, f"{letter} is sent and did not arrive"
    assert platform.ledger.exceeded() == []


# Keeps the names of the faults honest: a knob that is renamed must not turn the drill into a fair-weather one.
assert FAULTS.keys() <= {each.name for each in fields(Faults)}
assert SEND_PATH.startswith("/cgi-bin/message/")
