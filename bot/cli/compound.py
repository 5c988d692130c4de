"""./run compound: bring in a compound from a TOML file, make the QR codes for its walls."""

import json
import sys
import time
import tomllib
from pathlib import Path
from typing import Annotated, Any

import aiohttp
from pydantic import Field, ValidationError

from bot.app import open_sealer, utc_now
from bot.channels.base import ChannelError
from bot.channels.official_account import OfficialAccount
from bot.config import ConfigError, Section, Settings
from handlers.people.enrol import CompoundEntry, ContactEntry, PlaceEntry, RegionEntry, enrol_compound
from handlers.people.rules import scene_of
from storage.database import Database
from storage.migrate import prepare
from storage.queries.tree import find_compound, list_places
from storage.states import PlaceLevel, RegionLevel, Role, Stewardship, Tenure

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")]
BuildingCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,10}$")]
Name = Annotated[str, Field(min_length=1, max_length=80)]


class RegionFile(Section):
    """[[region]], from the highest down."""

    level: RegionLevel
    code: Code
    name: Name


class BuildingFile(Section):
    """[[building]] with its number of entrances; 0 for a building that has none of its own."""

    code: BuildingCode
    name: Name | None = None
    entrances: int = Field(0, ge=0, le=40)


class ContactFile(Section):
    """[[contact]]: someone in office."""

    role: Role
    title: Name
    name: Name
    phone: Annotated[str, Field(pattern=r"^[0-9+-]{3,20}$")]
    public: bool = False


class CompoundFile(Section):
    """The whole file."""

    code: Code
    name: Name
    tenure: Tenure | None = None
    stewardship: Stewardship | None = None
    built_year: int | None = Field(None, ge=1900, le=2100)
    households: int | None = Field(None, ge=0)
    residents: int | None = Field(None, ge=0)
    region: tuple[RegionFile, ...] = ()
    building: tuple[BuildingFile, ...] = Field((), max_length=500)
    contact: tuple[ContactFile, ...] = ()


def read_compound(path: Path) -> CompoundEntry:
    """Read and check a file; raises ConfigError that names the key."""
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        read = CompoundFile.model_validate(data)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ConfigError(f"{path}: {faults}") from error
    places: list[PlaceEntry] = []
    for building in read.building:
        name = building.name or f"{building.code}栋"
        places.append(PlaceEntry(PlaceLevel.BUILDING, building.code, name, None))
        places += [
            PlaceEntry(PlaceLevel.ENTRANCE, f"{building.code}-{number}", f"{name}{number}单元", building.code)
            for number in range(1, building.entrances + 1)
        ]
    return CompoundEntry(
        code=read.code,
        name=read.name,
        tenure=read.tenure,
        stewardship=read.stewardship,
        built_year=read.built_year,
        households=read.households,
        residents=read.residents,
        regions=tuple(RegionEntry(region.level, region.code, region.name) for region in read.region),
        places=tuple(places),
        contacts=tuple(
            ContactEntry(contact.role, contact.title, contact.name, contact.phone, contact.public)
            for contact in read.contact
        ),
    )


async def import_file(settings: Settings, name: str) -> int:
    """Write the compound to the database."""
    entry = read_compound(Path(name))
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        async with database.write() as session:
            await enrol_compound(session, open_sealer(settings), entry, utc_now())
    finally:
        await database.close()
    print(
        f"{entry.name} ({entry.code}): {len(entry.places)} places, {len(entry.contacts)} contacts",
        file=sys.stderr,
    )
    return 0


async def print_qr_codes(settings: Settings, code: str, account: str | None) -> int:
    """One JSON line for the compound and each of its buildings and entrances: name, scene, ticket, url."""
    names = [account] if account else list(settings.channels)
    if len(names) != 1 or names[0] not in settings.channels:
        raise ConfigError(
            f"name the channel account with --account; there are {', '.join(settings.channels) or 'none'}"
        )
    database = Database(settings.database.url.get_secret_value())
    try:
        async with database.read() as session:
            compound = await find_compound(session, code)
            if compound is None or compound.compound_id is None:
                raise ConfigError(f"there is no compound {code}")
            places = await list_places(session, compound.compound_id)
    finally:
        await database.close()
    wanted: list[tuple[str, str | None]] = [(compound.name, None)]
    wanted += [
        (place.name, place.code)
        for place in places
        if place.level in (PlaceLevel.BUILDING, PlaceLevel.ENTRANCE)
    ]
    async with aiohttp.ClientSession() as http:
        channel = OfficialAccount(names[0], settings.channels[names[0]], http, time.monotonic)
        for name, place_code in wanted:
            scene = scene_of(compound.code, place_code)
            try:
                qr = await channel.create_qr(scene, None)
            except ChannelError as error:
                print(f"yishi: {name}: {error}", file=sys.stderr)
                return 1
            print(
                json.dumps(
                    {"name": name, "scene": scene, "ticket": qr.ticket, "url": qr.url}, ensure_ascii=False
                )
            )
    return 0
