"""A danger is told to those on duty at once, once per episode, and goes up when nobody answers."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.alerts.acknowledge import Acknowledged, Outcome, acknowledge
from handlers.alerts.duty import list_without_duty
from handlers.alerts.escalate import escalate_due
from storage.database import Database
from storage.queries.people import find_identity, put_role
from storage.states import MessageClass, Role, RoleSource
from storage.tables import AlertEpisode, AuditEvent, Opinion, OutboxMessage, Person
from tests.handlers.neighbours import STAFF_ROOM, appoint, join, open_groups, overheard, told
from tests.handlers.talk import Talk, compound

GAS = "楼道里一股煤气味，闻着头晕"
ZHAO = "wm-zhao-0000000001"
QIAN = "wm-qian-0000000001"


@pytest.fixture
async def watch(talk: Talk) -> Talk:
    """邓 is on duty; 李 (property), 舒 (secretary) and 孙 (community) hold their offices."""
    await open_groups(talk, 1)
    await appoint(talk, "deng", Role.DUTY, name="邓守夜", title="值班")
    await appoint(talk, "li", Role.PROPERTY, name="李向前", title="项目经理")
    await appoint(talk, "shu", Role.SECRETARY, name="舒记", title="小区书记")
    await appoint(talk, "sun", Role.COMMUNITY_WORKER, "440199001", name="孙社工", title="社区")
    return talk


async def alerts(talk: Talk, recipient: str) -> list[str]:
    rows = [row for row in await talk.rows(OutboxMessage) if row.message_class is MessageClass.ALERT]
    return [row.text for row in rows if row.recipient == recipient]


async def later(talk: Talk, **spans: float) -> int:
    """Let time pass, and the clock tick."""
    talk.now += timedelta(**spans)
    async with talk.database.write() as session:
        return await escalate_due(session, talk.services, talk.now)


async def test_a_danger_in_the_residents_group_reaches_duty_and_the_staffs_group_at_once(watch: Talk) -> None:
    await overheard(watch, ZHAO, GAS)
    [alone] = await alerts(watch, "deng")
    [in_group] = await alerts(watch, "group")
    for text in (alone, in_group):
        for part in ("安全告警 1｜新禾苑", "3栋", GAS, "收到 1", "3月12日 12:00", "还没有人确认"):
            assert part in text
    rows = [row for row in await watch.rows(OutboxMessage) if row.message_class is MessageClass.ALERT]
    assert {(row.account, row.recipient, row.not_before) for row in rows} == {
        ("corp", "deng", watch.now),
        ("duty-group", "group", watch.now),
    }
    [episode] = await watch.rows(AlertEpisode)
    assert (episode.number, episode.hits, episode.opinion_number) == (1, 1, 1001)
    assert episode.matter == "shuidian.qi@3"


async def test_a_danger_told_1_to_1_raises_the_same_alert(watch: Talk) -> None:
    await watch.bind("o-zhao")
    answer = await watch.hear("o-zhao", GAS)
    assert "119" in answer.text
    [alone] = await alerts(watch, "deng")
    assert "可能在3栋" in alone  # guessed from the home
    await overheard(watch, QIAN, GAS)
    assert len(await alerts(watch, "deng")) == 1
    assert [(e.matter, e.hits) for e in await watch.rows(AlertEpisode)] == [("shuidian.qi@3", 2)]


async def test_a_danger_staff_report_raises_it_too(watch: Talk) -> None:
    await told(watch, "li", f"反映 12栋{GAS}")
    assert len(await alerts(watch, "deng")) == 1
    assert [episode.matter for episode in await watch.rows(AlertEpisode)] == ["shuidian.qi@12"]


async def test_the_group_reads_no_door_no_name_and_no_phone(watch: Talk) -> None:
    said = "我是王小明，3栋2单元501煤气味好大，打13912345678，张阿姨晕倒了 @物业小李"
    await overheard(watch, ZHAO, said)
    [in_group] = await alerts(watch, "group")
    for secret in ("王小明", "单元", "501", "139", "张阿姨", "小李", ZHAO):
        assert secret not in in_group
    assert "煤气味好大" in in_group
    [alone] = await alerts(watch, "deng")
    assert "3栋2单元" in alone


async def test_those_on_duty_for_a_building_get_its_alerts_and_no_others(watch: Talk) -> None:
    await appoint(watch, "lou3", Role.DUTY, "XH-1/3", name="楼三", title="楼栋长")
    await appoint(watch, "lou12", Role.DUTY, "XH-1/12", name="楼十二", title="楼栋长")
    await overheard(watch, ZHAO, GAS)
    assert [len(await alerts(watch, who)) for who in ("deng", "lou3", "lou12")] == [1, 1, 0]
    await overheard(watch, ZHAO, f"12栋{GAS}")
    assert [len(await alerts(watch, who)) for who in ("deng", "lou3", "lou12")] == [2, 1, 1]
    assert (await told(watch, "lou12", "收到 2", "")).outcome == "alert.acknowledged"


async def test_who_is_on_duty_for_a_building_is_named_with_it(watch: Talk) -> None:
    await appoint(watch, "lou3", Role.DUTY, "XH-1/3", name="楼三", title="楼栋长")
    await appoint(watch, "men1", Role.DUTY, "XH-1/3-1", name="门一", title="单元长")  # is told nothing
    text = (await told(watch, "li", "值班")).text
    assert text.splitlines()[1:] == ["值班邓守夜", "3栋：楼栋长楼三"]
    assert "3栋：楼栋长楼三" in (await told(watch, "lou3", "值班", "")).text
    await appoint(watch, "lou12", Role.GRID_WORKER, "XH-1/12")
    assert (await told(watch, "lou12", "值班", "")).text.splitlines()[1:] == ["值班邓守夜"]


async def test_an_escalation_goes_to_the_whole_compounds_people(watch: Talk) -> None:
    await appoint(watch, "shu3", Role.SECRETARY, "XH-1/3")
    await overheard(watch, ZHAO, GAS)
    assert await later(watch, minutes=6) == 1
    assert [len(await alerts(watch, who)) for who in ("shu", "shu3")] == [1, 0]


async def test_what_is_no_danger_alerts_nobody(watch: Talk) -> None:
    await overheard(watch, ZHAO, "垃圾堆了三天没人收")
    await overheard(watch, ZHAO, "明日9点停水检修")
    assert await watch.rows(AlertEpisode) == []
    assert await alerts(watch, "deng") == []


async def test_many_voices_in_one_episode_alert_once(watch: Talk) -> None:
    for _ in range(5):
        await overheard(watch, ZHAO, GAS)
        await later(watch, minutes=0.5)
    assert [len(await alerts(watch, who)) for who in ("deng", "group")] == [1, 1]
    assert [(e.number, e.hits) for e in await watch.rows(AlertEpisode)] == [(1, 5)]


async def test_another_building_and_another_danger_are_episodes_of_their_own(watch: Talk) -> None:
    await overheard(watch, ZHAO, GAS)
    await overheard(watch, ZHAO, f"12栋{GAS}")
    await overheard(watch, ZHAO, "3栋着火了")
    assert [episode.number for episode in await watch.rows(AlertEpisode)] == [1, 2, 3]
    assert len(await alerts(watch, "deng")) == 3


async def test_half_an_hour_without_an_answer_alerts_again_and_may_go_up_again(watch: Talk) -> None:
    await overheard(watch, ZHAO, GAS)
    assert await later(watch, minutes=6) == 1
    watch.now += timedelta(minutes=23)
    await overheard(watch, ZHAO, GAS)
    assert len(await alerts(watch, "deng")) == 1
    watch.now += timedelta(minutes=1)
    await overheard(watch, ZHAO, GAS)
    [_first, again] = await alerts(watch, "deng")
    assert "安全告警 1｜" in again
    assert "3 人次" in again
    assert await later(watch, minutes=4) == 0
    assert await later(watch, minutes=1) == 1
    assert len(await alerts(watch, "shu")) == 2


async def test_a_voice_after_the_acknowledgement_is_a_new_episode(watch: Talk) -> None:
    await overheard(watch, ZHAO, GAS)
    assert (await told(watch, "deng", "收到 1", "")).outcome == "alert.acknowledged"
    await overheard(watch, QIAN, GAS)
    assert [(e.number, e.hits) for e in await watch.rows(AlertEpisode)] == [(1, 1), (2, 1)]
    assert "安全告警 2" in (await alerts(watch, "deng"))[-1]


async def test_acknowledging_says_who_was_first_and_when(watch: Talk) -> None:
    await overheard(watch, ZHAO, GAS)
    first = await told(watch, "deng", "收到 1", "")
    assert "第一位" in first.text
    again = await told(watch, "deng", "收到 1", "")
    assert (again.outcome, "已经确认过" in again.text) == ("alert.known", True)
    second = await told(watch, "li", "收到 1")
    assert (second.outcome, "值班邓守夜" in second.text, "12:00" in second.text) == (
        "alert.known",
        True,
        True,
    )
    [episode] = await watch.rows(AlertEpisode)
    assert episode.acknowledged_at is not None
    assert [e.verb for e in await watch.rows(AuditEvent)].count("alert.acknowledged") == 1


async def test_the_staffs_group_learns_once_who_goes(watch: Talk) -> None:
    await overheard(watch, ZHAO, GAS)
    await told(watch, "deng", "收到", "")
    await told(watch, "li", "收到 1", "")
    assert ["值班邓守夜" in text for text in await alerts(watch, "group")] == [False, True]


async def test_an_acknowledgement_in_the_group_is_not_told_there_twice(watch: Talk) -> None:
    await overheard(watch, ZHAO, GAS)
    assert (await told(watch, "li", "收到 1")).outcome == "alert.acknowledged"
    assert len(await alerts(watch, "group")) == 1


async def test_a_bare_acknowledgement_means_the_only_one_open(watch: Talk) -> None:
    assert (await told(watch, "li", "收到")).outcome == "alert.none"
    await overheard(watch, ZHAO, GAS)
    await overheard(watch, ZHAO, "3栋着火了")
    listed = await told(watch, "li", "收到")
    assert listed.outcome == "alert.listed"
    assert [line.split("｜")[0] for line in listed.text.splitlines() if "｜" in line] == ["2", "1"]
    await told(watch, "li", "收到2")
    assert (await told(watch, "li", "收到")).outcome == "alert.acknowledged"
    assert (await told(watch, "li", "收到 77")).outcome == "alert.unknown"


async def test_the_same_number_in_two_compounds_is_asked_back(watch: Talk) -> None:
    yard = await watch.enrol(compound("YL-2", "悦澜庭"))
    await overheard(watch, ZHAO, GAS)
    await watch.bind("o-wu", "YL-2/3-2")
    await watch.say("o-wu", GAS)
    assert {(e.compound_id, e.number) for e in await watch.rows(AlertEpisode)} == {(1, 1), (yard, 1)}
    assert (await told(watch, "sun", "收到 1", "")).outcome == "compound.asked"
    assert (await told(watch, "sun", "收到 1 悦澜庭", "")).outcome == "alert.acknowledged"
    open_ones = {e.compound_id for e in await watch.rows(AlertEpisode) if e.acknowledged_at is None}
    assert open_ones == {1}


async def test_with_several_compounds_the_answer_says_whose_alert_it_was(watch: Talk) -> None:
    """A mistyped name leaves the number, and that may be another compound's."""
    await watch.enrol(compound("YL-2", "悦澜庭"))
    await overheard(watch, ZHAO, GAS)
    answer = await told(watch, "sun", "收到 1 悦兰亭", "")
    assert (answer.outcome, "新禾苑" in answer.text) == ("alert.acknowledged", True)
    assert "新禾苑" in (await told(watch, "sun", "收到 1", "")).text
    assert "新禾苑" not in (await told(watch, "li", "收到 1", "")).text


