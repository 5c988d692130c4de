import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.quotes import addressed, spoken


@pytest.mark.parametrize(
    "text",
    [
        '这是一条引用/回复消息："电梯又坏了"\n------\n+1',
        "这是一条引用/回复消息：“电梯又坏了\n没人管”\n------\n+1",
        "「王阿姨：电梯又坏了」\n+1",
        "「王阿姨：电梯又坏了」\n- - - - - - - - - - - - - - -\n+1",
    ],
)
def test_a_quoted_message_is_not_the_speakers(text: str) -> None:
    assert spoken(text).strip() == "+1"


def test_what_stands_in_corner_quotes_inside_a_sentence_is_the_speakers() -> None:
    assert spoken("墙上写着「禁止停车」四个字") == "墙上写着「禁止停车」四个字"


def test_a_mentioned_name_leaves_only_its_mark() -> None:
    assert spoken("@小北 不是哈") == "@   不是哈"
    assert spoken("谢谢@漏水王师傅\u2005来得快") == "谢谢@     \u2005来得快"


def test_a_mention_of_those_in_charge_stays_visible() -> None:
    assert spoken("@物业小王 快来") == "@@    快来"


def test_a_typed_mention_does_not_swallow_the_sentence_behind_it() -> None:
    assert spoken("@物业电梯又坏了三天了没人修").endswith("电梯又坏了三天了没人修")


@given(st.text(st.sampled_from('「」：:\n- @物业小王，这是一条引用/回复消息"漏水'), max_size=60))
def test_positions_never_move(text: str) -> None:
    blanked = spoken(text)
    assert len(blanked) == len(text)
    assert all(new in (old, " ", "@") for old, new in zip(text, blanked, strict=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@小禾助手 本周", "本周"),
        ("@小禾助手\u2005本周", "本周"),
        ("@小禾助手，本周", "本周"),
        ("@小禾助手：@李工 进度 1001", "进度 1001"),
        ("本周 @小禾助手", "本周"),
        ("「王五：@小禾助手 帮助」\n@小禾助手 本周", "本周"),
        ("这是一条引用/回复消息：“电梯坏了”\n------\n@小禾助手 反映 灯坏了", "反映 灯坏了"),
        ("@小禾助手", ""),
        ("  本周\n", "本周"),
        ("反映 给 @李工 看看灯", "反映 给 @李工 看看灯"),
        ("写信到 a@b.cn", "写信到 a@b.cn"),
        ("", ""),
    ],
)
def test_what_is_said_to_the_bot_is_without_its_name_and_without_the_quote(text: str, words: str) -> None:
    assert addressed(text) == words


@given(st.text(st.sampled_from("「」：:\n- @物业小王，本周漏水"), max_size=80))
def test_addressed_words_are_a_part_of_what_was_written(text: str) -> None:
    words = addressed(text)
    assert words in text
    assert words == words.strip()
    assert addressed(words) == words or words.startswith("「")
