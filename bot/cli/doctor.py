"""./run doctor: what works, what does not, and the next step; JSON Lines, secrets never."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

import aiohttp
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.app import deadlines_of, open_sealer, open_signer, utc_now
from bot.channels.base import Verdict
from bot.channels.chat_archive import ArchiveKeyError, PrivateKeys
from bot.channels.factory import open_channel
from bot.channels.official_account import OfficialAccount
from bot.cli.templates import compare_templates
from bot.config import ChatArchiveSettings, ConfigError, OfficialAccountSettings, Settings
from bot.documents.fonts import PACKAGE, FontMissing, chinese_family
from bot.tagging import build
from handlers.alerts.duty import list_without_duty
from handlers.grid.cells import list_odd_cells
from handlers.local_time import LOCAL
from handlers.requests.calendar import knows
from nlp.lexicon import LexiconError, load_lexicon
from nlp.model import ModelError
from storage import migrate
from storage.database import Database, DatabaseError
from storage.outbox import count_by_state as count_outbox
from storage.queries.inbox import count_by_state as count_inbox
from storage.queries.models import find_active_version, find_model
from storage.queries.photos import count_waiting
from storage.queries.vote_log import list_signed_otherwise
from storage.states import InboxState, OutboxState

LEAST_FREE_BYTES = 1 << 30
PHOTOS_LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `next_step` is empty when nothing is to be done."""

    check: str
    ok: bool
    detail: str
    next_step: str = ""


