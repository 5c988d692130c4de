from hypothesis import given
from hypothesis import strategies as st

from nlp.normalise import normalise, offsets

# Ordinary text seldom holds what makes offsets hard: draw from the hard characters as well.
AWKWARD = st.text(
    st.sampled_from("３栋２單元 漏 水\u3000\n12 aB㎡㈱①ﬁ½…，。頂樓冇\u200b\ufe0f🙏𝐀\ud800"), max_size=30
)
ANY_TEXT = st.one_of(st.text(max_size=60), AWKWARD)


def test_traditional_full_width_and_capital_letters_become_one_spelling() -> None:
    assert normalise("頂樓３棟ＬＩＦＴ漏水") == "顶楼3栋lift漏水"


def test_white_space_goes_but_two_numbers_stay_two() -> None:
    assert normalise(" 3 栋\u3000501  138 漏 水\n") == "3栋501 138漏水"


def test_full_width_punctuation_stays_as_it_is() -> None:
    assert normalise("漏水了，怎么办？！") == "漏水了，怎么办？！"


def test_half_a_character_becomes_something_that_can_be_encoded() -> None:
    assert normalise("漏\ud800水").encode() == "漏\ufffd水".encode()


def test_plain_text_needs_no_offsets() -> None:
    assert offsets("楼上漏水，没人管") is None


@given(ANY_TEXT)
def test_a_second_pass_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(ANY_TEXT)
def test_every_character_maps_back_to_the_one_it_came_from(text: str) -> None:
    clean = normalise(text)
    sources = offsets(text)
    if sources is None:
        assert clean == text
        return
    assert len(sources) == len(clean) + 1
    assert sources[-1] == len(text)
    assert sources == sorted(sources)
    for char, source in zip(clean, sources, strict=False):
        assert char == " " or char in normalise(text[source]), (char, text[source])


@given(before=ANY_TEXT, after=ANY_TEXT)
def test_the_span_of_a_term_is_the_term_as_it_was_written(before: str, after: str) -> None:
    text = f"{before}消防 通\u3000道{after}"
    clean = normalise(text)
    start = len(normalise(before + "消防")) - 2
    assert clean[start : start + 4] == "消防通道"
    sources = offsets(text)
    assert sources is not None
    written = text[sources[start] : sources[start + 3] + 1]
    assert written == "消防 通\u3000道"
