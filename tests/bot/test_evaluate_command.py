"""`./run eval` and what `./run train` refuses, as somebody who labelled a file would use them."""

import json
from pathlib import Path

import pytest

from bot.cli import evaluate, train

CHAT = """== 3号楼群 | 2026-04-06
甲|8:01|dianti.guzhang|2|3//|m1|3栋电梯又坏了，老人下不来楼
乙|8:02|none|-|//|-|早上好
丙|8:04|dianti.guzhang|2|//|m1|电梯坏了两天没人修
丁|8:09|shuidian.qi|3|5//|m2|5栋楼道里一股煤气味
"""
ROWS = [
    {"conv": 1, "group": "群", "at": "2026-04-06T08:01:00+08:00", "text": "3栋电梯又坏了", "top": "dianti",
     "leaf": "dianti.guzhang", "also": [], "urgency": 2, "matter": "m1",
     "place": {"building": "3", "entrance": None, "unit": None}},
    {"text": "今晚吃什么"},
]  # fmt: skip


def rows_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_labelled_conversation_is_measured_every_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(CHAT, encoding="utf-8")
    assert evaluate.run([str(path)]) == 0
    rows = rows_of(capsys)
    assert [row["reading"] for row in rows] == [
        "lexicon",
        "alone",
        "in_context",
        "matters as labelled",
        "matters as read",
    ]
    for row in rows[1:3]:
        assert (row["set"], row["messages"], row["matters"], row["urgent"]) == ("mine", 4, 3, 1)
        assert (row["complaint_f1"], row["top_macro_f1"], row["urgent_recall"], row["place_exact"]) == (
            1,
            1,
            1,
            1,
        )
    assert rows[3] == {
        "set": "mine", "reading": "matters as labelled", "voices": 3, "matters": 2, "found": 2,
        "purity": 1.0, "recall": 1.0, "f1": 1.0,
    }  # fmt: skip


def test_json_lines_are_read_too_and_without_labels_all_is_chatter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dev.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
    assert evaluate.run([str(path)]) == 0
    alone = rows_of(capsys)[1]
    assert (alone["messages"], alone["matters"], alone["chatter_tagged"]) == (2, 1, 0)


@pytest.mark.parametrize(
    ("name", "content"), [("a.txt", "早"), ("a.jsonl", "{}"), ("a.jsonl", "["), ("b.txt", None)]
)
def test_what_cannot_be_read_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str | None
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert evaluate.run([str(path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_training_names_the_bad_line_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("== 群 | 2026-04-06\n甲|8:01|none|-|//\n", encoding="utf-8")
    assert train.run([str(tmp_path)], None) == 2
    assert "mine.txt, line 2" in capsys.readouterr().err
