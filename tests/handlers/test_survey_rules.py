"""Rules of household surveys: what is asked, whose word stands, what is due, what may be shown."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from handlers.local_time import LOCAL
from handlers.surveys.reasons import OTHER, reasons_of, template_codes
from handlers.surveys.rules import (
    CHOICES,
    PHASES,
    Code,
    Counts,
    Draft,
    Due,
    Household,
    Refused,
    Said,
    Times,
    checked,
    checked_answer,
    closes_at,
    coverage,
    covers,
    due,
    may_have_been,
    next_at,
    opens_at,
    remind_at,
    takes_over,
)
from handlers.surveys.scope import Scope, scope_of
from handlers.surveys.words import CHOICE_NAMES
from handlers.topics.templates import load_templates
from storage.states import DoorOutcome, SurveyChoice, SurveyGiver, SurveyPhase, SurveyState

TODAY = date(2026, 3, 12)
DRAFT = Draft(SurveyPhase.PLAN, "改不改？", TODAY, TODAY + timedelta(days=7))
AGREE, AGAINST, EITHER = CHOICES


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=LOCAL).astimezone(UTC)


def test_a_round_of_the_three_has_its_name_and_any_other_one_of_its_own() -> None:
    assert checked(replace(DRAFT, name="别的"), TODAY).name == "方案设计"
    other = replace(DRAFT, phase=SurveyPhase.OTHER, name=" 完工  回访 ", buildings=("5", "3", "5"))
    assert (checked(other, TODAY).name, checked(other, TODAY).buildings) == ("完工 回访", ("3", "5"))
    assert set(PHASES) == set(SurveyPhase) - {SurveyPhase.OTHER}
    assert set(CHOICE_NAMES) == set(SurveyChoice)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"question": "  "}, Code.QUESTION),
        ({"question": "问" * 401}, Code.QUESTION),
        ({"phase": SurveyPhase.OTHER}, Code.NAME),
        ({"ends_on": TODAY - timedelta(days=1)}, Code.DAYS),
        ({"starts_on": TODAY - timedelta(days=9), "ends_on": TODAY - timedelta(days=1)}, Code.DAYS),
        ({"ends_on": TODAY + timedelta(days=91)}, Code.DAYS),
        ({"starts_on": date(2030, 1, 1), "ends_on": date(2030, 1, 2)}, Code.DAYS),
    ],
)
def test_what_does_not_fit_is_refused_by_name(changes: dict[str, object], code: Code) -> None:
    with pytest.raises(Refused) as refused:
        checked(replace(DRAFT, **changes), TODAY)  # type: ignore[arg-type]
    assert refused.value.code is code


def test_reasons_belong_to_who_is_against_it() -> None:
    offered = reasons_of("renovation")
    said = checked_answer(Said(AGAINST, ("noise", "made_up", "cost"), "  太吵 "), offered)
    assert said == Said(AGAINST, ("noise", "cost"), "太吵")
    assert checked_answer(Said(AGREE, ("noise",), "快点修"), offered) == Said(AGREE, (), "快点修")
    assert set(template_codes()) == set(load_templates())
    for code in (*template_codes(), "gone"):
        assert list(reasons_of(code))[-1] == OTHER
    assert reasons_of("gone") == reasons_of("plain")


def test_the_last_word_stands_but_not_against_a_better_one() -> None:
    staff, resident, owner = SurveyGiver.STAFF, SurveyGiver.RESIDENT, SurveyGiver.OWNER
    for giver in SurveyGiver:
        assert takes_over(giver, None)
        assert takes_over(giver, giver)
        assert takes_over(owner, giver)
    assert takes_over(resident, staff)
    assert not takes_over(staff, resident)
    assert not takes_over(staff, owner)
    assert not takes_over(resident, owner)


def test_a_canvasser_goes_to_their_parts_only() -> None:
    assert covers(["", "5"], "3", "2")
    assert covers(["3"], "3", "2")
    assert covers(["3-2"], "3", "2")
    assert not covers(["3-1", "13", "3-22"], "3", "2")
    assert not covers([], "3", "2")


def test_the_clock_opens_reminds_by_day_and_closes() -> None:
    draft = Times(SurveyState.DRAFT, True, date(2026, 3, 12), date(2026, 3, 19))
    assert (due(draft, at(12, 8, 59)), due(draft, at(12, 9))) == (None, Due.OPEN)
    assert due(replace(draft, is_set=False), at(12, 9)) is None
    assert due(draft, at(19, 20, 1)) is Due.LAPSE
    assert next_at(draft, at(11, 9)) == opens_at(draft.starts_on)
    assert next_at(replace(draft, is_set=False), at(11, 9)) is None

    reminds = remind_at(at(12, 9), draft.ends_on)
    assert reminds == at(17, 10)
    opened = Times(SurveyState.OPEN, True, draft.starts_on, draft.ends_on, reminds)
    assert next_at(opened, at(12, 9)) == reminds
    assert next_at(opened, at(17, 11)) == at(17, 11)
    assert next_at(opened, at(17, 20)) == next_at(opened, at(18, 3)) == at(18, 9)
    assert next_at(opened, at(19, 20)) == closes_at(draft.ends_on)
    assert due(opened, at(17, 9, 59)) is None
    assert due(opened, at(17, 10)) is Due.REMIND
    assert due(opened, at(17, 20)) is None  # it was late: not at night
    assert due(opened, at(18, 8, 59)) is None
    assert due(opened, at(18, 9)) is Due.REMIND
    assert due(opened, at(19, 20)) is None
    assert due(opened, at(19, 20, 1)) is Due.CLOSE
    assert next_at(replace(opened, remind_at=None), at(18, 9)) == closes_at(draft.ends_on)
    closed = replace(opened, state=SurveyState.CLOSED)
    assert due(closed, at(20, 12)) is None
    assert next_at(closed, at(20, 12)) is None


def test_a_draft_says_of_which_buildings_the_roll_has_fewer() -> None:
    assert scope_of({}, {"3": 4, "12": 2}, []) == Scope(6, 6, ())
    assert scope_of({}, {"3": 4, "12": 2}, ["12"]) == Scope(2, 2, ())
    assert scope_of({"3": 5, "2": 1}, {"10": 7, "3": 4, "2": 2}, []) == Scope(6, 13, ("2", "10"))
    assert scope_of({"3": 5}, {"10": 7, "3": 4}, ["10"]) == Scope(0, 7, ("10",))
    assert scope_of({"3": 5}, {}, []) == Scope(5, 0, ())


def test_a_short_round_reminds_late_or_not_at_all() -> None:
    assert remind_at(at(12, 9), date(2026, 3, 14)) == at(13, 10)
    assert remind_at(at(12, 11), date(2026, 3, 14)) == at(14, 10)
    assert remind_at(at(12, 9), date(2026, 3, 12)) is None
    long_ago = date(2026, 1, 1)
    assert may_have_been(date(2026, 2, 9), long_ago, at(12, 9))
    assert not may_have_been(date(2026, 2, 8), long_ago, at(12, 9))
    assert not may_have_been(date(2026, 3, 13), long_ago, at(12, 9))
    assert may_have_been(date(2026, 3, 12), date(2026, 3, 12), at(12, 9))
    assert not may_have_been(date(2026, 3, 11), date(2026, 3, 12), at(12, 9))  # nobody asked it yet


def test_coverage_counts_each_household_once_by_building() -> None:
    absent, refused, empty = DoorOutcome.ABSENT, DoorOutcome.REFUSED, DoorOutcome.EMPTY
    found = coverage(
        [
            Household("10", 90, AGREE, absent),
            Household("3", 80, AGAINST),
            Household("3", 70, EITHER),
            Household("3", 60, None, absent),
            Household("3", 50, None, refused),
            Household("3", 40, None, empty),
            Household("3", 30),
        ]
    )
    assert list(found.by_building) == ["3", "10"]
    assert found.by_building["3"] == Counts(6, 5, 2, 0, 1, 1, 1, 1, 1)
    assert found.by_building["10"] == Counts(1, 1, 1, 1)
    assert found.whole == Counts(7, 6, 3, 1, 1, 1, 1, 1, 1)
    assert (found.whole.unreached, found.whole.untried) == (4, 1)
    assert found.areas is not None
    assert (found.areas.total, found.areas.answered) == (420, 240)
    assert coverage([Household("3", 80), Household("3")]).areas is None
    assert coverage([]).areas is None
    alike = coverage([Household("3", 160, AGREE, absent, 2), Household("3", 90, None, absent, 3)])
    assert alike.whole == Counts(5, 5, 2, 2, absent=3)
    assert alike.areas is not None
    assert (alike.areas.total, alike.areas.answered) == (250, 160)