async def test_someone_on_duty_answers_from_the_service_account_too(watch: Talk) -> None:
    await join(watch, "deng", "o-deng")
    async with watch.database.write() as session:
        deng = await find_identity(session, "main", "o-deng")
        assert deng is not None
        await put_role(session, deng.person_id, Role.DUTY, "XH-1", "值班", False, RoleSource.STAFF, watch.now)
    await overheard(watch, ZHAO, GAS)
    assert (await watch.hear("o-deng", "收到 1")).outcome == "alert.acknowledged"
    assert (await watch.hear("o-zhao", "收到 1")).outcome.startswith("chat.")
    assert (await watch.hear("o-zhao", "收到")).outcome.startswith("chat.")


async def test_nobody_answers_and_it_goes_up_once(watch: Talk) -> None:
    await overheard(watch, ZHAO, GAS)
    assert await later(watch, minutes=4, seconds=59) == 0
    assert await later(watch, seconds=1) == 1
    assert await later(watch, seconds=30) == 0
    for who in ("shu", "sun"):
        [text] = await alerts(watch, who)
        for part in ("安全告警 1 没有人确认", "新禾苑", "3栋", GAS, "收到 1"):
            assert part in text
    assert await alerts(watch, "li") == []
    assert (await told(watch, "shu", "收到 1", "")).outcome == "alert.acknowledged"


