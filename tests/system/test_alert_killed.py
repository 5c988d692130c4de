"""kill -9 around danger: every danger is told, once for each episode, and goes up once, whoever dies when."""

import asyncio
import itertools
import random
import time
from collections import Counter

from bot.app import utc_now
from handlers.alerts.rules import ESCALATE_AFTER
from handlers.people.enrol import CompoundEntry, ContactEntry, PlaceEntry, enrol_compound
from storage.database import Database
from storage.migrate import prepare
from storage.sealing import Sealer
from storage.states import PlaceLevel, Role
from tests.conftest import COLUMN_KEY, LOOKUP_KEY
from tests.system.books import Books, open_books
from tests.system.fleet import COMPOUND, MARK, Fleet, Setup
from tests.system.residents import PEOPLE, Message, Postman, write_messages

KILLS = 6
KILLS_WHILE_IT_GOES_UP = 3
VOICES = 3  # messages about each danger
ORDINARY = 20  # messages around each danger
OFFICES = {"ShouYe": Role.DUTY, "ShuJi": Role.SECRETARY}
CORP = """[channels.corp]
kind = "wecom_app"
corp_id = "wwSystem"
agent_id = 1000002
secret = "the-simulated-corp-secret"
token = "corpcallbacktoken"
encoding_aes_key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
api_base = "http://127.0.0.1:9"
"""
_ids = itertools.count(int(time.time() * 1000) * 1_000 + 500)


async def _found(database_url: str) -> None:
    """A compound with a building for each danger, somebody on duty and a secretary."""
    database = Database(database_url)
    await prepare(database)
    places = tuple(
        PlaceEntry(PlaceLevel.BUILDING, str(number), f"{number}栋", None) for number in range(1, KILLS + 1)
    )
    contacts = tuple(
        ContactEntry(role, role.value, userid, f"000-{role}", False, ("corp", userid))
        for userid, role in OFFICES.items()
    )
    async with database.write() as session:
        entry = CompoundEntry(COMPOUND, "花园小区", (), places, contacts)
        await enrol_compound(session, Sealer([COLUMN_KEY], LOOKUP_KEY), entry, utc_now())
    await database.close()


def _dangers(building: int) -> list[Message]:
    said = f"{building}栋楼道里一股煤气味，闻着头晕。{MARK}"
    return [Message(str(next(_ids)), random.choice(PEOPLE), said, True) for _ in range(VOICES)]


async def test_every_danger_is_told_once_and_goes_up_once_whoever_is_killed(
    fleet: Fleet, database_url: str
) -> None:
    await _found(database_url)
    replicas = 1 if database_url.startswith("sqlite") else 2
    postman, sent = Postman(), list[Message]()
    setup = Setup(database_url, passive_reply=False, more=CORP)
    running = [await fleet.start(setup) for _ in range(replicas)]
    for building in range(1, KILLS + 1):
        again = [message for message in sent if message not in postman.acknowledged]
        again += random.sample(
            sent, min(10, len(sent))
        )  # the platform's retries, also of what was acknowledged
        fresh = [*_dangers(building), *write_messages(ORDINARY)]
        sent += fresh
        todo = [*fresh, *again]
        random.shuffle(todo)
        loop = asyncio.get_running_loop()
        victim = random.choice(running)
        delay = random.uniform(0, 0.25)
        loop.call_later(delay, victim.kill)
        await asyncio.gather(
            postman.deliver([server.address for server in running], todo), asyncio.sleep(delay + 0.01)
        )
        running.remove(victim)
        running.append(await fleet.start(setup))
    while todo := [message for message in sent if message not in postman.acknowledged]:
        await postman.deliver([running[0].address], todo)
    async with open_books(database_url) as books:
        await books.wait_until_worked(30)
        await _check_told(books)
        for server in running:
            server.kill()
        await _let_it_go_up(fleet, setup, books)
        print(
            f"answers {dict(postman.statuses)}; {KILLS} dangers, {await books.count('FROM outbox')} answers"
        )


async def _let_it_go_up(fleet: Fleet, setup: Setup, books: Books) -> None:
    """Five minutes later, killed in the middle of it."""
    for _ in range(KILLS_WHILE_IT_GOES_UP):
        server = await fleet.start(setup, ESCALATE_AFTER.total_seconds() + 60)
        await asyncio.sleep(random.uniform(0, 0.1))
        server.kill()
    await fleet.start(setup, ESCALATE_AFTER.total_seconds() + 60)
    deadline = time.monotonic() + 20
    while await books.count("FROM alert_episodes WHERE escalated_at IS NULL"):
        assert time.monotonic() < deadline, "an alert that nobody confirmed did not go up"
        await asyncio.sleep(0.05)
    assert await _alerts_by_recipient(books) == {"ShouYe": KILLS, "ShuJi": KILLS}
    assert await books.count("FROM audit_events WHERE verb = 'alert.escalated'") == KILLS


async def _check_told(books: Books) -> None:
    episodes = await books.select("SELECT matter, hits, alerted_at, opened_at FROM alert_episodes")
    matters = Counter(str(matter) for matter, *_ in episodes)
    assert matters == Counter(f"shuidian.qi@{building}" for building in range(1, KILLS + 1))
    assert {hits for _matter, hits, *_ in episodes} == {VOICES}
    assert all(alerted_at == opened_at for *_, alerted_at, opened_at in episodes)
    assert await _alerts_by_recipient(books) == {"ShouYe": KILLS}
    assert await books.count("FROM audit_events WHERE verb = 'alert.raised'") == KILLS


async def _alerts_by_recipient(books: Books) -> dict[str, int]:
    rows = await books.select(
        "SELECT recipient, count(*) FROM outbox WHERE message_class = 'alert' GROUP BY recipient"
    )
    return {str(recipient): int(str(count)) for recipient, count in rows}
