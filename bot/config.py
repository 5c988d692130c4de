"""Settings from one TOML file, checked at the border; unsafe ones refuse to start.

Every key is in config.example.toml with its default.
"""

import base64
import binascii
import os
import re
import tomllib
from datetime import time
from ipaddress import ip_address, ip_network
from itertools import pairwise
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
from pydantic_core import ErrorDetails
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from handlers.reach.fields import NoticeKind, fault_of
from handlers.requests.rates import Over
from storage.states import ChannelKind

PLATFORM_API = "https://api.weixin.qq.com"
WECOM_API = "https://qyapi.weixin.qq.com"
AUTHORIZE = "https://open.weixin.qq.com"


_TEMPLATE_ID = r"^[A-Za-z0-9_-]{0,64}$"
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?",
    re.IGNORECASE,
)


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


_PRIVATE = [
    ip_network(net)
    for net in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
]


def is_address(host: str) -> bool:
    """Whether a host is an address and not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_private(address: str) -> bool:
    """Whether an address is of this machine or of a private network (RFC 1918, unique local); raises ValueError.

    Link-local ones are not: there clouds keep their secrets.
    """
    found = ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in _PRIVATE)


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


def _is_aes_key(value: SecretStr) -> SecretStr:
    if not re.fullmatch("[A-Za-z0-9+/]{43}", value.get_secret_value()):
        raise ValueError("an EncodingAESKey has 43 letters and digits")
    return value


def _is_own(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip().lower()
    if text in ("", "changeme", "secret", "token", "key", "...") or text.startswith("replace"):
        raise ValueError("must be the account's own")
    return value


AesKey = Annotated[SecretStr, AfterValidator(_is_aes_key)]
OwnSecret = Annotated[SecretStr, AfterValidator(_is_own)]


def _check_key(text: str) -> None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if len(raw) != 32:
        raise ValueError("not 32 bytes in base64")
    if len(set(raw)) < 8:
        raise ValueError("a key that anybody can guess")


def _is_weak(aes_key: str) -> bool:
    rises = sum(ord(after) - ord(before) == 1 for before, after in pairwise(aes_key))
    return aes_key in _PUBLISHED or len(set(aes_key)) < 16 or rises > 20


# In the platform's documents and sample code.
_PUBLISHED = ("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")


class ServerSettings(Section):
    """Where the bot listens. The admin address serves /metrics and /readyz.

    public_url: how browsers reach this server, `https://HOST`; empty when there are no pages to link to.
    """

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    admin_host: str = "127.0.0.1"
    admin_port: int = Field(8081, ge=0, le=65535)
    body_limit_bytes: int = Field(65536, ge=1024, le=1048576)
    stop_seconds: float = Field(10.0, ge=1, le=60)
    public_url: str = ""

    @field_validator("public_url")
    @classmethod
    def _links_can_start_with_it(cls, value: str) -> str:
        if not value:
            return value
        found = _ORIGIN.fullmatch(value)
        if found is None:
            raise ValueError("must be https://HOST, without a slash or anything else behind it")
        if found["scheme"] == "http" and not is_loopback(found["host"].strip("[]")):
            raise ValueError("must be https: only this machine may be http")
        return value


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
    """Keys for personal data at rest. The first column key seals; all of them open.

    signing_key: signs the logs of owners' votes; without it no vote can be announced.
    """

    column_keys: tuple[Annotated[SecretStr, AfterValidator(_is_named_key)], ...] = Field(min_length=1)
    lookup_key: Annotated[SecretStr, AfterValidator(_is_key)]
    signing_key: Annotated[SecretStr, AfterValidator(_is_key)] | None = None

    @model_validator(mode="after")
    def _told_apart(self) -> "SecuritySettings":
        keys = [key.get_secret_value().partition(":") for key in self.column_keys]
        if len({name for name, _, _ in keys}) < len(keys):
            raise ValueError("two column keys have the same name")
        if self.lookup_key.get_secret_value() in {key for _, _, key in keys}:
            raise ValueError("lookup_key must not be a column key")
        others = {self.lookup_key.get_secret_value(), *(key for _, _, key in keys)}
        if self.signing_key is not None and self.signing_key.get_secret_value() in others:
            raise ValueError("signing_key must not be another key")
        return self


class PrivacySettings(Section):
    """How long words are kept as words."""

    raw_text_days: int = Field(180, ge=1, le=3650)


class HelperSettings(Section):
    """A further reader for messages in doubt: an OpenAI-compatible address for chat completions.

    daily_requests, daily_tokens: of each replica. allow_external: the host need not be in the operator's own network.
    """

    base_url: str
    model: str = Field(min_length=1, max_length=200)
    api_key: SecretStr = SecretStr("")
    timeout_seconds: float = Field(20.0, ge=1, le=120)
    daily_requests: int = Field(500, ge=1, le=100_000)
    daily_tokens: int = Field(500_000, ge=1000, le=1_000_000_000)
    batch: int = Field(10, ge=1, le=50)
    allow_external: bool = False

    @field_validator("base_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be http(s)://HOST[:PORT][/PATH]")
        if "@" in parts.netloc:
            raise ValueError("must not hold a password; use api_key")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _in_the_house(self) -> "HelperSettings":
        host = urlsplit(self.base_url).hostname or ""
        if not self.allow_external and is_address(host) and not is_private(host):
            raise ValueError(
                "base_url is not in a private network; residents' words would leave the house "
                "(allow_external = true if that has been agreed)"
            )
        return self


class TaggingSettings(Section):
    """lexicon: a taxonomy file of the operator's own instead of the shipped one; read again whenever it changes."""

    lexicon: Path | None = None
    helper: HelperSettings | None = None


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