async def test_what_was_acknowledged_in_time_does_not_go_up(watch: Talk) -> None:
    await overheard(watch, ZHAO, GAS)
    await told(watch, "deng", "收到", "")
    assert await later(watch, hours=2) == 0
    assert await alerts(watch, "shu") == []


async def test_without_anybody_on_duty_property_and_secretary_are_told(talk: Talk) -> None:
    await open_groups(talk, 1)
    await appoint(talk, "li", Role.PROPERTY)
    await appoint(talk, "shu", Role.SECRETARY)
    await overheard(talk, ZHAO, GAS)
    assert [len(await alerts(talk, who)) for who in ("li", "shu")] == [1, 1]
    assert await later(talk, minutes=5) == 1
    assert [len(await alerts(talk, who)) for who in ("li", "shu")] == [1, 2]


async def test_someone_on_duty_whom_nothing_reaches_does_not_stop_the_alert(talk: Talk) -> None:
    async with talk.database.write() as session:
        person = Person(created_at=talk.now)
        session.add(person)
        await session.flush()
        assert person.person_id is not None
        await put_role(
            session, person.person_id, Role.DUTY, "XH-1", "值班", False, RoleSource.STAFF, talk.now
        )
    await open_groups(talk, 1)
    await appoint(talk, "li", Role.PROPERTY)
    await overheard(talk, ZHAO, GAS)
    assert len(await alerts(talk, "li")) == 1


