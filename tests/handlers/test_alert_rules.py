"""The rules of alerts, for whatever comes in whatever order."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.alerts.rules import (
    AGAIN_AFTER,
    BRIEF,
    ESCALATE_AFTER,
    SAFETY,
    STALE_AFTER,
    Episode,
    Hit,
    alarming,
    anonymous,
    brief,
    building_of,
    escalation_cutoff,
    judge,
    matter_of,
    needs_escalation,
)
from tests.handlers.talk import NOW

moments = st.timedeltas(timedelta(0), timedelta(hours=3)).map(lambda span: NOW + span)
maybe = st.none() | moments
episodes = st.builds(Episode, moments, maybe, maybe)


@given(st.none() | episodes, moments)
def test_a_danger_nobody_knows_of_or_that_was_seen_to_is_alerted(
    latest: Episode | None, now: datetime
) -> None:
    hit = judge(latest, now)
    if latest is None or latest.acknowledged_at is not None:
        assert hit is Hit.OPEN
    else:
        assert hit is (Hit.AGAIN if now >= latest.alerted_at + AGAIN_AFTER else Hit.COUNT)


@given(st.lists(st.tuples(st.floats(0, 1200), st.sampled_from(["hit", "hit", "hit", "answer"])), max_size=60))
def test_no_flood_and_no_silence_whatever_happens(steps: list[tuple[float, str]]) -> None:
    """Alerts of one matter: never two without an answer or half an hour between; never an hour of hits unalerted."""
    now, answered = NOW, True
    latest: Episode | None = None
    alerts: list[datetime] = []
    for seconds, what in steps:
        now += timedelta(seconds=seconds)
        if what == "answer":
            if latest is not None and latest.acknowledged_at is None:
                latest, answered = Episode(latest.alerted_at, now), True
            continue
        if judge(latest, now) is not Hit.COUNT:
            assert answered or now - alerts[-1] >= AGAIN_AFTER
            latest, answered = Episode(now, None), False
            alerts.append(now)
        assert now - alerts[-1] < AGAIN_AFTER


@given(episodes, moments)
def test_it_goes_up_once_unanswered_for_five_minutes(episode: Episode, now: datetime) -> None:
    expected = (
        episode.acknowledged_at is None
        and episode.escalated_at is None
        and now - episode.alerted_at >= ESCALATE_AFTER
    )
    assert needs_escalation(episode, now) is expected
    assert (episode.alerted_at <= escalation_cutoff(now)) is (now - episode.alerted_at >= ESCALATE_AFTER)


@given(st.integers(1, 3), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_only_what_is_dangerous_and_of_today_alarms(urgency: int, age: timedelta) -> None:
    assert alarming(urgency, NOW - age, NOW) is (urgency >= SAFETY and age < STALE_AFTER)


def test_a_matter_is_a_danger_and_a_building() -> None:
    assert matter_of("shuidian.qi", "3") == "shuidian.qi@3"
    assert matter_of(None, None) == "danger@"
    assert [building_of(code) for code in ("3", "3-2", "3-2-501", None, "")] == ["3", "3", "3", None, None]


@given(st.text(max_size=300))
def test_words_in_brief_are_one_short_line(words: str) -> None:
    short = brief(words)
    assert len(short) <= BRIEF
    assert len(short.splitlines()) <= 1


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("3栋2单元501煤气味", "3栋煤气味"),
        ("3-2-501煤气味", "3栋煤气味"),
        ("三号楼二单元五零一室冒烟", "三号楼冒烟"),
        ("12栋1502室冒烟了", "12栋冒烟了"),
        ("B单元冒烟", "冒烟"),
        ("打我电话13912345678或139 1234 5678", "打我电话（电话）或（电话）"),
        ("@物业小王 快来", " 快来"),
        ("王阿姨晕倒了", "某人晕倒了"),
        ("我是周小川，门口着火", "我，门口着火"),
        ("5楼着火了，打119", "5楼着火了，打119"),
        ("楼上张三家着火了", "楼上某人家着火了"),
        ("我女儿李小萌在电梯里被困", "我女儿某人在电梯里被困"),
        ("王芳触电了快来人", "某人触电了快来人"),
        ("老王家冒烟，小刘快来", "某人家冒烟，某人快来"),
        ("陈姐晕倒了，孙某某要跳楼", "某人晕倒了，某人要跳楼"),
        ("京A12345着火了，粤B·D12345也烧起来了", "（车牌）着火了，（车牌）也烧起来了"),
        ("高压线掉下来了，一张桌子着火", "高压线掉下来了，一张桌子着火"),
        ("高层某户着火，石头掉下来，我孙子被困", "高层某户着火，石头掉下来，我孙子被困"),
        ("小区老房子的杨树倒了，马路被淹", "小区老房子的杨树倒了，马路被淹"),
    ],
)
def test_what_says_who_or_which_door_is_left_out(words: str, left: str) -> None:
    assert anonymous(words) == left


@given(
    st.sampled_from(["3", "12", "三", "十二"]),
    st.sampled_from(["栋", "号楼", "幢"]),
    st.integers(1, 9),
    st.integers(1, 33).flatmap(lambda floor: st.integers(1, 12).map(lambda door: f"{floor}{door:02}")),
    st.sampled_from(["", "室", "号", "房"]),
)
def test_no_entrance_and_no_room_survives(
    building: str, kind: str, entrance: int, room: str, suffix: str
) -> None:
    text = anonymous(f"{building}{kind}{entrance}单元{room}{suffix}着火了")
    assert text == f"{building}{kind}着火了"
