"""./run compound: bring in a compound from a TOML file, make the QR codes for its walls."""

import json
import sys
import time
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import aiohttp
from pydantic import Field, ValidationError, field_validator, model_validator

from bot.app import open_sealer, utc_now
from bot.channels.base import ChannelError
from bot.channels.official_account import OfficialAccount
from bot.cli.flats import BuildingCode, FlatsFile, lay_out
from bot.config import ConfigError, OfficialAccountSettings, Section, Settings
from handlers.people.enrol import (
    CompoundEntry,
    ContactEntry,
    FlatsInUse,
    PlaceEntry,
    RegionEntry,
    RuleEntry,
    enrol_compound,
)
from handlers.people.rules import scene_of
from handlers.requests.dispatching import RuleError, is_category
from nlp.lexicon import load_lexicon
from nlp.normalise import normalise
from nlp.place import find_place
from storage.database import Database
from storage.migrate import prepare
from storage.queries.tree import find_compound, list_houses
from storage.states import (
    CompoundKind,
    Convening,
    PhraseKind,
    PlaceLevel,
    RegionLevel,
    Role,
    Stewardship,
    Tenure,
)

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")]
Name = Annotated[str, Field(min_length=1, max_length=80)]
BuildingName = Annotated[str, Field(min_length=1, max_length=70)]  # "12单元1804" is added to it
Title = Annotated[str, Field(min_length=1, max_length=40)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]


RESERVED = ("outbox", "sign-in", "sign-out", "sign-out-everywhere", "link")  # pages stand where compounds do


class RegionFile(Section):
    """[[region]], from the highest down."""

    level: RegionLevel
    code: Code
    name: Name


class BuildingFile(Section):
    """[[building]] with its number of entrances; 0 for a building that has none of its own."""

    code: BuildingCode
    name: BuildingName | None = None
    entrances: int = Field(0, ge=0, le=40)

    @field_validator("code")
    @classmethod
    def _as_people_write_it(cls, code: str) -> str:
        read = find_place(normalise(f"{code}栋")).building
        if read is not None and read != code:
            raise ValueError(f'write it as messages are read: "{read}"')
        return code


class ContactFile(Section):
    """[[contact]]: someone in office."""

    role: Role
    title: Title
    name: Name
    phone: Annotated[str, Field(pattern=r"^[0-9+-]{3,20}$")]
    public: bool = False
    userid: Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{0,64}$")] = ""


class RuleFile(Section):
    """[[rule]]: whose a category is, in one building or in all of them."""

    category: Annotated[str, Field(min_length=1, max_length=60)]
    building: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{0,10}$")] = ""
    role: Role
    contact: Name | None = None
    auto: bool = False

    @field_validator("category")
    @classmethod
    def _known(cls, category: str) -> str:
        if not is_category(load_lexicon(), category):
            raise ValueError("there is no such category")
        return category


class PhraseFile(Section):
    """[[phrase]]: a name that holds words of the lexicon and means none, or a spot that people name."""

    text: Annotated[str, Field(min_length=2, max_length=40)]
    kind: PhraseKind

    @field_validator("text")
    @classmethod
    def _as_texts_are_spelled(cls, text: str) -> str:
        spelled = normalise(text)
        if len(spelled) < 2:
            raise ValueError("too short: every message with it would be read otherwise")
        return spelled


