"""./run cycle: a compound's days are shown and set."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.cli.cycle import parse_moment, run
from bot.config import ConfigError, load_settings
from handlers.people.enrol import CompoundEntry, enrol_compound
from storage.database import Database
from storage.migrate import prepare
from storage.sealing import Sealer
from tests.bot.settings_files import filled_in


@pytest.fixture(autouse=True)
def no_blocking() -> None:
    """A command does one thing at a time: nobody waits while it reads a file."""


class Command:
    def __init__(self, folder: Path, sealer: Sealer, capsys: pytest.CaptureFixture[str]) -> None:
        url = f"sqlite:///{folder}/yishi.db"
        (folder / "yishi.toml").write_text(filled_in(url), "utf-8")
        self.settings = load_settings(folder / "yishi.toml")
        self._capsys = capsys
        asyncio.run(self._enrol(Database(url), sealer))

    async def _enrol(self, database: Database, sealer: Sealer) -> None:
        await prepare(database)
        async with database.write() as session:
            from bot.app import utc_now

            await enrol_compound(session, sealer, CompoundEntry("XH-1", "新禾苑", (), (), ()), utc_now())
        await database.close()

    def __call__(
        self, action: str, code: str = "XH-1", enabled: bool | None = None, **changes: str
    ) -> tuple[dict[str, object], str]:
        assert asyncio.run(run(self.settings, action, code, changes, enabled)) == 0
        printed = self._capsys.readouterr()
        return json.loads(printed.out), printed.err


@pytest.fixture
def command(tmp_path: Path, sealer: Sealer, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, sealer, capsys)


def days(shown: dict[str, object]) -> tuple[object, ...]:
    return shown["enabled"], shown["open"], shown["prompt"], shown["close"]


def test_a_compound_has_the_usual_days_until_they_are_set(command: Command) -> None:
    shown, _ = command("show")
    assert days(shown) == (True, "mon 09:07", "thu 18:37", "sun 20:00")
    assert shown["weeks"] == []
    shown, notes = command("set", open="Tue 8:15", close="sun 19:00")
    assert days(shown) == (True, "tue 08:15", "thu 18:37", "sun 19:00")
    assert notes == ""
    assert days(command("set", enabled=False)[0]) == (False, "tue 08:15", "thu 18:37", "sun 19:00")
    assert days(command("set", prompt="wed 12:10")[0]) == (False, "tue 08:15", "wed 12:10", "sun 19:00")
    assert days(command("set", enabled=True)[0])[0] is True
    assert command("show")[0]["name"] == "新禾苑"


def test_a_prompt_that_never_comes_is_said(command: Command) -> None:
    _, notes = command("set", prompt="sun 21:00")
    assert "not before the close" in notes


@pytest.mark.parametrize(
    ("action", "code", "enabled", "changes", "complaint"),
    [
        ("show", "XH-9", None, {}, "no compound XH-9"),
        ("set", "XH-1", None, {}, "nothing to set"),
        ("show", "XH-1", True, {}, "show changes nothing"),
        ("set", "XH-1", None, {"open": "1 9:00"}, "--open"),
        ("set", "XH-1", None, {"close": "sun 24:00"}, "--close"),
    ],
)
def test_bad_usage_is_one_line(
    command: Command,
    action: str,
    code: str,
    enabled: bool | None,
    changes: dict[str, str | None],
    complaint: str,
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        asyncio.run(run(command.settings, action, code, changes, enabled))


def test_days_go_by_their_names() -> None:
    assert parse_moment("open", "mon 09:07") == (1, 547)
    assert parse_moment("open", "SUN 0:00") == (7, 0)
