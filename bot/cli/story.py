"""What the chapters that play in groups share: a clock that is set forward, people who speak, and what came of it."""

import asyncio
import sys
from datetime import datetime, time, timedelta

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.cli.world import World
from bot.playground.archive import ArchiveFeed
from bot.playground.wecom.rooms import Line
from handlers.local_time import LOCAL
from storage.states import InboxState, OutboxState
from storage.tables import AlertEpisode, ArchiveCursor, InboxMessage, OutboxMessage

PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.02
LOOKS = 10  # at what should have gone out already, before the bot is made to look again
MINUTE = timedelta(minutes=1)
SOON = timedelta(hours=1)  # what is queued for later than this is for later in the story, too


class Story:
    """One chapter as it is played; what was said in the corp's chats before it is not printed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._rooms = world.platform.wecom.rooms
        self._printed = self._rooms.last_seq

    # What happens

    async def at(self, moment: datetime, what: str) -> None:
        """Set the clock forward and let the bot do what is due."""
        self.world.clock.forward_to(moment)
        print(f"── {what}（{self.world.clock().astimezone(LOCAL):%m月%d日 %H:%M}）")
        await self.settle()

    async def say(self, room: str, person: str, text: str, quote: str = "") -> str:
        """A resident (external_userid) writes in a customer group; gives the msg_id."""
        await self.world.platform.wecom.user_says(room, person, text, quote or None)
        found = self._rooms.find(room)
        assert found is not None
        return found.lines[-1].msg_id

    def a_minute_later(self) -> None:
        """Nobody writes twice at once."""
        self.world.clock.forward_to(self.world.clock() + MINUTE)

    async def ask(self, room: str, userid: str, text: str) -> None:
        """A member of staff speaks to the bot in the internal group."""
        self.a_minute_later()
        await self.world.platform.wecom.user_says(room, userid, text)
        await self.follow()

    async def write(self, userid: str, text: str) -> None:
        """A member of staff writes to the app, 1:1."""
        self.a_minute_later()
        await self.world.platform.wecom.member_writes(userid, text)
        await self.follow()

    # What comes of it

    async def settle(self) -> None:
        """Let the bot do what there is to do now, what the clock brings about too, and print what came of it."""
        await self.work()
        self.print_new()

    async def follow(self) -> None:
        """Let what was just said have its consequences, and print them."""
        await self._drain()
        self.print_new()

    async def work(self) -> None:
        """Let the bot hear, work and send until nothing is left to do now."""
        await self.world.application.catch_up()
        while await self._drain():
            await self.world.application.catch_up()

    async def _drain(self) -> bool:
        """Wait until nothing is on its way; returns whether the clock was set forward for it, so that more is due."""
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        moved, looks = False, 0
        while True:
            looks += 1
            async with self.world.application.database.read() as session:
                waits = await _is_unworked(session, self.world.platform.archive)
                due = await _next_due(session, self.world.clock() + SOON)
            if due is None and not waits:
                return moved
            if asyncio.get_running_loop().time() > until:
                print("yishi: the bot has not finished", file=sys.stderr)
                return False
            now = self.world.clock()
            # First the bot notes which answers were taken: it would not send those, whatever the clock says.
            if looks == 1 or looks % LOOKS == 0:
                self.world.application.wake()
            elif due is not None and due > now and not waits:
                self.world.clock.forward_to(due)
                self.world.application.wake()
                moved = True
            await asyncio.sleep(PAUSE_SECONDS)

    def print_new(self) -> None:
        """Print what was said in the corp's chats since the last time."""
        before = ""
        for line in self._rooms.lines_since(self._printed):
            self._printed = line.seq
            room = self._rooms.find(line.room)
            if room is None or line.direction == "system" or self._is_told_elsewhere(line):
                continue
            who = "机器人" if line.direction == "bot" else self.world.platform.wecom.name_of(line.sender)
            print(f"● [{room.name}] {who}：")
            for part in ("（同上）" if line.text == before else line.text).splitlines():
                print(f"  │ {part}")
            before = line.text
        if before:
            print()

    def skip_new(self) -> None:
        """Leave out what was said until now."""
        self._printed = self._rooms.last_seq

    def _is_told_elsewhere(self, _line: Line) -> bool:
        """Whether the chapter prints a line in a way of its own."""
        return False

    async def latest_alert(self) -> int:
        """The number that staff answer with."""
        async with self.world.application.database.read() as session:
            return (await session.exec(select(func.max(AlertEpisode.number)))).one() or 0


async def _is_unworked(session: AsyncSession, feed: ArchiveFeed | None) -> bool:
    """Whether there is something that the bot has not heard, or not worked on."""
    unread = select(func.count()).where(InboxMessage.state == InboxState.NEW)
    if (await session.exec(unread)).one():
        return True
    read = (await session.exec(select(ArchiveCursor.seq))).first() or 0
    return feed is not None and bool(feed.items) and feed.seq > read


async def _next_due(session: AsyncSession, until: datetime) -> datetime | None:
    """When the next message is due that is to go out before `until`."""
    statement = select(func.min(OutboxMessage.not_before)).where(
        col(OutboxMessage.state).in_((OutboxState.PENDING, OutboxState.SENDING)),
        OutboxMessage.not_before <= until,
    )
    due: datetime | None = (await session.exec(statement)).one()
    return due


def local(day: datetime, at: time) -> datetime:
    """A time of a day of the story."""
    return datetime.combine(day.date(), at, LOCAL)


def next_monday(now: datetime) -> datetime:
    """The Monday after this week's."""
    here = now.astimezone(LOCAL)
    return here + timedelta(days=7 - here.weekday())
