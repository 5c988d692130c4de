"""What follows from a compound's profile: data with reasons, pure."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from handlers.grid.profile import LARGE, Profile, defaults_of, in_order
from handlers.voting.lint import CONVENERS
from handlers.voting.templates import load_templates
from storage.states import CompoundKind, Convening, Stewardship, Tenure

EVERY = [
    Profile(*values)
    for values in product((None, *Tenure), (None, *CompoundKind), (None, *Stewardship), (None, *Convening))
]


def test_whatever_is_suggested_can_be_used_and_says_why() -> None:
    for profile in EVERY:
        found = defaults_of(profile)
        assert found.convener in ("", *CONVENERS)
        assert set(found.templates) <= set(load_templates())
        assert all(reason.why and reason.source for reason in found.reasons)


def test_of_what_nobody_entered_nothing_follows() -> None:
    assert defaults_of(Profile()).reasons == ()


def test_who_convenes_is_who_there_is_and_else_the_residents_committee_where_nobody_manages() -> None:
    assert defaults_of(Profile(convening=Convening.OWNERS_COMMITTEE)).convener == "业主委员会"
    unmanaged = Profile(kind=CompoundKind.UNMANAGED, stewardship=Stewardship.NONE)
    assert defaults_of(unmanaged).convener == "居民委员会"
    assert defaults_of(unmanaged).templates[0] == "select_company"
    assert "company" in defaults_of(unmanaged).off


def test_tenants_of_public_housing_hold_no_owners_vote() -> None:
    assert "votes" in defaults_of(Profile(tenure=Tenure.PUBLIC)).off


def test_more_than_ten_thousand_people_are_looked_at_cell_by_cell() -> None:
    assert not defaults_of(Profile(residents=LARGE)).by_cells
    assert defaults_of(Profile(residents=LARGE + 1)).by_cells


@given(st.permutations(list("abcdef")), st.lists(st.sampled_from("abcxyz"), unique=True))
def test_what_comes_first_is_only_moved(codes: list[str], first: list[str]) -> None:
    found = in_order(codes, first)
    assert sorted(found) == sorted(codes)
    known = [code for code in first if code in codes]
    assert found[: len(known)] == known
