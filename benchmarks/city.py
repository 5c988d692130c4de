"""A city in its tables: compounds with homes, people, groups, offices, what was said, matters and requests.

Rows are made by chance, the same for the same number of compounds, and written past the bot: COPY on PostgreSQL, one
statement for many rows on SQLite, without looking at foreign keys. Afterwards ANALYZE, as a server's upkeep does.
"""

import json
import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import asyncpg

from handlers.digests.build import UNIT
from handlers.digests.rules import DEFAULT_PLAN, timetable
from handlers.local_time import LOCAL
from nlp.lexicon import top_of
from nlp.reader import Reader
from storage.database import Database
from storage.states import GroupKind, MatterState, OpinionState, PlaceLevel, RegionLevel, RequestState, Role

WEEK = "2026-11-23"  # its close is far from what the clock does by the month
SAID = 801  # messages of a compound in the week that closes: 1,000,000 of 1,249 compounds
EARLIER = 200  # and in the eight weeks before it
PEOPLE = 300  # of a compound who have ever said something
BUILDINGS, ENTRANCES, FLATS = 12, 2, 20  # flats of an entrance
A_COMMUNITY, A_SUBDISTRICT = 10, 10  # compounds of a community, communities of a subdistrict
TALLIED = 14  # weeks that were counted
_PAST = 8  # weeks in which something was said
_HOURS = tuple(accumulate((1, 0, 0, 0, 0, 1, 3, 8, 7, 6, 6, 6, 7, 5, 4, 4, 5, 7, 10, 12, 12, 10, 6, 3)))
_TEXTS = Path(__file__).with_name("chat_mix.txt")

Row = tuple[Any, ...]


class Line(NamedTuple):
    """Something that is said, as the reader in use tags it; the columns are those of `opinions`."""

    text: str
    leaf: str
    categories: str
    hits: str
    urgency: int


class Store(Protocol):
    """Where rows go. `json` columns are given as text, moments aware."""

    async def put(self, table: str, columns: str, rows: Iterable[Row]) -> None:
        """Write rows; `columns` are separated by blanks."""


class SqliteStore:
    """A file. Nothing is durable before it is closed."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute("PRAGMA cache_size=-400000")

    async def put(self, table: str, columns: str, rows: Iterable[Row]) -> None:
        """In one transaction."""
        names = columns.split()
        self._connection.execute("BEGIN")
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            (tuple(_text_of(value) for value in row) for row in rows),
        )
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """The log goes into the file, so that what is measured does not pay for it."""
        self._connection.execute("ANALYZE")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()


def _text_of(value: Any) -> Any:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value


class PostgresStore:
    """A database of a server of which we are the owner."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection

    async def put(self, table: str, columns: str, rows: Iterable[Row]) -> None:
        """By COPY."""
        await self._connection.copy_records_to_table(table, records=rows, columns=columns.split())


def close_moment() -> datetime:
    """When the week closes."""
    return timetable(DEFAULT_PLAN, "", WEEK).closes_at


