"""./run roll import: the report on stdout, the exit codes."""

import argparse
import json
from pathlib import Path

import pytest

from bot.cli.compound import import_file
from bot.cli.main import _parser, main
from bot.cli.roll import run
from bot.config import ConfigError, Settings, load_settings
from tests.bot.settings_files import filled_in
from tests.roll.sheets import identity, roll

COMPOUND = """
code = "XH-1"
name = "新禾苑"
[[building]]
code = "3"
entrances = 2
"""
ROWS = [
    ("3栋2单元501", "张三", identity(1), 89.73, "13800000001", "住宅"),
    ("3栋2单元502", "李四", identity(2), 89.73, "", "住宅"),
]


@pytest.fixture(autouse=True)
def no_blocking() -> None:
    """A command does one thing at a time: nobody waits while it reads a file."""


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    (tmp_path / "yishi.toml").write_text(filled_in(f"sqlite:///{tmp_path}/yishi.db"), "utf-8")
    settings = load_settings(tmp_path / "yishi.toml")
    (tmp_path / "compound.toml").write_text(COMPOUND, "utf-8")
    assert await import_file(settings, str(tmp_path / "compound.toml")) == 0
    (tmp_path / "roll.xlsx").write_bytes(roll(ROWS))
    return settings


def options(*words: str, compound: str = "XH-1") -> argparse.Namespace:
    return _parser().parse_args(["roll", "import", *words, "--compound", compound])


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


async def test_a_dry_run_then_the_import_then_nothing(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "roll.xlsx")
    summaries = []
    for words in ([file, "--dry-run"], [file], [file]):
        assert await run(settings, options(*words)) == 0
        summaries.append(told(capsys)[-1])
    assert [(one["written"], one["add"], one["same"]) for one in summaries] == [
        (False, 2, 0),
        (True, 2, 0),
        (False, 0, 2),
    ]


async def test_a_refused_row_is_exit_code_1_and_nothing_is_written(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "roll.xlsx").write_bytes(roll([*ROWS, ("501", "王五", "", 80, "", "")]))
    assert await run(settings, options(str(tmp_path / "roll.xlsx"))) == 1
    *_, refused, summary = told(capsys)
    assert refused["refused"] == [{"code": "room.no_building", "text": "只有房号，没有楼栋"}]
    assert summary["written"] is False


async def test_columns_can_be_named(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "roll.xlsx").write_bytes(roll(ROWS, ("门", "谁", "号", "大小", "电", "何")))
    file = str(tmp_path / "roll.xlsx")
    with pytest.raises(ConfigError, match="--column"):
        await run(settings, options(file))
    said = ("room=门", "owner=B", "area_register=大小")
    assert await run(settings, options(file, *(word for one in said for word in ("--column", one)))) == 0
    assert told(capsys)[0]["columns"] == {
        "area_register": {"column": "D", "header": "大小", "guessed": False},
        "owner": {"column": "B", "header": "谁", "guessed": False},
        "room": {"column": "A", "header": "门", "guessed": False},
    }


async def test_what_cannot_be_read_is_one_line_and_exit_code_2(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.xlsx").write_text("房号,业主", "utf-8")
    with pytest.raises(ConfigError, match="there is no compound XH-9"):
        await run(settings, options(str(tmp_path / "roll.xlsx"), compound="XH-9"))
    for name in ("text.xlsx", "none.xlsx"):
        with pytest.raises(ConfigError, match=name):
            await run(settings, options(str(tmp_path / name)))
    assert capsys.readouterr().out == ""


def test_an_unreadable_file_ends_with_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "yishi.toml").write_text(filled_in(f"sqlite:///{tmp_path}/yishi.db"), "utf-8")
    file, config = str(tmp_path / "none.xlsx"), str(tmp_path / "yishi.toml")
    assert main(["roll", "import", file, "--compound", "XH-1", "--config", config]) == 2
    read = capsys.readouterr()
    assert read.out == ""
    assert read.err.count("\n") == 1
