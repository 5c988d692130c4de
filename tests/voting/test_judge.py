"""Which ballots count, and why the others do not."""

import pytest

from handlers.voting.judge import judge
from handlers.voting.terms import ChannelPriority, Rejection, Revote, Rules
from storage.states import UnitKind
from tests.voting.votes import at, ballot, judged, unit

WINDOW = Rules(opens_at=at(1), closes_at=at(20))


def reasons(*args: object, **more: object) -> list[Rejection]:
    return [reason for _, reason in judged(*args, **more).rejected]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moment", "rejected"),
    [
        (at(1), []),
        (at(20), []),
        (at(1, 11), [Rejection.EARLY]),
        (at(20, 13), [Rejection.LATE]),
    ],
)
def test_both_ends_belong_to_the_window(moment: object, rejected: list[Rejection]) -> None:
    assert reasons([unit("a")], [ballot("a", cast_at=moment)], WINDOW) == rejected


def test_a_ballot_for_a_unit_that_is_not_in_the_vote() -> None:
    units = [unit("a"), unit("p", kind=UnitKind.PARKING), unit("b", building="9")]
    rules = Rules(scope_buildings=frozenset({""}))
    ballots = [ballot("a"), ballot("p"), ballot("b"), ballot("nowhere")]
    assert reasons(units, ballots, rules) == [Rejection.UNKNOWN_UNIT] * 3
    assert reasons(units[:2], ballots[:2], Rules(parking_counts=True)) == []


def test_only_the_named_representative_votes_for_co_owners() -> None:
    units = [unit("a", co_owned=True, representative="wife")]
    assert reasons(units, [ballot("a", by="husband"), ballot("a", by="wife")]) == [
        Rejection.NOT_REPRESENTATIVE
    ]
    assert reasons(units, [ballot("a")]) == []


def test_a_minor_votes_through_a_guardian() -> None:
    units = [unit("a", owner="child", owner_minor=True)]
    assert reasons(units, [ballot("a", by="child")]) == [Rejection.MINOR_NEEDS_GUARDIAN]
    assert reasons(units, [ballot("a", by="mother")]) == []


def test_a_proxy_may_hold_so_many_mandates_of_persons() -> None:
    units = [unit("a1", owner="a"), unit("a2", owner="a"), unit("b"), unit("c")]
    ballots = [ballot(name, proxy="z", channel="paper") for name in ("a1", "a2", "b", "c")]
    assert reasons(units, ballots, Rules(proxy_cap=2)) == [Rejection.PROXY_CAP]
    assert reasons(units, ballots) == []


def test_a_refused_ballot_uses_up_no_mandate() -> None:
    units = [unit("a"), unit("b")]
    ballots = [ballot("a", by="a"), ballot("a", channel="paper", proxy="z"), ballot("b", proxy="z")]
    assert reasons(units, ballots, Rules(proxy_cap=1)) == [Rejection.DUPLICATE_OTHER_CHANNEL]


def test_a_cap_of_none_at_all() -> None:
    assert reasons([unit("a")], [ballot("a", proxy="z")], Rules(proxy_cap=0)) == [Rejection.PROXY_CAP]


@pytest.mark.parametrize(
    ("revote", "counted", "rejected"),
    [
        (Revote.NONE, "agree", 2),
        (Revote.ONCE, "against", 1),
        (Revote.LAST, "abstain", 0),
    ],
)
def test_changing_a_ballot(revote: Revote, counted: str, rejected: int) -> None:
    ballots = [
        ballot("a", choice, cast_at=at(day)) for day, choice in enumerate(("agree", "against", "abstain"), 2)
    ]
    result = judged([unit("a")], reversed(ballots), Rules(revote=revote))
    assert result.slots["a"].choices["q"] == counted
    assert [reason for _, reason in result.rejected] == [Rejection.REVOTE_REFUSED] * rejected


def test_ballots_of_one_moment_are_taken_by_their_number_then_as_they_stand() -> None:
    ballots = [
        ballot("a", "x", seq=2, cast_at=at(3)),
        ballot("a", "y", seq=1, cast_at=at(3)),
        ballot("a", "z", seq=1, cast_at=at(3)),
    ]
    assert judged([unit("a")], ballots).slots["a"].choices["q"] == "y"


@pytest.mark.parametrize("revote", list(Revote))
def test_the_first_channel_has_the_slot_whatever_may_be_changed(revote: Revote) -> None:
    result = judged([unit("a")], [ballot("a"), ballot("a", "against", "paper")], Rules(revote=revote))
    assert result.slots["a"].channel == "online"
    assert [reason for _, reason in result.rejected] == [Rejection.DUPLICATE_OTHER_CHANNEL]


