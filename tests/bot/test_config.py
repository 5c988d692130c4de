"""Settings: the example is complete and safe to start from, and what is unsafe does not start."""

import re
import tomllib
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import PydanticUndefined

from bot.cli.keys import fresh_key, fresh_security_table
from bot.config import (
    PLATFORM_API,
    AibotSettings,
    ChatArchiveSettings,
    ConfigError,
    GroupWebhookSettings,
    HelperSettings,
    NoticeSettings,
    OfficialAccountSettings,
    Settings,
    WecomAppSettings,
    config_path,
    is_loopback,
    load_settings,
)
from storage.states import ChannelKind
from tests.bot.settings_files import AES_KEY, EXAMPLE, filled_in, uncommented

KINDS: dict[str, type[BaseModel]] = {
    "official_account": OfficialAccountSettings,
    "wecom_app": WecomAppSettings,
    "aibot": AibotSettings,
    "group_webhook": GroupWebhookSettings,
    "chat_archive": ChatArchiveSettings,
}


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "10.1.2.3", "192.168.7.7", "172.31.0.1", "[::1]:8000", "[fd00::7]", "llm.internal"],
)
def test_a_helper_in_the_house_starts(host: str) -> None:
    assert HelperSettings(base_url=f"http://{host}/v1/", model="m").base_url == f"http://{host}/v1"


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8/v1", "http://169.254.169.254/v1", "http://172.32.0.1", "http://[2001:db8::1]/v1", "http://0.0.0.0",
        "http://[::ffff:8.8.8.8]/v1", "http://user:pass@10.0.0.1", "ftp://10.0.0.1", "http://", "http://10.0.0.1/?a=b",
    ],
)  # fmt: skip
def test_a_helper_elsewhere_does_not(url: str) -> None:
    with pytest.raises(ValidationError):
        HelperSettings(base_url=url, model="m")


def test_a_helper_elsewhere_starts_when_that_was_agreed() -> None:
    assert HelperSettings(base_url="https://8.8.8.8/v1", model="m", allow_external=True).allow_external


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, "utf-8")
        return path

    return write


# The example


def _example_with_commented_keys() -> dict[str, Any]:
    """The example, with keys and accounts that are commented out because they are optional put back."""
    return tomllib.loads(uncommented(EXAMPLE.read_text("utf-8")))


def _faults(model: type[BaseModel], table: dict[str, Any], where: str) -> list[str]:
    faults = [f"{where}{name} is no setting" for name in table.keys() - model.model_fields.keys()]
    for name, field in model.model_fields.items():
        inner = field.annotation
        if name not in table:
            faults.append(f"{where}{name} is missing")
        elif name == "channels":
            for account, entry in table[name].items():
                faults += _faults(KINDS[entry["kind"]], entry, f"{where}{name}.{account}.")
        elif name == "helper":
            faults += _faults(HelperSettings, table[name], f"{where}{name}.")
        elif name == "notices":
            for kind, entry in table[name].items():
                faults += _faults(NoticeSettings, entry, f"{where}{name}.{kind}.")
        elif isinstance(inner, type) and issubclass(inner, BaseModel):
            faults += _faults(inner, table[name], f"{where}{name}.")
        elif field.default not in (PydanticUndefined, None):
            default = (
                field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
            )
            if table[name] != default:
                faults.append(f"{where}{name} is {table[name]!r}, its default {default!r}")
    return faults


def test_the_example_has_an_account_of_every_kind() -> None:
    kinds = [entry["kind"] for entry in _example_with_commented_keys()["channels"].values()]
    assert sorted(kinds) == sorted(KINDS) == sorted(ChannelKind)


def test_the_example_lists_every_key_with_its_default() -> None:
    assert _faults(Settings, _example_with_commented_keys(), "") == []


def test_that_comparison_notices_what_is_missing_wrong_or_too_much() -> None:
    table = _example_with_commented_keys()
    del table["server"]["port"]
    table["privacy"]["raw_text_days"] = 7
    table["log"]["colour"] = "blue"
    del table["channels"]["archive"]["decryptor"]
    assert sorted(_faults(Settings, table, "")) == [
        "channels.archive.decryptor is missing",
        "log.colour is no setting",
        "privacy.raw_text_days is 7, its default 180",
        "server.port is missing",
    ]


