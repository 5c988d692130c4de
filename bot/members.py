"""Keeping the lists of customer groups' members: asked for daily, after a change, and when somebody unknown speaks."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

import structlog

from bot.channels.base import Channel, ChannelError
from bot.channels.wecom_app import CustomerGroup
from handlers.context import Services
from handlers.groups.members import Member, sync_members
from handlers.local_time import local_date
from storage.claims import try_claim
from storage.database import Database
from storage.queries.groups import find_group, list_changed_rooms, list_groups
from storage.states import GroupKind
from storage.tables import ChatGroup

AT_ONCE = 20  # groups asked for in one tick; the others come with the next
WANTED_AT_ONCE = AT_ONCE // 2  # the rest is the daily round's, whatever is wanted and never answered
AGAIN_AFTER = timedelta(minutes=2)  # a room that was just asked for has nothing new to tell

log = structlog.get_logger()


@runtime_checkable
class GroupChannel(Protocol):
    """A channel that can say who sits in a customer group."""

    async def get_group(self, chat_id: str) -> CustomerGroup:
        """The group as it is now; raises ChannelError."""


class MemberLists:
    """One for each replica. What is wanted is in memory: whoever is missed today is met by the daily round."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        services: Services,
        replica: str,
    ) -> None:
        self._database = database
        self._channels = channels
        self._accounts, self._sealer = services.accounts, services.sealer
        self._replica = replica
        self._wanted: set[tuple[str, str]] = set()
        self._asked_at: dict[tuple[str, str], datetime] = {}
        self._seen_inbox_id: int | None = None
        self._day = ""
        self._asked_today: set[tuple[str, str]] = set()

    def want(self, account: str) -> Callable[[Collection[str]], None]:
        """For the poller of an archive account: note rooms in which somebody unknown spoke."""
        return lambda rooms: self._wanted.update((account, room) for room in rooms)

    async def refresh(self, now: datetime) -> int:
        """Ask for the groups that are due; returns how many were brought up to date."""
        done = 0
        for group in await self._due(now):
            done += await self._sync(group, now)
        return done

    async def _due(self, now: datetime) -> list[ChatGroup]:
        today = local_date(now).isoformat()
        async with self._database.read() as session:
            groups = {
                (group.account, group.room): group
                for group, _ in await list_groups(session)
                if group.kind is GroupKind.CUSTOMER and group.ended_at is None
            }
            changed, self._seen_inbox_id = await list_changed_rooms(session, self._seen_inbox_id)
        self._wanted |= {key for key in groups if key[1] in changed}
        self._wanted &= groups.keys()
        never = datetime.min.replace(tzinfo=UTC)
        wanted = [
            (asked_at, key)
            for key in self._wanted
            if now - (asked_at := self._asked_at.get(key, never)) >= AGAIN_AFTER
        ]
        due = [groups[key] for _, key in sorted(wanted)[:WANTED_AT_ONCE]]
        if self._day != today:
            self._day, self._asked_today = today, set()
            self._asked_at = {key: at for key, at in self._asked_at.items() if now - at < AGAIN_AFTER}
        for key in [key for key in groups if key not in self._asked_today][: AT_ONCE - len(due)]:
            self._asked_today.add(key)
            async with self._database.write() as session:
                job = f"members:{groups[key].group_id}"
                if await try_claim(session, job, today, self._replica, now) and groups[key] not in due:
                    due.append(groups[key])
        return due

    async def _sync(self, group: ChatGroup, now: datetime) -> bool:
        key = (group.account, group.room)
        people = self._accounts[group.account].people if group.account in self._accounts else group.account
        channel: object = self._channels.get(people)
        if not isinstance(channel, GroupChannel):
            return False
        self._asked_at[key] = now
        try:
            found = await channel.get_group(group.room)
        except ChannelError as error:
            log.warning("members.not_told", group_id=group.group_id, errcode=error.result.errcode)
            return False
        self._wanted.discard(key)
        members = [Member(m.user_id, m.is_staff, m.union_id, m.joined_at) for m in found.members]
        async with self._database.write() as session:
            current = await find_group(session, *key)
            if current is None or current.ended_at is not None:
                return False
            current.owner = found.owner or current.owner
            await sync_members(session, self._sealer, current, people, members, now)
        return True
