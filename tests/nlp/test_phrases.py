"""A compound's own names mean nothing, wherever they stand; its spots are found where they stand."""

from hypothesis import given
from hypothesis import strategies as st

from nlp.phrases import NO_PHRASES, Phrases
from nlp.reader import Reader
from nlp.tagger import Tagger, Verdict

OWN = Phrases.of(["山水庭院", "山水庭院小区", "清泉路", "８号楼咖啡馆"], ["荷花池", "东门"])


def test_a_name_that_holds_a_word_of_the_lexicon_is_not_about_it(tagger: Tagger) -> None:
    assert "水" not in OWN.blank("山水庭院小区3栋电梯坏了")
    tagged = tagger.tag("山水庭院小区3栋电梯坏了", OWN)
    assert tagged.categories[0].id == "dianti.guzhang"
    assert (tagged.place.building, tagged.clean) == ("3", "□□□□□□3栋电梯坏了")
    assert (tagged.hits[0].term, tagged.hits[0].start, tagged.hits[0].end) == ("电梯坏了", 8, 12)


def test_neither_stage_hears_the_name(tagger: Tagger) -> None:
    reader = Reader.load()
    texts = ("漏水岭污水口的邻居们早上好", "漏水岭污水口")
    own = Phrases.of(["漏水岭污水口"], [])
    for text in texts:
        tagged = reader.tag(text, (), own)
        assert not any(mark in tagged.clean for mark in "漏污")
        assert tagged.verdict is not Verdict.MATTER
    blank, named = reader.score(texts[1], own), reader.score(texts[1])
    assert blank.matter < named.matter


def test_a_number_in_a_name_is_no_building(tagger: Tagger) -> None:
    assert tagger.tag("8号楼咖啡馆太吵了").place.building == "8"
    assert tagger.tag("8号楼咖啡馆太吵了", OWN).place.building is None


def test_a_spot_has_its_place_in_what_was_written(tagger: Tagger) -> None:
    text = "物业呢，荷　花池的水又臭了"
    tagged = tagger.tag(text, OWN)
    assert tagged.spot is not None
    assert (tagged.spot.name, text[tagged.spot.start : tagged.spot.end]) == ("荷花池", "荷　花池")
    assert tagger.tag("电梯坏了", OWN).spot is None
    assert tagger.tag("荷花池的水又臭了").spot is None


@given(st.text(max_size=60))
def test_positions_stay(text: str) -> None:
    assert len(OWN.blank(text)) == len(text)
    assert NO_PHRASES.blank(text) == text
