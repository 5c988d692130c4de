"""What is said fits what the platforms take, with the longest names, numbers and links that there can be.

Whatever is longer than a message all the same is cut (answers) or goes in parts (news): that is the last resort, and
tests of its own are in test_texts.py and test_reach.py.
"""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import handlers
from handlers.alerts.chat import LISTED as ALERTS
from handlers.consultations.agenda import SAID
from handlers.consultations.words import listed as numbered
from handlers.desk import NAMED as COMPOUNDS
from handlers.groups.chat import LISTED as UNANSWERED
from handlers.groups.chat import TOPS
from handlers.learning.chat import LISTED as DOUBTFUL
from handlers.opinions.chat import LISTED as OWN
from handlers.opinions.chat import SHOWN
from handlers.people.chat import LISTED as RECEIPTS
from handlers.polls.rules import MOST_OPTIONS
from handlers.reach.fields import fit
from handlers.reach.rules import LIMITS
from handlers.requests.meant import LISTED as MEANT
from handlers.requests.offices import role_name
from handlers.requests.staff import LISTED as ORDERS
from handlers.texts import LIST_BYTES, listed, say, short
from handlers.topics.words import REASON
from handlers.visits.remind import NAMED as HOMES
from handlers.voting.news import News, for_group, for_owner, for_resident, for_waited
from handlers.voting.terms import Status
from storage.states import Form, Role, VoteMode
from storage.tables import Compound, Vote

CATALOGUE: dict[str, dict[str, str]] = tomllib.loads(
    Path(handlers.__file__).with_name("texts.toml").read_text("utf-8")
)
KEYS = [f"{table}.{name}" for table, texts in CATALOGUE.items() for name in texts]
MESSAGE = LIMITS[Form.TEXT]
_FIELD = re.compile(r"\{([a-z_]+)\}")

NAME = "观" * 40  # a compound, a company
TITLE = short("议" * 120)
LINK = "https://" + "y" * 112
DAY, MOMENT = "12月31日", "2026年12月31日 23:59"
CATEGORY = "电梯与加装电梯·停运与故障" * 2
LONGEST = {
    "compound": NAME,
    "name": NAME,
    "names": "、".join([NAME] * COMPOUNDS),
    "company": NAME,
    "title": TITLE,
    "link": LINK,
    "home": NAME + "33栋2单元3301",
    "place": "33栋2单元3301",
    "places": "、".join(["33栋2单元 99 件"] * 5),
    "unit": "33栋2单元3301",
    "building": "33栋",
    "where": NAME + "、".join(["33栋2单元3301"] * 3),
    "text": "话" * SHOWN,
    "words": "话" * SHOWN,
    "reason": "因" * REASON,
    "why": "因" * 200,
    "answer": "答" * SAID,
    "reasons": "因" * 120,
    "what": CATEGORY,
    "label": CATEGORY,
    "category": CATEGORY,
    "categories": CATEGORY,
    "outcome": TITLE,
    "facts": "事" * 200,
    "receipts": "",
    "lines": "",
    "items": numbered([TITLE] * 20),
    "options": "",
    "numbers": "、".join(["123456"] * HOMES),
    "holder": "某" * 40,
    "heading": "联系单位",
    "phone": "1" * 20,
    "people": "1234 户、1234 位邻居",
    "when": MOMENT,
    "at": MOMENT,
    "alerted_at": MOMENT,
    "closes": MOMENT,
    "opens": MOMENT,
    "by": MOMENT,
    "until": MOMENT,
    "since": DAY,
    "said_on": MOMENT,
    "notice": MOMENT,
    "who": "小区书记",
    "rating": "基本满意",
    "part": "12,345/12,345 人（100%），123,456.78/123,456.78 平方米（100%）",
    "whole": "12,345/12,345 人（100%），123,456.78/123,456.78 平方米（100%）",
    "root": "ab12 " * 8,
    "fingerprint": "ab12 " * 16,
    "number": "1234567",
    "matter": "1234567",
    "other": "1234567",
    "serial": "A1B2-C3D4-E",
    "code": "ab12 " * 4,
    "verb": "还没好",
    "example": f"绑定 {NAME} 33栋2单元",
    "told": "已告诉反映的人。",
    "urgent": "（急）",
    "steps": say("votes.turnout_in_steps"),
    "secret": say("ballots.secret"),
    "counts": say("ballots.contested"),
    "usual": "大约 1234 户（人）",
    "state": "待核实" * 4,
    "chosen": "、".join([TITLE] * MOST_OPTIONS),
    "period": "2026年第4季度",
    "form": "阳光议事会",
    "step": "定议",
}


def line(key: str) -> str:
    """A text with the longest values there can be."""
    table, _, name = key.partition(".")
    fields = set(_FIELD.findall(CATALOGUE[table][name]))
    return say(key, **{field: LONGEST.get(field, "1234567") for field in fields})


def size(text: str) -> int:
    return len(text.encode())


