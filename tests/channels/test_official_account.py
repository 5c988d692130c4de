import pytest

from handlers.inbound import InboundKind
from storage.states import WindowKind, WindowRule
from tests.channels.by_hand import account_of, settings

MESSAGE = WindowRule(WindowKind.MESSAGE, seconds=48 * 3600, allowed=5)
GESTURE = WindowRule(WindowKind.GESTURE, seconds=60, allowed=3)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (InboundKind.TEXT, MESSAGE),
        (InboundKind.IMAGE, MESSAGE),
        (InboundKind.VOICE, MESSAGE),
        (InboundKind.VIDEO, MESSAGE),
        (InboundKind.LOCATION, MESSAGE),
        (InboundKind.LINK, MESSAGE),
        (InboundKind.FOLLOW, GESTURE),
        (InboundKind.SCAN, GESTURE),
        (InboundKind.CLICK, GESTURE),
        (InboundKind.UNFOLLOW, None),
        (InboundKind.OTHER, None),
    ],
)
def test_what_may_be_sent_after_what_someone_did(kind: InboundKind, rule: WindowRule | None) -> None:
    assert account_of().window(kind) == rule


def test_passive_replies_can_be_turned_off() -> None:
    assert account_of(settings(passive_reply_seconds=2.0)).passive_reply_seconds == 2.0
    assert account_of(settings(passive_reply=False)).passive_reply_seconds == 0