async def test_someone_on_duty_who_would_have_to_write_first_does_not_stop_the_alert(talk: Talk) -> None:
    """On the service account nothing reaches whoever has not written for two days."""
    await open_groups(talk, 1)
    await talk.bind("o-zhao")
    await talk.bind("o-deng")
    async with talk.database.write() as session:
        deng = await find_identity(session, "main", "o-deng")
        assert deng is not None
        for role in (Role.DUTY, Role.SECRETARY):
            await put_role(session, deng.person_id, role, "XH-1", "值班", False, RoleSource.STAFF, talk.now)
    await appoint(talk, "sun", Role.COMMUNITY_WORKER)
    await overheard(talk, ZHAO, GAS)
    assert [len(await alerts(talk, who)) for who in ("o-deng", "sun")] == [1, 0]
    talk.now += timedelta(days=3)
    await overheard(talk, ZHAO, GAS)
    assert [len(await alerts(talk, who)) for who in ("o-deng", "sun")] == [2, 1]


async def test_with_nobody_at_all_the_episode_is_still_kept_and_the_operator_learns_of_it(talk: Talk) -> None:
    unheard: list[tuple[str, int, str]] = []
    talk.services = replace(talk.services, on_unheard=lambda *what: unheard.append(what))
    await talk.bind("o-zhao")
    assert (await talk.hear("o-zhao", GAS)).outcome == "opinion.filed"
    assert len(await talk.rows(AlertEpisode)) == 1
    [event] = [e for e in await talk.rows(AuditEvent) if e.verb == "alert.raised"]
    assert (event.details["told"], event.details["groups"]) == (0, 0)
    assert unheard == [("XH-1", 1, "raised")]
    await talk.hear("o-zhao", GAS)  # only counted
    assert await later(talk, minutes=5) == 1
    assert unheard == [("XH-1", 1, "raised"), ("XH-1", 1, "escalated")]


async def test_an_alert_that_only_the_staffs_group_reads_is_heard(talk: Talk) -> None:
    unheard: list[tuple[str, int, str]] = []
    talk.services = replace(talk.services, on_unheard=lambda *what: unheard.append(what))
    await open_groups(talk, 1)
    await overheard(talk, ZHAO, GAS)
    assert (len(await alerts(talk, "group")), unheard) == (1, [])


async def test_a_compound_without_anybody_on_duty_whom_something_reaches_is_found(watch: Talk) -> None:
    await watch.enrol(compound("YL-2", "悦澜庭"))
    await watch.enrol(compound("ZZ-3", "竹舍"))
    async with watch.database.write() as session:
        unreachable = Person(created_at=watch.now)
        session.add(unreachable)
        await session.flush()
        assert unreachable.person_id is not None
        await put_role(
            session, unreachable.person_id, Role.DUTY, "YL-2", "值班", False, RoleSource.STAFF, watch.now
        )
    await appoint(watch, "lou1", Role.DUTY, "ZZ-3/1")  # for one building only
    async with watch.database.read() as session:
        assert await list_without_duty(session) == (["YL-2", "ZZ-3"], 3)


async def test_what_the_archive_brings_a_day_late_is_filed_without_an_alert(watch: Talk) -> None:
    from tests.handlers.neighbours import RESIDENTS_ROOM, silently

    late = watch.message(ZHAO, GAS, account="archive", room=RESIDENTS_ROOM)
    watch.now += timedelta(days=1)
    await silently(watch, [late])
    assert [opinion.urgency for opinion in await watch.rows(Opinion)] == [3]
    assert await watch.rows(AlertEpisode) == []


