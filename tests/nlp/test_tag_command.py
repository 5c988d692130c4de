import io
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from bot.cli.tag import run


def tag(
    lines: str, *, source: str | None = None, explain: bool = False
) -> tuple[int, list[dict[str, Any]], str]:
    out, err = io.StringIO(), io.StringIO()
    code = run(source, out, err, io.StringIO(lines), explain=explain)
    return code, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def test_one_line_out_for_each_line_in_in_the_same_order() -> None:
    code, rows, err = tag('{"id": "b", "text": "3栋2单元电梯又坏了"}\n{"id": 7, "text": "大家早上好"}\n')
    assert (code, err) == (0, "")
    assert [row["id"] for row in rows] == ["b", 7]
    assert rows[0]["categories"][0]["id"] == "dianti.guzhang"
    assert rows[0]["place"] == {"building": "3", "entrance": "2", "unit": None}
    assert rows[1] == {
        "id": 7,
        "categories": [],
        "urgency": 1,
        "place": {"building": None, "entrance": None, "unit": None},
    }


def test_the_answer_is_readable_chinese() -> None:
    out = io.StringIO()
    run("-", out, io.StringIO(), io.StringIO('{"id": "邻居", "text": "漏水"}'))
    assert '"邻居"' in out.getvalue()


def test_explain_says_why() -> None:
    _, (row,), _ = tag('{"id": 1, "text": "@物业小王 路灯 坏了"}', explain=True)
    assert row["verdict"] == "matter"
    assert row["version"]
    assert {(hit["term"], hit["start"], hit["end"]) for hit in row["hits"]} >= {("路灯坏了", 6, 11)}


def test_a_file_is_read_as_standard_input_is(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + '{"id": 1, "text": "漏水"}\r\n\r\n'.encode())
    code, rows, err = tag("", source=str(path))
    assert (code, len(rows), err) == (0, 1, "")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("漏水", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", 'not an object with "id" and "text"'),
        ('{"text": "漏水"}', '"id" is missing'),
        ('{"id": 1}', '"text" is missing'),
        ('{"id": 1, "text": null}', '"text" must be a text'),
        ('{"id": 1.5, "text": ""}', '"id" must be a text or an integer'),
        ('{"id": true, "text": ""}', '"id" must be a text or an integer'),
        ('{"id": "\\ud800", "text": ""}', '"id" is not valid Unicode'),
    ],
)
def test_a_bad_line_is_named_and_ends_the_run(line: str, complaint: str) -> None:
    code, rows, err = tag('{"id": 1, "text": "好"}\n' + line + '\n{"id": 3, "text": "好"}\n')
    assert code == 2
    assert [row["id"] for row in rows] == [1]
    assert err == f"tag: standard input, line 2: {complaint}\n"


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    path.write_bytes(b'{"id": 1, "text": "ok"}\n{"id": 2, "text": "\xb5\xe7"}\n')
    code, rows, err = tag("", source=str(path))
    assert (code, len(rows)) == (2, 1)
    assert err == f"tag: {path}, line 2: not UTF-8\n"


def test_half_a_character_in_a_text_is_no_reason_to_stop() -> None:
    code, rows, _ = tag('{"id": 1, "text": "漏水\\ud83d"}')
    assert code == 0
    assert rows[0]["categories"]


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_what_cannot_be_read_is_one_line_on_stderr(tmp_path: Path, name: str) -> None:
    code, rows, err = tag("", source=str(tmp_path / name))
    assert (code, rows) == (2, [])
    assert err.count("\n") == 1


class _GoneReader(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError

    def fileno(self) -> int:
        raise io.UnsupportedOperation


def test_a_reader_who_goes_away_ends_the_run_quietly() -> None:
    err = io.StringIO()
    assert run(None, _GoneReader(), err, io.StringIO('{"id": 1, "text": "好"}')) == 0
    assert err.getvalue() == ""


def test_each_line_is_answered_before_the_next_is_written() -> None:
    ask_end, ask = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), "rw", strict=True))
    answer, answer_end = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), "rw", strict=True))
    with ask_end, answer, answer_end:
        command = threading.Thread(target=run, args=(None, answer_end, io.StringIO(), ask_end), daemon=True)
        command.start()
        with ask:
            for message_id in (1, 2):
                ask.write(f'{{"id": {message_id}, "text": "漏水"}}\n')
                ask.flush()
                assert json.loads(answer.readline())["id"] == message_id
        command.join(timeout=5)
        assert not command.is_alive()
