"""./run staff, as an operator uses it."""

import argparse
import asyncio
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.app import open_sealer, utc_now
from bot.cli.staff import run
from bot.config import ConfigError, Settings, load_settings
from handlers.access import Right, access_compound, load_viewer
from handlers.people.enrol import CompoundEntry, PlaceEntry, enrol_compound
from handlers.people.passwords import is_password
from handlers.people.sign_in import find_signed_in, sign_in_staff, take_link
from storage.database import Database
from storage.migrate import upgrade
from storage.states import PlaceLevel, Role, SessionKind
from storage.tables import OneTimeLink, RoleGrant, StaffAccount
from tests.bot.settings_files import filled_in


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(await asyncio.to_thread(filled_in, f"sqlite:///{tmp_path}/yishi.db"), "utf-8")
    loaded = await asyncio.to_thread(load_settings, path)
    server = loaded.server.model_copy(update={"public_url": "https://yishi.example.org"})
    loaded = loaded.model_copy(update={"server": server})
    database = database_of(loaded)
    await upgrade(database)
    async with database.write() as session:
        places = (PlaceEntry(PlaceLevel.BUILDING, "3", "3栋", None),)
        entry = CompoundEntry("XH-1", "新禾苑", (), places, ())
        await enrol_compound(session, open_sealer(loaded), entry, utc_now())
    await database.close()
    return loaded


def database_of(settings: Settings) -> Database:
    return Database(settings.database.url.get_secret_value())


def options(action: str, username: str = "chen", **given: Any) -> argparse.Namespace:
    usual: dict[str, object] = {
        "name": "陈为民",
        "phone": "13912340009",
        "role": "secretary",
        "scope": "XH-1",
        "title": "书记",
        "member": None,
        "ask_password": False,
    }
    return argparse.Namespace(action=action, username=username, **{**usual, **given})


async def account(settings: Settings) -> StaffAccount:
    database = database_of(settings)
    async with database.read() as session:
        found = (await session.exec(select(StaffAccount))).one()
    await database.close()
    return found


async def test_a_new_account_gets_a_password_that_is_printed_once(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.StringIO()
    assert await run(settings, options("add"), out=out) == 0
    made = json.loads(out.getvalue())
    assert made["username"] == "chen"
    assert is_password((await account(settings)).password_hash, made["password"])
    again = io.StringIO()
    assert await run(settings, options("add", role="duty"), out=again) == 0
    assert again.getvalue() == ""
    assert is_password((await account(settings)).password_hash, made["password"])
    assert made["password"] not in capsys.readouterr().err


async def test_a_password_can_be_piped_in(settings: Settings) -> None:
    out = io.StringIO()
    asked = options("add", ask_password=True)
    await run(settings, asked, io.StringIO("four-short-words-here\n"), out)
    assert out.getvalue() == ""
    assert is_password((await account(settings)).password_hash, "four-short-words-here")
    with pytest.raises(ConfigError, match="at least 10"):
        await run(settings, asked, io.StringIO("short\n"), out)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"name": None, "scope": ""}, "needs --name, --scope"),
        ({"phone": "call me"}, "--phone"),
        ({"member": "corp"}, "ACCOUNT/USERID"),
        ({"scope": "XH-9"}, "no region, compound or place XH-9"),
        ({"scope": "XH-1/4"}, "no region, compound or place XH-1/4"),
        ({"scope": "XH-1/"}, "no region, compound or place XH-1/"),
    ],
)
async def test_what_is_missing_is_named(settings: Settings, given: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        await run(settings, options("add", **given))


async def test_a_role_may_be_on_a_building(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    await run(settings, options("add", role="grid_worker", scope="XH-1/3"), out=io.StringIO())
    assert "grid_worker of XH-1/3" in capsys.readouterr().err
    database = database_of(settings)
    async with database.read() as session:
        viewer = await load_viewer(session, (await session.exec(select(StaffAccount.person_id))).one())
        assert (await access_compound(session, viewer, "XH-1", Right.SEE_WEEK)).name == "新禾苑3栋"
    await database.close()


async def test_a_link_signs_in_once(settings: Settings) -> None:
    await run(settings, options("add"), out=io.StringIO())
    out = io.StringIO()
    await run(settings, options("link", "Chen"), out=out)
    printed = json.loads(out.getvalue())
    base, _, token = printed["link"].rpartition("/")
    assert (base, printed["minutes"]) == ("https://yishi.example.org/console/link", 10)
    database, sealer, now = database_of(settings), open_sealer(settings), utc_now()
    async with database.write() as session:
        link = await take_link(session, sealer, token, now)
        opened = await sign_in_staff(session, sealer, link.person_id, "link", now)
    async with database.read() as session:
        assert await find_signed_in(session, sealer, SessionKind.STAFF, opened, now + timedelta(minutes=1))
    await database.close()


async def test_a_disabled_account_gets_no_link(settings: Settings) -> None:
    await run(settings, options("add", role=Role.DUTY.value), out=io.StringIO())
    await run(settings, options("link"), out=io.StringIO())
    await run(settings, options("disable"))
    with pytest.raises(ConfigError, match="disabled"):
        await run(settings, options("link"))
    database = database_of(settings)
    async with database.read() as session:
        assert [link.used_at is None for link in (await session.exec(select(OneTimeLink))).all()] == [False]
        assert [grant.ended_at is None for grant in (await session.exec(select(RoleGrant))).all()] == [False]
    await database.close()


@pytest.mark.parametrize("action", ["disable", "link"])
async def test_an_unknown_account_is_named(settings: Settings, action: str) -> None:
    with pytest.raises(ConfigError, match="no account nobody"):
        await run(settings, options(action, "nobody"))


async def test_without_an_address_there_is_no_link(settings: Settings) -> None:
    bare = settings.model_copy(update={"server": settings.server.model_copy(update={"public_url": ""})})
    with pytest.raises(ConfigError, match="public_url"):
        await run(bare, options("link"))