async def run(settings: Settings, out: TextIO) -> int:
    """Print all findings; returns 1 when one of them is not ok."""
    healthy = True
    async for finding in examine(settings):
        print(json.dumps(asdict(finding), ensure_ascii=False), file=out, flush=True)
        healthy = healthy and finding.ok
    return 0 if healthy else 1


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything the bot needs, going on after a failure."""
    yield Finding(
        "configuration",
        True,
        f"environment {settings.environment}, {len(settings.channels)} channel accounts",
    )
    yield _keys(settings)
    yield _signing(settings)
    yield _tagger(settings)
    yield _deadlines(settings)
    yield holidays(utc_now())
    yield _fonts(settings)
    async for finding in _database(settings):
        yield finding
    if not settings.channels:
        yield Finding(
            "channels", False, "none configured", "add a [channels.NAME] table, see config.example.toml"
        )
    async with aiohttp.ClientSession() as http:
        for name, account in settings.channels.items():
            if isinstance(account, ChatArchiveSettings):
                yield _archive(name, account)
                continue
            channel = open_channel(name, account, http, time.monotonic)
            result = await channel.probe()
            ok = result.verdict is Verdict.SENT
            answer = (
                "the platform accepts the credentials"
                if ok
                else f"{result.verdict}, errcode {result.errcode}"
            )
            yield Finding(f"channels.{name}", ok, answer, "" if ok else result.detail)
            if ok and isinstance(account, OfficialAccountSettings) and isinstance(channel, OfficialAccount):
                async for compared in compare_templates(account, channel):
                    yield Finding(
                        f"channels.{name}.{compared.what}",
                        not compared.fault,
                        compared.fault or compared.detail,
                        "name the fields as the console shows them, without .DATA, and all of them"
                        if compared.fault
                        else "",
                    )


def _archive(name: str, settings: ChatArchiveSettings) -> Finding:
    try:
        PrivateKeys.load(settings.private_keys)
    except ArchiveKeyError as error:
        return Finding(f"channels.{name}", False, str(error), "private_keys: a PEM file for each version")
    if not settings.decryptor:
        return Finding(
            f"channels.{name}",
            False,
            "nothing can open its messages",
            "a decryptor is not part of this version yet",
        )
    return Finding(f"channels.{name}", True, f"{len(settings.private_keys)} private keys")


def _keys(settings: Settings) -> Finding:
    sealer = open_sealer(settings)
    ok = sealer.open(sealer.seal(b"probe", "doctor"), "doctor") == b"probe"
    return Finding("keys", ok, f"{len(settings.security.column_keys)} column keys; the first one seals")


def _signing(settings: Settings) -> Finding:
    signer = open_signer(settings)
    if signer is None:
        return Finding(
            "signing_key",
            True,
            "none: no owners' vote can be announced",
            "security.signing_key: ./run keys prints one",
        )
    return Finding("signing_key", True, f"votes are signed with the key {signer.key_id}")


async def _votes(session: AsyncSession, settings: Settings) -> Finding:
    """Whether the votes under way are signed with the key whose fingerprint their notices print."""
    signer = open_signer(settings)
    odd = await list_signed_otherwise(session, signer.key_id if signer is not None else "")
    if not odd:
        return Finding("votes", True, "those under way are signed with this key")
    some = ", ".join(f"{code}/{number} ({key_id})" for code, number, key_id in odd[:5])
    return Finding(
        "votes",
        False,
        f"{len(odd)} under way began with another key: {some}",
        "put that key back into security.signing_key: their notices print its fingerprint",
    )


def _tagger(settings: Settings) -> Finding:
    own = settings.tagging.lexicon
    try:
        return Finding("tagger", True, f"lexicon and model {build(own, None).version}")
    except LexiconError as error:
        mend = (
            f"mend {own}; the bot goes on with the last one that held"
            if own
            else "restore nlp/data/taxonomy.toml"
        )
        return Finding("tagger", False, str(error), mend)
    except (ModelError, OSError) as error:
        return Finding("tagger", False, str(error), "restore nlp/data/model.bin")


def _deadlines(settings: Settings) -> Finding:
    try:
        deadlines_of(settings, load_lexicon())
    except (ConfigError, LexiconError) as error:
        return Finding("deadlines", False, str(error), "see [requests] in config.example.toml")
    return Finding("deadlines", True, f"rates over {settings.requests.rates_over}")


def _fonts(settings: Settings) -> Finding:
    """Only the papers of votes are set in one, and without a signing key there are none."""
    try:
        return Finding("fonts", True, chinese_family())
    except FontMissing as error:
        needed = settings.security.signing_key is not None
        return Finding("fonts", not needed, str(error), f"apt-get install {PACKAGE}")


def holidays(now: datetime) -> Finding:
    """Whether the public holidays are known of this year, and in December of the next."""
    local = now.astimezone(LOCAL)
    wanted = [local.year] + ([local.year + 1] if local.month == 12 else [])
    missing = [year for year in wanted if not knows(year)]
    if missing:
        return Finding(
            "holidays",
            False,
            f"{missing[0]} is not known: deadlines take Monday to Friday for working days",
            "update chinesecalendar: it has a release for each year, in November",
        )
    return Finding("holidays", True, f"known to the end of {wanted[-1]}")


def _duty(without: list[str], compounds: int) -> Finding:
    if not without:
        return Finding("duty", True, f"{compounds} compounds, somebody on duty in each")
    some = ", ".join(without[:5]) + (" and others" if len(without) > 5 else "")
    return Finding(
        "duty",
        False,
        f"nobody whom an alert would reach is on duty in {len(without)} of {compounds} compounds: {some}",
        'a [[contact]] with role = "duty" and a userid, or '
        "./run staff add USERNAME --role duty --member ACCOUNT/USERID",
    )


async def _cells(session: AsyncSession) -> Finding:
    """Cells (网格) of fewer than 20 or more than 40 households, or without a worker. Nothing breaks with them."""
    count, odd = await list_odd_cells(session)
    if not odd:
        return Finding("grid", True, f"{count} cells")
    some = ", ".join(f"{code}/{cell.code} ({cell.households})" for code, cell in odd[:5])
    more = " and others" if len(odd) > 5 else ""
    return Finding(
        "grid",
        True,
        f"{len(odd)} of {count} cells have not 20 to 40 households, or no worker: {some}{more}",
        "./run grid check lists them; the console's page 网格 gives them a worker",
    )


async def _active_model(database: Database, settings: Settings) -> Finding:
    async with database.read() as session:
        version = await find_active_version(session)
        model = await find_model(session, version) if version else None
    if model is None:
        return Finding("model", True, "the shipped one is in use")
    try:
        reader = await asyncio.to_thread(build, settings.tagging.lexicon, model.body)
        return Finding("model", True, f"{reader.version} is in use")
    except LexiconError:
        return Finding("model", True, f"{version}; see tagger")
    except ModelError as error:
        back = "./run train --activate shipped --config FILE"
        return Finding("model", False, f"{version}: {error}; the last one that held is in use", back)


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        database = Database(settings.database.url.get_secret_value())
    except DatabaseError as error:
        yield Finding("database", False, str(error), "is [database] url right?")
        return
    try:
        found, needed = await migrate.current(database), migrate.head()
        yield Finding(
            "schema",
            found == needed,
            f"revision {found or 'none'}, this version needs {needed}",
            "" if found == needed else "back up, then ./run db upgrade --config FILE",
        )
        yield Finding("durability", True, await database.assert_durable())
        if found == needed:
            yield await _active_model(database, settings)
            async with database.read() as session:
                yield await _votes(session, settings)
                yield _duty(*await list_without_duty(session))
                yield await _cells(session)
                inbox = await count_inbox(session, list(InboxState))
                outbox = await count_outbox(session)
                photos, late = await count_waiting(session, utc_now() - PHOTOS_LATE)
            failed = inbox.get(InboxState.FAILED, 0)
            yield Finding(
                "inbox",
                failed == 0,
                f"{inbox.get(InboxState.NEW, 0)} waiting, {failed} failed",
                "see message.handler_failed in the log" if failed else "",
            )
            lost = outbox.get(OutboxState.DEAD, 0) + outbox.get(OutboxState.UNCERTAIN, 0)
            yield Finding(
                "outbox",
                lost == 0,
                f"{outbox.get(OutboxState.PENDING, 0)} pending, {outbox.get(OutboxState.WAITING, 0)} waiting for the "
                f"person to write, {lost} dead or uncertain",
                "see outbox.not_sent in the log" if lost else "",
            )
            yield Finding(
                "photos",
                late == 0,
                f"{photos} to be fetched, {late} for more than an hour",
                "see photos.not_told in the log: the platform keeps them for three days" if late else "",
            )
    except (DatabaseError, SQLAlchemyError, OSError) as error:
        reason = str(error) if isinstance(error, DatabaseError) else type(error).__name__
        yield Finding("database", False, reason, "is the server up, and [database] url right?")
    finally:
        await database.close()
    if database.is_sqlite:
        free = shutil.disk_usage(Path(database.path).parent).free
        yield Finding(
            "disk",
            free >= LEAST_FREE_BYTES,
            f"{free >> 20} MiB free beside the database",
            "" if free >= LEAST_FREE_BYTES else "make room: a full disk answers 503 to the platform",
        )
