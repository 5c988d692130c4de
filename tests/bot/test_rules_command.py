"""./run rules and [[rule]] in a compound's file: whose requests are."""

import argparse
import json
from pathlib import Path

import pytest

from bot.cli.compound import import_file
from bot.cli.main import _parser
from bot.cli.rules import run
from bot.config import ConfigError, Settings, load_settings
from storage.database import Database
from storage.queries.requests import list_dispatch_rules
from storage.states import Role
from storage.tables import DispatchRule
from tests.bot.settings_files import filled_in

COMPOUND = """
code = "XH-1"
name = "新禾苑"
[[building]]
code = "3"
[[contact]]
role = "property"
title = "项目经理"
name = "李向前"
phone = "13912340002"
[[rule]]
category = "dianti"
role = "property"
contact = "李向前"
auto = true
[[rule]]
category = "*"
building = "3"
role = "grid_worker"
"""


@pytest.fixture(autouse=True)
def no_blocking() -> None:
    """A command does one thing at a time: nobody waits while it reads a file."""


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    (tmp_path / "yishi.toml").write_text(filled_in(f"sqlite:///{tmp_path}/yishi.db"), "utf-8")
    settings = load_settings(tmp_path / "yishi.toml")
    (tmp_path / "compound.toml").write_text(COMPOUND, "utf-8")
    assert await import_file(settings, str(tmp_path / "compound.toml")) == 0
    return settings


def options(*words: str) -> argparse.Namespace:
    return _parser().parse_args(["rules", *words])


async def rules(settings: Settings) -> list[DispatchRule]:
    database = Database(settings.database.url.get_secret_value())
    async with database.read() as session:
        found = await list_dispatch_rules(session, 1)
    await database.close()
    return found


async def test_the_file_sets_rules_and_an_import_leaves_others(settings: Settings, tmp_path: Path) -> None:
    await run(settings, options("set", "--compound", "XH-1", "--category", "huanwei", "--role", "property"))
    await import_file(settings, str(tmp_path / "compound.toml"))
    assert [(rule.category, rule.building, rule.role, rule.auto) for rule in await rules(settings)] == [
        ("*", "3", Role.GRID_WORKER, False),
        ("dianti", "", Role.PROPERTY, True),
        ("huanwei", "", Role.PROPERTY, False),
    ]
    assert [rule.assignee_id is not None for rule in await rules(settings)] == [False, True, False]


async def test_setting_again_replaces_and_dropping_takes_away(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in (("--role", "property"), ("--role", "secretary", "--auto")):
        await run(settings, options("set", "--compound", "XH-1", "--category", "dianti", *more))
    await run(settings, options("drop", "--compound", "XH-1", "--building", "3"))
    capsys.readouterr()
    await run(settings, options("list", "--compound", "XH-1"))
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {
            "category": "dianti",
            "name": "电梯与加装电梯",
            "building": "",
            "role": "secretary",
            "person_id": None,
            "auto": True,
        }
    ]


async def test_what_cannot_be_is_named(settings: Settings) -> None:
    for words, named in (
        (("set", "--category", "nichts", "--role", "property"), "nichts"),
        (("set", "--role", "supervisor"), "supervisor"),
        (("set", "--building", "99", "--role", "property"), "99"),
        (("set",), "--role"),
        (("drop", "--category", "laji"), "no such rule"),
    ):
        with pytest.raises(ConfigError, match=named):
            await run(settings, options(*words, "--compound", "XH-1"))
    with pytest.raises(ConfigError, match="YL-2"):
        await run(settings, options("list", "--compound", "YL-2"))
    assert len(await rules(settings)) == 2


async def test_a_rule_of_the_file_that_cannot_be_is_named(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    for change, named in (
        (('category = "dianti"', 'category = "nichts"'), "no such category"),
        (('contact = "李向前"', 'contact = "王大锤"'), "no contact"),
        (('building = "3"', 'building = "4"'), "no building 4"),
        (('role = "grid_worker"', 'role = "supervisor"'), "handles no requests"),
    ):
        path.write_text(COMPOUND.replace(*change), "utf-8")
        with pytest.raises(ConfigError, match=named):
            await import_file(settings, str(path))
