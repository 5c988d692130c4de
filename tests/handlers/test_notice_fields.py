"""What templates say: a word of ours for each field, as the platform takes it, filled when the notice is queued."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.template_values import fault_of_value
from handlers.consultations.tell import tell_staff
from handlers.context import AccountFacts
from handlers.reach.fields import WORDS, Facts, NoticeKind, Template, fault_of, fill, fit, template_of
from handlers.topics.clock import advance_topics
from handlers.topics.propose import propose_topic
from storage.queries.tree import find_compound
from storage.states import Form, MeetingForm, MessageClass, Role
from storage.tables import Consultation, OutboxMessage
from tests.handlers.neighbours import appoint, join, open_groups, overheard
from tests.handlers.talk import ACCOUNTS, Talk

FIELDS = (
    "thing1",
    "character_string2",
    "number3",
    "phrase4",
    "time5",
    "date6",
    "keyword7",
    "first",
    "remark",
)
ZHAO = "wm-zhao-0000000001"
SAYS = {
    "thing1": "what", "thing2": "place", "thing3": "compound", "time4": "time",
    "character_string5": "number", "phrase6": "state", "const7": "=请尽快查看",
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "text", "fitted"),
    [
        ("thing1", "一" * 20, "一" * 20),
        ("thing12", "一" * 21, "一" * 19 + "…"),
        ("thing1", "两\n行  话", "两 行 话"),
        ("thing1", " ", "无"),
        ("phrase3", "已派单给物业", "已派单给物"),
        ("phrase3", "3栋·电梯", "栋电梯"),
        ("phrase3", "1001", "无"),
        ("character_string4", "x" * 33, "x" * 32),
        ("character_string4", "编号 1001", "1001"),
        ("character_string4", "", "-"),
        ("number5", "1001 号", "1001"),
        ("number5", "", "0"),
        ("keyword1", "长" * 100, "长" * 100),
        ("remark", "", "无"),
    ],
)
def test_a_value_is_fitted_to_the_kind_of_its_field(field: str, text: str, fitted: str) -> None:
    assert fit(field, text) == fitted


@given(
    facts=st.builds(
        Facts,
        kind=st.sampled_from(NoticeKind),
        what=st.text(max_size=60),
        state=st.text(max_size=20),
        at=st.integers(0, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
        compound=st.text(max_size=60),
        number=st.none() | st.integers(0, 10**40),
        place=st.text(max_size=60),
        todo=st.text(max_size=60),
    ),
    field=st.sampled_from(FIELDS),
    word=st.sampled_from(WORDS),
)
def test_whatever_a_notice_is_about_the_platform_takes_what_is_filled_in(
    facts: Facts, field: str, word: str
) -> None:
    if fault_of(field, word):
        return
    value = fill(Template("T", {field: word}), facts)[field]
    assert value.strip()
    assert not fault_of_value(field, value), value


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("thing1", set(WORDS)),
        ("keyword1", set(WORDS)),
        ("first", set(WORDS)),
        ("character_string1", {"number"}),
        ("number1", {"number"}),
        ("phrase1", {"what", "state"}),
        ("time1", {"time"}),
        ("date1", {"time"}),
        ("const1", set()),
        ("letter1", set()),
        ("first1", set()),
        ("thing", set()),
        ("thing1.DATA", set()),
        ("", set()),
    ],
)
def test_which_words_a_field_takes(field: str, words: set[str]) -> None:
    assert {word for word in WORDS if not fault_of(field, word)} == words
    assert fault_of(field, "title")
    assert fault_of(field, "=")


@pytest.mark.parametrize(("field", "text"), [("thing1", "一" * 21), ("phrase1", "3栋"), ("number1", "一")])
def test_a_text_that_always_stands_there_must_fit_as_it_is(field: str, text: str) -> None:
    assert fault_of(field, f"={text}")
    assert not fault_of(field, f"={fit(field, text)}")


def test_what_asks_for_a_rating_is_said_as_a_step_where_it_has_no_table_of_its_own() -> None:
    step, rate = Template("T-1", {"thing1": "state"}), Template("T-2", {"thing1": "todo"})
    both = {(NoticeKind.REQUEST, Form.TEMPLATE): step, (NoticeKind.RATE, Form.TEMPLATE): rate}
    assert template_of(both, NoticeKind.RATE, Form.TEMPLATE) is rate
    del both[NoticeKind.RATE, Form.TEMPLATE]
    assert template_of(both, NoticeKind.RATE, Form.TEMPLATE) is step
    assert template_of(both, NoticeKind.RATE, Form.SUBSCRIBE) is None
    assert template_of(both, NoticeKind.ALERT, Form.TEMPLATE) is None


# What they are filled with


@pytest.fixture
def mapped(talk: Talk) -> Talk:
    main = AccountFacts(
        ACCOUNTS["main"].kind,
        "main",
        {(kind, Form.TEMPLATE): Template(f"T-{kind}", SAYS) for kind in NoticeKind},
    )
    talk.services = replace(
        talk.services, accounts=ACCOUNTS | {"main": main}, public_url="https://yishi.example.org"
    )
    return talk


async def said(talk: Talk, message_class: MessageClass, recipient: str) -> list[dict[str, object]]:
    return [
        row.payload["notices"]["template@main"]
        for row in await talk.rows(OutboxMessage)
        if (row.message_class, row.recipient) == (message_class, recipient) and row.payload
    ]


async def test_a_receipt_says_number_matter_and_place(mapped: Talk) -> None:
    await open_groups(mapped, 1)
    await mapped.bind("o-zhao")
    await join(mapped, ZHAO, "o-zhao")
    await overheard(mapped, ZHAO, "电梯坏了三天，老人下不了楼")
    [notice] = await said(mapped, MessageClass.RECEIPT, "o-zhao")
    assert notice == {
        "template_id": "T-receipt",
        "fields": {
            "thing1": "电梯与加装电梯·停运与故障",
            "thing2": "3栋",
            "thing3": "新禾苑",
            "time4": "2026年3月12日 12:00",
            "character_string5": "1001",
            "phrase6": "待核实",
            "const7": "请尽快查看",
        },
        "url": "https://yishi.example.org/h5",
    }


async def test_an_alert_says_what_and_where_and_nobodys_words(mapped: Talk) -> None:
    await open_groups(mapped, 1)
    await mapped.bind("o-li")
    await join(mapped, "li", "o-li")
    await appoint(mapped, "li", Role.DUTY)
    await overheard(mapped, ZHAO, "2单元502着火了快来人")
    [notice] = await said(mapped, MessageClass.ALERT, "li")
    assert notice["template_id"] == "T-alert"
    assert notice["url"] == "https://yishi.example.org/console/XH-1/alerts"
    fields = notice["fields"]
    assert isinstance(fields, dict)
    assert (fields["thing3"], fields["character_string5"], fields["phrase6"]) == ("新禾苑", "1", "等待确认")
    assert fields["thing2"] == "3栋2单元"
    assert "快来人" not in str(notice)
    assert not any(fault_of_value(name, value) for name, value in fields.items())


async def colleague(talk: Talk) -> int:
    """A secretary whom the service account can write to as well."""
    await open_groups(talk, 1)
    await talk.bind("o-li")
    await join(talk, "li", "o-li")
    return await appoint(talk, "li", Role.SECRETARY)


async def test_a_topic_says_whose_turn_it_is_and_until_when(mapped: Talk) -> None:
    secretary = await colleague(mapped)
    async with mapped.database.write() as session:
        there = await find_compound(session, "XH-1")
        assert there is not None
        for title in ("楼下装椅子", "修单元门"):
            await propose_topic(
                session, mapped.services, there, title, "", "plain", mapped.now, actor_id=secretary
            )
    await advance_topics(mapped.database, mapped.services, mapped.now + timedelta(days=6))
    await advance_topics(mapped.database, mapped.services, mapped.now + timedelta(days=30))
    soon, late = await said(mapped, MessageClass.REMINDER, "li")
    assert (soon["template_id"], soon["url"]) == (
        "T-topic",
        "https://yishi.example.org/console/XH-1/topics",
    )
    for notice, state in ((soon, "快到期"), (late, "已超期")):
        fields = notice["fields"]
        assert isinstance(fields, dict)
        assert (fields["thing1"], fields["phrase6"]) == ("楼下装椅子等 2 件", state)
        assert not any(fault_of_value(name, value) for name, value in fields.items())


async def test_every_notice_of_a_consultation_has_its_words(mapped: Talk) -> None:
    await colleague(mapped)
    steps = ("proposed", "unsettled", "closed:1", "ask:1", "late:1", "check")
    async with mapped.database.write() as session:
        there = await find_compound(session, "XH-1")
        assert there is not None
        assert there.compound_id is not None
        row = Consultation(
            compound_id=there.compound_id,
            month="2026-03",
            meets_at=mapped.now,
            form=MeetingForm.BENCH,
            opened_at=mapped.now,
        )
        session.add(row)
        for step in steps:
            await tell_staff(session, mapped.services, there, row, step, "请看", mapped.now)
    notices = await said(mapped, MessageClass.REMINDER, "li")
    states = []
    for notice in notices:
        assert notice["url"] == "https://yishi.example.org/console/XH-1/consultations/2026-03"
        fields = notice["fields"]
        assert isinstance(fields, dict)
        states.append(fields["phrase6"])
        assert not any(fault_of_value(name, value) for name, value in fields.items())
    assert len(set(states)) == len(steps)