class VotesSettings(Section):
    """Owners' votes. remind_days: how many days before the close those who have not voted are reminded, at most 3."""

    remind_days: list[Annotated[int, Field(ge=1, le=60)]] = Field(default=[3, 1], max_length=3)


class RequestsSettings(Section):
    """Requests (诉求): how long they may take where it differs from handlers/requests/deadlines.toml, and their rates.

    urgency, category: as in that file, which is also where their keys are checked.
    """

    rates_over: Over = Over.DUE
    urgency: dict[str, dict[str, Any]] = {}
    category: dict[str, dict[str, Any]] = {}

    def overrides(self) -> dict[str, Any]:
        """What to lay over the file."""
        return {"urgency": self.urgency, "category": self.category}


class LogSettings(Section):
    """JSON lines on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"


NoticeField = Annotated[str, Field(max_length=40)]


class NoticeSettings(Section):
    """What one kind of notice says in the fields of the operator's templates: a word of ours for each field.

    template_id: of 模板消息, the account's when empty. template, subscribe: the fields of 模板消息 and of 订阅通知.
    """

    template_id: str = Field("", pattern=_TEMPLATE_ID)
    template: dict[NoticeField, NoticeField] = {}
    subscribe: dict[NoticeField, NoticeField] = {}

    @field_validator("template", "subscribe", mode="before")
    @classmethod
    def _named_without_data(cls, fields: Any) -> Any:
        """The console shows {{thing1.DATA}}, and in TOML a dot makes a table."""
        if isinstance(fields, dict) and any(isinstance(word, dict) for word in fields.values()):
            raise ValueError("fields are named without .DATA")
        return fields

    @field_validator("template", "subscribe")
    @classmethod
    def _can_be_filled(cls, fields: dict[str, str]) -> dict[str, str]:
        for name, word in fields.items():
            if fault := fault_of(name, word):
                raise ValueError(f"{name}: {fault}" if name.isidentifier() else fault)
        return fields


class OfficialAccountSettings(Section):
    """A WeChat service account (服务号).

    template_id, subscribe_template_id: of 模板消息 and 订阅通知, empty for none. notices: what they say, by kind.
    authorize_base: where residents sign in; the platform's own when empty.
    """

    kind: Literal["official_account"]
    app_id: str = Field(min_length=1)
    app_secret: OwnSecret
    token: OwnSecret
    encoding_aes_key: AesKey | None = None
    previous_encoding_aes_key: AesKey | None = None
    allow_plain: bool = False
    api_base: str = PLATFORM_API
    authorize_base: str = ""
    passive_reply: bool = True
    passive_reply_seconds: float = Field(3.5, gt=0, le=4.5)
    compound: str = ""
    template_id: str = Field("", pattern=_TEMPLATE_ID)
    subscribe_template_id: str = Field("", pattern=_TEMPLATE_ID)
    notices: dict[NoticeKind, NoticeSettings] = {}

    @model_validator(mode="after")
    def _notices_have_templates(self) -> "OfficialAccountSettings":
        for kind, notice in self.notices.items():
            if notice.template and not (notice.template_id or self.template_id):
                raise ValueError(f"notices.{kind}.template has fields, and there is no template_id")
            if notice.subscribe and not self.subscribe_template_id:
                raise ValueError(
                    f"notices.{kind}.subscribe has fields, and there is no subscribe_template_id"
                )
        return self

    @model_validator(mode="after")
    def _callbacks_are_authentic(self) -> "OfficialAccountSettings":
        if self.encoding_aes_key is None and not self.allow_plain:
            raise ValueError(
                "encoding_aes_key is missing (without it callbacks are unauthenticated: "
                "allow_plain = true only for a test account)"
            )
        if self.allow_plain and (self.encoding_aes_key or self.previous_encoding_aes_key):
            raise ValueError("allow_plain must not be set together with encoding_aes_key")
        return self


class WecomAppSettings(Section):
    """A self-built app (自建应用) of a WeCom corp; the corp's people are known under this account."""

    kind: Literal["wecom_app"]
    corp_id: str = Field(min_length=1)
    agent_id: int = Field(ge=1)
    secret: OwnSecret
    token: OwnSecret
    encoding_aes_key: AesKey
    previous_encoding_aes_key: AesKey | None = None
    api_base: str = WECOM_API
    authorize_base: str = ""