async def test_a_danger_said_before_binding_alerts_when_the_place_is_known(watch: Talk) -> None:
    held = await watch.hear("o-zhao", GAS)
    assert (held.outcome, "119" in held.text) == ("opinion.held", True)
    assert await alerts(watch, "deng") == []
    await watch.bind("o-zhao")
    assert len(await alerts(watch, "deng")) == 1


async def test_who_is_on_duty(watch: Talk) -> None:
    for room in (STAFF_ROOM, ""):
        assert "值班邓守夜" in (await told(watch, "li", "值班", room)).text
        assert "李向前" not in (await told(watch, "li", "谁值班", room)).text


async def test_who_is_told_when_nobody_is_on_duty(talk: Talk) -> None:
    await open_groups(talk, 1)
    await appoint(talk, "shu", Role.SECRETARY, name="舒记", title="小区书记")
    assert "小区书记舒记" in (await told(talk, "shu", "值班")).text


async def test_the_audit_log_holds_no_words_and_no_names(watch: Talk) -> None:
    await overheard(watch, ZHAO, GAS)
    await told(watch, "deng", "收到 1", "")
    await later(watch, minutes=10)
    for event in await watch.rows(AuditEvent):
        logged = f"{event.verb} {event.subject} {event.details}"
        for secret in ("煤气", "头晕", "deng", "邓", ZHAO):
            assert secret not in logged


# Two replicas at once


async def test_two_replicas_hear_one_danger_and_alert_once(watch: Talk, database_url: str) -> None:
    twin = Talk(Database(database_url), watch.services)
    twin._count = 1000
    try:
        for building in ("1", "2", "5"):
            await asyncio.gather(
                overheard(watch, ZHAO, f"{building}栋{GAS}"), overheard(twin, QIAN, f"{building}栋{GAS}")
            )
    finally:
        await twin.database.close()
    assert [(e.number, e.hits) for e in await watch.rows(AlertEpisode)] == [(1, 2), (2, 2), (3, 2)]
    assert len(await alerts(watch, "deng")) == 3
    assert len(await alerts(watch, "group")) == 3


async def test_two_replicas_tick_and_it_goes_up_once(watch: Talk, database_url: str) -> None:
    await overheard(watch, ZHAO, GAS)
    await overheard(watch, ZHAO, "3栋着火了")
    watch.now += timedelta(minutes=5)
    twin = Database(database_url)

    async def tick(database: Database) -> int:
        async with database.write() as session:
            return await escalate_due(session, watch.services, watch.now)

    try:
        counts = await asyncio.gather(*(tick(database) for database in (watch.database, twin) * 2))
    finally:
        await twin.close()
    assert sum(counts) == 2
    assert len(await alerts(watch, "shu")) == 2


async def test_of_several_who_answer_at_once_one_is_first(watch: Talk, database_url: str) -> None:
    await overheard(watch, ZHAO, GAS)
    people = [await appoint(watch, f"duty-{number}", Role.DUTY) for number in range(4)]
    twin = Database(database_url)

    async def answer(database: Database, person_id: int) -> Acknowledged:
        async with database.write() as session:
            return await acknowledge(session, watch.services, 1, 1, person_id, watch.now)

    try:
        results = await asyncio.gather(
            *(answer((watch.database, twin)[number % 2], person) for number, person in enumerate(people))
        )
    finally:
        await twin.close()
    first = [result for result in results if result.outcome is Outcome.FIRST]
    assert len(first) == 1
    assert {result.person_id for result in results} == {first[0].person_id}
    assert len(await alerts(watch, "group")) == 2  # the alert, and who goes


async def test_an_answer_and_a_tick_at_once_agree(watch: Talk, database_url: str) -> None:
    await overheard(watch, ZHAO, GAS)
    watch.now += timedelta(minutes=5)
    twin = Database(database_url)

    async def tick() -> int:
        async with twin.write() as session:
            return await escalate_due(session, watch.services, watch.now)

    async def answer() -> Acknowledged:
        async with watch.database.write() as session:
            return await acknowledge(session, watch.services, 1, 1, 1, watch.now)

    try:
        escalated, acknowledged = await asyncio.gather(tick(), answer())
    finally:
        await twin.close()
    assert acknowledged.outcome is Outcome.FIRST
    assert len(await alerts(watch, "shu")) == escalated
