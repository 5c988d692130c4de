"""Whoever reads it on a phone understands it at once: short sentences, and no words of offices."""

import re
import tomllib
from pathlib import Path

from tests.docs.pages import ROOT
from tests.docs.sentences import VALUE, sentences, texts_of

MOST = 60  # characters of a sentence
OFFICIALESE: dict[str, str] = tomllib.loads(Path(__file__).with_name("officialese.toml").read_text("utf-8"))

# What residents, owners, committees, secretaries and whoever works with them read.
PATTERNS = (
    "handlers/**/*.toml",
    "handlers/**/*.py",
    "bot/documents/**/*.typ",
    "bot/documents/*.py",
    "bot/web/templates/**/*.html",
    "bot/web/**/*.py",
    "docs/residents.zh-CN.md",
    "docs/secretaries.zh-CN.md",
)
# Here stand words to look for, never a sentence to read.
LISTS = (
    "handlers/alerts/rules.py",
    "handlers/digests/masking.py",
    "handlers/grid/headers.toml",
    "handlers/roll/headers.toml",
    "handlers/roll/owners.py",
)
# Read by operators and by whoever tries the demo.
OTHERS = (
    "bot/channels/errcodes.toml",
    "bot/channels/errcodes_wecom.toml",
    "bot/playground/sample_compound.toml",
)
# What a file may quote all the same, and why.
ALLOWED = {
    "handlers/voting/profiles/national.toml": {"之日起": "quotes art. 12 of the judicial interpretation"},
    "handlers/voting/profiles/weifang.toml": {"不得": "quotes art. 32 of the city's rule"},
}


def _read() -> dict[str, list[str]]:
    """The sentences of every file that people read, each once."""
    paths = {path for pattern in PATTERNS for path in ROOT.glob(pattern)}
    names = sorted({path.relative_to(ROOT).as_posix() for path in paths} - set(LISTS))
    return {
        name: list(dict.fromkeys(each for text in texts_of(ROOT / name) for each in sentences(text)))
        for name in names
    }


READ = _read()


def _officialese(sentence: str) -> dict[str, str]:
    """The words of offices in a sentence, with what to say instead."""
    hits = ((re.search(word, sentence), plain) for word, plain in OFFICIALESE.items())
    return {hit[0]: plain for hit, plain in hits if hit}


def test_no_sentence_is_longer_than_one_takes_in_at_a_glance() -> None:
    long = [(name, len(each), each) for name, found in READ.items() for each in found if len(each) > MOST]
    assert long == []


def test_nothing_sounds_like_an_office() -> None:
    found = {
        (name, each): words
        for name, all_of_it in READ.items()
        for each in all_of_it
        if (words := {w: p for w, p in _officialese(each).items() if w not in ALLOWED.get(name, {})})
    }
    assert found == {}


def test_what_is_allowed_is_needed() -> None:
    for name, words in ALLOWED.items():
        assert set(words) <= {word for each in READ[name] for word in _officialese(each)}, name


def test_a_notice_as_offices_write_it_is_found_out() -> None:
    notice = "兹定于周六开展排查工作，敬请相关部门高度重视，务必及时予以落实，特此通知。"
    words = set(_officialese(notice))
    assert words == {"兹", "开展", "敬请", "相关部门", "高度重视", "务必", "及时", "予以", "落实", "特此"}


def test_every_catalogue_is_read_or_known_not_to_be() -> None:
    catalogues = {
        path.relative_to(ROOT).as_posix()
        for folder in ("bot", "handlers")
        for path in (ROOT / folder).rglob("*.toml")
    }
    assert catalogues - set(READ) == {*OTHERS, *(name for name in LISTS if name.endswith(".toml"))}
    assert all((ROOT / name).exists() for name in LISTS)


# The reader itself.


def _sentences_of(name: str, source: str, folder: Path) -> list[str]:
    path = folder / name
    path.write_text(source, "utf-8")
    return [each for text in texts_of(path) for each in sentences(text)]


def test_a_sentence_ends_with_its_sign_or_its_line_and_takes_its_quotes_along() -> None:
    assert sentences("他说：“好了。”我们走；快一点！\n再见 · 明天见") == [
        "他说：“好了。”",
        "我们走；快一点！",
        "再见",
        "明天见",
    ]


def test_a_catalogue_is_read_to_the_bottom(tmp_path: Path) -> None:
    source = '[a]\nb = "单 {number} 办好了。"\nc = [{ d = "看过了" }]\ne = 3\nf = "plain"'
    assert _sentences_of("texts.toml", source, tmp_path) == [f"单{VALUE}办好了。", "看过了"]


def test_of_branches_the_longest_stands_in_its_place_and_the_others_alone(tmp_path: Path) -> None:
    source = """{# 不看 #}{% set words = {"a": "表里的词"} %}<h1>题目</h1>
    <p>您的<b>票</b>{% if x %}收到了{% elif y %}还没有收到{% else %}丢了{% endif %}，共 {{ n }} 张。</p>
    <p>{{ "有" if x else "没有了" }}人</p><input placeholder="写在这里" value="不是给人看的">"""
    found = _sentences_of("page.html", source, tmp_path)
    assert f"您的票还没有收到，共{VALUE}张。" in found
    assert {"题目", "收到了", "丢了", "没有了人", "写在这里", "表里的词"} <= set(found)
    assert not {"不看", "不是给人看的"} & set(found)


def test_a_paper_is_read_in_brackets_and_in_quotes(tmp_path: Path) -> None:
    source = '// 不看\n#section[怎么投]\n("时间", data.held)\npar[共 #data.units.len() 套，#data.area。]'
    assert _sentences_of("paper.typ", source, tmp_path) == ["怎么投", "时间", f"共{VALUE}套，{VALUE}。"]


def test_code_is_read_without_docstrings_and_patterns(tmp_path: Path) -> None:
    source = '"""不看"""\nA = "第一句，" "接着说。"\nB = f"第{n}户{\'、\'.join(c)}到了"\nC = r"(?:不看)+"'
    assert _sentences_of("code.py", source, tmp_path) == ["第一句，接着说。", f"第{VALUE}户{VALUE}到了"]


def test_a_page_of_the_manual_is_read_by_paragraph_item_and_cell(tmp_path: Path) -> None:
    source = "# 题目\n\n一段话，\n没有完。\n- 第一条[看这里](https://a.b)\n\n| 格子 | **另一格** |\n\n```\n不看\n```\n"
    assert _sentences_of("page.md", source, tmp_path) == [
        "题目",
        "一段话，没有完。",
        "第一条看这里",
        "格子",
        "另一格",
    ]