def test_the_example_itself_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(EXAMPLE)
    assert "security.column_keys" in str(caught.value)


@pytest.mark.parametrize("placeholder", re.findall(r'"(\S*REPLACE[^"]*)"', EXAMPLE.read_text("utf-8")))
def test_no_placeholder_may_be_left(write: Any, placeholder: str) -> None:
    with pytest.raises(ConfigError):
        load_settings(write(filled_in(leave=placeholder, every_kind=True)))


def test_the_example_loads_once_its_placeholders_are_replaced(write: Any) -> None:
    settings = load_settings(write(filled_in()))
    assert settings.environment == "production"
    assert settings.quiet_hours.start == time(21, 0)
    assert {name: channel.api_base for name, channel in settings.channels.items()} == {"main": PLATFORM_API}


def test_the_example_loads_with_all_its_accounts(write: Any) -> None:
    settings = load_settings(write(filled_in(every_kind=True)))
    assert {type(channel) for channel in settings.channels.values()} == set(KINDS.values())


def test_the_printed_keys_are_fresh_and_load(write: Any) -> None:
    first, second = fresh_security_table(), fresh_security_table()
    assert first != second
    settings = load_settings(write(first))
    assert settings.channels == {}


# What is refused

BASE: dict[str, Any] = {
    "security": {"column_keys": [f"k1:{fresh_key()}"], "lookup_key": fresh_key()},
    "channels": {
        "main": {
            "kind": "official_account",
            "app_id": "wx1",
            "app_secret": "0f1e2d3c4b5a6978",
            "token": "mengting2026",
            "encoding_aes_key": AES_KEY,
        }
    },
}
CORP: dict[str, dict[str, Any]] = {
    "corp": {
        "kind": "wecom_app",
        "corp_id": "ww1",
        "agent_id": 1000002,
        "secret": "9a8b7c6d5e4f3a2b",
        "token": "lianhu2026",
        "encoding_aes_key": AES_KEY,
    },
    "helper": {"kind": "aibot", "token": "wuhua2026", "encoding_aes_key": AES_KEY, "corp": "corp"},
    "duty-group": {"kind": "group_webhook", "key": "693axxx6-7aoc-4bc4-97a0", "corp": "corp"},
    "archive": {"kind": "chat_archive", "corp": "corp", "private_keys": {"1": "archive-key-1.pem"}},
}
WEAK = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
GOOD = fresh_key()
SIMULATOR = "http://127.0.0.1:9000"


def changed(**changes: Any) -> dict[str, Any]:
    """BASE with "table__key" set; channel__key is of the only channel; None takes a key away."""
    data: dict[str, Any] = {**BASE, "channels": {"main": dict(BASE["channels"]["main"])}}
    for name, value in changes.items():
        table, _, key = name.partition("__")
        if not key:
            data[table] = value
            continue
        target = data["channels"]["main"] if table == "channel" else dict(data.get(table, {}))
        if table != "channel":
            data[table] = target
        target[key] = value
        if value is None:
            del target[key]
    return data


def with_corp(account: str = "", **changes: Any) -> dict[str, Any]:
    """BASE with the accounts of a corp, one of them changed; None takes a key away."""
    channels = {name: dict(entry) for name, entry in (BASE["channels"] | CORP).items()}
    for key, value in changes.items():
        if value is None:
            del channels[account][key]
        else:
            channels[account][key] = value
    return BASE | {"channels": channels}


def with_notices(notice: dict[str, Any], kind: str = "alert") -> dict[str, Any]:
    """BASE with templates for one kind of notice."""
    return changed(channel__notices={kind: notice})


def in_a_demo(**more: Any) -> dict[str, Any]:
    """All accounts at a simulator."""
    data = with_corp()
    channels = {name: entry | {"api_base": SIMULATOR} for name, entry in data["channels"].items()}
    for name, change in more.items():
        channels[name] |= change
    return data | {"environment": "demo", "channels": channels}


