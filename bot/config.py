"""Settings from one TOML file, checked at the border; unsafe ones refuse to start.

Every key is in config.example.toml with its default.
"""

import base64
import binascii
import os
import re
import tomllib
from datetime import time
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PLATFORM_API = "https://api.weixin.qq.com"


class ConfigError(Exception):
    """The configuration cannot be used; the message says which key and why, without its value."""


class Section(BaseModel):
    """A table of the file: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_key(value: SecretStr) -> SecretStr:
    _check_key(value.get_secret_value())
    return value


def _is_named_key(value: SecretStr) -> SecretStr:
    name, colon, key = value.get_secret_value().partition(":")
    # The name is written in front of every sealed value.
    if not colon or not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
        raise ValueError("not NAME:KEY with a short name")
    _check_key(key)
    return value


def _check_key(text: str) -> None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if len(raw) != 32:
        raise ValueError("not 32 bytes in base64")
    if len(set(raw)) < 8:
        raise ValueError("a key that anybody can guess")


class ServerSettings(Section):
    """Where the bot listens. The admin address serves /metrics and /readyz."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    admin_host: str = "127.0.0.1"
    admin_port: int = Field(8081, ge=0, le=65535)
    body_limit_bytes: int = Field(65536, ge=1024, le=1048576)
    stop_seconds: float = Field(10.0, ge=1, le=60)


class DatabaseSettings(Section):
    """`sqlite:///FILE` (default) or `postgresql://...`."""

    url: SecretStr = SecretStr("sqlite:///data/yishi.db")

    @model_validator(mode="after")
    def _known(self) -> "DatabaseSettings":
        scheme = self.url.get_secret_value().partition("://")[0]
        if scheme not in ("sqlite", "postgresql"):
            raise ValueError("url must start with sqlite:/// or postgresql://")
        try:
            database = make_url(self.url.get_secret_value()).database or ""
        except (ArgumentError, ValueError):
            raise ValueError("url cannot be read") from None
        if database in ("", ":memory:"):
            raise ValueError("url must name a file or a database")
        return self


class SecuritySettings(Section):
    """Keys for personal data at rest. The first column key seals; all of them open."""

    column_keys: tuple[Annotated[SecretStr, AfterValidator(_is_named_key)], ...] = Field(min_length=1)
    lookup_key: Annotated[SecretStr, AfterValidator(_is_key)]

    @model_validator(mode="after")
    def _told_apart(self) -> "SecuritySettings":
        keys = [key.get_secret_value().partition(":") for key in self.column_keys]
        if len({name for name, _, _ in keys}) < len(keys):
            raise ValueError("two column keys have the same name")
        if self.lookup_key.get_secret_value() in {key for _, _, key in keys}:
            raise ValueError("lookup_key must not be a column key")
        return self


class PrivacySettings(Section):
    """How long words are kept as words."""

    raw_text_days: int = Field(180, ge=1, le=3650)


class QuietHours(Section):
    """Local time in Asia/Shanghai in which nothing unasked goes out."""

    start: time = time(21, 0)
    end: time = time(8, 0)

    @field_validator("start", "end")
    @classmethod
    def _local(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("must not name a time zone: it is Asia/Shanghai")
        return value


class LogSettings(Section):
    """JSON lines on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class OfficialAccountSettings(Section):
    """A WeChat service account (服务号)."""

    kind: Literal["official_account"]
    app_id: str = Field(min_length=1)
    app_secret: SecretStr
    token: SecretStr
    encoding_aes_key: SecretStr | None = None
    previous_encoding_aes_key: SecretStr | None = None
    allow_plain: bool = False
    api_base: str = PLATFORM_API
    passive_reply: bool = True
    passive_reply_seconds: float = Field(3.5, gt=0, le=4.5)
    compound: str = ""

    @model_validator(mode="after")
    def _callbacks_are_authentic(self) -> "OfficialAccountSettings":
        if self.encoding_aes_key is None and not self.allow_plain:
            raise ValueError(
                "encoding_aes_key is missing (without it callbacks are unauthenticated: "
                "allow_plain = true only for a test account)"
            )
        if self.encoding_aes_key is not None and self.allow_plain:
            raise ValueError("allow_plain must not be set together with encoding_aes_key")
        for key in (self.encoding_aes_key, self.previous_encoding_aes_key):
            if key is not None and not re.fullmatch("[A-Za-z0-9+/]{43}", key.get_secret_value()):
                raise ValueError("an EncodingAESKey has 43 letters and digits")
        for secret in (self.app_secret, self.token):
            text = secret.get_secret_value().strip().lower()
            if text in ("", "changeme", "secret", "token", "...") or text.startswith("replace"):
                raise ValueError("app_secret and token must be the account's own")
        return self


class Settings(Section):
    """The whole file."""

    environment: Literal["production", "demo"] = "production"
    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    security: SecuritySettings
    privacy: PrivacySettings = PrivacySettings()
    quiet_hours: QuietHours = QuietHours()
    log: LogSettings = LogSettings()
    channels: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")], OfficialAccountSettings] = {}

    @model_validator(mode="after")
    def _only_the_demo_talks_to_itself(self) -> "Settings":
        for name, channel in self.channels.items():
            base = urlsplit(channel.api_base)
            if self.environment == "production" and channel.api_base.rstrip("/") != PLATFORM_API:
                raise ValueError(
                    f'channels.{name}.api_base is not the platform\'s; a simulator needs environment = "demo"'
                )
            if self.environment == "demo" and not is_loopback(base.hostname or ""):
                raise ValueError(f'environment = "demo": channels.{name}.api_base must be a loopback address')
        if self.environment == "demo" and not is_loopback(self.server.host):
            raise ValueError('environment = "demo": server.host must be a loopback address')
        return self


def config_path(explicit: str | None) -> Path | None:
    """The file to read: --config, else ./config.toml, else $YISHI_CONFIG, else none."""
    if explicit:
        return Path(explicit)
    if Path("config.toml").is_file():
        return Path("config.toml")
    if name := os.environ.get("YISHI_CONFIG"):
        return Path(name)
    return None


def load_settings(path: Path) -> Settings:
    """Read and check a file; raises ConfigError with one line a fault and no values in it."""
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ConfigError(f"{path}: {faults}") from error
