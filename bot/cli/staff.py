"""./run staff: accounts of those who sign in to the console."""

import argparse
import getpass
import json
import re
import sys
from typing import TextIO

from bot.app import open_sealer, utc_now
from bot.config import ConfigError, Settings
from handlers.people.passwords import SHORTEST, fresh_password, hash_password
from handlers.people.sign_in import LINK_LIFETIME, make_link
from handlers.people.staff import StaffEntry, StaffError, disable_staff, get_staff_account, put_staff
from storage.audit import add_audit_event
from storage.database import Database
from storage.migrate import prepare
from storage.states import Role


async def run(
    settings: Settings,
    options: argparse.Namespace,
    source: TextIO = sys.stdin,
    out: TextIO = sys.stdout,
) -> int:
    """Do what the command line asks for; raises ConfigError for what is missing or cannot be."""
    if options.action == "disable":
        return await disable(settings, options.username)
    if options.action == "link":
        return await link(settings, options.username, out)
    entry = entry_of(options)
    password = read_password(source) if options.ask_password else None
    return await add(settings, entry, password, out)


def entry_of(options: argparse.Namespace) -> StaffEntry:
    """What `add` was told; raises ConfigError for what is missing."""
    missing = [f"--{name}" for name in ("name", "phone", "role", "scope") if not getattr(options, name)]
    if missing:
        raise ConfigError(f"staff add needs {', '.join(missing)}")
    if not re.fullmatch(r"[0-9+-]{3,20}", options.phone):
        raise ConfigError("--phone has digits, + and - only")
    account, slash, userid = (options.member or "").partition("/")
    if options.member and not (account and slash and userid):
        raise ConfigError(
            "--member is ACCOUNT/USERID: the WeCom app's name in the configuration, and a userid"
        )
    return StaffEntry(
        options.username,
        options.name,
        options.phone,
        Role(options.role),
        options.scope,
        options.title or "",
        (account, userid) if options.member else None,
    )


def read_password(source: TextIO) -> str:
    """A password from the keyboard, unseen, or the first line of a pipe; raises ConfigError for a short one."""
    password = getpass.getpass("password: ") if source.isatty() else source.readline().rstrip("\r\n")
    if len(password) < SHORTEST:
        raise ConfigError(f"a password has at least {SHORTEST} characters")
    return password


async def add(settings: Settings, entry: StaffEntry, password: str | None, out: TextIO) -> int:
    """Make or change an account. A new one without a password is given one, which is printed this once."""
    chosen = password or fresh_password()
    password_hash = hash_password(chosen)
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        async with database.write() as session:
            is_set = await put_staff(
                session,
                open_sealer(settings),
                entry,
                password_hash,
                utc_now(),
                replace=password is not None,
            )
    except StaffError as error:
        raise ConfigError(str(error)) from error
    finally:
        await database.close()
    print(f"{entry.username}: {entry.role} of {entry.scope}", file=sys.stderr)
    if is_set and password is None:
        print(json.dumps({"username": entry.username, "password": chosen}), file=out)
    return 0


async def disable(settings: Settings, username: str) -> int:
    """Close an account at once, with all its roles."""
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        async with database.write() as session:
            roles = await disable_staff(session, username, utc_now())
    except StaffError as error:
        raise ConfigError(str(error)) from error
    finally:
        await database.close()
    print(f"{username}: disabled, signed out, {roles} roles ended", file=sys.stderr)
    return 0


async def link(settings: Settings, username: str, out: TextIO) -> int:
    """Print a link that signs this person in once, within ten minutes."""
    public_url = settings.server.public_url
    if not public_url:
        raise ConfigError("server.public_url is missing: a link needs an address that browsers reach")
    database = Database(settings.database.url.get_secret_value())
    now = utc_now()
    try:
        await prepare(database)
        async with database.write() as session:
            account = await get_staff_account(session, username)
            if account.disabled_at is not None:
                raise StaffError(f"{username} is disabled")
            token = await make_link(session, open_sealer(settings), account.person_id, now)
            add_audit_event(session, at=now, verb="staff.linked", subject=f"person:{account.person_id}")
    except StaffError as error:
        raise ConfigError(str(error)) from error
    finally:
        await database.close()
    minutes = int(LINK_LIFETIME.total_seconds()) // 60
    print(json.dumps({"link": f"{public_url}/console/link/{token}", "minutes": minutes}), file=out)
    return 0
