"""Every command the documentation names exists with these flags, and the cheap ones do what it says."""

import argparse
import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot.cli.main import _parser
from bot.config import SecuritySettings
from tests.docs.pages import PAGES, ROOT, code_lines, read, rows

_COMMAND = re.compile(r"(?<![\w/])\./run +([^|>#&;]+)")


def _commands(page: Path) -> list[str]:
    return [
        found.strip()
        for line in code_lines(page.read_text("utf-8"))
        for found in _COMMAND.findall(line)
        if found.strip()
    ]


NAMED = sorted(
    {(page.relative_to(ROOT).as_posix(), command) for page in PAGES for command in _commands(page)}
)


def _known_commands() -> set[str]:
    for action in _parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return set(action.choices)
    raise AssertionError("the command line has no commands")


@pytest.mark.parametrize(("page", "command"), NAMED)
def test_a_named_command_exists_with_its_flags(page: str, command: str) -> None:
    try:
        _parser().parse_args(shlex.split(command))
    except SystemExit as stop:
        assert stop.code == 0, f"{page} names ./run {command}, which the command line does not take"


def test_both_readmes_and_the_operators_page_name_commands() -> None:
    assert {"README.md", "README.zh-CN.md", "docs/operators.md"} <= {page for page, _ in NAMED}


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_table_has_every_command(page: str) -> None:
    listed = {
        found.split()[0] for cells in rows(read(page), 4) for found in _COMMAND.findall(cells[0].strip("`"))
    }
    assert listed == _known_commands()


def _run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_keys_prints_a_security_table_that_the_configuration_takes() -> None:
    result = _run("keys")
    assert result.returncode == 0, result.stderr
    SecuritySettings.model_validate(tomllib.loads(result.stdout)["security"])


def test_tag_answers_with_the_fields_of_the_table() -> None:
    result = _run(
        "tag", "-", stdin='{"id": "a", "text": "3栋2单元电梯又坏了"}\n{"id": 2, "text": "早上好"}\n'
    )
    assert result.returncode == 0, result.stderr
    first, second = map(json.loads, result.stdout.splitlines())
    assert first.keys() == {"id", "categories", "urgency", "place"}
    assert first["place"] == {"building": "3", "entrance": "2", "unit": None}
    assert set(first["categories"][0]) == {"id", "score"}
    assert second["categories"] == []


def test_tag_names_a_bad_line_with_exit_code_2() -> None:
    result = _run("tag", "-", stdin="電梯\n")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_a_missing_configuration_is_one_line_and_exit_code_2(command: str, tmp_path: Path) -> None:
    result = _run(command, "--config", str(tmp_path / "none.toml"))
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_an_unknown_command_is_exit_code_2() -> None:
    assert _run("dance").returncode == 2


@pytest.mark.parametrize("command", ["", *sorted(_known_commands())])
def test_help_is_there(command: str) -> None:
    with pytest.raises(SystemExit) as stop:
        _parser().parse_args([*command.split(), "--help"])
    assert stop.value.code == 0
