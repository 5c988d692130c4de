"""./run group: an operator says which groups are heard, and whose they are."""

import argparse
import asyncio
import json
from pathlib import Path

import pytest

from bot.app import utc_now
from bot.cli.arguments import add_group_arguments
from bot.cli.group import run
from bot.config import ConfigError, Settings
from handlers.groups.members import Member, sync_members
from handlers.people.enrol import enrol_compound
from storage.database import Database
from storage.migrate import prepare
from storage.queries.groups import find_group
from tests.bot.settings_files import AES_KEY
from tests.conftest import COLUMN_KEY, LOOKUP_KEY
from tests.handlers.archive import ARCHIVE, BEFORE, PEOPLE, ROOM, SEALER, STAFF, ZHAO
from tests.handlers.talk import compound

APP = {
    "kind": "wecom_app",
    "corp_id": "wwb7d1f0e2a3c4d5e6",
    "agent_id": 1000002,
    "secret": "1c2d3e4f5a6b7988",
    "token": "mengting2026",
    "encoding_aes_key": AES_KEY,
}


@pytest.fixture(autouse=True)
def no_blocking() -> None:
    """A command does one thing at a time: nobody waits while it reads a file."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "database": {"url": f"sqlite:///{tmp_path}/yishi.db"},
            "security": {"column_keys": [COLUMN_KEY], "lookup_key": LOOKUP_KEY},
            "channels": {
                PEOPLE: APP,
                ARCHIVE: {"kind": "chat_archive", "corp": PEOPLE, "private_keys": {"1": "one.pem"}},
            },
        }
    )


def command(settings: Settings, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_group_arguments(parser)
    return asyncio.run(run(settings, parser.parse_args(arguments)))


def found(settings: Settings) -> None:
    async def work() -> None:
        database = Database(settings.database.url.get_secret_value())
        await prepare(database)
        async with database.write() as session:
            await enrol_compound(session, SEALER, compound(), utc_now())
        await database.close()

    asyncio.run(work())


def meet(settings: Settings) -> None:
    async def work() -> None:
        database = Database(settings.database.url.get_secret_value())
        async with database.write() as session:
            group = await find_group(session, ARCHIVE, ROOM)
            assert group is not None
            members = [Member(STAFF, True, "", BEFORE), Member(ZHAO, False, "", BEFORE)]
            await sync_members(session, SEALER, group, PEOPLE, members, utc_now())
        await database.close()

    asyncio.run(work())


REGISTER = ("register", "--room", ROOM, "--name", "3栋业主群", "--compound", "XH-1")


def test_a_group_from_its_registration_to_its_end(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    found(settings)
    also = ("--speaks-through", PEOPLE, "--owner", STAFF)
    assert command(settings, *REGISTER, *also) == 0
    said = capsys.readouterr().err
    assert "place 3" in said
    assert f"./run group told {ROOM}" in said
    meet(settings)
    assert command(settings, "told", ROOM) == 0
    assert "1 of its members" in capsys.readouterr().err
    assert command(settings, "list") == 0
    line = json.loads(capsys.readouterr().out)
    told_at = line.pop("told_at")
    assert told_at
    assert line == {
        "room": ROOM,
        "name": "3栋业主群",
        "compound": "XH-1",
        "place": "3",
        "kind": "customer",
        "account": ARCHIVE,
        "speaks_through": PEOPLE,
        "members": 2,
        "ended_at": None,
    }
    assert command(settings, "end", ROOM) == 0
    capsys.readouterr()
    assert command(settings, "list") == 0
    assert json.loads(capsys.readouterr().out)["ended_at"]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("register",), "--room"),
        (("register", "--room", ROOM, "--name", "3栋"), "--compound"),
        ((*REGISTER[:-1], "XX-9"), "no compound XX-9"),
        ((*REGISTER, "--place", "99"), "no place 99"),
        ((*REGISTER, "--account", "nobody"), "channels.nobody"),
        ((*REGISTER, "--speaks-through", "nobody"), "channels.nobody"),
        ((*REGISTER, "--kind", "internal"), "of kind aibot there are none"),
        (("told", "wrUnknown"), "no group wrUnknown"),
        (("end", "wrUnknown"), "no group wrUnknown"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    settings: Settings, arguments: tuple[str, ...], fault: str
) -> None:
    found(settings)
    with pytest.raises(ConfigError, match=fault) as caught:
        command(settings, *arguments)
    assert "\n" not in str(caught.value)
