"""Asking what became of 企业群发 tasks: an owner taps in their own time, and the platform does not call."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import structlog

from bot.channels.base import Channel, ChannelError
from storage.database import Database
from storage.queries.group_tasks import end_task, take_awaiting
from storage.states import OutboxState
from storage.tables import OutboxMessage

BATCH = 20
LOOK_AGAIN = timedelta(minutes=3)

log = structlog.get_logger()


@runtime_checkable
class TaskChannel(Protocol):
    """A channel whose group tasks can be asked about."""

    async def task_state(self, platform_id: str, owner: str) -> str:
        """What became of a task that `owner` must tap: "waiting", "sent" or "failed".

        Raises ChannelError when the platform does not say.
        """


async def follow_up(database: Database, channels: Mapping[str, Channel], now: datetime) -> int:
    """Ask about the tasks that were not asked about for the longest time; returns how many have ended.

    A task that nobody has tapped by its `expires_at` is given up.
    """
    async with database.write() as session:
        tasks = await take_awaiting(session, now, now + LOOK_AGAIN, BATCH)
    if not tasks:
        return 0
    states = await asyncio.gather(*(_ask(channels, task) for task in tasks))
    ended = 0
    async with database.write() as session:
        for task, state in zip(tasks, states, strict=True):
            if state == "sent":
                await end_task(session, task, OutboxState.SENT, now)
            elif state == "failed":
                await end_task(session, task, OutboxState.DEAD, now, "the platform gave the task up")
            elif task.expires_at <= now:
                await end_task(session, task, OutboxState.DEAD, now, "not tapped")
            else:
                continue
            ended += 1
    return ended


async def _ask(channels: Mapping[str, Channel], task: OutboxMessage) -> str:
    channel: object = channels.get(task.account)
    if not isinstance(channel, TaskChannel):
        return "waiting"
    try:
        return await channel.task_state(task.platform_id, str((task.payload or {}).get("owner", "")))
    except ChannelError as error:
        log.warning("task.not_asked", outbox_id=task.outbox_id, errcode=error.result.errcode)
        return "waiting"
