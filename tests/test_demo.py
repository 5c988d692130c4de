"""The demo as a newcomer runs it, and the demo's world as the playground shows it."""

import asyncio
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sqlmodel import col, select

from bot.cli.world import running_world
from bot.playground.cast import CHAPTER_ONE, LI, WANG, ZHANG
from bot.playground.cast_chat import TOTAL
from bot.playground.cast_corp import ARCHIVE_ACCOUNT, BUILDING_3, external_id
from storage.database import Database
from storage.tables import ChannelIdentity, InboxMessage

ROOT = Path(__file__).parents[1]


def test_the_chapters_play_whole_and_come_out_right(tmp_path: Path) -> None:
    played = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--once"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert played.returncode == 0, played.stderr
    assert played.stderr == ""
    steps = len(CHAPTER_ONE)
    assert f"投递 {steps} 件，应答 {steps} 件，存下 {steps} 件，处理完 {steps} 件" in played.stdout
    assert "登记 10 件" in played.stdout
    assert "涉及安全 3 件" in played.stdout
    for number, category in {
        1001: "电梯与加装电梯·停运与故障",
        1003: "消防安全·消防通道占用",
        1004: "水电气暖网·燃气",
        1005: "公共设施与改造·路灯楼道灯",
        1006: "宠物与流浪动物·遛狗不拴绳",
        1007: "垃圾分类与清运·清运不及时",
        1008: "排水堵塞与积水·下水道堵塞",
        1009: "漏水渗水与房屋质量·屋顶漏雨",
        1010: "电动车与充电·飞线充电",
    }.items():
        answer = played.stdout.partition(f"已登记，编号 {number}。")[2][:120]
        assert category in answer, number
    assert "地点：3栋1单元1502" in played.stdout
    assert "没有找到您名下编号 1001 的事" in played.stdout
    second, _, rest = played.stdout.partition("第二章")[2].partition("第三章")
    third, _, fourth = rest.partition("第四章")
    assert "群里听见并登记 3 件，安全告警 4 起（已有人确认 1 起）" in second
    assert "本周摘要 3 件，上周 10 件" in second
    assert "【幸福家园】每周摘要" in second
    _assert_the_chat_came_out_right(third)
    _assert_the_vote_came_out_right(fourth)


def _assert_the_chat_came_out_right(told: str) -> None:
    """What does not hang on how a single sentence is read: that may get better."""
    assert f"群里 {TOTAL} 句，听见 {TOTAL} 句" in told
    for told_so in (
        "闲聊，不登记",
        "词表 “电梯又坏”",
        "第二阶段 “",
        "附和前面的话，并入 1001",
        "转发别人的原话，并入",
        "回复那句话，并入 1001",
        "说已经好了：请工作人员核实",
        "3户、另1人",
        "群里听到，待核实",
        "已判定不用处理",
        "安全告警 1",
        "已转给网格员",
        "快到时间了：请在",
        "已过时间：应在",
        "→ 服务号告诉小马妈妈：编号 1004（电梯与加装电梯·停运与故障）办好了",
        "重办单",
        "“桶里清了，地上的没扫”",
        "1013｜重新办理",
        "记下了：基本满意",
    ):
        assert told_so in told, told_so
    rates = re.search(r"按时接单 (\d)/(\d)（\d+%），按时办结 .+，已解决 .+，满意 \d/\d（\d+%）", told)
    assert rates is not None
    assert int(rates[1]) < int(rates[2])  # the lamp was accepted late


def _assert_the_vote_came_out_right(told: str) -> None:
    """What does not hang on the law of a place, or on how a page is laid out."""
    for told_so in (
        "清册 612 行，全部收下；拒收 0 行",
        "还要改的：0 处",
        "确认好了，您可以在手机上投票了",
        "票收到了，算数",
        "→ 服务号告诉王阿姨：",
        "已经有一张票：网上",
        "这件事定下来了",
        '"ok": true',
        "手机 13 张（其中委托 1 张），纸面 385 张，核对一致",
    ):
        assert told_so in told, told_so


