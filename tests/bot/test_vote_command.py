"""./run vote: a vote led by a script, JSON in and out, on a real database."""

import json
from collections.abc import Sequence
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.app import Application, open_sealer
from bot.cli.main import _parser
from bot.cli.staff import add as add_staff
from bot.cli.verify import run as verify
from bot.cli.vote import ACTIONS, run
from bot.config import ConfigError, Settings, load_settings
from handlers.people.staff import StaffEntry
from handlers.voting.cast import Order, cast_ballot
from handlers.voting.clock import advance_votes
from handlers.voting.jurisdictions import load_profile
from handlers.voting.signing import Signer
from handlers.voting.terms import AGREE
from storage.database import Database
from storage.migrate import prepare
from storage.queries.vote_log import list_checkpoints, list_log
from storage.queries.votes import list_vote_units
from storage.states import BallotChannel, Role
from storage.tables import AuditEvent
from tests.bot.settings_files import filled_in
from tests.voting.assembly import assemble
from tests.voting.votes import at

OWNERS = {f"3-{number}": [number] for number in range(101, 109)}
NOW = at(1)
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
NEW = {"template": "other", "values": {"matter": "人车分流", "reason": "北门人车混行"}}
EDIT = {
    "convener": {"body": "业主委员会", "name": "四季园业委会", "document": "2026年第3号决议"},
    "contact": "居委会陈书记 020-81230000",
    "opens_at": at(20).isoformat(),
    "closes_at": at(29).isoformat(),
}

OFFICIAL: dict[str, Any] = {
    "source": {"name": "市业主决策平台", "on": "2026-05-29", "where": "结果公告第7号"},
    "questions": [
        {
            "id": "q1",
            "total": {"persons": 8, "area": "800"},
            "participants": {"persons": 6, "area": "600"},
            "choices": [{"choice": AGREE, "persons": 6, "area": "600.00"}],
            "word": None,
        }
    ],
}


@pytest.fixture(autouse=True)
def no_blocking() -> None:
    """A command does one thing at a time: nobody waits while it reads a file."""


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    text = filled_in(f"sqlite:///{tmp_path}/yishi.db")
    security = "[security]\n"
    assert security in text
    (tmp_path / "yishi.toml").write_text(
        text.replace(security, f'{security}signing_key = "{KEY}"\n'), "utf-8"
    )
    settings = load_settings(tmp_path / "yishi.toml")
    database = Database(settings.database.url.get_secret_value())
    await prepare(database)
    await assemble(database, OWNERS)
    await database.close()
    for username in ("shuji", "zhuren"):
        entry = StaffEntry(username, "陈明", f"1391234000{len(username)}", Role.SECRETARY, "XH-1", "")
        assert await add_staff(settings, entry, "correct horse battery", StringIO()) == 0
    return settings