class AibotSettings(Section):
    """A WeCom robot (智能机器人) that hears where it is mentioned; `corp` is the account of its corp's app."""

    kind: Literal["aibot"]
    token: OwnSecret
    encoding_aes_key: AesKey
    previous_encoding_aes_key: AesKey | None = None
    corp: str
    api_base: str = WECOM_API
    passive_reply: bool = True
    passive_reply_seconds: float = Field(3.5, gt=0, le=4.5)


class GroupWebhookSettings(Section):
    """A webhook (消息推送) of one internal group; `corp` is the account of its corp's app."""

    kind: Literal["group_webhook"]
    key: OwnSecret
    corp: str
    api_base: str = WECOM_API


class ChatArchiveSettings(Section):
    """The chat archive (会话内容存档) of a corp; `corp` is the account of its app.

    private_keys: a PEM file for each publickey_ver. decryptor: what opens the messages, empty for nothing.
    """

    kind: Literal["chat_archive"]
    corp: str
    private_keys: dict[Annotated[str, Field(pattern=r"^[0-9]{1,9}$")], Path] = Field(min_length=1)
    decryptor: Literal["", "simulator"] = ""
    api_base: str = WECOM_API


CorpMemberSettings = AibotSettings | GroupWebhookSettings | ChatArchiveSettings
SpeakingSettings = OfficialAccountSettings | WecomAppSettings | AibotSettings | GroupWebhookSettings
ChannelSettings = Annotated[SpeakingSettings | ChatArchiveSettings, Field(discriminator="kind")]


_KINDS = [kind.value for kind in ChannelKind]


class Settings(Section):
    """The whole file."""

    environment: Literal["production", "demo"] = "production"
    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    security: SecuritySettings
    privacy: PrivacySettings = PrivacySettings()
    quiet_hours: QuietHours = QuietHours()
    requests: RequestsSettings = RequestsSettings()
    votes: VotesSettings = VotesSettings()
    log: LogSettings = LogSettings()
    tagging: TaggingSettings = TaggingSettings()
    channels: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")], ChannelSettings] = {}

    @model_validator(mode="after")
    def _only_the_demo_talks_to_itself(self) -> "Settings":
        for name, channel in self.channels.items():
            own = PLATFORM_API if isinstance(channel, OfficialAccountSettings) else WECOM_API
            self._check_platform(f"channels.{name}.api_base", channel.api_base, own)
            if isinstance(channel, OfficialAccountSettings | WecomAppSettings) and channel.authorize_base:
                self._check_platform(f"channels.{name}.authorize_base", channel.authorize_base, AUTHORIZE)
            if isinstance(channel, ChatArchiveSettings) and channel.decryptor and self.environment != "demo":
                raise ValueError(f'channels.{name}.decryptor is for environment = "demo" only')
        if self.environment == "demo" and not is_loopback(self.server.host):
            raise ValueError('environment = "demo": server.host must be a loopback address')
        return self

    def _check_platform(self, name: str, url: str, own: str) -> None:
        if self.environment == "production" and url.rstrip("/") != own:
            raise ValueError(f'{name} is not the platform\'s; a simulator needs environment = "demo"')
        if self.environment == "demo" and not is_loopback(urlsplit(url).hostname or ""):
            raise ValueError(f'environment = "demo": {name} must be a loopback address')

    @model_validator(mode="after")
    def _keys_are_nobody_elses(self) -> "Settings":
        """What stands in documents and samples authenticates everybody who can read."""
        if self.environment == "demo":
            return self
        for name, channel in self.channels.items():
            if isinstance(channel, OfficialAccountSettings | WecomAppSettings | AibotSettings):
                for field in ("encoding_aes_key", "previous_encoding_aes_key"):
                    key = getattr(channel, field)
                    if key is not None and _is_weak(key.get_secret_value()):
                        raise ValueError(f"channels.{name}.{field} is a sample that anybody knows")
                if len(set(channel.token.get_secret_value())) < 3:
                    raise ValueError(f"channels.{name}.token can be guessed")
        if self.server.port == self.server.admin_port != 0:
            raise ValueError("server.admin_port must not be server.port")
        return self

    @model_validator(mode="after")
    def _corps_are_there(self) -> "Settings":
        for name, channel in self.channels.items():
            if isinstance(channel, CorpMemberSettings) and not isinstance(
                self.channels.get(channel.corp), WecomAppSettings
            ):
                raise ValueError(f"channels.{name}.corp must name a wecom_app account of this file")
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
        faults = "; ".join(f"{_where(fault['loc'])}: {_what(fault)}" for fault in error.errors())
        raise ConfigError(f"{path}: {faults}") from error


def _where(loc: tuple[int | str, ...]) -> str:
    # Behind an account's name pydantic says which kind it took it for.
    parts = loc[:2] + loc[3:] if loc[:1] == ("channels",) else loc
    return ".".join(str(part) for part in parts) or "file"


def _what(fault: ErrorDetails) -> str:
    # Its own words would repeat the value.
    if fault["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return f"kind must be one of {', '.join(_KINDS)}"
    return fault["msg"]
