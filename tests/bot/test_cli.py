"""The command line: exit codes, one line for what is wrong, and nothing done twice."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

import bot
from bot.cli.keys import fresh_key
from bot.cli.main import main
from bot.config import OfficialAccountSettings, load_settings
from bot.documents.fonts import PACKAGE, FontMissing
from handlers.voting.log import seal, write_leaf
from handlers.voting.signing import Signer
from storage.database import Database
from storage.states import PlaceLevel, VoteState
from storage.tables import AuditEvent, Compound, Counter, LocalPhrase, Person, Place, Region, RoleGrant, Vote
from tests.bot.settings_files import filled_in
from tests.voting.assembly import OPENS, assemble

ROOT = Path(bot.__file__).parents[1]

COMPOUND = """
code = "MT-1"
name = "梦亭雅居"
tenure = "reformed"
stewardship = "community_run"
built_year = 1996
households = 412

[[region]]
level = "district"
code = "440199"
name = "清平区"

[[region]]
level = "community"
code = "440199001"
name = "河沿社区"

[[building]]
code = "1"
entrances = 2

[[building]]
code = "A"
name = "会所"

[[contact]]
role = "committee"
title = "业委会主任"
name = "欧阳秋实"
phone = "13912340001"
public = true

[[contact]]
role = "property"
title = "项目经理"
name = "司马春野"
phone = "020-81234567"
"""


@pytest.fixture(autouse=True)
def no_blocking() -> None:
    """A command does one thing at a time: nobody waits while it reads a file."""


class Desk:
    """A folder with a configuration, and a database that is not there yet."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.config = folder / "yishi.toml"
        self.config.write_text(filled_in(url), "utf-8")

    def run(self, *arguments: str) -> int:
        try:
            return main([*arguments[:1], "--config", str(self.config), *arguments[1:]])
        except SystemExit as end:  # argparse
            assert isinstance(end.code, int)
            return end.code

    def compound(self, text: str = COMPOUND) -> str:
        path = self.folder / "compound.toml"
        path.write_text(text, "utf-8")
        return str(path)

    def ask(self, question: Callable[[Database], Coroutine[Any, Any, Any]]) -> Any:
        async def answer() -> Any:
            database = Database(self.url)
            try:
                return await question(database)
            finally:
                await database.close()

        return asyncio.run(answer())

    def rows(self, table: Any) -> list[Any]:
        async def question(database: Database) -> list[Any]:
            async with database.read() as session:
                return list((await session.exec(select(table))).all())

        found: list[Any] = self.ask(question)
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, f"sqlite:///{tmp_path}/yishi.db")


def one_line(text: str) -> str:
    assert text.count("\n") == 1
    assert text.startswith("yishi: ")
    assert "Traceback" not in text
    return text


# Through a real process, as ./run calls it


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_an_unknown_command_is_bad_usage() -> None:
    ended = process("vanish")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "vanish" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_bad_configuration_ends_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(filled_in().replace('token = "mengting2026"', 'token = ""'), "utf-8")
    ended = process("doctor", YISHI_CONFIG=str(path))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "channels.main" in one_line(ended.stderr)


def test_keys_print_a_table_on_stdout_and_nothing_else() -> None:
    ended = process("keys")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("[security]\n")


# In this process


