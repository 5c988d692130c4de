"""A week's figures against a count by hand, and who is never quoted."""

from datetime import datetime
from typing import Any

from handlers.digests.build import Wanted, build_digests, category_name
from handlers.digests.forget import forget_words_of, reduce_digests
from handlers.digests.render import digest_text
from handlers.digests.rules import DEFAULT_PLAN, timetable
from handlers.local_time import LOCAL
from handlers.people.enrol import CompoundEntry, PlaceEntry, enrol_compound
from nlp.reader import Reader
from storage.database import Database
from storage.queries.cycles import claim_openings, list_weeks, load_digest, put_digests
from storage.sealing import Sealer
from storage.states import MatterState, OpinionState, PlaceLevel, RequestState
from storage.tables import Matter, Request
from tests.handlers.weeks import City, city_services

WEEK, LAST_WEEK, NEXT_WEEK = "2026-03-09", "2026-03-02", "2026-03-16"
LIFT, DARK, PARKING = "dianti.guzhang", "dianti.kunren", "tingche.luanting"
GAP = [None] * 7  # weeks that nobody has digested
WORDS = "楼道里的东西堆了一个星期也没有人来清"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=LOCAL)


class Count:
    """A city of two compounds whose opinions are listed by hand."""

    def __init__(self, database: Database, tagger: Reader, sealer: Sealer) -> None:
        self.city = City(database, city_services(tagger, sealer), at("01-01 00:00"))
        self.database = database
        self.lexicon = tagger.lexicon
        self._number = 1000

    def opinion(
        self, filed: str, leaf: str | None = None, code: str = "XH-1", **values: Any
    ) -> dict[str, Any]:
        self._number += 1
        return {
            "compound_id": self.city.id_of(code),
            "number": self._number,
            "filed_at": at(filed),
            "categories": [{"id": leaf, "score": 0.9}, {"id": "wuye.taidu", "score": 0.2}] if leaf else [],
            **values,
        }

    async def digest(self, week: str = WEEK, code: str = "XH-1") -> dict[str, Any]:
        last = LAST_WEEK if week == WEEK else WEEK
        wanted = [
            Wanted(
                self.city.id_of(other),
                other,
                self.city.compounds[other].name,
                week,
                timetable(DEFAULT_PLAN, other, week),
                timetable(DEFAULT_PLAN, other, last).closes_at,
            )
            for other in self.city.compounds
        ]
        async with self.database.read() as session:
            built = await build_digests(session, self.city.services, wanted)
        return built[self.city.id_of(code), week]

    async def keep(self, week: str, digest: dict[str, Any], code: str = "XH-1") -> None:
        async with self.database.write() as session:
            await claim_openings(session, [(self.city.id_of(code), week)], at("03-09 09:00"))
            await put_digests(session, {(self.city.id_of(code), week): digest})


async def counted(database: Database, tagger: Reader, sealer: Sealer) -> Count:
    count = Count(database, tagger, sealer)
    await count.city.enrol(["XH-1", "XH-2"], kinds=[])
    return count


