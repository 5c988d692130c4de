"""Rows and times for storage tests."""

from datetime import UTC, datetime, timedelta

from storage.inbox import InboxRow, Lease
from storage.states import WindowKind, WindowRule

NOW = datetime(2026, 3, 12, 4, 0, tzinfo=UTC)  # noon in Shanghai
ACCOUNT = "main"
MESSAGE_WINDOW = WindowRule(WindowKind.MESSAGE, 48 * 3600, 5)
GESTURE_WINDOW = WindowRule(WindowKind.GESTURE, 60, 3)


def row(
    key: str,
    sender: str = "o-zhao",
    text: str = "三号楼的楼道灯不亮了",
    account: str = ACCOUNT,
    sent_at: datetime = NOW,
) -> InboxRow:
    return account, key, "text", sender, sent_at, text, "", "", "", "", ""


def lease(owner: str = "replica-a", seconds: float = 10, received_at: datetime = NOW) -> Lease:
    return Lease(owner, received_at, received_at + timedelta(seconds=seconds))
