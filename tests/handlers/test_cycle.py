"""A compound's week on a database: who is written to, when, once, and what happens when something is in the way."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from handlers.context import AccountFacts
from handlers.digests.cycle import LIVELY, STEPS, DueStep, advance, list_due, prompt_text
from handlers.digests.rules import DEFAULT_PLAN, Step
from handlers.local_time import LOCAL
from handlers.people.enrol import RegionEntry
from handlers.reach.fields import NoticeKind, Template
from nlp.reader import Reader
from storage.database import Database
from storage.queries.cycles import list_weeks, load_digest, put_settings
from storage.sealing import Sealer
from storage.states import CycleStep, Form, GroupKind, MessageClass, OutboxState, RegionLevel, Role
from storage.tables import AuditEvent, ChatGroup, OutboxMessage, WeeklyCycle
from tests.handlers.weeks import ACCOUNTS, City, Dying, Killed, city_services
from tests.statements import asked_of

WEEK = "2026-03-09"
REGIONS = (
    RegionEntry(RegionLevel.DISTRICT, "D-1", "清平区"),
    RegionEntry(RegionLevel.SUBDISTRICT, "S-1", "河沿街道"),
    RegionEntry(RegionLevel.COMMUNITY, "C-1", "河沿社区"),
    RegionEntry(RegionLevel.PRECINCT, "P-1", "东片区"),
)
OPENED, PROMPTED, CLOSED, DIGESTED = "03-09 09:40", "03-12 19:10", "03-15 20:00", "03-15 20:40"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=LOCAL)


@pytest.fixture
async def city(database: Database, tagger: Reader, sealer: Sealer) -> City:
    """One compound, 新禾苑, at the beginning of March."""
    city = City(database, city_services(tagger, sealer, "https://yishi.example"), at("03-01 00:00"))
    await city.enrol(["XH-1"], REGIONS)
    return city


async def step(city: City, now: str) -> int:
    return await advance(city.database, city.services, at(now))


async def sent(city: City) -> list[tuple[str, str, str]]:
    return [
        (message.dedupe_key.split(":")[3], message.account, message.recipient)
        for message in await city.outbox()
    ]


async def cycles(city: City) -> list[WeeklyCycle]:
    async with city.database.read() as session:
        return list((await session.exec(select(WeeklyCycle).order_by(col(WeeklyCycle.week)))).all())


async def test_a_digest_can_say_itself_in_a_template(city: City) -> None:
    says = Template("T", {"thing1": "what", "thing2": "compound", "number3": "number", "time4": "time"})
    main = AccountFacts(ACCOUNTS["main"].kind, "main", {(NoticeKind.DIGEST, Form.TEMPLATE): says})
    city.services = replace(city.services, accounts={**ACCOUNTS, "main": main})
    await city.grant(await city.person("o-zhou", "main"), Role.SECRETARY, "XH-1")
    await city.file(
        [
            {"compound_id": city.id_of("XH-1"), "number": 1001 + number, "filed_at": at("03-11 12:00")}
            for number in range(3)
        ]
    )
    for now in (OPENED, CLOSED, DIGESTED):
        await step(city, now)
    [digest] = [message for message in await city.outbox() if message.recipient == "o-zhou"]
    assert (digest.form, digest.message_class) == (Form.TEMPLATE, MessageClass.DIGEST)
    assert digest.payload == {
        "notices": {
            "template@main": {
                "template_id": "T",
                "fields": {
                    "thing1": "每周摘要",
                    "thing2": "XH-1号院",
                    "number3": "3",
                    "time4": "2026年3月15日 20:00",
                },
                "url": f"https://yishi.example/console/XH-1/digest/{WEEK}",
            }
        }
    }


async def test_a_whole_week(city: City) -> None:
    assert await step(city, "03-09 09:00") == 0
    assert await step(city, OPENED) == 1
    assert await step(city, PROMPTED) == 1
    assert await step(city, CLOSED) == 1
    assert await step(city, DIGESTED) == 1
    assert await step(city, DIGESTED) == 0
    assert await sent(city) == [
        ("open", "duty-group", "group"),
        ("prompt", "corp", "customer-XH-1"),
        ("digest", "duty-group", "group"),
    ]
    opened, prompt, digest = await city.outbox()
    assert opened.text.startswith("XH-1号院这周的意见收集开始了，到周日 20:00为止")
    assert "XH-1号院" in prompt.text
    assert (prompt.form, prompt.payload) == (Form.GROUP_TASK, {"owner": "staff-1"})
    assert [message.message_class for message in (opened, prompt, digest)] == [
        MessageClass.PROMPT,
        MessageClass.PROMPT,
        MessageClass.DIGEST,
    ]
    assert "没有收到新的意见" in digest.text
    assert digest.text.endswith(f"https://yishi.example/console/XH-1/digest/{WEEK}")
    async with city.database.read() as session:
        stored = await load_digest(session, city.id_of("XH-1"), WEEK)
        assert await list_weeks(session, city.id_of("XH-1")) == [WEEK]
        verbs = (
            await session.exec(select(AuditEvent.verb).where(AuditEvent.subject == f"cycle:{WEEK}"))
        ).all()
    assert stored is not None
    assert (stored["compound"], stored["week"], stored["total"]) == ("XH-1号院", WEEK, 0)
    assert sorted(verbs) == ["cycle.closed", "cycle.digested", "cycle.opened", "cycle.prompted"]


async def test_the_digest_goes_to_who_answers_for_the_compound_and_not_to_a_whole_district(
    city: City,
) -> None:
    for name, role, scope in (
        ("u-secretary", Role.SECRETARY, "XH-1"),
        ("u-committee", Role.COMMITTEE, "XH-1"),
        ("u-precinct", Role.COMMUNITY_WORKER, "P-1"),
        ("u-community", Role.SECRETARY, "C-1"),
        ("u-subdistrict", Role.SECRETARY, "S-1"),
        ("u-district", Role.COMMUNITY_WORKER, "D-1"),
        ("u-property", Role.PROPERTY, "XH-1"),
        ("u-elsewhere", Role.SECRETARY, "XH-2"),
    ):
        await city.grant(await city.person(name), role, scope)
    both = await city.person("u-both")
    await city.grant(both, Role.SECRETARY, "XH-1")
    await city.grant(both, Role.COMMITTEE, "C-1")
    await city.grant(await city.person("u-quiet", opted_out=True), Role.COMMITTEE, "XH-1")
    await step(city, OPENED)
    await step(city, DIGESTED)
    readers = [recipient for kind, _account, recipient in await sent(city) if kind == "digest"]
    assert sorted(readers) == ["group", "u-both", "u-committee", "u-community", "u-precinct", "u-secretary"]


async def test_a_lively_group_is_not_prompted(city: City) -> None:
    async with city.database.write() as session:
        for name in ("lively", "ended", "mute"):
            session.add(
                ChatGroup(
                    compound_id=city.id_of("XH-1"),
                    account="archive",
                    room=name,
                    kind=GroupKind.CUSTOMER,
                    name="群",
                    speaks_through="" if name == "mute" else "corp",
                    owner="staff-1",
                    registered_at=city.now,
                    ended_at=city.now if name == "ended" else None,
                )
            )
        await session.flush()
        groups = {group.room: group.group_id for group in (await session.exec(select(ChatGroup))).all()}
    await step(city, OPENED)
    await city.file(
        [
            {
                "compound_id": city.id_of("XH-1"),
                "number": 1001 + index,
                "filed_at": at(moment),
                "group_id": groups[room],
            }
            for index, (room, moment) in enumerate(
                [("lively", "03-10 12:00")] * LIVELY
                + [("customer-XH-1", "03-08 12:00")] * LIVELY  # last week
                + [("customer-XH-1", "03-10 12:00")] * (LIVELY - 1)
            )
        ]
    )
    await step(city, PROMPTED)
    assert [recipient for kind, _account, recipient in await sent(city) if kind == "prompt"] == [
        "customer-XH-1"
    ]


async def test_whether_a_group_is_lively_depends_on_its_own_week(city: City) -> None:
    await city.enrol(["XH-2"], REGIONS)
    values = {
        "compound_id": city.id_of("XH-2"),
        "enabled": True,
        "open_weekday": 3,
        "open_minute": 480,
        "prompt_weekday": DEFAULT_PLAN.prompt_weekday,
        "prompt_minute": DEFAULT_PLAN.prompt_minute,
        "close_weekday": DEFAULT_PLAN.close_weekday,
        "close_minute": DEFAULT_PLAN.close_minute,
    }
    async with city.database.write() as session:
        await put_settings(session, values)
        [group] = await session.exec(select(ChatGroup).where(ChatGroup.room == "customer-XH-2"))
    for moment in (OPENED, "03-11 09:00"):
        await step(city, moment)
    await city.file(
        [
            {
                "compound_id": city.id_of("XH-2"),
                "number": 2001 + index,
                "filed_at": at("03-10 12:00"),  # in the week of XH-1, before that of XH-2
                "group_id": group.group_id,
            }
            for index in range(LIVELY)
        ]
    )
    await step(city, "03-12 19:40")
    prompted = [recipient for kind, _account, recipient in await sent(city) if kind == "prompt"]
    assert sorted(prompted) == ["customer-XH-1", "customer-XH-2"]


async def test_a_group_in_which_nobody_answers_is_asked_less_until_somebody_does(city: City) -> None:
    async with city.database.write() as session:
        [group] = (await session.exec(select(ChatGroup).where(ChatGroup.kind == GroupKind.CUSTOMER))).all()
        group_id = group.group_id

    async def weeks(first: int, last: int, became: OutboxState = OutboxState.SENT) -> list[int]:
        for number in range(first, last):
            for moment in (OPENED, PROMPTED, CLOSED, DIGESTED):
                await advance(city.database, city.services, at(moment) + timedelta(weeks=number))
            async with city.database.write() as session:
                pending = col(OutboxMessage.state) == OutboxState.PENDING
                await session.exec(update(OutboxMessage).where(pending).values(state=became))
        prompts = [m for m in await city.outbox() if m.dedupe_key.split(":")[3] == "prompt"]
        return [(m.created_at - at(PROMPTED)).days // 7 for m in prompts]

    assert await weeks(0, 7) == [0, 1, 2, 4, 6]
    answer = {
        "compound_id": city.id_of("XH-1"),
        "number": 1001,
        "filed_at": at(PROMPTED) + timedelta(weeks=6, hours=1),
        "group_id": group_id,
    }
    await city.file([answer])
    assert await weeks(7, 9) == [0, 1, 2, 4, 6, 7, 8]
    # What the owner of the group never let out has no answer, and says nothing of who reads there.
    assert await weeks(9, 14, OutboxState.DEAD) == [0, 1, 2, 4, 6, 7, 8, 9, 10, 11, 12, 13]
    assert await weeks(14, 18) == [0, 1, 2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16]


def test_prompts_differ_from_week_to_week_and_promise_no_more_than_the_plan() -> None:
    weeks = [(datetime(2026, 3, 9) + timedelta(weeks=n)).date().isoformat() for n in range(10)]  # noqa: DTZ001
    texts = [
        prompt_text(DueStep(1, "XH-1", "新禾苑", DEFAULT_PLAN, Step(CycleStep.PROMPT, week)))
        for week in weeks
    ]
    assert len(set(texts)) == 5
    assert all(one != other for one, other in pairwise(texts))
    assert all("新禾苑" in text and "周日 20:00" in text for text in texts)


async def test_a_compound_has_its_own_days_and_may_have_none(city: City) -> None:
    values = {
        "compound_id": city.id_of("XH-1"),
        "enabled": True,
        "open_weekday": 4,
        "open_minute": 480,
        "prompt_weekday": 1,
        "prompt_minute": 600,
        "close_weekday": 3,
        "close_minute": 1080,
    }
    async with city.database.write() as session:
        await put_settings(session, values)
    moments = ["03-09 12:00", "03-12 09:00", "03-16 11:00", "03-18 18:00", "03-18 18:40", "03-19 09:00"]
    assert [await step(city, moment) for moment in moments] == [0, 1, 1, 1, 1, 1]
    assert [kind for kind, *_ in await sent(city)] == ["open", "prompt", "digest", "open"]
    async with city.database.write() as session:
        await put_settings(session, {**values, "enabled": False})
    assert [await step(city, moment) for moment in ("03-23 11:00", "03-25 19:00", "04-20 12:00")] == [0, 0, 0]


async def test_after_weeks_away_one_digest_and_the_week_that_runs(city: City) -> None:
    await step(city, OPENED)
    await city.file(
        [
            {"compound_id": city.id_of("XH-1"), "number": 1001 + index, "filed_at": at(moment)}
            for index, moment in enumerate(["03-10 12:00", "03-18 12:00", "03-18 13:00"])
        ]
    )
    assert await step(city, "04-07 10:00") == 6  # three passed over, one closed and digested, one opened
    assert [kind for kind, *_ in await sent(city)] == ["open", "digest", "open"]
    rows = {row.week: row for row in await cycles(city)}
    assert [week for week, row in rows.items() if row.skipped] == [WEEK, "2026-03-23", "2026-03-30"]
    digest = rows["2026-03-16"].digest
    assert digest is not None
    # What was said in the week before, which is passed over, is in it too.
    assert (digest["total"], digest["from"][:10], digest["to"][:10]) == (3, "2026-03-08", "2026-03-22")
    for message in (await city.outbox())[1:]:
        assert message.not_before > at("04-07 10:00")  # spread out: all compounds are late together
        assert message.not_before < at("04-07 10:22")
    assert await step(city, "04-07 10:00") == 0


async def test_a_replica_that_is_killed_leaves_the_step_to_the_next(city: City) -> None:
    await city.grant(await city.person("u-1"), Role.SECRETARY, "XH-1")
    await step(city, OPENED)
    await step(city, CLOSED)
    for looks in range(2):
        with pytest.raises(Killed):
            await advance(city.database, replace(city.services, accounts=Dying(looks)), at(DIGESTED))
        assert len(await sent(city)) == 1
    assert await step(city, DIGESTED) == 1
    assert [kind for kind, *_ in await sent(city)] == ["open", "digest", "digest"]


class Faulty(dict[str, AccountFacts]):
    """Facts that cannot be looked up: a fault of our own in the midst of a step."""

    def get(self, account: str, default: object = None) -> AccountFacts:
        if account == "faulty":
            raise ZeroDivisionError
        return self[account]


async def test_one_compound_that_fails_does_not_hold_up_the_others(city: City) -> None:
    await city.enrol([f"QS-{number}" for number in range(30)])
    async with city.database.write() as session:
        group = (
            await session.exec(
                select(ChatGroup).where(
                    ChatGroup.compound_id == city.id_of("QS-7"), ChatGroup.kind == GroupKind.INTERNAL
                )
            )
        ).one()
        group.speaks_through = "faulty"
    accounts: Mapping[str, AccountFacts] = Faulty(ACCOUNTS)
    faulty = replace(city.services, accounts=accounts)
    with pytest.raises(ZeroDivisionError):
        await advance(city.database, faulty, at(OPENED))
    assert len(await cycles(city)) == 30
    assert len(await sent(city)) == 30
    # It is tried again, and made when the fault is gone.
    assert await step(city, "03-09 10:00") == 1
    assert len(await cycles(city)) == 31


async def test_nothing_due_is_one_query_and_a_tick_is_short(city: City) -> None:
    await city.enrol([f"QS-{number}" for number in range(STEPS + 30)], kinds=[])
    assert len(await list_due(city.database, at(OPENED))) == STEPS
    assert await step(city, OPENED) == STEPS
    assert await step(city, OPENED) == 31
    with asked_of(city.database.reader) as asked:
        assert await step(city, "03-09 12:00") == 0
    [statement] = asked
    assert "weekly_cycles" in statement


async def test_two_replicas_share_the_steps(city: City, database_url: str) -> None:
    await city.enrol([f"QS-{number}" for number in range(60)])
    other = Database(database_url)
    try:
        for moment, expected in ((OPENED, 61), (PROMPTED, 61), (CLOSED, 61), (DIGESTED, 61)):
            first, second = await asyncio.gather(
                step(city, moment), advance(other, city.services, at(moment))
            )
            # What one of them passed by because the other held it is made, or made at the next look.
            assert first + second + await step(city, moment) == expected
    finally:
        await other.close()
    keys = [message.dedupe_key for message in await city.outbox()]
    assert len(keys) == len(set(keys)) == 3 * 61
