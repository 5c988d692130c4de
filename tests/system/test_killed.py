"""kill -9 at any moment: nothing acknowledged is lost, nothing is done twice."""

import asyncio
import random

from bot.playground.platform import Platform
from tests.system.books import open_books
from tests.system.fleet import Fleet, Server, Setup
from tests.system.residents import Message, Postman, write_messages

SAMPLE = 100  # acknowledged messages that come once more


class Executioner:
    """Kills a server a random moment after a random number of its answers."""

    def __init__(self, server: Server, most_answers: int) -> None:
        self._server = server
        self._left = random.randint(1, most_answers)
        self._delay = random.uniform(0, 0.03)

    def saw_answer(self) -> None:
        self._left -= 1
        if self._left == 0:
            asyncio.get_running_loop().call_later(self._delay, self._server.kill)


def _again(messages: list[Message], postman: Postman) -> list[Message]:
    """What the platform still has to deliver, and what it delivers again for no reason."""
    unanswered = [message for message in messages if message not in postman.acknowledged]
    known = list(postman.acknowledged)
    again = unanswered + random.sample(known, min(SAMPLE, len(known)))
    random.shuffle(again)
    return again


async def test_no_message_is_lost_or_doubled_when_the_server_is_killed_under_load(
    fleet: Fleet, platform: Platform, founded: str
) -> None:
    kills = 3 if founded.startswith("sqlite") else 2
    # In turns: acknowledged when stored, and acknowledged with the answer.
    setups = [
        Setup(founded, platform.base_url, passive_reply=number % 2 == 1, passive_reply_seconds=1.0)
        for number in range(kills + 1)
    ]
    messages, postman = write_messages(2000), Postman()
    killed_after = []
    todo = messages
    for number in range(kills):
        server = await fleet.start(setups[number])
        executioner = Executioner(server, len(todo) // (kills + 1 - number))
        await postman.deliver([server.address], todo, on_answer=executioner.saw_answer)
        assert await server.wait(10) == -9, "the load was over before the kill"
        killed_after.append(len(postman.acknowledged))
        todo = _again(messages, postman)
    server = await fleet.start(setups[-1])
    await postman.deliver([server.address], todo)
    await postman.deliver([server.address], _again(messages, postman))
    while todo := [message for message in messages if message not in postman.acknowledged]:
        await postman.deliver([server.address], todo)
    # On a loaded machine a commit may take too long: then 503 says so in time, and the platform tries again.
    assert postman.statuses.keys() <= {200, 503, None}
    async with open_books(founded) as books:
        seconds = await books.wait_until_worked(30)
        await books.check(messages, postman.acknowledged.keys())
        outbox = await books.outbox_states()
    print(
        f"killed with {killed_after} of 2000 acknowledged; answers {dict(postman.statuses)}; "
        f"worked {seconds:.1f} s later; outbox {outbox}"
    )


async def test_two_replicas_share_the_work_and_survive_the_death_of_one(
    fleet: Fleet, platform: Platform, founded_postgres: str
) -> None:
    setup = Setup(founded_postgres, platform.base_url)
    lasting, mortal = [await fleet.start(setup) for _ in range(2)]
    messages, postman = write_messages(600), Postman()
    executioner = Executioner(mortal, 200)
    await postman.deliver([lasting.address, mortal.address], messages, on_answer=executioner.saw_answer)
    assert await mortal.wait(10) == -9
    reborn = await fleet.start(setup)
    while todo := [message for message in messages if message not in postman.acknowledged]:
        await postman.deliver([lasting.address, reborn.address], todo)
    await postman.deliver([reborn.address, lasting.address], random.sample(messages, SAMPLE))
    async with open_books(founded_postgres) as books:
        await books.wait_until_worked(30)
        await books.check(messages, messages)
    worked = {server: await _worked_on(server) for server in (lasting, reborn)}
    print(f"worked on by the one that lived and the one that came back: {list(worked.values())}")
    assert worked[lasting] > 100


async def _worked_on(server: Server) -> int:
    lines = (await server.metrics()).splitlines()
    return sum(int(float(line.split()[1])) for line in lines if line.startswith("yishi_messages_total"))
