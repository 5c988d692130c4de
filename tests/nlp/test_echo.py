import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.echo import Echo, find_echo
from nlp.quotes import quoted_words


@pytest.mark.parametrize(
    "text",
    ["+1", "＋1", "+1+1", "同上", "同上+1", "我家也是", "我屋头也是", "俺家也这样", "顶！", "一样", "附议", "3栋也是",
     "我们5栋2单元也这样", "我家502也是一样的", "支持+1", "「王姐：电梯又坏了」\n+1", "@物业小王 我家也是"],
)  # fmt: skip
def test_the_same_here(text: str) -> None:
    assert find_echo(text) is Echo.SAME


@pytest.mark.parametrize(
    "text",
    ["还是没人管", "到现在也没人来", "到现在都没人来修", "都三天了还没修好", "还没解决！！", "没修好", "还是老样子",
     "有人管吗", "十天了没动静"],
)  # fmt: skip
def test_still_not_solved(text: str) -> None:
    assert find_echo(text) is Echo.UNSOLVED


@pytest.mark.parametrize(
    "text", ["好了", "修好了谢谢", "已解决，谢谢物业", "来水了", "电梯已经好了，辛苦小张"]
)
def test_solved(text: str) -> None:
    assert find_echo(text) is Echo.SOLVED


@pytest.mark.parametrize(
    "text",
    ["我这儿也没水了，三楼", "谢谢", "👍", "", "晚饭吃什么", "电梯坏了", "10086+1是多少", "+1 熬夜人补VC", "你也是",
     "汤圆要一袋，谢谢张姐", "我家也是从三楼开始漏，天花板都黄了"],
)  # fmt: skip
def test_whoever_says_something_of_their_own_is_no_echo(text: str) -> None:
    assert find_echo(text) is None


@given(st.text(st.sampled_from("还没人管来修好了也是一样三天楼栋家我们的都到现在谢"), max_size=24))
def test_no_text_takes_long(text: str) -> None:
    began = time.perf_counter()
    find_echo(text)
    assert time.perf_counter() - began < 0.2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('这是一条引用/回复消息："孙家：\n电梯又坏了"\n------\n+1', "电梯又坏了"),
        ('这是一条引用/回复消息："电梯又坏了"\n------\n+1', "电梯又坏了"),
        ("「王阿姨：电梯又坏了」\n- - - - - - -\n+1", "电梯又坏了"),
        ("墙上写着「禁止停车」四个字", ""),
        ("+1", ""),
    ],
)
def test_the_words_that_somebody_answers_to(text: str, words: str) -> None:
    assert quoted_words(text) == words
