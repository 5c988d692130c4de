import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.similar import cosine, is_copy, nearest, overlap, plain, terms

LONG = "各位邻居，三栋二单元的电梯又停了，老人上下楼很不方便，请物业尽快来修"


def test_a_copy_is_found_behind_marks_quotes_and_mentions() -> None:
    again = f"「王姐：在吗」\n- - - - - -\n@物业小王 {LONG}！！！"
    assert is_copy(plain(LONG), plain(again))
    assert is_copy(plain(LONG), plain(LONG.replace("尽快", "快点")))


@pytest.mark.parametrize("other", ["三栋二单元的电梯又停了", "五栋的路灯又不亮了，晚上走路看不见", ""])
def test_the_same_subject_is_no_copy(other: str) -> None:
    assert not is_copy(plain(LONG), plain(other))


def test_short_texts_are_never_copies() -> None:
    assert not is_copy(plain("电梯坏了"), plain("电梯坏了"))


@given(st.text(max_size=40), st.text(max_size=40))
def test_overlap_is_a_share_and_goes_both_ways(one: str, other: str) -> None:
    assert 0 <= overlap(plain(one), plain(other)) == overlap(plain(other), plain(one)) <= 1


def test_what_shares_a_rare_word_is_nearer_than_what_shares_a_common_one() -> None:
    others = ["电梯坏了三天", "楼道坏了一个灯", "路灯坏了"]
    lift, hall, lamp = nearest(terms("电梯又坏了"), [terms(text) for text in others])
    assert lift > max(hall, lamp)
    assert all(0 <= likeness <= 1.000001 for likeness in (lift, hall, lamp))


def test_only_the_first_clause_that_says_something_counts_and_figures_do_not() -> None:
    assert set(terms("唉，3栋电梯坏了，谢谢物业")) == set(terms("12栋电梯坏了"))
    assert terms("？！") == {}
    assert cosine({}, {"电梯": 1.0}) == 0