async def test_the_figures_are_those_of_a_count_by_hand(
    database: Database, tagger: Reader, sealer: Sealer
) -> None:
    count = await counted(database, tagger, sealer)
    async with database.write() as session:
        clubhouse = PlaceEntry(PlaceLevel.BUILDING, "A", "会所", None)
        await enrol_compound(
            session, sealer, CompoundEntry("XH-1", "新禾苑", (), (clubhouse,), ()), at("01-01 00:00")
        )
    count.city.compounds["XH-1"].name = "新禾苑"
    zhao, qian, sun = [await count.city.person(name) for name in ("zhao", "qian", "sun")]
    opinion = count.opinion
    await count.city.file(
        [
            # last week: from Sunday the 1st 20:00 to Sunday the 8th 20:00
            opinion("03-01 19:59:59", LIFT),  # the week before that
            opinion("03-01 20:00", LIFT),
            opinion("03-08 19:59:59", PARKING),
            opinion("03-05 12:00", PARKING, state=OpinionState.WITHDRAWN),
            # this week
            opinion("03-08 20:00", LIFT, person_id=zhao, building="3"),
            opinion("03-09 08:00", LIFT, person_id=zhao, building="3", said_at=at("03-08 07:00")),
            opinion("03-10 12:00", DARK, person_id=qian, building="A", urgency=3, text="电梯卡住了里面有人"),
            opinion("03-12 12:00", PARKING, person_id=sun, building="3", entrance="2", unit="501"),
            opinion("03-12 12:00", LIFT, person_id=sun, state=OpinionState.WITHDRAWN, building="3"),
            opinion("03-13 12:00", None, person_id=None),
            opinion("03-15 19:59:59", "no.longer", person_id=qian),
            # the next one, and another compound
            opinion("03-15 20:00", LIFT, person_id=zhao),
            opinion("03-12 12:00", LIFT, "XH-2", person_id=zhao, building="3"),
        ]
    )
    digest = await count.digest()
    assert digest["quotes"] == []
    assert (digest["from"], digest["to"]) == ("2026-03-08T20:00:00+08:00", "2026-03-15T20:00:00+08:00")
    assert (digest["total"], digest["last_total"], digest["speakers"]) == (6, 2, 3)
    lift, parking = count.lexicon.name("dianti"), count.lexicon.name("tingche")
    assert digest["categories"] == [
        {"id": "dianti", "name": lift, "count": 3, "last": 1, "people": 2, "trend": [*GAP, 3]},
        # one of them of a category that is gone
        {"id": "", "name": "未分类", "count": 2, "last": 0, "people": 1, "trend": [*GAP, 2]},
        {"id": "tingche", "name": parking, "count": 1, "last": 1, "people": 1, "trend": [*GAP, 1]},
    ]
    assert digest["places"] == [
        {"name": "3栋", "count": 3, "people": 2},
        {"name": "会所", "count": 1, "people": 1},
    ]
    assert digest["urgent"] == [
        {
            "number": 1007,
            "label": count.lexicon.name(DARK),
            "place": "A栋",
            "people": 1,
            "said_on": "3月10日",
            "text": "电梯卡住了里面有人",
            "state": "等待处理",
        }
    ]
    assert digest["urgent_total"] == 1
    # Older than three days at the close: everything up to Thursday 20:00 that was not withdrawn.
    assert digest["unanswered_total"] == 7
    assert [entry["number"] for entry in digest["unanswered"]] == [1007, 1001, 1002, 1003, 1005, 1006, 1008]
    assert digest["unanswered"][0]["days"] == 5
    other = await count.digest(code="XH-2")
    assert (other["total"], other["speakers"], other["last_total"]) == (1, 1, 0)


async def test_each_opinion_is_in_one_digest_whatever_the_clock_did(
    database: Database, tagger: Reader, sealer: Sealer
) -> None:
    count = await counted(database, tagger, sealer)
    await count.city.file([count.opinion("03-10 12:00", LIFT), count.opinion("03-11 12:00", LIFT)])
    # The clock ran three days ahead on Friday, and the week was closed; then it was Friday again.
    early = await count.digest()
    assert (early["total"], early["last_number"]) == (2, 1002)
    await count.keep(WEEK, early)
    await count.city.file([count.opinion("03-13 12:00", PARKING), count.opinion("03-17 12:00", LIFT)])
    later = await count.digest(NEXT_WEEK)
    assert later["total"] == 2
    assert (later["last_total"], {entry["id"]: entry["last"] for entry in later["categories"]}) == (
        2,
        {"dianti": 2, "tingche": 0},
    )


async def test_trends_come_from_the_digests_that_are_kept(
    database: Database, tagger: Reader, sealer: Sealer
) -> None:
    count = await counted(database, tagger, sealer)
    old = {"from": "2026-02-15T20:00:00+08:00", "to": "2026-02-22T20:00:00+08:00", "last_number": 900}
    lift = {"id": "dianti", "name": "电梯", "last": 0}
    await count.keep(
        "2026-02-16", {**old, "unit": "matters", "total": 9, "categories": [{**lift, "count": 7}]}
    )
    # One that counted messages cannot be compared, and one of eight weeks ago is too old.
    await count.keep("2026-02-23", {**old, "total": 50, "categories": [{**lift, "count": 40}]})
    await count.keep("2026-01-12", {**old, "unit": "matters", "total": 3, "categories": []})
    await count.keep("2026-01-19", {**old, "unit": "matters", "total": 4, "categories": []})
    await count.city.file([count.opinion("03-10 12:00", LIFT), count.opinion("03-11 12:00", PARKING)])
    digest = await count.digest()
    assert digest["trend"] == [4, None, None, None, 9, None, None, 2]
    assert {entry["id"]: entry["trend"] for entry in digest["categories"]} == {
        "dianti": [0, None, None, None, 7, None, None, 1],
        "tingche": [0, None, None, None, 0, None, None, 1],
    }