class Script:
    """Calls the command as a script would; `code` is the last exit code."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.number = 0
        self.code = 0

    async def __call__(
        self, action: str, *words: str, now: datetime = NOW, given: Any = None, by: str = "shuji"
    ) -> dict[str, Any]:
        more: Sequence[str] = ["--input", "-"] if given is not None else []
        which = ["--vote", str(self.number)] if self.number else []
        options = _parser().parse_args(
            ["vote", action, "--compound", "XH-1", "--by", by, *which, *more, *words]
        )
        out = StringIO()
        self.code = await run(self.settings, options, StringIO(json.dumps(given)), out, now)
        line: dict[str, Any] = json.loads(out.getvalue())
        return line

    async def drafted(self) -> None:
        self.number = (await self("create", given=NEW))["vote"]
        await self("edit", given=EDIT)

    async def noticed(self) -> None:
        await self.drafted()
        await self("lint", "--checked", *load_profile("national").unverified)
        assert (await self("notice", now=at(2)))["state"] == "noticed"


@pytest.fixture
def script(settings: Settings) -> Script:
    return Script(settings)


def test_the_parser_knows_every_action() -> None:
    for action in ACTIONS:
        assert _parser().parse_args(["vote", action, "--compound", "XH-1"]).action == action


async def test_a_vote_from_create_to_export(script: Script, tmp_path: Path) -> None:
    await script.noticed()
    database = Database(script.settings.database.url.get_secret_value())
    await advance_votes(database, Signer(KEY), at(20))
    shown = await script("show")
    async with database.read() as session:
        units = await list_vote_units(session, 1, script.number)
    for unit in units[:6]:
        order = Order(
            1, script.number, unit.owner_key, {"q1": AGREE}, BallotChannel.ONLINE, unit.unit_code, at(21)
        )
        async with database.write() as session:
            await cast_ballot(session, open_sealer(script.settings), order, order.cast_at)
    assert (shown["state"], shown["result"], shown["roll"]["persons"]) == ("open", None, 8)
    turnout = await script("turnout", now=at(22))
    assert turnout["voted"] == {"persons": 6, "area": "500.00"}  # the sixth comes with the tenth
    assert turnout["buildings"] == [
        {"building": "3", "total": turnout["total"], "voted": turnout["voted"]},
    ]
    await advance_votes(database, Signer(KEY), at(30))
    await database.close()
    check = await script("close-check", now=at(30))
    assert (check["closed"], check["papers_open"], check["cases"]) == (True, 0, [])
    tallied = await script("tally", now=at(30))
    assert tallied["result"]["questions"][0]["status"] == "PASSED"
    assert (await script("publish", now=at(31)))["state"] == "published"
    for kind in ("public", "sealed"):
        file = tmp_path / f"{kind}.zip"
        assert (await script("export", "--kind", kind, "--out", str(file), now=at(31)))["kind"] == kind
        assert verify(str(file), Signer(KEY).key_id, [], StringIO(), StringIO()) == 0


async def test_the_platforms_result_is_taken_from_two_accounts(script: Script) -> None:
    await script.drafted()
    await script("edit", given={"mode": "official_platform", "platform": "市业主决策平台"})
    await script("lint", "--checked", *load_profile("national").unverified)
    assert (await script("notice", now=at(2)))["state"] == "noticed"
    assert await script("official", given=OFFICIAL) == {"refused": "vote.wrong_state"}
    database = Database(script.settings.database.url.get_secret_value())
    await advance_votes(database, Signer(KEY), at(30))
    await database.close()
    assert await script("tally", now=at(30)) == {"refused": "vote.official_platform_only"}
    assert (await script("official", given=OFFICIAL, now=at(30)))["confirmed"] is False
    other = {**OFFICIAL, "source": {**OFFICIAL["source"], "on": "2026-05-30"}}
    line = await script("official", given=other, by="zhuren", now=at(30))
    assert (script.code, line) == (1, {"refused": "official.differs", "differs": ["source.on"]})
    assert (await script("official", given=OFFICIAL, by="zhuren", now=at(30)))["confirmed"] is True
    assert (await script("publish", now=at(31)))["result"]["questions"][0]["status"] == "PASSED"
    with pytest.raises(ConfigError, match=r"source\.on"):
        await script("official", given={**OFFICIAL, "source": {"name": "x", "where": "x"}}, now=at(31))


async def test_a_draft_with_faults_is_exit_code_1_and_each_is_named(script: Script) -> None:
    script.number = (await script("create", given=NEW))["vote"]
    line = await script("lint")
    assert script.code == 1
    assert line["state"] == "draft"
    assert "lint.no_window" in {finding["code"] for finding in line["findings"]}
    assert await script("notice") == {"refused": "vote.not_linted"}
    assert script.code == 1


async def test_what_is_refused_changes_nothing(script: Script) -> None:
    await script.noticed()
    for action, given in (("edit", EDIT), ("tally", None), ("publish", None), ("extend", None)):
        assert (await script(action, given=given))["refused"] == "vote.wrong_state"
        assert script.code == 1
    assert (await script("revoke"))["refused"] == "vote.no_reason"
    revoked = await script("revoke", "--reason", "候选方案有误")
    assert (revoked["state"], revoked["revoked_reason"]) == ("revoked", "候选方案有误")


@pytest.mark.parametrize(
    ("action", "given", "by", "words", "told"),
    [
        ("create", {"template": "nothing"}, "shuji", [], "no template nothing"),
        ("create", {"template": "other", "profile": "atlantis"}, "shuji", [], "no profile atlantis"),
        ("create", None, "shuji", [], "needs --input"),
        ("create", {"colour": 1}, "shuji", [], "colour"),
        ("create", NEW, "", [], "needs --by"),
        ("create", NEW, "nobody", [], "no account nobody"),
        ("show", None, "", [], "needs --vote"),
        ("show", None, "", ["--vote", "7"], "no vote 7"),
        ("rule", {"decision": {}, "reason": "x"}, "shuji", ["--vote", "1"], "needs --case"),
    ],
)
async def test_what_cannot_be_is_one_line(
    script: Script, action: str, given: Any, by: str, words: list[str], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        await script(action, *words, given=given, by=by)


async def test_rules_that_are_none_are_named(script: Script) -> None:
    await script.drafted()
    with pytest.raises(ConfigError, match="revote"):
        await script("edit", given={"rules": {"revote": "daily"}})
    with pytest.raises(ConfigError, match=r"questions\.0\.item"):
        await script("edit", given={"questions": [{"item": 12, "title": "x"}]})
    for options in (["甲", "甲"], ["甲", "abstain"]):
        with pytest.raises(ConfigError, match=r"questions\.0\.options"):
            await script("edit", given={"questions": [{"item": 9, "title": "x", "options": options}]})
    assert (await script("show"))["rules"]["revote"] == "none"


async def test_the_running_bot_opens_and_seals_what_was_noticed(script: Script) -> None:
    await script.noticed()
    free = script.settings.server.model_copy(update={"port": 0, "admin_port": 0})
    settings = script.settings.model_copy(update={"channels": {}, "server": free})
    application = Application(settings, lambda: at(20))
    await application.start()
    try:
        await application.catch_up()
        async with application.database.read() as session:
            log = await list_log(session, 1, script.number)
            heads = await list_checkpoints(session, 1, script.number)
    finally:
        await application.stop()
    assert [leaf.kind for leaf in log] == ["notice", "open"]
    assert heads[-1].size == 2
    assert (await script("show"))["state"] == "open"


async def test_officers_are_named_by_two_usernames_before_the_notice(script: Script) -> None:
    await script.drafted()
    assert (await script("officers"))["officers"] == []
    one = await script("officers", given={"officers": ["shuji", "shuji"]})
    assert (one, script.code) == ({"refused": "officers.not_two"}, 1)
    both = {"officers": ["shuji", "zhuren"]}
    assert (await script("officers", given=both))["officers"] == ["shuji", "zhuren"]
    with pytest.raises(ConfigError, match="nobody"):
        await script("officers", given={"officers": ["shuji", "nobody"]})
    await script("lint", "--checked", *load_profile("national").unverified)
    await script("notice", now=at(2))
    assert await script("officers", given=both) == {"refused": "officers.too_late"}
    assert (await script("officers"))["officers"] == ["shuji", "zhuren"]


async def test_the_audit_log_says_what_a_command_did_and_not_a_page(settings: Settings) -> None:
    script = Script(settings)
    await script.drafted()
    await script("publish")
    assert script.code == 1  # nothing was done, so nothing is noted
    await script("show")
    database = Database(settings.database.url.get_secret_value())
    async with database.read() as session:
        rows = list(await session.exec(select(AuditEvent).where(AuditEvent.verb == "vote.commanded")))
    await database.close()
    assert [(row.subject, row.details["action"]) for row in rows] == [
        (f"vote:{script.number}", "create"),
        (f"vote:{script.number}", "edit"),
    ]
    assert all(row.actor_id and row.details["login"] for row in rows)