UNSAFE = {
    "no keys": (changed(security={}), "column_keys"),
    "empty ring": (changed(security__column_keys=[]), "column_keys"),
    "guessable column key": (changed(security__column_keys=[f"k1:{WEAK}"]), "guess"),
    "guessable lookup key": (changed(security__lookup_key=WEAK), "guess"),
    "short key": (changed(security__column_keys=["k1:c2hvcnQta2V5"]), "32 bytes"),
    "no base64": (changed(security__lookup_key="蒙汗药" * 8), "base64"),
    "key without name": (changed(security__column_keys=[GOOD]), "NAME:KEY"),
    "key with odd name": (changed(security__column_keys=[f"钥匙:{GOOD}"]), "NAME:KEY"),
    "named lookup key": (changed(security__lookup_key=f"k1:{GOOD}"), "base64"),
    "two keys of one name": (
        changed(security__column_keys=[f"k1:{GOOD}", f"k1:{fresh_key()}"]),
        "same name",
    ),
    "one key for both": (changed(security={"column_keys": [f"k1:{GOOD}"], "lookup_key": GOOD}), "lookup_key"),
    "no AES key": (changed(channel__encoding_aes_key=None), "encoding_aes_key is missing"),
    "plain beside a key": (changed(channel__allow_plain=True), "allow_plain"),
    "AES key too short": (changed(channel__encoding_aes_key=AES_KEY[:-1]), "43"),
    "AES key of other signs": (changed(channel__encoding_aes_key="-" * 43), "43"),
    "old AES key too short": (changed(channel__previous_encoding_aes_key="x"), "43"),
    "empty secret": (changed(channel__app_secret=""), "own"),
    "default secret": (changed(channel__app_secret="changeme"), "own"),
    "default token": (changed(channel__token=" Token "), "own"),
    "placeholder": (changed(channel__token="REPLACE-WITH-THE-CALLBACK-TOKEN"), "own"),
    "another platform": (
        changed(channel__api_base="https://api.weixin.qq.com.example.org"),
        "not the platform",
    ),
    "platform without TLS": (changed(channel__api_base="http://api.weixin.qq.com"), "not the platform"),
    "simulator in production": (changed(channel__api_base=SIMULATOR), "not the platform"),
    "demo at the platform": (changed(environment="demo"), "loopback"),
    "demo elsewhere": (
        changed(environment="demo", channel__api_base="http://127.0.0.1@10.0.0.1"),
        "loopback",
    ),
    "demo without address": (changed(environment="demo", channel__api_base="127.0.0.1:9000"), "loopback"),
    "demo for everybody": (
        changed(environment="demo", channel__api_base=SIMULATOR, server__host="0.0.0.0"),
        "server.host",
    ),
    "page address without TLS": (changed(server__public_url="http://yishi.example.org"), "must be https"),
    "page address with a path": (changed(server__public_url="https://yishi.example.org/"), "slash"),
    "page address with a query": (changed(server__public_url="https://yishi.example.org?a"), "slash"),
    "page address with a name in it": (changed(server__public_url="https://a@b.example.org"), "slash"),
    "page address of another scheme": (changed(server__public_url="ftp://yishi.example.org"), "https"),
    "sign-in elsewhere": (changed(channel__authorize_base="https://example.org"), "authorize_base"),
    "sign-in elsewhere in a demo": (
        in_a_demo(main={"authorize_base": "https://open.weixin.qq.com"}),
        "loopback",
    ),
    "notice of an unknown kind": (with_notices({}, kind="prompt"), "channels.main.notices.prompt"),
    "notice with an unknown key": (with_notices({"fields": {}}), "channels.main.notices.alert.fields"),
    "notice that says an unknown word": (
        with_notices({"template_id": "T", "template": {"thing1": "title"}}),
        "thing1: must be one of number, what, state, time, place, compound",
    ),
    "notice in a field of no kind": (
        with_notices({"template_id": "T", "template": {"thingy1": "what"}}),
        "thingy1: not a field of a kind that is known",
    ),
    "notice in a field without its number": (
        with_notices({"template_id": "T", "template": {"thing": "what"}}),
        "not a field",
    ),
    "notice with .DATA": (
        with_notices({"template_id": "T", "template": {"thing1.DATA": "what"}}),
        "fields are named without .DATA",
    ),
    "notice whose word can never fit": (
        with_notices({"template_id": "T", "template": {"character_string2": "place"}}),
        "character_string2: a field of this kind does not take that: it takes number",
    ),
    "notice whose text does not fit": (
        with_notices({"template_id": "T", "template": {"phrase1": "=六个汉字太长"}}),
        "phrase1: the text after = does not fit",
    ),
    "notice without a template": (
        with_notices({"template": {"thing1": "what"}}),
        "notices.alert.template has fields, and there is no template_id",
    ),
    "notice without a subscribe template": (
        with_notices({"template_id": "T", "subscribe": {"thing1": "what"}}),
        "notices.alert.subscribe has fields, and there is no subscribe_template_id",
    ),
    "template that is no id": (changed(channel__template_id="a b"), "template_id"),
    "no secret of the app": (with_corp("corp", secret=None), "channels.corp.secret"),
    "default secret of the app": (with_corp("corp", secret="changeme"), "own"),
    "no AES key of the app": (with_corp("corp", encoding_aes_key=None), "channels.corp.encoding_aes_key"),
    "short AES key of the app": (with_corp("corp", encoding_aes_key=AES_KEY[:-1]), "43"),
    "app that is no number": (with_corp("corp", agent_id="x"), "channels.corp.agent_id"),
    "app at the other platform": (with_corp("corp", api_base=PLATFORM_API), "not the platform"),
    "app at a simulator": (with_corp("corp", api_base=SIMULATOR), "not the platform"),
    "staff sign in elsewhere": (with_corp("corp", authorize_base="https://example.org"), "authorize_base"),
    "no AES key of the robot": (
        with_corp("helper", encoding_aes_key=None),
        "channels.helper.encoding_aes_key",
    ),
    "no token of the robot": (with_corp("helper", token=""), "own"),
    "old AES key of the robot": (with_corp("helper", previous_encoding_aes_key="x"), "43"),
    "robot of no corp": (with_corp("helper", corp=None), "channels.helper.corp"),
    "robot of another corp": (with_corp("helper", corp="crop"), "channels.helper.corp"),
    "robot of a service account": (with_corp("helper", corp="main"), "channels.helper.corp"),
    "robot at a simulator": (with_corp("helper", api_base=SIMULATOR), "not the platform"),
    "webhook without a key": (with_corp("duty-group", key="REPLACE-WITH-THE-WEBHOOK'S-KEY"), "own"),
    "webhook of no corp": (with_corp("duty-group", corp="helper"), "channels.duty-group.corp"),
    "webhook elsewhere": (with_corp("duty-group", api_base="https://example.org"), "not the platform"),
    "archive without keys": (with_corp("archive", private_keys={}), "channels.archive.private_keys"),
    "archive with an odd version": (with_corp("archive", private_keys={"v1": "a.pem"}), "private_keys"),
    "archive of no corp": (with_corp("archive", corp="helper"), "channels.archive.corp"),
    "simulated archive in production": (with_corp("archive", decryptor="simulator"), "decryptor"),
    "unknown decryptor": (with_corp("archive", decryptor="vendor"), "channels.archive.decryptor"),
    "demo with a real corp": (in_a_demo(corp={"api_base": "https://qyapi.weixin.qq.com"}), "loopback"),
    "account without a kind": (
        changed(channel__kind=None),
        "kind must be one of official_account, wecom_app",
    ),
    "unknown environment": (changed(environment="staging"), "environment"),
    "unknown key": (changed(server__prot=1), "server.prot"),
    "unknown table": (changed(sever={}), "sever"),
    "unknown kind": (changed(channel__kind="telegram"), "kind"),
    "odd account name": (changed(channels={"Main/../x": BASE["channels"]["main"]}), "channels"),
    "port out of range": (changed(server__port=70000), "server.port"),
    "too patient": (changed(channel__passive_reply_seconds=5), "passive_reply_seconds"),
    "words for ever": (changed(privacy__raw_text_days=100000), "raw_text_days"),
    "words for no day": (changed(privacy__raw_text_days=0), "raw_text_days"),
    "quiet hours in a zone": (changed(quiet_hours__start="21:00:00+01:00"), "quiet_hours.start"),
    "another database": (changed(database__url="mysql://root:hunter2@db/yishi"), "database"),
    "another driver": (changed(database__url="postgresql+psycopg://root:hunter2@db/yishi"), "database"),
    "database in memory": (changed(database__url="sqlite:///:memory:"), "file"),
    "no file": (changed(database__url="sqlite://"), "file"),
    "unreadable address": (changed(database__url="postgresql://root:hunter2@db:port/yishi"), "url"),
}


