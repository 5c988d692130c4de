"""One replica's working parts on a test's database."""

from collections.abc import Sequence
from datetime import time, timedelta

from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from bot.channels.base import Channel
from bot.delivery import Quiet
from bot.outbox import Sender
from bot.replies import ReplyDesk
from bot.telemetry import Metrics
from bot.worker import Worker
from handlers.context import Services
from handlers.people.enrol import CompoundEntry, enrol_compound
from storage.database import Database
from storage.inbox import Lease, Stored, open_writer
from storage.tables import InboxMessage, OutboxMessage
from tests.bot.fakes import Clock, ScriptedChannel
from tests.luck import is_out_of_luck
from tests.storage.rows import row

USUAL_QUIET = Quiet(time(21, 0), time(8, 0))


class Replica:
    def __init__(
        self,
        database: Database,
        services: Services,
        clock: Clock,
        name: str = "replica-a",
        channels: Sequence[ScriptedChannel] = (),
        quiet: Quiet = USUAL_QUIET,
    ) -> None:
        self.name = name
        self.clock = clock
        self.database = database
        self.channels: dict[str, Channel] = {channel.account: channel for channel in channels}
        self.desk = ReplyDesk(database, name)
        self.metrics = Metrics()
        self.worker = Worker(
            database, services, self.channels, self.desk, self.metrics, name, clock, arrivals=lambda: 0
        )
        self.sender = Sender(database, self.channels, self.metrics, name, quiet, clock, services.sealer)

    async def work(self) -> int:
        """Steps until there is nothing to do; returns how many."""
        for steps in range(1, 1000):
            if not await self._step():
                return steps
        raise AssertionError("there is always more to do")

    async def _step(self) -> bool:
        """As the pump does it."""
        try:
            return await self.worker.step()
        except OperationalError as error:
            if not is_out_of_luck(error):
                raise
            return True

    async def send(self) -> None:
        """Send all that is due."""
        while await self.sender.step():
            pass

    async def store(
        self, texts: Sequence[str], senders: Sequence[str] = ("o-zhao",), prefix: str = "m"
    ) -> list[Stored]:
        """Messages as this replica's intake stores them."""
        writer = open_writer(self.database)
        lease = Lease(self.name, self.clock.now, self.clock.now + timedelta(seconds=10))
        rows = [
            row(f"{prefix}:{number}", senders[number % len(senders)], text, sent_at=self.clock.now)
            for number, text in enumerate(texts)
        ]
        stored = await writer.write(rows, lease)
        await writer.close()
        return stored


async def enrol(database: Database, services: Services, clock: Clock) -> None:
    async with database.write() as session:
        await enrol_compound(session, services.sealer, CompoundEntry("XH-1", "新禾苑", (), (), ()), clock.now)


async def inbox(database: Database) -> list[InboxMessage]:
    async with database.read() as session:
        return list((await session.exec(select(InboxMessage).order_by(col(InboxMessage.inbox_id)))).all())


async def outbox(database: Database) -> list[OutboxMessage]:
    async with database.read() as session:
        return list((await session.exec(select(OutboxMessage).order_by(col(OutboxMessage.outbox_id)))).all())
