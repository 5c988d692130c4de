"""Who is heard in a group, which words are their own, and whose group a name says it is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.groups.redact import SHORTEST, Quoted
from handlers.groups.rules import (
    Room,
    Speaker,
    looks_external,
    own_words,
    place_of_name,
    told_on_joining,
    why_unheard,
)
from storage.states import Tombstone

NOON = datetime(2026, 3, 12, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def room(told: int | None = -1, registered: int = -5, welcomes: bool = False, ended: bool = False) -> Room:
    return Room(
        NOON + registered * HOUR,
        None if told is None else NOON + told * HOUR,
        NOON if ended else None,
        welcomes,
    )


def speaker(
    joined: int | None = -9, told: int | None = None, refused: bool = False, staff: bool = False
) -> Speaker:
    return Speaker(
        staff,
        None if joined is None else NOON + joined * HOUR,
        None if told is None else NOON + told * HOUR,
        refused,
    )


CASES = [
    (room(), speaker(), None),
    (room(told=None), speaker(), Tombstone.NOT_TOLD),
    (room(told=None), speaker(told=-1), None),
    (room(told=None), speaker(told=1), Tombstone.NOT_TOLD),  # told after these words
    (room(told=1), speaker(), Tombstone.NOT_TOLD),
    (room(told=-3), speaker(joined=-2), Tombstone.NOT_TOLD),  # came after the notice
    (room(told=-3, welcomes=True), speaker(joined=-2), None),
    (room(told=None, welcomes=True), speaker(joined=-9), Tombstone.NOT_TOLD),  # was there before the welcomes
    (room(), speaker(joined=None), Tombstone.NOT_TOLD),  # nobody knows when they came
    (room(), speaker(joined=None, told=-1), None),
    (room(), speaker(refused=True, told=-1), Tombstone.REFUSED),
    (room(), speaker(staff=True, told=-1), Tombstone.STAFF),
    (room(ended=True), speaker(told=-1), Tombstone.UNKNOWN_ROOM),
    (None, speaker(told=-1), Tombstone.UNKNOWN_ROOM),
]


@pytest.mark.parametrize(("where", "who", "reason"), CASES)
def test_only_the_told_who_did_not_refuse_are_heard_in_registered_rooms(
    where: Room | None, who: Speaker, reason: Tombstone | None
) -> None:
    found = why_unheard(private=False, room=where, speaker=who, sent_at=NOON, has_words=True)
    assert found is reason
    alone = why_unheard(private=True, room=where, speaker=who, sent_at=NOON, has_words=True)
    assert alone is Tombstone.PRIVATE
    wordless = why_unheard(private=False, room=where, speaker=who, sent_at=NOON, has_words=False)
    assert wordless is (reason or Tombstone.NOT_WORDS)


def test_a_notice_tells_those_present_and_a_welcome_those_who_come() -> None:
    assert told_on_joining(room(told=-1), NOON - 2 * HOUR) == NOON - HOUR
    assert told_on_joining(room(told=-1), NOON) is None
    assert told_on_joining(room(told=None, welcomes=True), NOON) == NOON


@pytest.mark.parametrize(
    ("sender", "external"),
    [
        ("wmGAgeDQAAvQeaTqWwkMTxGMkvI7OOuQ", True),
        ("woJ7ijBwAAmqwojT8r_DaNMbr_NAvaag", True),
        ("wbJ7ijBwAAmqwojT8r_DaNMbr_NAvaag", False),
        ("wmzhang", False),
        ("gridworker", False),
    ],
)
def test_who_is_outside_the_corp_shows_in_the_id(sender: str, external: bool) -> None:
    assert looks_external(sender) is external


ARCHIVED = '这是一条引用/回复消息："{quoted}"\n------\n{own}'
COPIED = "「钱婶：{quoted}」\n- - - - - - - - - - - - - - -\n{own}"


@pytest.mark.parametrize("shape", [ARCHIVED, COPIED])
@pytest.mark.parametrize(
    "quoted",
    [
        "隐秘的话",
        "第一行\n隐秘的话",
        ARCHIVED.format(quoted="隐秘", own="的话"),
        COPIED.format(quoted="隐秘", own="的话"),
    ],
)
def test_not_a_word_of_a_quote_remains(shape: str, quoted: str) -> None:
    assert own_words(shape.format(quoted=quoted, own="我家也是")) == "我家也是"


@given(st.text('隐秘话\n-：:"「」', max_size=30), st.sampled_from([ARCHIVED, COPIED]))
def test_whatever_is_quoted_goes(quoted: str, shape: str) -> None:
    left = own_words(shape.format(quoted=quoted, own="我家也是"))
    assert not {"隐", "秘", "话"} & set(left)


@pytest.mark.parametrize(
    "name",
    [
        "3栋2单元501张阿姨（有事请打电话，别发微信，不常看）", "「快乐」的人", "张三：3栋", "李四 18:20", "😀" * 20,
        "A\nB",
    ],
)  # fmt: skip
def test_a_quote_goes_whatever_its_speaker_calls_themselves(name: str) -> None:
    assert own_words(f"「{name}：隐秘的话」\n- - - - - - - - - -\n我家也是") == "我家也是"


def test_a_quote_without_its_end_leaves_nothing() -> None:
    assert own_words('这是一条引用/回复消息："隐秘的话') == ""
    assert own_words('这是一条引用/回复消息："\n------\n@nick777') == "@nick777"
    assert own_words('这是一条引用/回复消息："话"\r\n------\r\n好') == "好"


@pytest.mark.parametrize("text", ["3栋电梯坏了", "「通知」明天停水", "分割\n------\n线", "「物业」两个字"])
def test_words_that_quote_nobody_stay(text: str) -> None:
    assert own_words(text) == text


KNOWN = ["1", "3", "3-1", "3-2", "12", "A", "A-1"]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("3栋业主群", "3"),
        ("幸福家园3栋2单元", "3-2"),
        ("3栋9单元", "3"),
        ("三号楼2单元邻里群", "3-2"),
        ("十二幢业主群", "12"),
        ("１２栋", "12"),
        ("3#楼", "3"),
        ("a座业主", "A"),
        ("03栋", "3"),
        ("7栋业主群", None),
        ("1-3栋业主群", None),
        ("1栋3栋联合群", None),
        ("1、3栋", None),
        ("幸福家园业主群", None),
        ("2单元", None),
        ("", None),
    ],
)
def test_a_groups_name_says_whose_it_is(name: str, place: str | None) -> None:
    assert place_of_name(name, KNOWN) == place


@given(st.text(max_size=40))
def test_any_name_can_be_read(name: str) -> None:
    assert place_of_name(name, KNOWN) in (None, *KNOWN)


# Taking words out of what quotes them

SAID = "3栋2单元电梯又坏了，老人下不来楼"


def test_words_go_from_whatever_quotes_them_whole_or_cut() -> None:
    quoted = Quoted([SAID], "（已撤回）")
    assert (
        quoted.redact(f"编号 1001｜03-12 您说：{SAID}\n类别：电梯")
        == "编号 1001｜03-12 您说：（已撤回）\n类别：电梯"
    )
    assert quoted.redact(f"• {SAID[:12]}…") == "• （已撤回）…"
    assert quoted.redact("本周 12 件，电梯 3 件") == "本周 12 件，电梯 3 件"
    assert quoted.redact_json({"a": [{"text": SAID}], "n": 3}) == {"a": [{"text": "（已撤回）"}], "n": 3}


def test_lines_are_found_where_they_were_joined() -> None:
    assert "灯" not in Quoted(["路灯坏了\n一个月没人修"], "").redact("编号 7：路灯坏了 一个月没人修")


def test_words_that_are_anybodys_are_left_alone() -> None:
    assert Quoted(["着火", "", "谢谢"], "").redact("着火请打119，谢谢") == "着火请打119，谢谢"


@given(st.text(min_size=SHORTEST, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_no_run_of_the_words_remains(words: str, before: str, after: str) -> None:
    left = Quoted([words], "\ue000").redact(before + words + after)
    assert not any(words[at : at + SHORTEST] in left for at in range(len(words) - SHORTEST + 1))