FULL = "满" * (LIST_BYTES // 3) + "\n" + say("lists.more", count=1234567)  # what `listed` fills
LISTS = {
    "people.bound_held": {"receipts": "\n".join([f"编号 1234567：{CATEGORY}"] * RECEIPTS)},
    "opinions.progress_list": {"lines": "\n".join([line("opinions.progress_line")] * OWN)},
    "opinions.withdraw_which": {"lines": "\n".join([line("opinions.progress_line")] * OWN)},
    "staff.week": {"lines": "\n".join([f"{CATEGORY} 1234567"] * TOPS)},
    "staff.unanswered": {
        "lines": "\n".join(
            [f"1234567｜待核实｜{CATEGORY}｜33栋2单元3301｜1234 户、1234 位邻居｜999天"] * UNANSWERED
        )
    },
    "learning.waiting": {
        "lines": "\n".join([f"1234567｜33栋2单元｜{'话' * 60}｜建议：{CATEGORY}"] * DOUBTFUL)
    },
    "alerts.which": {"lines": "\n".join([line("alerts.line")] * ALERTS)},
    "requests.which": {"lines": "\n".join([line("requests.which_line")] * MEANT)},
    "requests.waiting": {"lines": "\n".join([line("requests.waiting_line")] * ORDERS)},
    "requests.mine": {"lines": "\n".join([line("requests.mine_line")] * ORDERS)},
    "points.mine": {
        "lines": "\n".join(line(f"points.{each}") for each in ("report", "consultation", "rating"))
    },
    "polls.one": {"options": "\n".join([f"12 {TITLE}"] * MOST_OPTIONS)},
}
# News that may be as long as what somebody wrote, or lists all there is: it goes in numbered parts.
IN_PARTS = {"topics.remind", "topics.overdue", "topics.answered", "outreach.reason"}


def test_every_text_fits_one_message() -> None:
    sizes = {}
    for key in set(KEYS) - IN_PARTS:
        table, _, name = key.partition(".")
        values = {field: LONGEST.get(field, "1234567") for field in _FIELD.findall(CATALOGUE[table][name])}
        values |= {"lines": FULL} if "lines" in values else {}
        sizes[key] = size(say(key, **values | LISTS.get(key, {})))
    assert {key: found for key, found in sizes.items() if found > MESSAGE} == {}


@given(st.lists(st.text("好a\n", max_size=700), min_size=1, max_size=30))
def test_a_list_is_of_whole_entries_and_says_how_many_are_missing(entries: list[str]) -> None:
    text = listed(entries, "|")
    shown = text.split("|")
    missing = len(entries) - len(shown)
    if text == "|".join(entries):
        return
    assert shown[:-1] == entries[: len(shown) - 1]
    assert shown[-1] == say("lists.more", count=missing + 1)
    assert len(shown) == 2 or size(text) <= LIST_BYTES + size(shown[-1])
    assert size("|".join(entries[: len(shown)])) + 1 > LIST_BYTES


# What stands in the narrow fields of templates. A value that is too long is cut, which nobody should see.

STATES = re.compile(r"\w+\.brief_(?!what|todo)\w+|(reach|consultations)\.state_\w+|oversight\.state")
LINES = re.compile(r"\w+\.(todo\w*|brief_what|brief_todo)|oversight\.what|consultations\.what")


def test_a_state_fits_the_narrowest_field() -> None:
    states = [key for key in KEYS if STATES.fullmatch(key)]
    assert len(states) > 30
    assert [key for key in states if fit("phrase1", line(key).strip()) != line(key).strip()] == []


def test_what_to_do_fits_its_field() -> None:
    lines = [key for key in KEYS if LINES.fullmatch(key)]
    assert len(lines) > 12
    longest = max((role_name(role) for role in Role), key=len)
    told = {key: line(key).replace(LONGEST["who"], longest).strip() for key in lines}
    assert {key: text for key, text in told.items() if fit("thing1", text) != text} == {}


# News of votes is put together from many lines. Of what a group reads nothing should be in a second message.


def _vote(mode: VoteMode) -> Vote:
    at = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    return Vote(
        compound_id=1,
        vote_number=1234567,
        operator_id=1,
        title="表" * 120,
        mode=mode,
        created_at=at,
        opens_at=at,
        closes_at=at,
        roll_persons=123456,
        roll_area=123456789012,
        roll_root=b"r" * 32,
        revoked_reason="因" * 200,
    )


@pytest.mark.parametrize("mode", VoteMode)
@pytest.mark.parametrize("news", News)
def test_news_of_a_vote_fit_one_message(news: News, mode: VoteMode) -> None:
    compound = Compound(code="c" * 32, name=NAME)
    vote = _vote(mode)
    outcomes = [("问" * 120, Status.PASSED.value)] * 20
    group = for_group(compound, vote, news, "f" * 64, LINK, outcomes)
    owner = for_owner(compound, vote, news, LINK, outcomes)
    assert max(size(group.text), size(group.markdown), size(owner.text)) <= MESSAGE
    assert size(for_waited(compound, vote, LINK).text) <= MESSAGE
    assert size(for_resident(compound, vote, LINK).text) <= MESSAGE
