"""Personal data at rest: what opens, what does not, and what can be looked up."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.sealing import Sealer, SealError
from tests.conftest import COLUMN_KEY, LOOKUP_KEY

NEW_KEY = "k2:" + base64.b64encode(bytes(range(100, 132))).decode()
NAME = "persons.name"


@given(st.binary(max_size=200))
def test_what_was_sealed_opens(value: bytes) -> None:
    sealer = Sealer([COLUMN_KEY], LOOKUP_KEY)
    sealed = sealer.seal(value, NAME)
    assert sealer.open(sealed, NAME) == value
    assert len(value) < 8 or value not in sealed


def test_sealing_twice_gives_different_bytes(sealer: Sealer) -> None:
    assert sealer.seal("赵小满".encode(), NAME) != sealer.seal("赵小满".encode(), NAME)


def test_after_rotation_the_new_key_seals_and_the_old_one_still_opens(sealer: Sealer) -> None:
    old = sealer.seal("赵小满".encode(), NAME)
    rotated = Sealer([NEW_KEY, COLUMN_KEY], LOOKUP_KEY)
    assert rotated.open(old, NAME).decode() == "赵小满"
    fresh = rotated.seal("赵小满".encode(), NAME)
    with pytest.raises(SealError, match="no key"):
        sealer.open(fresh, NAME)
    assert Sealer([NEW_KEY], LOOKUP_KEY).open(fresh, NAME).decode() == "赵小满"


def test_a_value_moved_to_another_column_does_not_open(sealer: Sealer) -> None:
    with pytest.raises(SealError, match="altered"):
        sealer.open(sealer.seal(b"13900000001", "persons.phone"), NAME)


def test_no_byte_can_be_changed_or_cut_off(sealer: Sealer) -> None:
    sealed = sealer.seal(b"13900000001", "persons.phone")
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises(SealError):
            sealer.open(bytes(altered), "persons.phone")
        with pytest.raises(SealError):
            sealer.open(sealed[:position], "persons.phone")


def test_the_error_does_not_quote_the_value(sealer: Sealer) -> None:
    sealed = sealer.seal(b"13900000001", "persons.phone")
    with pytest.raises(SealError) as caught:
        Sealer([NEW_KEY], LOOKUP_KEY).open(sealed, "persons.phone")
    assert "1390" not in str(caught.value)
    assert "persons.phone" in str(caught.value)


def test_lookup_is_equal_for_equal_values_of_one_context_and_key_only(sealer: Sealer) -> None:
    phone = sealer.lookup(b"13900000001", "persons.phone")
    assert phone == sealer.lookup(b"13900000001", "persons.phone")
    assert len(phone) == 32
    others = {
        sealer.lookup(b"13900000002", "persons.phone"),
        sealer.lookup(b"13900000001", "erasures.subject"),
        Sealer([COLUMN_KEY], NEW_KEY.partition(":")[2]).lookup(b"13900000001", "persons.phone"),
    }
    assert phone not in others
    assert len(others) == 3
