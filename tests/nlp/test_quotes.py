import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.quotes import spoken


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