async def found(database: Database, compounds: int) -> None:
    """Fill an empty database that has its schema."""
    if database.is_sqlite:
        file = SqliteStore(database.path)
        await _found(file, compounds)
        file.close()
        return
    connection = await asyncpg.connect(database.dsn)
    await connection.execute("SET session_replication_role = replica")  # no look at foreign keys
    await _found(PostgresStore(connection), compounds)
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _found(store: Store, compounds: int) -> None:
    ids = range(1, compounds + 1)
    communities = range((compounds - 1) // A_COMMUNITY + 1)
    subdistricts = range((len(communities) - 1) // A_SUBDISTRICT + 1)
    await store.put("regions", "code level name parent_code", _regions(subdistricts, communities))
    await store.put(
        "compounds",
        "compound_id code name region_code",
        ((each, f"C{each:04}", f"{each}号院", f"M{(each - 1) // A_COMMUNITY}") for each in ids),
    )
    await store.put(
        "places",
        "compound_id code level name parent_code",
        ((each, *place) for each in ids for place in _places()),
    )
    began = close_moment() - timedelta(days=400)
    officers = _officers(ids, communities)
    people = [*(each * PEOPLE + n for each in ids for n in range(PEOPLE)), *(one for one, *_ in officers)]
    await store.put("persons", "person_id created_at", ((person, began) for person in people))
    await store.put(
        "channel_identities",
        "identity_id account external_id person_id first_seen_at following",
        ((n, "corp", f"p{person:027}", person, began, 1) for n, person in enumerate(people, 1))
        if isinstance(store, SqliteStore)
        else ((n, "corp", f"p{person:027}", person, began, True) for n, person in enumerate(people, 1)),
    )
    await _enrol(store, ids, officers, began)
    lines = read_lines()
    for some in (ids[start : start + 50] for start in range(0, compounds, 50)):
        await _speak(store, some, lines)


def _regions(subdistricts: Sequence[int], communities: Sequence[int]) -> Iterator[Row]:
    yield "D", RegionLevel.DISTRICT.value, "本区", None
    for each in subdistricts:
        yield f"S{each}", RegionLevel.SUBDISTRICT.value, f"{each}街道", "D"
    for each in communities:
        yield f"M{each}", RegionLevel.COMMUNITY.value, f"{each}社区", f"S{each // A_SUBDISTRICT}"


def _places() -> Iterator[Row]:
    for building in range(1, BUILDINGS + 1):
        yield f"{building}", PlaceLevel.BUILDING.value, f"{building}栋", None
        for entrance in range(1, ENTRANCES + 1):
            yield f"{building}-{entrance}", PlaceLevel.ENTRANCE.value, f"{entrance}单元", f"{building}"
            for flat in range(FLATS):
                code = f"{building}-{entrance}-{_door(flat)}"
                yield code, PlaceLevel.UNIT.value, f"{_door(flat)}室", f"{building}-{entrance}"


def _door(flat: int) -> str:
    return f"{flat // 2 + 1}0{flat % 2 + 1}"


def _officers(ids: Sequence[int], communities: Sequence[int]) -> list[tuple[int, Role, str]]:
    """(person_id, role, scope): two for each compound, one for each community."""
    first = (len(ids) + 1) * PEOPLE + 1
    posts = [(role, f"C{each:04}") for each in ids for role in (Role.SECRETARY, Role.COMMITTEE)]
    posts += [(Role.COMMUNITY_WORKER, f"M{each}") for each in communities]
    return [(first + n, role, scope) for n, (role, scope) in enumerate(posts)]


async def _enrol(
    store: Store, ids: Sequence[int], officers: Iterable[tuple[int, Role, str]], began: datetime
) -> None:
    """Offices, groups, the weeks before this one, and the cards of the last months."""
    await store.put(
        "role_grants",
        "person_id role scope_code source title public granted_at",
        ((person, role.value, scope, "staff", "", False, began) for person, role, scope in officers),
    )
    groups = [
        (each, kind.value, f"{kind.value}-{each}", *ways)
        for each in ids
        for kind, ways in (
            (GroupKind.INTERNAL, ("helper", "duty-group", "")),
            (GroupKind.CUSTOMER, ("archive", "corp", "staff-1")),
        )
    ]
    await store.put(
        "chat_groups",
        "group_id compound_id kind room name account speaks_through owner welcomes registered_at",
        (
            (n, each, kind, room, "群", account, through, owner, False, began)
            for n, (each, kind, room, account, through, owner) in enumerate(groups, 1)
        ),
    )
    months = [("2026-10", None), ("2026-09", began), ("2026-08", began)]
    await store.put(
        "scorecards",
        "compound_id month revision place figures score made_at checked_at",
        ((each, month, 1, "", "{}", None, began, at) for each in ids for month, at in months),
    )


def read_lines() -> list[Line]:
    """What residents say and means something, the most frequent first, without a place."""
    reader = Reader.load()
    lines = []
    for text in _TEXTS.read_text(encoding="utf-8").splitlines():
        tagged = reader.tag(text)
        if tagged.categories:
            leaf = tagged.categories[0].id
            hits = [{"leaf": leaf, "term": text[:4], "rule": "term", "start": 0, "end": 4}]
            categories = json.dumps([category._asdict() for category in tagged.categories])
            lines.append(Line(text, leaf, categories, json.dumps(hits, ensure_ascii=False), tagged.urgency))
    lines += [Line(text, "", "[]", "[]", 1) for text in ("这个问题反映很久了，麻烦看一下", "请管一管，谢谢")]
    random.Random(1).shuffle(lines)
    return lines


class _Said(NamedTuple):
    """What was said in a compound; `matters` and `requests` are the rows of their tables."""

    opinions: list[Row]
    matters: list[Row]
    requests: list[Row]
    people: dict[str, int]  # in the week that closes, by top category
    last_number: int  # of what was said before it


async def _speak(store: Store, ids: Sequence[int], lines: Sequence[Line]) -> None:
    said = {each: _said(each, lines) for each in ids}
    await store.put(
        "matters",
        "compound_id number leaf urgency building opened_at heard_at state households speakers",
        (row for one in said.values() for row in one.matters),
    )
    await store.put(
        "requests",
        "compound_id number state level helpers round refusals raised_at round_at",
        (row for one in said.values() for row in one.requests),
    )
    await store.put(
        "opinions",
        "compound_id number inbox_id person_id home_code group_id said_at filed_at text categories hits urgency "
        "building lexicon_version matter_number echo state",
        (row for one in said.values() for row in one.opinions),
    )
    await store.put(
        "weekly_cycles",
        "compound_id week opened_at prompted_at closed_at digested_at skipped digest",
        (row for each in ids for row in _weeks(each, said[each])),
    )
    await store.put(
        "week_tallies",
        "compound_id week people counted_at",
        (row for each in ids for row in _tallies(each, said[each].people)),
    )
    await store.put(
        "hazard_lists",
        "compound_id week person_id items seen begun_at finished_at",
        ((each, WEEK, each * PEOPLE, "[]", "[]", close_moment(), close_moment()) for each in ids),
    )
    await store.put(
        "hazard_findings",
        "compound_id opinion_number week item found_at",
        (
            (each, number, WEEK, "exit", close_moment())
            for each in ids
            for number in range(said[each].last_number + 1, said[each].last_number + 4)
        ),
    )


def _moments(chance: random.Random) -> list[datetime]:
    """When something was filed, in order: mostly in the evening."""
    until = close_moment()
    days = [
        *(chance.randrange(7) for _ in range(SAID)),
        *(chance.randrange(7, 7 * _PAST) for _ in range(EARLIER)),
    ]
    hours = chance.choices(range(24), cum_weights=_HOURS, k=len(days))
    # A day reaches from close to close.
    return sorted(
        until - timedelta(days=day, hours=(19 - hour) % 24, seconds=chance.randrange(1, 3600))
        for day, hour in zip(days, hours, strict=True)
    )


def _said(compound_id: int, lines: Sequence[Line]) -> _Said:
    chance = random.Random(compound_id)
    # What is frequent is so everywhere, what is urgent is rare.
    weights = list(
        accumulate((0.08 if line.urgency > 2 else 1) / (place + 2) for place, line in enumerate(lines))
    )
    begun = close_moment() - timedelta(days=7)
    opinions: list[Row] = []
    matters: dict[int, list[Any]] = {}
    of_leaf: dict[str, list[int]] = defaultdict(list)
    who: dict[str, set[int]] = defaultdict(set)
    last_number = 0
    for number, (at, line) in enumerate(
        zip(_moments(chance), chance.choices(lines, cum_weights=weights, k=SAID + EARLIER), strict=True), 1
    ):
        speaker = int(PEOPLE * chance.random() ** 2)  # some speak often
        building = str(chance.randrange(1, BUILDINGS + 1)) if chance.random() < 0.6 else None
        known = of_leaf[line.leaf]
        if known and chance.random() < 0.7:
            matter = chance.choice(known[-12:])
        else:
            matter = number
            known.append(number)
            stands = chance.choices(
                (MatterState.CONFIRMED, MatterState.CANDIDATE, MatterState.DISMISSED), (72, 25, 3)
            )
            matters[number] = [line.leaf or None, line.urgency, building, at, at, stands[0].value, 0, 0]
        has_home = speaker % 5 < 3
        matters[matter][4] = at
        matters[matter][6 if has_home else 7] += 1
        home = _home(speaker) if has_home else None
        state = OpinionState.WITHDRAWN if chance.random() < 0.02 else OpinionState.FILED
        if at < begun:
            last_number = number
        else:
            who[top_of(line.leaf) if line.leaf else ""].add(speaker)
        opinions.append(
            (
                compound_id, number, compound_id * 10_000 + number, compound_id * PEOPLE + speaker, home,
                2 * compound_id if chance.random() < 0.8 else None, at, at,
                f"{building}栋{line.text}" if building else line.text, line.categories, line.hits, line.urgency,
                building, "bench", matter, chance.random() < 0.15, state.value,
            )
        )  # fmt: skip
    people = {top: len(speakers) for top, speakers in sorted(who.items()) if top}
    rows = [(compound_id, number, *values) for number, values in matters.items()]
    return _Said(opinions, rows, list(_requests(chance, rows)), people, last_number)


def _home(speaker: int) -> str:
    """Everybody has one of their own."""
    building, rest = speaker % BUILDINGS + 1, speaker // BUILDINGS
    return f"{building}-{rest % ENTRANCES + 1}-{_door(rest // ENTRANCES % FLATS)}"


def _requests(chance: random.Random, matters: Iterable[Row]) -> Iterator[Row]:
    """Every confirmed matter has one; half of them are done with. Nothing of them is due."""
    states = (RequestState.CLOSED, RequestState.RATED, RequestState.ACCEPTED, RequestState.DISPATCHED)
    for compound_id, number, *values in matters:
        if values[5] == MatterState.CONFIRMED.value:
            state = chance.choices((*states, RequestState.RAISED), (30, 20, 25, 15, 10))[0]
            yield compound_id, number, state.value, "compound", "[]", 1, 0, values[3], values[3]


def _weeks(compound_id: int, said: _Said) -> Iterator[Row]:
    """Weeks that have their digest, and this one, which was opened and prompted."""
    monday = date.fromisoformat(WEEK)
    for back in range(TALLIED, 0, -1):
        week = (monday - timedelta(days=7 * back)).isoformat()
        opened, prompted, closed, digested = timetable(DEFAULT_PLAN, f"C{compound_id:04}", week)
        digest = {
            "unit": UNIT,
            "total": 40,
            "from": (closed - timedelta(days=7)).isoformat(),
            "to": closed.isoformat(),
            "last_number": said.last_number if back == 1 else 1,
            "categories": [{"id": top, "name": top, "count": count} for top, count in said.people.items()],
            "urgent": [], "unanswered": [], "quotes": [], "has_words": False,
        }  # fmt: skip
        yield compound_id, week, opened, prompted, closed, digested, False, json.dumps(digest)
    opened, prompted, _closes, _digests = timetable(DEFAULT_PLAN, f"C{compound_id:04}", WEEK)
    yield compound_id, WEEK, opened, prompted, None, None, False, None


def _tallies(compound_id: int, people: Counter[str] | dict[str, int]) -> Iterator[Row]:
    """As many as this week, more or less; in one compound of twenty something rises."""
    chance = random.Random(-compound_id)
    rising = max(people, key=lambda top: (people[top], top)) if people and chance.random() < 0.05 else ""
    for back in range(1, TALLIED + 1):
        week = (date.fromisoformat(WEEK) - timedelta(days=7 * back)).isoformat()
        counted = {
            top: round(count * (0.3 if top == rising else 1) * chance.uniform(0.8, 1.2))
            for top, count in people.items()
        }
        yield compound_id, week, json.dumps(counted), datetime.now(LOCAL)
