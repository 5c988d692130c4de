"""Which matter a voice belongs to, and how many people a matter is to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.matters.evaluate import as_read, by_group, measure_clustering
from handlers.matters.rules import (
    ECHO_WITHIN,
    JOIN,
    LASTING,
    REOPEN_WITHIN,
    SAFETY,
    SURE,
    WINDOW,
    Counts,
    Known,
    Said,
    Talk,
    Voice,
    choose,
    compatible,
    confirms,
    count,
    count_others,
    folded,
    rest_number,
    strength,
)
from nlp.chats import UNSEEN, load_chats, parse_chats
from nlp.evaluate import alone, in_context
from nlp.reader import Reader
from nlp.tagger import Tagger

NOW = datetime(2026, 9, 12, 4, 0, tzinfo=UTC)
MARCH = datetime(2026, 3, 12, 4, 0, tzinfo=UTC)
LIFT, LIGHT, PARKING = "dianti.guzhang", "dianti.yixiang", "tingche.luanting"

BUILDINGS = st.sampled_from([None, "3", "5"])
ENTRANCES = st.sampled_from([None, "1", "2"])
LEAVES = st.sampled_from([LIFT, LIGHT, PARKING])
AGES = st.integers(0, 60 * 24 * 40).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def known(draw: st.DrawFn, number: int = 1001) -> Known:
    return Known(
        number=number,
        leaf=draw(st.none() | LEAVES),
        building=draw(BUILDINGS),
        entrance=draw(ENTRANCES),
        heard_at=NOW - draw(AGES),
        ended_at=draw(st.none() | AGES.map(lambda age: NOW - age)),
        back=draw(st.none() | st.integers(1, 12)),
        people=frozenset(draw(st.sets(st.integers(1, 3)))),
        likeness=draw(st.floats(0, 1)),
        leaves=frozenset(draw(st.sets(LEAVES))),
        last_person_id=draw(st.none() | st.integers(1, 3)),
        is_subject=draw(st.booleans()),
        urgency=draw(st.integers(1, SAFETY)),
        confirmed=draw(st.booleans()),
    )


voices = st.builds(
    Voice,
    leaves=st.lists(LEAVES, min_size=1, max_size=2, unique=True).map(tuple),
    building=BUILDINGS,
    entrance=ENTRANCES,
    person_id=st.none() | st.integers(1, 3),
    said_at=st.just(NOW),
    urgency=st.integers(1, SAFETY),
    sure=st.floats(0, 1),
    brief=st.booleans(),
    named=st.booleans(),
)


def lift(**values: object) -> Known:
    return replace(Known(1001, LIFT, None, None, NOW - timedelta(minutes=3)), **values)  # type: ignore[arg-type]


def voice(**values: object) -> Voice:
    return replace(Voice((LIFT,), None, None, 1, NOW), **values)  # type: ignore[arg-type]


@given(
    voices, st.lists(st.integers(0, 5), unique=True).flatmap(lambda ns: st.tuples(*(known(n) for n in ns)))
)
def test_what_is_chosen_is_likely_recent_and_in_one_place_whatever_the_order(
    said: Voice, matters: tuple[Known, ...]
) -> None:
    chosen = choose(said, matters)
    assert chosen == choose(said, matters[::-1])
    if chosen is None:
        assert all(strength(said, matter) < JOIN for matter in matters)
        return
    matter = next(matter for matter in matters if matter.number == chosen)
    assert strength(said, matter) >= JOIN
    assert compatible(said.building, said.entrance, matter.building, matter.entrance)
    age = NOW - (matter.ended_at or matter.heard_at)
    assert age <= (LASTING if matter.confirmed and matter.urgency < SAFETY else max(WINDOW, REOPEN_WITHIN))
    tops = {leaf.partition(".")[0] for leaf in (matter.leaf or "", *matter.leaves)}
    if not tops & {leaf.partition(".")[0] for leaf in said.leaves}:
        assert matter.is_subject
        assert said.sure < SURE
        assert not said.named
        assert matter.urgency >= SAFETY or said.urgency < SAFETY


@given(voices, known(), st.floats(0, 1))
def test_more_in_common_never_speaks_against(said: Voice, matter: Known, likeness: float) -> None:
    more = replace(matter, likeness=max(matter.likeness, likeness))
    assert 0 <= strength(said, matter) <= strength(said, more) <= 1


@pytest.mark.parametrize(
    ("matter", "said", "is_one"),
    [
        (lift(back=1), voice(), True),  # right after
        (lift(back=8), voice(), True),
        (lift(leaf=LIGHT, back=1), voice(), False),  # the same top alone is not enough
        (lift(leaf=LIGHT, back=1, likeness=0.5), voice(), True),
        (lift(), voice(), True),  # a burst
        (lift(heard_at=NOW - timedelta(days=2)), voice(), False),
        (lift(heard_at=NOW - timedelta(days=2), building="3"), voice(building="3"), True),
        (lift(heard_at=NOW - timedelta(days=2), people=frozenset({1})), voice(), True),
        (lift(heard_at=NOW - timedelta(days=2), likeness=0.6), voice(), True),
        (lift(back=1, building="3"), voice(building="5"), False),
        (lift(back=1, building="3", entrance="1"), voice(building="3", entrance="2"), False),
        (lift(heard_at=NOW - timedelta(days=15), building="3"), voice(building="3"), False),
        (lift(heard_at=NOW - timedelta(days=29), ended_at=NOW - timedelta(days=28), building="3"),
         voice(building="3"), True),
        (lift(ended_at=NOW - timedelta(days=31), building="3"), voice(building="3"), False),
        (lift(leaf=None, back=1), voice(), False),
        # what staff confirmed and nobody has done goes on for months, where and for whom it was
        (lift(heard_at=MARCH, building="3", confirmed=True), voice(building="3"), True),
        (lift(heard_at=MARCH, people=frozenset({1}), confirmed=True), voice(), True),
        (lift(heard_at=MARCH, building="3", confirmed=False), voice(building="3"), False),
        (lift(heard_at=MARCH, building="3", confirmed=True), voice(), False),
        (lift(heard_at=MARCH, building="3", confirmed=True, urgency=SAFETY), voice(building="3"), False),
        (lift(heard_at=MARCH, building="3", confirmed=True, leaf=LIGHT), voice(building="3"), False),
        (lift(heard_at=NOW - timedelta(days=366), building="3", confirmed=True), voice(building="3"), False),
        # another voice was taken for what this one is taken for
        (lift(leaf=LIGHT, leaves=frozenset({LIGHT, LIFT}), back=2, is_subject=True), voice(), True),
        (lift(leaf=LIGHT, leaves=frozenset({LIGHT, LIFT}), back=2), voice(), False),
    ],
)  # fmt: skip
def test_one_matter_or_two(matter: Known, said: Voice, is_one: bool) -> None:
    assert (choose(said, [matter]) is not None) is is_one


JUST_NOW = lift(leaf=PARKING, leaves=frozenset({PARKING}), back=1, is_subject=True, last_person_id=1)
UNCLEAR = voice(sure=0.4, person_id=1)


@pytest.mark.parametrize(
    ("matter", "said", "is_one"),
    [
        (JUST_NOW, UNCLEAR, True),  # 拖鞋都漂起来了, after "地库进水了": still about that
        (JUST_NOW, voice(brief=True), False),  # 灯也不亮了: surely something else, however short
        (JUST_NOW, replace(UNCLEAR, brief=True, named=True), False),
        (JUST_NOW, replace(UNCLEAR, person_id=2), False),  # 马路早上又堵车, by somebody else
        (JUST_NOW, replace(UNCLEAR, person_id=2, brief=True), True),
        (replace(JUST_NOW, is_subject=False), UNCLEAR, False),  # something else came in between
        (replace(JUST_NOW, heard_at=NOW - timedelta(minutes=31)), replace(UNCLEAR, brief=True), False),
        (replace(JUST_NOW, heard_at=NOW - timedelta(minutes=10)), replace(UNCLEAR, person_id=2), False),
        (replace(JUST_NOW, building="3"), replace(UNCLEAR, building="5"), False),
        (JUST_NOW, replace(UNCLEAR, urgency=SAFETY), False),  # a danger is not swallowed by what is none
        (replace(JUST_NOW, urgency=SAFETY), replace(UNCLEAR, urgency=SAFETY, person_id=2), True),
        (replace(JUST_NOW, leaf=LIGHT), voice(), False),  # the lift hums, and another is out of order
        (replace(JUST_NOW, leaf=LIGHT), voice(brief=True), True),
        (replace(JUST_NOW, leaf=LIGHT), UNCLEAR, True),
    ],
)  # fmt: skip
def test_who_goes_on_with_a_subject(matter: Known, said: Voice, is_one: bool) -> None:
    assert (choose(said, [matter]) is not None) is is_one


SAID = st.builds(
    Said,
    number=st.integers(1, 30),
    person_id=st.none() | st.integers(1, 4),
    unit=st.sampled_from([None, None, "3-2-501", "3-2-502"]),
    repost_of=st.none() | st.integers(1, 30),
    standing=st.booleans(),
)


@given(st.lists(SAID, max_size=12, unique_by=lambda said: said.number))
def test_nobody_counts_twice(said: list[Said]) -> None:
    counts = count(said)
    standing = [one for one in said if one.standing]
    assert counts == count(reversed(said))
    assert counts.households <= len({one.unit for one in standing if one.unit})
    assert counts.total <= len(standing)
    assert count_others(said, 1, None).total <= counts.total


def test_two_of_one_home_are_one_household_and_a_copy_counts_while_it_stands_alone() -> None:
    home = [
        Said(1, 1, "3-2-501", None, True),
        Said(2, 2, "3-2-501", None, True),
        Said(3, 3, None, None, True),
    ]
    assert count(home) == Counts(1, 1)
    copy = Said(4, 4, None, 3, True)
    assert count([*home, copy]) == Counts(1, 1)
    assert count([*home[:2], replace(home[2], standing=False), copy]) == Counts(1, 1)
    assert count_others(home, 1, "3-2-501") == Counts(0, 1)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from([None, "3-2-501"])), max_size=8), st.integers(1, 3)
)
def test_who_is_forgotten_goes_on_counting_as_before(who: list[tuple[int, str | None]], person: int) -> None:
    unit_of = dict(who)
    said = [Said(number, whose, unit_of[whose], None, True) for number, (whose, _) in enumerate(who, 1)]
    before = count(said).total
    twice = folded(said, person)
    after = [
        replace(one, person_id=None, unit=None, repost_of=twice.get(one.number))
        if one.person_id == person
        else one
        for one in said
    ]
    assert count(after).total == before


def test_who_spoke_before_and_after_they_were_bound_is_one_household() -> None:
    assert count([Said(1, 7, None, None, True), Said(2, 7, "3-2-501", None, True)]) == Counts(1, 0)


def test_what_makes_sure_of_a_matter() -> None:
    one, two = Counts(0, 1), Counts(1, 1)
    assert confirms(overheard=False, urgency=1, counts=one)
    assert confirms(overheard=True, urgency=3, counts=one)
    assert confirms(overheard=True, urgency=1, counts=two)
    assert not confirms(overheard=True, urgency=2, counts=one)


def test_an_echo_is_about_what_was_said_a_moment_ago() -> None:
    at = NOW - timedelta(minutes=2)
    assert Talk((None, 1001), (at, at)).subject(NOW) == 1001
    assert Talk((None, None, None, 1001), (at,) * 4).subject(NOW) is None
    assert Talk((1001,), (NOW - ECHO_WITHIN - timedelta(minutes=1),)).subject(NOW) is None
    assert Talk().subject(NOW) is None
    assert Talk((None, 1001, 1002), (at,) * 3).back(1002) == 3
    assert Talk((None, 1001, 1002), (at,) * 3).last == 1001
    assert Talk().last is None


def test_a_matter_keeps_the_number_of_its_first_voice_when_it_is_split() -> None:
    assert rest_number([1, 2, 3], [2], 1) == 2
    assert rest_number([1, 2, 3], [1], 1) == 2
    assert rest_number([1], [1], 1) is None
    assert rest_number([1, 2], [7], 1) is None


def test_the_measure_is_one_for_what_is_put_together_as_labelled() -> None:
    lines = """
    == 3号楼群 | 2026-03-03
    a|18:00|dianti.guzhang|2|//|m1|电梯又坏了
    b|18:01|none|-|//|-|晚饭吃什么
    b|18:02|dianti.guzhang|2|//|m1|爬了十楼
    c|18:03|tingche.luanting|2|//|m2|消防通道停满了
    """.splitlines()
    chats = parse_chats((line.strip() for line in lines), "small")
    assert measure_clustering(by_group(chats)) == (3, 2, 2, 1.0, 1.0, 1.0)
    # With the tagger's own reading of it: chatter that it heard would be a matter of its own.
    read = measure_clustering(by_group(chats), as_read(alone(Tagger.load().tag)))
    assert (read.purity, read.found) == (1.0, 2)
    assert measure_clustering([]).f1 is None


def test_what_nobody_has_read_is_put_together_without_losing_one_thing_in_another() -> None:
    groups = by_group(load_chats(UNSEEN))
    labelled = measure_clustering(groups)
    read = measure_clustering(groups, as_read(in_context(Reader.load())))
    for figures, least in ((labelled, 0.80), (read, 0.66)):
        assert (figures.purity or 0) >= 0.95
        assert (figures.f1 or 0) >= least
