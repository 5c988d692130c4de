from pathlib import Path

import pytest

from nlp.chats import PHRASES, TRAINING, UNSEEN, ChatsError, load_chats, load_phrases, parse_chats
from nlp.lexicon import load_lexicon
from nlp.place import NOWHERE, Place

CHAT = """
== 3号楼群 | 2026-04-06
朵朵妈|18:21|dianti.kunren,wuye.xiangying|3|3/2/501|m01|快来人|我跟娃在里头\\n没人理

老周|18:22|none|-|//|-|收到
""".splitlines()


def test_a_line_says_who_when_what_how_urgent_and_where() -> None:
    [chat] = parse_chats(CHAT, "a.txt")
    assert (chat.group, chat.day, len(chat.messages)) == ("3号楼群", "2026-04-06", 2)
    first, second = chat.messages
    assert (first.speaker, first.at, first.urgency, first.matter) == ("朵朵妈", "18:21", 3, "m01")
    assert (first.top, sorted(first.tops)) == ("dianti", ["dianti", "wuye"])
    assert first.place == Place("3", "2", "501")
    assert first.text == "快来人|我跟娃在里头\n没人理"
    assert (second.top, second.labels, second.urgency, second.place, second.matter) == (
        "none",
        (),
        0,
        NOWHERE,
        "",
    )


def test_without_a_group_every_message_is_a_conversation() -> None:
    chats = parse_chats(["== - | 2026-04-06", "甲|1:00|none|-|//|-|早", "乙|1:01|none|-|//|-|晚"], "a.txt")
    assert [[message.text for message in chat.messages] for chat in chats] == [["早"], ["晚"]]


@pytest.mark.parametrize(
    "line",
    [
        "甲|1:00|none|-|//|-",
        "甲|1:00|none|4|//|-|早",
        "甲|1:00|none|2|//|-|早",
        "甲|1:00|a.b|-|//|-|早",
        "甲|1:00|none|-|3|-|早",
    ],
)
def test_a_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(ChatsError, match=r"^a\.txt, line 2: "):
        parse_chats(["== 群 | 2026-04-06", line], "a.txt")


def test_a_message_before_any_conversation_is_named() -> None:
    with pytest.raises(ChatsError, match="line 1"):
        parse_chats(["甲|1:00|none|-|//|-|早"], "a.txt")


@pytest.mark.parametrize(("folder", "least"), [(TRAINING, 20_000), (UNSEEN, 700)])
def test_the_shipped_conversations_hold(folder: Path, least: int) -> None:
    leaves = load_lexicon().leaves
    messages = [message for chat in load_chats(folder) for message in chat.messages]
    assert len(messages) >= least
    assert {label for message in messages for label in message.labels} <= leaves.keys()


def test_the_shipped_phrases_hold() -> None:
    leaves = load_lexicon().leaves
    phrases = load_phrases(PHRASES)
    assert {phrase.leaf for phrase in phrases} == leaves.keys()
    assert len(phrases) > 30_000


def test_no_unseen_message_is_trained_on() -> None:
    seen = {
        message.text for chat in load_chats(TRAINING) for message in chat.messages if len(message.text) > 12
    }
    unseen = [message.text for chat in load_chats(UNSEEN) for message in chat.messages]
    assert seen.isdisjoint(unseen)
