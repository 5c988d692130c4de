"""./run group: which chat groups are heard, and whose they are."""

import argparse
import json
import sys
from typing import Any

from bot.app import utc_now
from bot.config import ConfigError, Settings
from handlers.groups.register import GroupEntry, GroupError, end_group, note_told, register_group
from storage.database import Database
from storage.migrate import prepare
from storage.queries.groups import list_groups, list_groups_in_room, list_members
from storage.queries.tree import find_compound
from storage.states import ChannelKind, GroupKind
from storage.tables import ChatGroup

HEARS = {GroupKind.CUSTOMER: ChannelKind.CHAT_ARCHIVE, GroupKind.INTERNAL: ChannelKind.AIBOT}


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Register, list, note as told, or end; raises ConfigError for what is missing or not there."""
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        if options.action == "register":
            await _register(database, settings, options)
        elif options.action == "list":
            await _list(database)
        else:
            await _change(database, settings, options)
    except GroupError as error:
        raise ConfigError(str(error)) from error
    finally:
        await database.close()
    return 0


async def _register(database: Database, settings: Settings, options: argparse.Namespace) -> None:
    for name in ("room", "name", "compound"):
        if not getattr(options, name).strip():
            raise ConfigError(f"group register needs --{name}")
    kind = GroupKind(options.kind)
    account = options.account or _only_account(settings, HEARS[kind])
    for name in filter(None, (account, options.speaks_through)):
        if name not in settings.channels:
            raise ConfigError(f"there is no [channels.{name}]")
    async with database.write() as session:
        compound = await find_compound(session, options.compound)
        if compound is None:
            raise ConfigError(f"there is no compound {options.compound}")
        entry = GroupEntry(
            account=account,
            room=options.room.strip(),
            kind=kind,
            name=options.name.strip(),
            place_code=options.place or None,
            speaks_through=options.speaks_through,
            owner=options.owner,
            welcomes=options.welcomes,
        )
        group = await register_group(session, compound, entry, utc_now())
    where = f"place {group.place_code}" if group.place_code else "the whole compound"
    print(f"{group.name}: {compound.name}, {where}, heard through {account}", file=sys.stderr)
    if kind is GroupKind.CUSTOMER and group.told_at is None and not group.welcomes:
        print(f"nobody in it is heard before: ./run group told {group.room}", file=sys.stderr)


async def _list(database: Database) -> None:
    async with database.read() as session:
        for group, compound in await list_groups(session):
            assert group.group_id is not None
            members = await list_members(session, group.group_id)
            print(json.dumps(_line(group, compound.code, len(members)), ensure_ascii=False))


def _line(group: ChatGroup, compound: str, members: int) -> dict[str, Any]:
    return {
        "room": group.room,
        "name": group.name,
        "compound": compound,
        "place": group.place_code,
        "kind": group.kind,
        "account": group.account,
        "speaks_through": group.speaks_through,
        "members": members,
        "told_at": group.told_at.isoformat() if group.told_at else None,
        "ended_at": group.ended_at.isoformat() if group.ended_at else None,
    }


async def _change(database: Database, settings: Settings, options: argparse.Namespace) -> None:
    room = (options.what or options.room).strip()
    async with database.write() as session:
        found = [
            group
            for group in await list_groups_in_room(session, room)
            if not options.account or group.account == options.account
        ]
        if not found:
            raise ConfigError(f"there is no group {room}")
        if len(found) > 1:
            raise ConfigError("several accounts hear this room: name one with --account")
        [group] = found
        if options.action == "end":
            end_group(session, group, utc_now())
            print(f"{group.name}: not heard any more", file=sys.stderr)
        else:
            people = getattr(settings.channels.get(group.account), "corp", "") or group.account
            told = await note_told(session, group, people, utc_now())
            print(f"{group.name}: told, {told} of its members for the first time", file=sys.stderr)


def _only_account(settings: Settings, kind: ChannelKind) -> str:
    names = [name for name, channel in settings.channels.items() if channel.kind == kind.value]
    if len(names) != 1:
        raise ConfigError(
            f"name the account with --account; of kind {kind} there are {', '.join(names) or 'none'}"
        )
    return names[0]