async def test_after_an_empty_week_only_the_new_week_is_counted(
    database: Database, tagger: Reader, sealer: Sealer
) -> None:
    count = await counted(database, tagger, sealer)
    await count.city.file([count.opinion("02-10 12:00", LIFT)])
    empty = await count.digest()
    assert (empty["total"], empty["categories"], empty["quotes"]) == (0, [], [])
    await count.keep(WEEK, empty)
    await count.city.file([count.opinion("03-17 12:00", LIFT)])
    assert (await count.digest(NEXT_WEEK))["total"] == 1


async def test_nobody_is_quoted_who_refused_is_in_danger_or_would_be_known(
    database: Database, tagger: Reader, sealer: Sealer
) -> None:
    count = await counted(database, tagger, sealer)
    zhao = await count.city.person("zhao")
    refused = await count.city.person("qian", refused=True)
    opinion = count.opinion
    await count.city.file(
        [
            opinion("03-10 12:00", LIFT, person_id=refused, text=f"{WORDS}一"),
            opinion("03-10 12:00", LIFT, person_id=zhao, text=f"{WORDS}二", urgency=3),
            opinion("03-10 12:00", LIFT, person_id=zhao, text=f"{WORDS}三", state=OpinionState.WITHDRAWN),
            opinion("03-10 12:00", LIFT, person_id=None, text=f"{WORDS}四"),
            opinion("03-10 12:00", LIFT, person_id=zhao, text="灯坏了"),
            opinion("03-10 12:00", LIFT, person_id=zhao, text="太长" * 50),
            opinion("03-10 12:00", LIFT, person_id=zhao, text=f"我是赵六，电话13812345678，{WORDS}"),
            opinion("03-10 12:00", PARKING, person_id=zhao, text=f"3栋2单元501门口，{WORDS}"),
            opinion("03-10 12:00", DARK, person_id=refused, text="楼道里有煤气味，请快来人看看", urgency=3),
        ]
    )
    digest = await count.digest()
    assert digest["quotes"] == [
        {"text": f"3栋某户门口，{WORDS}", "label": count.lexicon.name(PARKING), "number": 1008}
    ]
    assert [entry["text"] for entry in digest["urgent"]] == [f"{WORDS}二", ""]
    assert "138" not in str(digest)


async def test_three_quotes_of_different_matters(database: Database, tagger: Reader, sealer: Sealer) -> None:
    count = await counted(database, tagger, sealer)
    people = [await count.city.person(f"p-{number}") for number in range(8)]
    leaves = [LIFT, LIFT, LIFT, PARKING, PARKING, None, LIFT, LIFT]
    await count.city.file(
        [
            count.opinion("03-10 12:00", leaf, person_id=person, text=f"{WORDS}{'哎' * index}")
            for index, (leaf, person) in enumerate(zip(leaves, people, strict=True))
        ]
    )
    digest = await count.digest()
    assert [quote["number"] for quote in digest["quotes"]] == [1001, 1004, 1006]
    assert digest["quotes"][0]["text"] == WORDS


async def test_words_leave_old_digests_and_those_of_who_is_forgotten(
    database: Database, tagger: Reader, sealer: Sealer
) -> None:
    count = await counted(database, tagger, sealer)
    zhao, qian = await count.city.person("zhao"), await count.city.person("qian")
    await count.city.file(
        [
            count.opinion("03-10 12:00", LIFT, person_id=zhao, text=WORDS),
            count.opinion("03-10 12:00", PARKING, person_id=qian, text=f"{WORDS}呢"),
            count.opinion("03-10 12:00", DARK, person_id=zhao, text="电梯卡住了里面有人", urgency=3),
        ]
    )
    digest = await count.digest()
    await count.keep(WEEK, digest)
    async with database.write() as session:
        assert await forget_words_of(session, zhao) == 1
        assert await forget_words_of(session, zhao) == 0
    compound_id = count.city.id_of("XH-1")
    async with database.read() as session:
        kept = await load_digest(session, compound_id, WEEK)
        assert kept is not None
        assert await load_digest(session, compound_id, NEXT_WEEK) is None
        assert await list_weeks(session, compound_id) == []  # never sent: the row has only been opened
    assert [quote["text"] for quote in kept["quotes"]] == [f"{WORDS}呢"]
    assert [entry["text"] for entry in kept["urgent"]] == [""]
    assert await reduce_digests(database, at("03-08 19:00")) == 0
    assert await reduce_digests(database, at("03-09 12:00")) == 1
    assert await reduce_digests(database, at("03-09 12:00")) == 0
    async with database.read() as session:
        bare = await load_digest(session, compound_id, WEEK)
    assert bare is not None
    assert WORDS not in str(bare)
    assert (bare["total"], bare["categories"]) == (digest["total"], digest["categories"])