def _toml(data: dict[str, Any], prefix: str = "") -> str:
    lines = [f"{key} = {_value(value)}" for key, value in data.items() if not isinstance(value, dict)]
    for key, value in data.items():
        if isinstance(value, dict):
            lines += [f"[{prefix}{_quoted(key)}]", _toml(value, f"{prefix}{_quoted(key)}.")]
    return "\n".join(lines)


def _quoted(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else f'"{key}"'


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return str(value) if isinstance(value, int | float) else f'"{value}"'


def test_the_unchanged_base_is_safe(write: Any) -> None:
    assert load_settings(write(_toml(BASE)))
    assert load_settings(write(_toml(with_corp())))
    assert load_settings(write(_toml(in_a_demo(archive={"decryptor": "simulator"}))))
    assert load_settings(write(_toml(in_a_demo(corp={"authorize_base": "http://localhost:9"}))))
    assert load_settings(write(_toml(changed(environment="demo", channel__api_base=SIMULATOR))))
    assert load_settings(write(_toml(changed(channel__encoding_aes_key=None, channel__allow_plain=True))))
    assert load_settings(
        write(_toml(changed(database__url="postgresql://yishi:hunter2@db/yishi?sslmode=require")))
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://yishi.example.org",
        "https://yishi.example.org:8443",
        "http://127.0.0.1:8765",
        "http://localhost",
        "http://[::1]:8765",
    ],
)
def test_addresses_of_pages_that_are_safe(write: Any, address: str) -> None:
    assert load_settings(write(_toml(changed(server__public_url=address)))).server.public_url == address


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_settings_are_refused_in_one_line_without_a_secret(write: Any, name: str) -> None:
    data, reason = UNSAFE[name]
    with pytest.raises(ConfigError) as caught:
        load_settings(write(_toml(data)))
    message = str(caught.value)
    assert reason in message
    assert "\n" not in message
    secrets = [secret for secret in _strings(data) if len(secret) > 6 and secret not in KINDS]
    for secret in (*secrets, "hunter2"):
        if secret not in (SIMULATOR, "staging", "telegram", "Main/../x"):
            assert secret not in message
            assert secret.partition(":")[2] not in message or ":" not in secret


