"""企业群发 to customer groups: a task that does nothing until the groups' owner taps it (path/92135)."""

import secrets
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.playground.ledger import Ledger, Quota, SlidingLimit
from bot.playground.wecom.errors import WecomError
from bot.playground.wecom.rooms import RoomKind, Rooms

TEXT_LIMIT_BYTES = 4000
CHATS_LIMIT = 2000
REMINDERS = 3
WAITING, TAPPED = 0, 2  # of a task, as get_groupmsg_task tells them
UNSENT, SENT, REFUSED_BY_LIMIT = 0, 1, 3  # of a group, as get_groupmsg_send_result tells them
_CHINA = ZoneInfo("Asia/Shanghai")


@dataclass
class GroupTask:
    """One 企业群发. chats: status of each group; reminded: how often its owner was reminded."""

    msgid: str
    owner: str
    text: str
    created_at: datetime
    chats: dict[str, int]
    sent_at: datetime | None = None
    cancelled: bool = False
    reminded: int = 0

    @property
    def waiting(self) -> bool:
        """Whether the owner may still tap."""
        return self.sent_at is None and not self.cancelled


@dataclass
class GroupTasks:
    """The tasks of a corp, oldest first."""

    rooms: Rooms
    ledger: Ledger
    all: dict[str, GroupTask] = field(default_factory=dict)
    _reminders: SlidingLimit = field(default_factory=lambda: SlidingLimit(REMINDERS, timedelta(hours=24)))

    def create(self, body: dict[str, Any], staff: set[str], now: datetime) -> dict[str, Any]:
        """Answer add_msg_template: {"fail_list", "msgid"}.

        fail_list: groups that are not the sender's own customer groups, or that got or await as many messages
        this month as it has days. Raises WecomError 41048 (with the fail_list) when no group is left, 86214 for
        another chat_type than group, 40063 and 60111 for the sender, 45002 for a text over 4000 bytes.
        """
        if body.get("chat_type") != "group":
            raise WecomError(86214)
        sender, text = body.get("sender"), _text(body)
        if not isinstance(sender, str) or not sender:
            raise WecomError(40063)
        if sender not in staff:
            raise WecomError(60111)
        own = [room.chat_id for room in self.rooms.all(RoomKind.CUSTOMER) if room.owner == sender]
        wanted = body.get("chat_id_list", own)
        if not isinstance(wanted, list) or len(wanted) > CHATS_LIMIT:
            raise WecomError(40035)
        good: list[str] = []
        failed: list[str] = []
        for chat_id in dict.fromkeys(map(str, wanted or own)):
            (good if chat_id in own and self._has_room(chat_id, now) else failed).append(chat_id)
        if not good:
            raise WecomError(41048, fail_list=failed)
        task = GroupTask(f"msg{secrets.token_urlsafe(20)}", sender, text, now, dict.fromkeys(good, UNSENT))
        self.all[task.msgid] = task
        return {"fail_list": failed, "msgid": task.msgid}

    def tap(self, msgid: str, now: datetime) -> GroupTask | None:
        """Send a waiting task as its owner; None when there is nothing left to tap."""
        task = self.all.get(msgid)
        if task is None or not task.waiting:
            return None
        task.sent_at = now
        for chat_id in task.chats:
            task.chats[chat_id] = SENT if self._sent_in_month(chat_id, now) < _days(now) else REFUSED_BY_LIMIT
        return task

    def find(self, body: dict[str, Any]) -> GroupTask:
        """Find the task that a call means; raises WecomError 41046 without a msgid, 41047 for an unknown one."""
        msgid = body.get("msgid")
        if not msgid:
            raise WecomError(41046)
        task = self.all.get(str(msgid))
        if task is None:
            raise WecomError(41047)
        return task

    def describe(self, task: GroupTask) -> dict[str, Any]:
        """Answer get_groupmsg_task."""
        row = {"userid": task.owner, "status": TAPPED if task.sent_at else WAITING}
        return {"next_cursor": "", "task_list": [row | _sent_at(task)]}

    def results(self, task: GroupTask, userid: object) -> dict[str, Any]:
        """Answer get_groupmsg_send_result of one member."""
        rows = [
            {"chat_id": chat_id, "userid": task.owner, "status": status} | _sent_at(task)
            for chat_id, status in task.chats.items()
            if userid == task.owner
        ]
        return {"next_cursor": "", "send_list": rows}

    def remind(self, task: GroupTask, now: datetime) -> None:
        """Remind the owner; raises WecomError 45009 over 3 in 24 hours."""
        if not self._reminders.has_room(task.msgid, now):
            self.ledger.exceed(Quota.REMIND_DAY, task.msgid, now)
            raise WecomError(45009)
        self._reminders.count(task.msgid, now)
        task.reminded += 1

    def cancel(self, task: GroupTask) -> None:
        """Take back what was not sent yet; what was sent stays."""
        if task.waiting:
            task.cancelled = True

    def waiting(self) -> list[GroupTask]:
        """List what owners still have to tap, oldest first."""
        return [task for task in self.all.values() if task.waiting]

    def _has_room(self, chat_id: str, now: datetime) -> bool:
        awaited = sum(chat_id in task.chats for task in self.waiting())
        if self._sent_in_month(chat_id, now) + awaited < _days(now):
            return True
        self.ledger.exceed(Quota.GROUP_MONTH, chat_id, now)
        return False

    def _sent_in_month(self, chat_id: str, now: datetime) -> int:
        month = now.astimezone(_CHINA).strftime("%Y-%m")
        return sum(
            task.chats.get(chat_id) == SENT
            for task in self.all.values()
            if task.sent_at is not None and task.sent_at.astimezone(_CHINA).strftime("%Y-%m") == month
        )


def _days(now: datetime) -> int:
    local = now.astimezone(_CHINA)
    return monthrange(local.year, local.month)[1]


def _sent_at(task: GroupTask) -> dict[str, int]:
    return {"send_time": int(task.sent_at.timestamp())} if task.sent_at else {}


def _text(body: dict[str, Any]) -> str:
    text, attachments = body.get("text"), body.get("attachments")
    content = text.get("content") if isinstance(text, dict) else None
    if not isinstance(content, str) or not content:
        if not attachments:
            raise WecomError(40063)
        content = "[附件]"
    if len(content.encode("utf-8", "surrogatepass")) > TEXT_LIMIT_BYTES:
        raise WecomError(45002)
    return content