def test_the_demo_refuses_a_configuration(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--once", "--config", "real.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1


async def test_backstage_shows_tags_with_their_terms_and_the_answer_as_it_went_out(tmp_path: Path) -> None:
    async with running_world(tmp_path / "world.db") as world:
        await world.platform.user_follows(WANG.openid, WANG.scene)
        said = "反映：３栋2单元电梯又坏了"
        delivery = await world.platform.user_sends(WANG.openid, said)
        await _settled(world.backstage.explain, delivery.msg_id, "offered")
        facts = await world.backstage.explain(delivery.msg_id)
        assert facts is not None
        assert facts["number"] == "1001"
        assert facts["place"] == "3栋2单元"
        assert facts["categories"][0]["id"] == "dianti.guzhang"
        hit = facts["hits"][0]
        assert said[hit["start"] : hit["end"]] == hit["term"] == "电梯又坏"
        assert [row["via"] for row in facts["outbox"]] == ["被动回复"]
        assert await world.backstage.explain("123") is None


async def test_a_slow_platform_and_a_lost_answer_still_give_one_number_and_one_message(
    tmp_path: Path,
) -> None:
    async with running_world(tmp_path / "world.db") as world:
        await world.platform.user_follows(ZHANG.openid, ZHANG.scene)
        world.platform.faults.force_retry = 1
        delivery = await world.platform.user_sends(ZHANG.openid, "5栋楼下消防通道被车堵死了")
        assert len(delivery.tries) == 2
        assert delivery.tries[0].body == delivery.tries[1].body
        texts = Counter(world.platform.conversation(ZHANG.openid).from_bot())
        assert [count for text, count in texts.items() if "编号 1001" in text] == [1]


async def test_what_was_said_before_binding_is_filed_after_it(tmp_path: Path) -> None:
    async with running_world(tmp_path / "world.db") as world:
        await world.platform.user_follows(LI.openid)
        held = await world.platform.user_sends(LI.openid, "楼上天天半夜装修，吵得睡不着")
        assert held.reply is not None
        assert "还差一步" in held.reply
        bound = await world.platform.user_scans(LI.openid, LI.scene)
        assert bound.reply is not None
        assert "编号 1001" in bound.reply


async def test_the_platforms_notice_wakes_the_reading_of_the_archive(tmp_path: Path) -> None:
    async with running_world(tmp_path / "world.db") as world:
        [poller] = world.application._pollers
        poller._poll_seconds = 3600  # nobody looks by themselves
        await world.application.catch_up()
        feed = world.platform.archive
        assert feed is not None
        await asyncio.sleep(0.3)
        pulls = feed.pulls
        await asyncio.sleep(0.3)
        assert feed.pulls == pulls
        await world.platform.wecom.user_says(BUILDING_3, external_id(WANG), "电梯又坏了")
        for _ in range(300):
            if await _heard(world.application.database):
                break
            await asyncio.sleep(0.01)
        assert await _heard(world.application.database) == ["电梯又坏了"]


async def test_a_follower_is_soon_known_to_be_the_one_in_the_group(tmp_path: Path) -> None:
    async with running_world(tmp_path / "world.db") as world:
        database = world.application.database
        await world.platform.user_follows(WANG.openid, WANG.scene)
        for _ in range(300):
            if len(await _persons(database, WANG.openid, external_id(WANG))) == 1:
                break
            await asyncio.sleep(0.01)
        assert len(await _persons(database, WANG.openid, external_id(WANG))) == 1
        assert len(await _persons(database, WANG.openid, external_id(ZHANG))) == 2


async def _settled(explain: object, msg_id: str, state: str) -> None:
    """The mark that an answer was offered is written with the next batch."""
    for _ in range(50):
        facts = await explain(msg_id)  # type: ignore[operator]
        if facts and [row["state"] for row in facts["outbox"]] == [state]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(facts)


async def _heard(database: Database) -> Sequence[str]:
    async with database.read() as session:
        return (
            await session.exec(select(InboxMessage.text).where(InboxMessage.account == ARCHIVE_ACCOUNT))
        ).all()


async def _persons(database: Database, *external_ids: str) -> set[int]:
    async with database.read() as session:
        found = select(ChannelIdentity.person_id).where(col(ChannelIdentity.external_id).in_(external_ids))
        return set((await session.exec(found)).all())