def test_a_category_of_an_older_lexicon_is_as_good_as_unsorted(tagger: Reader) -> None:
    assert category_name(tagger.lexicon, "no.longer") == "未分类"
    assert category_name(tagger.lexicon, "dianti") == tagger.lexicon.name("dianti")


async def test_a_matter_counts_once_with_its_households_and_a_dismissed_one_not_at_all(
    database: Database, tagger: Reader, sealer: Sealer
) -> None:
    count = await counted(database, tagger, sealer)
    unit = PlaceEntry(PlaceLevel.UNIT, "3-2-501", "501", None)
    async with database.write() as session:
        await enrol_compound(
            session, sealer, CompoundEntry("XH-1", "新禾苑", (), (unit,), ()), at("01-01 00:00")
        )
    zhao, qian, sun = [await count.city.person(name) for name in ("zhao", "qian", "sun")]
    opinion, compound_id = count.opinion, count.city.id_of("XH-1")
    await count.city.file(
        [
            opinion(
                "03-09 08:00", LIFT, person_id=zhao, home_code="3-2-501", building="3", matter_number=1001
            ),
            opinion(
                "03-09 09:00", LIFT, person_id=qian, home_code="3-2-501", building="3", matter_number=1001
            ),
            opinion("03-09 10:00", DARK, person_id=sun, urgency=3, building="3", matter_number=1001),
            opinion("03-09 11:00", PARKING, person_id=sun, matter_number=1004),
            opinion("03-09 12:00", PARKING, person_id=zhao, matter_number=1005),
        ]
    )
    async with database.write() as session:
        for number, leaf, state, people in (
            (1001, LIFT, MatterState.CONFIRMED, (1, 1)),
            (1004, PARKING, MatterState.CANDIDATE, (0, 1)),
            (1005, PARKING, MatterState.DISMISSED, (1, 0)),
        ):
            session.add(
                Matter(
                    compound_id=compound_id,
                    number=number,
                    leaf=leaf,
                    urgency=2,
                    opened_at=at("03-09 08:00"),
                    heard_at=at("03-09 08:00"),
                    state=state,
                    households=people[0],
                    speakers=people[1],
                )
            )
        await session.flush()
        session.add(
            Request(
                compound_id=compound_id,
                number=1001,
                state=RequestState.RAISED,
                raised_at=at("03-09 08:00"),
                round_at=at("03-09 08:00"),
            )
        )
    digest = await count.digest()
    assert (digest["total"], digest["households"], digest["speakers"], digest["candidates"]) == (2, 1, 1, 1)
    assert [(top["id"], top["count"]) for top in digest["categories"]] == [("dianti", 1), ("tingche", 1)]
    assert digest["places"] == [{"name": "3栋", "count": 1, "people": 2}]
    assert (digest["urgent_total"], [entry["people"] for entry in digest["urgent"]]) == (1, [2])
    assert [(e["number"], e["people"], e["candidate"]) for e in digest["unanswered"]] == [
        (1003, 2, False),
        (1004, 1, True),
    ]
    text = digest_text(digest)
    assert "反映了 2 件事，1 户、另 1 位居民" in text
    assert "其中 1 件是群里听到的" in text
    # What somebody has seen to waits no longer.
    async with database.write() as session:
        (await session.get_one(Request, (compound_id, 1001))).state = RequestState.DONE
    assert [entry["number"] for entry in (await count.digest())["unanswered"]] == [1004]


async def test_a_digest_from_before_counted_messages_and_is_counted_anew(
    database: Database, tagger: Reader, sealer: Sealer
) -> None:
    count = await counted(database, tagger, sealer)
    await count.city.file([count.opinion("03-05 08:00", LIFT, matter_number=1001) for _ in range(3)])
    old = {
        "from": "2026-03-01T20:00:00+08:00",
        "to": "2026-03-08T20:00:00+08:00",
        "last_number": 1003,
        "categories": [{"id": "dianti", "name": "电梯", "count": 3, "last": 0}],
    }
    await count.keep(LAST_WEEK, old)
    assert (await count.digest())["last_total"] == 1
    await count.keep(LAST_WEEK, {**old, "unit": "matters"})
    assert (await count.digest())["last_total"] == 3
