from pathlib import Path
from typing import Any

import pytest

from nlp.lexicon import LexiconError, load_lexicon, parse_lexicon


def test_our_lexicon_holds_twenty_categories_and_their_names() -> None:
    lexicon = load_lexicon()
    assert len(lexicon.tops) == 20
    assert lexicon.name("dianti.kunren") == "困人与坠落"
    assert lexicon.name("dianti") == lexicon.top_name("dianti.kunren") == "电梯与加装电梯"
    assert lexicon.dispatch("dianti.kunren") == lexicon.dispatch("dianti")
    assert "物业企业" in lexicon.dispatch("dianti")


def test_every_leaf_of_ours_has_a_top_and_an_urgency() -> None:
    lexicon = load_lexicon()
    assert len(lexicon.leaves) > 100
    for leaf in lexicon.leaves.values():
        assert leaf.id.split(".")[0] in lexicon.tops
        assert leaf.urgency in (1, 2, 3)


def test_an_unknown_category_has_no_name() -> None:
    with pytest.raises(KeyError):
        load_lexicon().name("dianti.nowhere")


def test_terms_are_kept_in_the_spelling_texts_are_matched_in(small: dict[str, Any]) -> None:
    small["category"][0]["leaf"][0]["strong"] = ["漏 水", "ＷＩＦＩ斷", "WiFi断"]
    assert parse_lexicon(small).leaves["water.leak"].strong == ("漏水", "wifi断")


def _leaf(data: dict[str, Any]) -> dict[str, Any]:
    leaf: dict[str, Any] = data["category"][0]["leaf"][0]
    return leaf


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("urgency", 4, "water.leak: urgency: must be 1 to 3"),
        ("urgency", "2", "water.leak: urgency: must be 1 to 3"),
        ("urgency", True, "water.leak: urgency: must be 1 to 3"),
        ("strong", [], "water.leak: strong: must be a list of terms, not empty"),
        ("strong", "漏水", "water.leak: strong: must be a list of terms, not empty"),
        ("strong", [1], "water.leak: strong: must be a list of terms, not empty"),
        ("weak", ["渗", " "], "water.leak: weak: holds an empty term"),
        ("deny", ["漏水"], "water.leak: deny: 漏水 is strong as well"),
        ("pair", ["水管|爆"], 'water.leak: pair: each must be ["A|B", "C|D"]'),
        ("pair", [["水管", "爆", "裂"]], 'water.leak: pair: each must be ["A|B", "C|D"]'),
        ("pair", [["水管|", "爆"]], "water.leak: pair: holds an empty term"),
        ("pair", {"水管": "爆"}, "water.leak: pair: must be a list of [left, right]"),
        ("name", "", "water.leak: name: must be a text"),
        ("name", "长" * 31, "water.leak: name: longer than 30 characters"),
        ("gives_way", "never", 'water.leak: gives_way: must be "top" or "all"'),
        ("colour", "red", "water.leak: colour: unknown key"),
        ("id", "fire.leak", "fire.leak: id: must be water.<leaf>"),
        ("id", "water", "water: id: must be water.<leaf>"),
        ("id", "water.leak.deep", "water.leak.deep: id: must be water.<leaf>"),
        ("id", None, "water: leaf: id: must be a text"),
    ],
)
def test_what_is_wrong_with_a_leaf_is_named(
    small: dict[str, Any], key: str, value: object, message: str
) -> None:
    _leaf(small)[key] = value
    with pytest.raises(LexiconError) as caught:
        parse_lexicon(small)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("meta", "pair_window"), 0, "meta: pair_window: must be 1 to 100"),
        (("meta", "version"), None, "meta: version: must be a text"),
        (("meta", "author"), "x", "meta: author: unknown key"),
        (("cues", "problem"), [], "cues: problem: must be a list of terms, not empty"),
        (("cues", "mood"), ["x"], "cues: mood: unknown key"),
        (("cues",), None, "file: cues: the section is missing"),
        (("meta",), [], "file: meta: the section is missing"),
        (("category",), [], "file: category: must be [[tables]], at least one"),
        (("extra",), {}, "file: extra: unknown key"),
    ],
)
def test_what_is_wrong_with_a_section_is_named(
    small: dict[str, Any], path: tuple[str, ...], value: object, message: str
) -> None:
    section = small
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    with pytest.raises(LexiconError) as caught:
        parse_lexicon(small)
    assert str(caught.value) == message


def test_an_id_used_twice_is_named(small: dict[str, Any]) -> None:
    small["category"][0]["leaf"].append(dict(_leaf(small)))
    with pytest.raises(LexiconError, match=r"water\.leak: id: used twice"):
        parse_lexicon(small)


def test_a_top_category_used_twice_is_named(small: dict[str, Any]) -> None:
    small["category"].append(small["category"][0])
    with pytest.raises(LexiconError, match="water: id: used twice"):
        parse_lexicon(small)


@pytest.mark.parametrize("content", [b"[meta", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(LexiconError, match=r"broken\.toml: "):
        load_lexicon(path)


def test_a_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match=r"absent\.toml: "):
        load_lexicon(tmp_path / "absent.toml")
