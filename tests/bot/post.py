"""A queue of messages and a replica that sends them."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import select

from handlers.context import Services
from storage.database import Database
from storage.outbox import add_message
from storage.queries.people import get_or_add_identities
from storage.send_windows import open_windows
from storage.states import Form, MessageClass
from storage.tables import OutboxMessage, SendWindow
from tests.bot.fakes import WINDOW, Clock, ScriptedChannel
from tests.bot.house import Replica, outbox

NOTICE = MessageClass.NOTICE


class Post:
    """A replica that sends on one scripted account, and rows for it to send."""

    def __init__(self, database: Database, services: Services, clock: Clock) -> None:
        self.database = database
        self.services = services
        self.clock = clock
        self.channel = ScriptedChannel()
        self.replica = self.another("replica-a")

    def another(self, name: str, *channels: ScriptedChannel) -> Replica:
        return Replica(self.database, self.services, self.clock, name, channels or [self.channel])

    async def queue(
        self,
        text: str = "明天上午停水",
        message_class: MessageClass = NOTICE,
        recipient: str = "o-zhao",
        account: str = "main",
        form: Form = Form.TEXT,
        payload: dict[str, Any] | None = None,
        fallbacks: Sequence[tuple[str, str, Form]] = (),
        topic: str = "",
    ) -> None:
        async with self.database.write() as session:
            await add_message(
                session,
                account=account,
                recipient=recipient,
                message_class=message_class,
                text=text,
                dedupe_key=f"{text}-{recipient}",
                now=self.clock.now,
                form=form,
                payload=payload,
                fallbacks=fallbacks,
                topic=topic,
            )

    async def writes(self, recipient: str = "o-zhao", account: str = "main") -> None:
        """The person does something that opens a window."""
        async with self.database.write() as session:
            await get_or_add_identities(session, [(account, recipient)], self.clock.now)
            await open_windows(session, {(account, recipient, WINDOW)}, self.clock.now)

    async def only(self) -> OutboxMessage:
        [message] = await outbox(self.database)
        return message

    async def count_used(self) -> int:
        async with self.database.read() as session:
            return sum((await session.exec(select(SendWindow.used))).all())
