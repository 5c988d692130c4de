"""The digest as a message: what a secretary reads on a phone, within the bytes that a platform takes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from handlers.digests.render import MARKDOWN, PLAIN, digest_markdown, digest_text, render
from handlers.texts import say

LINK = "https://yishi.example/console/XH-1/digest/2026-03-09"


def digest(**changes: Any) -> dict[str, Any]:
    return {
        "compound": "新禾苑",
        "code": "XH-1",
        "week": "2026-03-09",
        "from": "2026-03-08T20:00:00+08:00",
        "to": "2026-03-15T20:00:00+08:00",
        "total": 9,
        "last_total": 4,
        "speakers": 7,
        "categories": [
            {"id": "dianti", "name": "电梯", "count": 5, "last": 2},
            {"id": "tingche", "name": "停车", "count": 4, "last": 0},
        ],
        "places": [{"name": "3栋", "count": 5}, {"name": "会所", "count": 1}],
        "urgent": [
            {
                "number": 1003,
                "label": "困人",
                "place": "3栋",
                "said_on": "3月12日",
                "text": "电梯卡住了，里面有人",
                "state": "等待处理",
            }
        ],
        "urgent_total": 1,
        "unanswered": [{"number": 1001, "label": "电梯故障", "place": "", "days": 5}],
        "unanswered_total": 12,
        "quotes": [{"text": "楼道里的灯坏了一个星期了", "label": "照明", "number": 1002}],
        **changes,
    }


def test_what_the_committee_reads() -> None:
    assert digest_text(digest(), LINK) == (
        "【新禾苑】每周摘要（3月8日至3月15日）\n"
        "大家反映了 9 件事，7 位居民；上周 4 件。\n"
        "要紧的 1 件，请先看：\n"
        "· 编号 1003 3月12日 3栋 困人 电梯卡住了，里面有人\n"
        "说得最多的：\n"
        "· 电梯 5 件（上周 2 件）\n"
        "· 停车 4 件（上周 0 件）\n"
        "集中在：3栋 5 件、会所 1 件\n"
        "三天以上还没有回音的 12 件：\n"
        "· 编号 1001 电梯故障，已 5 天\n"
        "居民的话：\n"
        "“楼道里的灯坏了一个星期了”\n"
        f"看全部：{LINK}"
    )


def test_an_empty_week_says_so_in_one_kind_sentence() -> None:
    empty = digest(
        total=0, speakers=0, categories=[], places=[], urgent=[], urgent_total=0, unanswered=[], quotes=[]
    )
    assert digest_text(empty) == (
        "【新禾苑】每周摘要（3月8日至3月15日）\n这周没有收到新的意见，大家平平安安，辛苦各位了。"
    )


def test_markdown_marks_headings_and_disarms_what_people_wrote() -> None:
    text = digest_markdown(
        digest(quotes=[{"text": "[点这里](x) **免费** <@all> 领鸡蛋", "label": "", "number": 1}]), LINK
    )
    assert "**要紧的 1 件，请先看：**" in text
    assert f"[看全部]({LINK})" in text
    assert r"\[点这里\](x) \*\*免费\*\* \<@all\> 领鸡蛋" in text


WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=60)
ENTRIES = st.fixed_dictionaries(
    {
        "number": st.integers(1, 10**15),
        "label": WORDS,
        "place": WORDS,
        "said_on": st.just("12月31日"),
        "text": WORDS,
        "state": WORDS,
        "days": st.integers(0, 9999),
    }
)
DIGESTS = st.builds(
    digest,
    compound=st.text(st.sampled_from("禾苑𠮷🏚"), min_size=1, max_size=80),
    total=st.integers(0, 10**9),
    categories=st.lists(
        st.fixed_dictionaries({"name": WORDS, "count": st.integers(0), "last": st.integers(0)}), max_size=20
    ),
    places=st.lists(st.fixed_dictionaries({"name": WORDS, "count": st.integers(0)}), max_size=5),
    urgent=st.lists(ENTRIES, max_size=10),
    urgent_total=st.integers(0, 10**6),
    unanswered=st.lists(ENTRIES, max_size=10),
    quotes=st.lists(st.fixed_dictionaries({"text": WORDS}), max_size=3),
)


@given(DIGESTS, st.sampled_from(["", LINK]))
def test_every_digest_fits_what_the_platform_takes(entry: dict[str, Any], link: str) -> None:
    assert len(digest_text(entry, link).encode()) <= 2048
    assert len(digest_markdown(entry, link).encode()) <= 4096


@given(DIGESTS, st.integers(700, 3000), st.sampled_from([PLAIN, MARKDOWN]))
def test_lines_are_left_out_whole_and_the_least_important_first(
    entry: dict[str, Any], limit: int, style: Any
) -> None:
    whole = render(entry, LINK, style, 10**9).split("\n")
    cut = render(entry, LINK, style, limit).split("\n")
    assert len("\n".join(cut).encode()) <= limit
    left = iter(whole)
    assert all(line in left for line in cut)  # the same lines in the same order, none of them cut
    assert cut[0] == whole[0]
    assert style.link(LINK) in cut
    headings = {style.heading(say(f"digests.{name}")) for name in ("categories_title", "quotes_title")}
    for line, following in zip(cut, [*cut[1:], None], strict=True):
        assert line not in headings or (following is not None and following not in headings)
    # While a quote is there, nothing more important is missing.
    if cut != whole and style.heading(say("digests.quotes_title")) in cut:
        assert set(whole) - set(cut) <= {
            say("digests.quote_line", text=style.words(quote["text"])) for quote in entry["quotes"]
        }
