"""Settings: the example is complete and safe to start from, and what is unsafe does not start."""

import re
import tomllib
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from bot.cli.keys import fresh_key, fresh_security_table
from bot.config import (
    PLATFORM_API,
    ConfigError,
    OfficialAccountSettings,
    Settings,
    config_path,
    is_loopback,
    load_settings,
)
from tests.bot.settings_files import AES_KEY, EXAMPLE, filled_in


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, "utf-8")
        return path

    return write


# The example


def _example_with_commented_keys() -> dict[str, Any]:
    """The example, with keys that are commented out because they are optional put back."""
    return tomllib.loads(re.sub(r"^# (?=[a-z_]+ = )", "", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE))


def _faults(model: type[BaseModel], table: dict[str, Any], where: str) -> list[str]:
    faults = [f"{where}{name} is no setting" for name in table.keys() - model.model_fields.keys()]
    for name, field in model.model_fields.items():
        inner = OfficialAccountSettings if name == "channels" else field.annotation
        if name not in table:
            faults.append(f"{where}{name} is missing")
        elif isinstance(inner, type) and issubclass(inner, BaseModel):
            entry = table[name]["main"] if name == "channels" else table[name]
            faults += _faults(inner, entry, f"{where}{name}.")
        elif field.default not in (PydanticUndefined, None):
            default = (
                field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
            )
            if table[name] != default:
                faults.append(f"{where}{name} is {table[name]!r}, its default {default!r}")
    return faults


def test_the_example_lists_every_key_with_its_default() -> None:
    assert _faults(Settings, _example_with_commented_keys(), "") == []


def test_that_comparison_notices_what_is_missing_wrong_or_too_much() -> None:
    table = _example_with_commented_keys()
    del table["server"]["port"]
    table["privacy"]["raw_text_days"] = 7
    table["log"]["colour"] = "blue"
    assert sorted(_faults(Settings, table, "")) == [
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
        load_settings(write(filled_in(leave=placeholder)))


def test_the_example_loads_once_its_placeholders_are_replaced(write: Any) -> None:
    settings = load_settings(write(filled_in()))
    assert settings.environment == "production"
    assert settings.quiet_hours.start == time(21, 0)
    assert settings.channels["main"].api_base == PLATFORM_API


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
    assert load_settings(write(_toml(changed(environment="demo", channel__api_base=SIMULATOR))))
    assert load_settings(write(_toml(changed(channel__encoding_aes_key=None, channel__allow_plain=True))))
    assert load_settings(
        write(_toml(changed(database__url="postgresql://yishi:hunter2@db/yishi?sslmode=require")))
    )


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_settings_are_refused_in_one_line_without_a_secret(write: Any, name: str) -> None:
    data, reason = UNSAFE[name]
    with pytest.raises(ConfigError) as caught:
        load_settings(write(_toml(data)))
    message = str(caught.value)
    assert reason in message
    assert "\n" not in message
    secrets = [secret for secret in _strings(data) if len(secret) > 6 and secret not in ("official_account",)]
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