def test_without_a_configuration_it_says_where_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("YISHI_CONFIG", raising=False)
    for command in (["serve"], ["doctor"], ["db", "check"], ["compound", "import", "x.toml"]):
        assert main(command) == 2
        assert "config.example.toml" in one_line(capsys.readouterr().err)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("db",),
        ("db", "explode"),
        ("db", "downgrade"),
        ("compound",),
        ("compound", "import"),
        ("serve", "--fast"),
    ],
)
def test_bad_usage_is_2(desk: Desk, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert desk.run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err


def test_the_schema_goes_up_down_and_is_checked(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.run("db", "check") == 1
    assert desk.run("db", "upgrade") == 0
    assert desk.run("db", "check") == 0
    assert desk.run("db", "upgrade") == 0
    assert desk.run("db", "downgrade", "--revision", "base") == 0
    assert desk.run("db", "check") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "synchronous=FULL" in err


async def test_the_schema_commands_work_on_postgresql(empty_postgres: str, tmp_path: Path) -> None:
    config = tmp_path / "yishi.toml"
    config.write_text(filled_in(empty_postgres), "utf-8")

    def run(*arguments: str) -> int:
        return main(["db", "--config", str(config), *arguments])

    steps = [("check",), ("upgrade",), ("check",), ("downgrade", "--revision", "base"), ("check",)]
    assert [await asyncio.to_thread(run, *step) for step in steps] == [1, 0, 0, 0, 1]


def test_an_unknown_revision_ends_in_one_line(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.run("db", "upgrade", "--revision", "9999") == 1
    assert "9999" in one_line(capsys.readouterr().err)


def test_a_server_that_is_away_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    away = Desk(tmp_path, "postgresql://yishi:hunter2@127.0.0.1:1/yishi")
    for arguments in (("db", "check"), ("compound", "import", away.compound())):
        assert away.run(*arguments) == 1
        assert "hunter2" not in one_line(capsys.readouterr().err)


def test_a_compound_comes_in_with_its_regions_places_and_contacts(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.run("compound", "import", desk.compound()) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "梦亭雅居 (MT-1): 4 places, 0 flats, 2 contacts" in err
    [compound] = desk.rows(Compound)
    assert (compound.code, compound.households, compound.region_code) == ("MT-1", 412, "440199001")
    assert {(place.code, place.name, place.parent_code) for place in desk.rows(Place)} == {
        ("1", "1栋", None),
        ("1-1", "1栋1单元", "1"),
        ("1-2", "1栋2单元", "1"),
        ("A", "会所", None),
    }
    assert [region.parent_code for region in desk.rows(Region)] == [None, "440199"]


def test_importing_twice_changes_nothing_but_the_log(desk: Desk) -> None:
    tables = (Compound, Place, Region, RoleGrant)
    assert desk.run("compound", "import", desk.compound()) == 0
    before = [desk.rows(table) for table in tables]
    people = {person.phone_lookup for person in desk.rows(Person)}
    assert desk.run("compound", "import", desk.compound()) == 0
    assert [desk.rows(table) for table in tables] == before
    assert len(desk.rows(Person)) == 2
    assert {person.phone_lookup for person in desk.rows(Person)} == people
    assert sorted(event.verb for event in desk.rows(AuditEvent)) == ["compound.changed", "compound.enrolled"]


def test_flats_come_in_by_their_numbers_and_a_wrong_table_is_named(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    flats = '\n[[flats]]\nbuildings = ["1"]\nfloors = "2-3"\ndoors = 2\n'
    assert desk.run("compound", "import", desk.compound(COMPOUND + flats)) == 0
    assert "4 places, 8 flats" in capsys.readouterr().err
    added = [place for place in desk.rows(Place) if place.level is PlaceLevel.UNIT]
    assert ("1-2-302", "1栋2单元302", "1-2") in {(one.code, one.name, one.parent_code) for one in added}
    assert len(added) == 2 * 2 * 2
    assert desk.run("compound", "import", desk.compound(COMPOUND + flats.replace('"1"', '"2"'))) == 2
    assert "flats 1: there is no building 2" in one_line(capsys.readouterr().err)


def test_contacts_who_are_no_longer_in_the_file_leave_office_and_may_come_back(desk: Desk) -> None:
    assert desk.run("compound", "import", desk.compound()) == 0
    without = COMPOUND[: COMPOUND.rindex("[[contact]]")]
    assert desk.run("compound", "import", desk.compound(without)) == 0
    ended = {grant.title: grant.ended_at is not None for grant in desk.rows(RoleGrant)}
    assert ended == {"业委会主任": False, "项目经理": True}
    assert desk.run("compound", "import", desk.compound()) == 0
    assert {grant.ended_at for grant in desk.rows(RoleGrant)} == {None}


def test_phrases_of_a_compound_come_in_and_are_replaced(desk: Desk) -> None:
    def import_with(phrases: str) -> list[tuple[str, str]]:
        assert desk.run("compound", "import", desk.compound(COMPOUND + phrases)) == 0
        return sorted((row.phrase, row.kind.value) for row in desk.rows(LocalPhrase))

    name = '\n[[phrase]]\ntext = "山水　庭院"\nkind = "name"\n'
    spot = '\n[[phrase]]\ntext = "荷花池"\nkind = "place"\n'
    assert import_with(name + spot) == [("山水庭院", "name"), ("荷花池", "place")]
    [before] = [row.value for row in desk.rows(Counter) if row.name == "phrases"]
    assert import_with(name + spot) == [("山水庭院", "name"), ("荷花池", "place")]
    assert import_with(spot) == [("荷花池", "place")]
    assert [row.value - before for row in desk.rows(Counter) if row.name == "phrases"] == [1]
    for wrong in (name + name, name.replace('"name"', '"river"'), name.replace("山水　庭院", "水")):
        assert desk.run("compound", "import", desk.compound(COMPOUND + wrong)) == 2


def test_names_and_titles_are_corrected_by_importing_again(desk: Desk) -> None:
    assert desk.run("compound", "import", desk.compound()) == 0
    assert (
        desk.run(
            "compound", "import", desk.compound(COMPOUND.replace("雅居", "佳苑").replace("项目经理", "经理"))
        )
        == 0
    )
    assert [compound.name for compound in desk.rows(Compound)] == ["梦亭佳苑"]
    assert {grant.title for grant in desk.rows(RoleGrant)} == {"业委会主任", "经理"}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('code = "MT-1"', 'code = "MT 1"', "code"),
        ('code = "MT-1"', "", "code"),
        ('name = "梦亭雅居"', 'name = ""', "name"),
        ('tenure = "reformed"', 'tenure = "rented"', "tenure"),
        ("built_year = 1996", "built_year = 96", "built_year"),
        ("entrances = 2", "entrances = 400", "building.0.entrances"),
        ('phone = "13912340001"', 'phone = "找小李要"', "contact.0.phone"),
        ('role = "committee"', 'role = "emperor"', "contact.0.role"),
        ("households = 412", "household = 412", "household"),
        ('level = "district"', 'level = "galaxy"', "region.0.level"),
        ("[[region]]", "[[region", "line"),
    ],
)
def test_a_bad_compound_file_ends_in_one_line_that_names_the_key(
    desk: Desk, capsys: pytest.CaptureFixture[str], old: str, new: str, reason: str
) -> None:
    assert desk.run("compound", "import", desk.compound(COMPOUND.replace(old, new, 1))) == 2
    assert reason in one_line(capsys.readouterr().err)
    assert not (desk.folder / "yishi.db").exists()


def test_a_missing_compound_file_ends_in_one_line(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.run("compound", "import", str(desk.folder / "none.toml")) == 2
    assert "none.toml" in one_line(capsys.readouterr().err)


def test_codes_for_an_unknown_compound_or_account_are_refused(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.run("compound", "import", desk.compound()) == 0
    capsys.readouterr()
    assert desk.run("compound", "qr", "NO-1") == 2
    assert "NO-1" in one_line(capsys.readouterr().err)
    assert desk.run("compound", "qr", "MT-1", "--account", "west") == 2
    assert "main" in one_line(capsys.readouterr().err)


def test_an_older_database_is_not_touched_by_an_import(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.run("db", "upgrade") == 0
    capsys.readouterr()

    async def age(database: Database) -> None:
        from sqlalchemy import text

        async with database.write() as session:
            await (await session.connection()).execute(
                text("UPDATE alembic_version SET version_num = '0000'")
            )

    desk.ask(age)
    assert desk.run("compound", "import", desk.compound()) == 1
    assert "db upgrade" in one_line(capsys.readouterr().err)


def test_doctor_asks_for_a_chinese_font_only_where_votes_can_be_held(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> str:
        raise FontMissing

    monkeypatch.setattr("bot.cli.doctor.chinese_family", missing)

    def fonts() -> tuple[bool, str]:
        desk.run("doctor")
        findings = {line["check"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
        return findings["fonts"]["ok"], findings["fonts"]["next_step"]

    ok, step = fonts()
    assert ok
    assert PACKAGE in step
    key = f'[security]\nsigning_key = "{fresh_key()}"\n'
    desk.config.write_text(desk.config.read_text("utf-8").replace("[security]\n", key, 1), "utf-8")
    assert fonts() == (False, step)


def test_doctor_sees_a_vote_that_began_with_another_signing_key(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    other, mine = Signer(fresh_key()), fresh_key()
    keyed = f'[security]\nsigning_key = "{mine}"\n'
    desk.config.write_text(desk.config.read_text("utf-8").replace("[security]\n", keyed, 1), "utf-8")
    assert desk.run("db", "upgrade") == 0
    capsys.readouterr()

    async def begin(database: Database) -> None:
        await assemble(database, {"1-101": [1]})
        async with database.write() as session:
            compound = (await session.exec(select(Compound))).one()
            assert compound.compound_id is not None
            write_leaf(session, compound.compound_id, 1, "open", {}, OPENS)
            await session.flush()
            await seal(session, other, compound.compound_id, 1, "XH-1/1", OPENS, "opening")

    def votes() -> dict[str, Any]:
        desk.run("doctor")
        findings = {line["check"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
        found: dict[str, Any] = findings["votes"]
        return found

    assert votes()["ok"]
    desk.ask(begin)
    assert not votes()["ok"]
    assert f"XH-1/1 ({other.key_id})" in votes()["detail"]

    async def end(database: Database) -> None:
        async with database.write() as session:
            (await session.exec(select(Vote))).one().state = VoteState.FINAL

    desk.ask(end)
    assert votes()["ok"]


def test_doctor_says_what_is_wrong_without_a_secret(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A platform nobody answers at: doctor must come to the end all the same.
    text = desk.config.read_text("utf-8").replace("https://api.weixin.qq.com", "http://127.0.0.1:1")
    desk.config.write_text(text.replace('environment = "production"', 'environment = "demo"'), "utf-8")
    assert desk.run("doctor") == 1
    out = capsys.readouterr().out
    findings = {line["check"]: line for line in map(json.loads, out.splitlines())}
    assert findings["configuration"]["ok"]
    assert findings["keys"]["ok"]
    assert not findings["schema"]["ok"]
    assert "db upgrade" in findings["schema"]["next_step"]
    assert not findings["channels.main"]["ok"]
    assert all(finding["next_step"] for finding in findings.values() if not finding["ok"])
    settings = load_settings(desk.config)
    main = settings.channels["main"]
    assert isinstance(main, OfficialAccountSettings)
    for secret in (
        settings.security.lookup_key.get_secret_value(),
        main.app_secret.get_secret_value(),
        main.token.get_secret_value(),
    ):
        assert secret not in out
    assert desk.run("db", "upgrade") == 0
    capsys.readouterr()
    desk.run("doctor")
    findings = {line["check"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert findings["schema"]["ok"]
    assert findings["inbox"]["ok"]
    assert findings["duty"]["ok"]  # there is no compound yet
    assert findings["tagger"]["ok"]
    assert findings["model"]["ok"]
    lexicon = desk.folder / "own.toml"
    lexicon.write_text("[meta]\n", "utf-8")
    text = desk.config.read_text("utf-8")
    desk.config.write_text(text.replace("[tagging]", f'[tagging]\nlexicon = "{lexicon}"'), "utf-8")
    assert desk.run("doctor") == 1
    findings = {line["check"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert (findings["tagger"]["ok"], "own.toml" in findings["tagger"]["next_step"]) == (False, True)
    assert findings["model"]["ok"]
    assert findings["outbox"]["ok"]
    assert findings["photos"]["detail"] == "0 to be fetched, 0 for more than an hour"
