from hypothesis import given
from hypothesis import strategies as st

from nlp.features import features, named_tops
from nlp.reader import Reader

READER = Reader.load()
ALPHABET = "3栋2單元电梯又坏了漏水楼上吵谢谢没不修好垃圾。，！?\n @「：」-#①Ａ\u200b\ud800🙏"


@given(st.one_of(st.text(max_size=300), st.text(ALPHABET, max_size=80)))
def test_what_is_found_in_a_text_is_what_its_features_are_named(text: str) -> None:
    rows = READER.model.weights.rows
    tagged = READER.tag(text)
    seen = features(tagged)
    known = [rows[name] for name in seen.names() if name in rows]
    weights = READER.model.weights
    matter = (sum(row[0] for row in known) - 128 * len(known)) / (len(known) or 1) ** 0.5
    scores = READER.model.score(seen, named_tops(tagged))
    assert abs(scores.matter - (matter * weights.scales[0] + weights.biases[0])) < 1e-9


def test_numbers_are_all_one_and_a_long_text_is_read_at_its_head() -> None:
    first, second = READER.tag("3栋漏水"), READER.tag("12栋漏水")
    assert features(first).text == features(second).text == "^0栋漏水$"
    assert len(features(READER.tag("漏" * 1000)).text) == 242
