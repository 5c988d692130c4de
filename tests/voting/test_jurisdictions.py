"""The rules of places, as data with sources."""

import pytest

from handlers.voting.jurisdictions import NATIONAL, ProfileError, load_profile, profile_codes
from handlers.voting.lint import KEY_NAMES


@pytest.mark.parametrize("code", profile_codes())
def test_every_profile_can_be_read_and_every_key_has_a_name(code: str) -> None:
    profile = load_profile(code)
    assert profile.name
    assert profile.keys.keys() <= KEY_NAMES.keys()
    for key in profile.keys.values():
        assert bool(key.source) == (key.as_of is not None)


def test_only_places_with_sources_are_shipped() -> None:
    assert profile_codes() == [
        NATIONAL, "beijing", "hangzhou", "liaocheng", "qingyuan", "weifang", "wuhan",
    ]  # fmt: skip
    for code in profile_codes()[1:]:
        assert all(key.source for key in load_profile(code).keys.values() if key.own)


def test_a_place_inherits_from_the_nation_what_it_has_not_and_that_is_unverified() -> None:
    wuhan = load_profile("wuhan")
    assert wuhan.word("revote") == "once"
    assert wuhan.keys["revote"].verified
    assert wuhan.number("notice_days") == 15
    assert not wuhan.keys["notice_days"].verified
    assert "notice_days" in wuhan.unverified
    assert "notice_days" not in load_profile(NATIONAL).unverified


def test_what_is_only_our_default_is_unverified_everywhere() -> None:
    assert "window_max_days" in load_profile(NATIONAL).unverified
    assert "window_max_days" not in load_profile("hangzhou").unverified


@pytest.mark.parametrize("code", ["beijing", "weifang", "qingyuan"])
def test_where_only_the_governments_platform_may_host_the_vote(code: str) -> None:
    assert load_profile(code).word("binding_online") == "official_platform_only"
    assert load_profile(NATIONAL).word("binding_online") == "allowed"


def test_a_place_that_is_not_there() -> None:
    with pytest.raises(ProfileError, match="no profile atlantis"):
        load_profile("atlantis")