def _strings(data: Any) -> list[str]:
    if isinstance(data, dict):
        return [text for value in data.values() for text in _strings(value)]
    if isinstance(data, list):
        return [text for value in data for text in _strings(value)]
    return [data] if isinstance(data, str) else []


def test_secrets_are_not_in_the_representation(write: Any) -> None:
    settings = load_settings(write(_toml(changed(database__url="postgresql://yishi:hunter2@db/yishi"))))
    for secret in ("hunter2", "mengting2026", "0f1e2d3c4b5a6978", AES_KEY, BASE["security"]["lookup_key"]):
        assert secret not in repr(settings)
        assert secret not in str(settings.model_dump())


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"[server]\nport = x\n", "line 2"), (b"\xff\xfe", "utf-8"), (b"", "security")],
)
def test_unreadable_files_are_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError, match=re.escape(str(path))):
            load_settings(path)


def test_the_given_file_comes_before_the_local_one_and_that_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("YISHI_CONFIG", raising=False)
    assert config_path(None) is None
    monkeypatch.setenv("YISHI_CONFIG", "/etc/yishi.toml")
    assert config_path(None) == Path("/etc/yishi.toml")
    (tmp_path / "config.toml").write_text("")
    assert config_path(None) == Path("config.toml")
    assert config_path("other.toml") == Path("other.toml")


def test_loopback_is_told_from_the_rest() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.0.0.1", "127.8.8.8", "::1")] == [True] * 4
    others = ("0.0.0.0", "::", "10.0.0.1", "localhost.example.org", "", "127.0.0.1.example.org")
    assert [is_loopback(host) for host in others] == [False] * 6