@pytest.mark.parametrize("turned", [False, True])
def test_paper_goes_before_online_where_that_was_announced(turned: bool) -> None:
    rules = Rules(channel_priority=ChannelPriority.PAPER_OVER_ONLINE)
    ballots = [ballot("a"), ballot("a", "against", "paper")]
    result = judged([unit("a")], ballots[::-1] if turned else ballots, rules)
    assert result.slots["a"].channel == "paper"
    assert [(each.channel, reason) for each, reason in result.rejected] == [
        ("online", Rejection.DUPLICATE_OTHER_CHANNEL)
    ]


def test_paper_goes_before_online_only() -> None:
    rules = Rules(channel_priority=ChannelPriority.PAPER_OVER_ONLINE)
    result = judged([unit("a")], [ballot("a", channel="phone"), ballot("a", channel="paper")], rules)
    assert result.slots["a"].channel == "phone"


def test_two_co_owners_are_heard_both_and_nobody_counts() -> None:
    units = [unit("a", co_owned=True)]
    ballots = [ballot("a", by="he"), ballot("a", by="she"), ballot("a", "against", "paper", by="he")]
    result = judged(units, ballots, Rules(revote=Revote.LAST))
    assert result.slots == {}
    assert [each.by for each in result.contested["a"]] == ["he", "she", "he"]
    assert result.rejected == ()


def test_one_co_owner_twice_is_a_change_of_ballot() -> None:
    units = [unit("a", co_owned=True)]
    assert reasons(units, [ballot("a", by="he"), ballot("a", by="he")]) == [Rejection.REVOTE_REFUSED]


def test_judging_changes_nothing_it_was_given() -> None:
    roll = {"a": unit("a")}
    ballots = [ballot("a"), ballot("b")]
    judge(Rules(), roll, ballots)
    assert (roll, ballots) == ({"a": unit("a")}, [ballot("a"), ballot("b")])


def test_a_paper_from_the_box_may_be_keyed_in_after_the_close() -> None:
    keyed_in = ballot("a", channel="paper", cast_at=at(20), recorded_at=at(21))
    assert reasons([unit("a")], [keyed_in], WINDOW) == []
    late = ballot("a", channel="paper", cast_at=at(20, 13), recorded_at=at(20, 13))
    assert reasons([unit("a")], [late], WINDOW) == [Rejection.LATE]


def test_the_slot_is_whose_ballot_was_recorded_first() -> None:
    paper = ballot("a", "against", "paper", cast_at=at(2), recorded_at=at(10))
    assert judged([unit("a")], [paper, ballot("a", cast_at=at(5))]).slots["a"].channel == "online"


def test_paper_goes_before_online_but_a_call_does_not() -> None:
    rules = Rules(channel_priority=ChannelPriority.PAPER_OVER_ONLINE)
    result = judged([unit("a")], [ballot("a"), ballot("a", channel="phone")], rules)
    assert result.slots["a"].channel == "online"


def test_a_ballot_that_a_paper_displaced_uses_up_no_mandate() -> None:
    rules = Rules(proxy_cap=1, channel_priority=ChannelPriority.PAPER_OVER_ONLINE)
    ballots = [ballot("a", proxy="z"), ballot("a", channel="paper"), ballot("b", proxy="z")]
    assert reasons([unit("a"), unit("b")], ballots, rules) == [Rejection.DUPLICATE_OTHER_CHANNEL]


def test_of_two_mandates_of_one_person_one_is_left_when_a_paper_displaces_the_other() -> None:
    rules = Rules(proxy_cap=1, channel_priority=ChannelPriority.PAPER_OVER_ONLINE)
    units = [unit("a1", owner="a"), unit("a2", owner="a"), unit("b")]
    ballots = [
        ballot("a1", proxy="z"),
        ballot("a2", proxy="z"),
        ballot("a1", channel="paper"),
        ballot("b", proxy="z"),
    ]
    assert reasons(units, ballots, rules) == [Rejection.DUPLICATE_OTHER_CHANNEL, Rejection.PROXY_CAP]


def test_two_voters_for_a_flat_of_one_owner_are_no_co_owners() -> None:
    assert reasons([unit("a")], [ballot("a", by="he"), ballot("a", by="she")]) == [Rejection.REVOTE_REFUSED]
