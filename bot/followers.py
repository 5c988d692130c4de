"""Asking the platform for the union ids of followers, which join them with the same people in groups.

In the background, soon after somebody is first met: a message never waits for it. Who has none is remembered.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import structlog

from bot.channels.base import Channel, ChannelError, SendResult, Verdict
from bot.channels.official_account import Follower
from handlers.context import Services
from handlers.people.join import join_people
from storage.database import Database
from storage.queries.people import has_unasked_followers, put_union_id, take_unasked_followers

# So many at once, and after a full round a second of rest: far below what the platform allows in a minute.
BATCH = 10
REST = timedelta(seconds=1)
ASKED_FOR = timedelta(minutes=10)  # nobody else asks meanwhile, and whoever died asking is made up for
# Who has no union id, because the account is not bound to the open platform, may have one when it was bound.
ASK_AGAIN = timedelta(days=30)
PAUSE = timedelta(minutes=1)
BLOCKED = timedelta(hours=1)  # an operator must act first

log = structlog.get_logger()


@runtime_checkable
class FollowerChannel(Protocol):
    """A channel that can say who of several accounts is one human being."""

    async def follower_of(self, openid: str) -> Follower:
        """What the platform knows of somebody; raises ChannelError."""


class UnionIds:
    """One for each replica. An account that refuses or does not answer is left alone for a while."""

    def __init__(
        self,
        database: Database,
        services: Services,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._services = services
        self._channels: dict[str, FollowerChannel] = {
            name: channel for name, channel in channels.items() if isinstance(channel, FollowerChannel)
        }
        self._clock = clock
        self._paused: dict[str, datetime] = {}
        self._rests_until: datetime | None = None

    async def has_work(self) -> bool:
        """A look that takes no lock."""
        accounts = self._accounts()
        if not accounts or (self._rests_until is not None and self._clock() < self._rests_until):
            return False
        async with self._database.read() as session:
            return await has_unasked_followers(session, accounts, self._clock())

    async def step(self) -> bool:
        """Ask for a few, the latest first; returns False: more wait for the next turn."""
        if not await self.has_work():
            return False
        now = self._clock()
        async with self._database.write() as session:
            people = await take_unasked_followers(session, self._accounts(), now, now + ASKED_FOR, BATCH)
        answers = await asyncio.gather(*(self._ask(account, openid) for account, openid in people))
        now = self._clock()
        self._rests_until = now + REST if len(people) == BATCH else None
        union_ids = set()
        async with self._database.write() as session:
            # In one order everywhere: two replicas must not wait for each other's rows.
            for (account, openid), answer in sorted(
                zip(people, answers, strict=True), key=lambda asked: asked[0]
            ):
                union_id = answer.union_id if isinstance(answer, Follower) else ""
                ask_at = None if union_id else self._ask_at(account, answer, now)
                await put_union_id(session, account, openid, union_id, ask_at)
                union_ids.add(union_id)
        for union_id in sorted(union_ids - {""}):
            async with self._database.write() as session:
                await join_people(session, self._services, union_id, now)
        return False

    def _accounts(self) -> list[str]:
        now = self._clock()
        return [name for name in self._channels if self._paused.get(name, now) <= now]

    async def _ask(self, account: str, openid: str) -> Follower | SendResult:
        try:
            return await self._channels[account].follower_of(openid)
        except ChannelError as error:
            return error.result

    def _ask_at(self, account: str, answer: Follower | SendResult, now: datetime) -> datetime | None:
        """When to ask for this person again; None: when they follow again."""
        if isinstance(answer, Follower):
            return now + ASK_AGAIN if answer.following else None
        match answer.verdict:
            case Verdict.REFUSED | Verdict.NO_WINDOW:  # something is wrong with this one person
                return now + ASK_AGAIN
            case Verdict.ACCOUNT_BLOCKED:
                span = BLOCKED
            case _:
                span = max(PAUSE, timedelta(seconds=answer.wait_seconds))
        if self._paused.get(account, now) <= now:
            log.warning("followers.not_told", account=account, errcode=answer.errcode, hint=answer.detail)
        self._paused[account] = now + span
        return now + span