class CompoundFile(Section):
    """The whole file."""

    code: Code
    name: Name
    corp: Annotated[str, Field(pattern=r"^[a-z0-9_-]{0,32}$")] = (
        ""  # the wecom_app account of the contacts' userids
    )
    tenure: Tenure | None = None
    stewardship: Stewardship | None = None
    built_year: int | None = Field(None, ge=1900, le=2100)
    households: Count | None = None
    residents: Count | None = None
    kind: CompoundKind | None = None
    convening: Convening | None = None
    property_company: Annotated[str, Field(max_length=80)] = ""
    property_since: date | None = None
    region: tuple[RegionFile, ...] = ()
    building: tuple[BuildingFile, ...] = Field((), max_length=500)
    flats: tuple[FlatsFile, ...] = Field((), max_length=500)
    contact: tuple[ContactFile, ...] = ()
    rule: tuple[RuleFile, ...] = ()
    phrase: tuple[PhraseFile, ...] = Field((), max_length=500)

    @model_validator(mode="after")
    def _told_apart(self) -> "CompoundFile":
        for what, codes in (("region", self.region), ("building", self.building)):
            twice = [code for code, count in Counter(entry.code for entry in codes).items() if count > 1]
            if twice:
                raise ValueError(f"two {what} tables have the code {twice[0]}")
        twice = [text for text, count in Counter(entry.text for entry in self.phrase).items() if count > 1]
        if twice:
            raise ValueError(f"two phrase tables have the text {twice[0]}")
        if self.code in RESERVED or self.code in {region.code for region in self.region}:
            raise ValueError("the code is taken: by a page of the console, or by a region")
        if not self.corp and any(contact.userid for contact in self.contact):
            raise ValueError("a userid needs corp = the account of the WeCom app")
        buildings = {"", *(building.code for building in self.building)}
        offices = {(contact.name, contact.role) for contact in self.contact}
        for rule in self.rule:
            if rule.building not in buildings:
                raise ValueError(f"rule: there is no building {rule.building}")
            if rule.contact is not None and (rule.contact, rule.role) not in offices:
                raise ValueError(f"rule: no contact of this name is {rule.role}")
        return self


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
    try:
        places = _places_of(read)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error
    return CompoundEntry(
        code=read.code,
        name=read.name,
        tenure=read.tenure,
        stewardship=read.stewardship,
        built_year=read.built_year,
        households=read.households,
        residents=read.residents,
        kind=read.kind,
        convening=read.convening,
        property_company=read.property_company,
        property_since=read.property_since,
        regions=tuple(RegionEntry(region.level, region.code, region.name) for region in read.region),
        places=places,
        contacts=tuple(
            ContactEntry(
                contact.role,
                contact.title,
                contact.name,
                contact.phone,
                contact.public,
                (read.corp, contact.userid) if contact.userid else None,
            )
            for contact in read.contact
        ),
        rules=tuple(
            RuleEntry(rule.category, rule.building, rule.role, rule.contact, rule.auto) for rule in read.rule
        ),
        phrases={phrase.text: phrase.kind for phrase in read.phrase},
    )


def _places_of(read: CompoundFile) -> tuple[PlaceEntry, ...]:
    """Parents before children. Raises ValueError for flats that cannot be."""
    names: dict[str, str] = {}
    houses: list[PlaceEntry] = []
    for building in read.building:
        name = names[building.code] = building.name or f"{building.code}栋"
        houses.append(PlaceEntry(PlaceLevel.BUILDING, building.code, name, None))
        for number in range(1, building.entrances + 1):
            code = f"{building.code}-{number}"
            names[code] = f"{name}{number}单元"
            houses.append(PlaceEntry(PlaceLevel.ENTRANCE, code, names[code], building.code))
    flats = lay_out(read.flats, {building.code: building.entrances for building in read.building})
    return (
        *houses,
        *(
            PlaceEntry(PlaceLevel.UNIT, f"{house}-{label}", f"{names[house]}{label}", house)
            for house, label in flats
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
    except RuleError as error:
        raise ConfigError(f"{name}: rule: {error}") from error
    except FlatsInUse as error:
        raise ConfigError(f"{name}: flats: leave these in, they are in use: {error}") from error
    finally:
        await database.close()
    flats = sum(place.level is PlaceLevel.UNIT for place in entry.places)
    print(
        f"{entry.name} ({entry.code}): {len(entry.places) - flats} places, {flats} flats, "
        f"{len(entry.contacts)} contacts, "
        f"{len(entry.phrases)} phrases",
        file=sys.stderr,
    )
    return 0


async def print_qr_codes(settings: Settings, code: str, account: str | None) -> int:
    """One JSON line for the compound and each of its buildings and entrances: name, scene, ticket, url."""
    accounts = {n: s for n, s in settings.channels.items() if isinstance(s, OfficialAccountSettings)}
    names = [account] if account else list(accounts)
    if len(names) != 1 or names[0] not in accounts:
        raise ConfigError(
            f"name the service account with --account; there are {', '.join(accounts) or 'none'}"
        )
    database = Database(settings.database.url.get_secret_value())
    try:
        async with database.read() as session:
            compound = await find_compound(session, code)
            if compound is None or compound.compound_id is None:
                raise ConfigError(f"there is no compound {code}")
            places = await list_houses(session, compound.compound_id)
    finally:
        await database.close()
    wanted: list[tuple[str, str | None]] = [(compound.name, None)]
    wanted += [(place.name, place.code) for place in places]
    async with aiohttp.ClientSession() as http:
        channel = OfficialAccount(names[0], accounts[names[0]], http, time.monotonic)
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
