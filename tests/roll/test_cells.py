"""One cell: areas to the last decimal, numbers that Excel keeps, phones, documents."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.roll.cells import CellError, area_in, document_in, phone_in, spelled, text_of
from handlers.roll.documents import is_credit_code, is_identity_number, is_minor
from handlers.voting.terms import area_text
from tests.roll.sheets import credit_code, identity

AREAS = st.integers(1, 10**9).map(lambda thousandths: Decimal(thousandths).scaleb(-3))


def refusal(cell: object) -> str:
    with pytest.raises(CellError) as refused:
        area_in(cell)  # type: ignore[arg-type]
    return refused.value.code


@given(AREAS)
def test_an_area_in_three_decimals_comes_through_a_float_exactly(area: Decimal) -> None:
    assert area_in(float(area)) == int(area * 1_000_000)


@given(AREAS, AREAS)
def test_what_a_sum_of_floats_adds_is_taken_away(one: Decimal, other: Decimal) -> None:
    assert area_in(float(one) + float(other)) == int((one + other) * 1_000_000)


@given(AREAS, st.sampled_from(["", "㎡", "m²", "M2", "平方米", " 平米"]), st.booleans(), st.booleans())
def test_an_area_in_words_is_the_same_area(area: Decimal, unit: str, grouped: bool, wide: bool) -> None:
    text = f"{area:,f}" if grouped else f"{area:f}"
    if wide:
        text = text.translate({ord(sign): ord(sign) + 0xFEE0 for sign in "0123456789.,"})
    assert area_in(text + unit) == int(area * 1_000_000)


@given(st.integers(1, 10**7), st.integers(2, 998))
def test_more_than_three_decimals_are_refused_and_never_rounded(thousandths: int, rest: int) -> None:
    text = f"{Decimal(thousandths * 1000 + rest).scaleb(-6):f}"
    assert refusal(text) == "area.decimals"
    assert refusal(float(text)) == "area.decimals"


@given(st.text(max_size=12))
def test_any_text_is_an_area_nothing_or_refused(text: str) -> None:
    try:
        area = area_in(text)
    except CellError:
        return
    assert area is None or area_in(area_text(area)) == area


@given(st.floats())
def test_any_float_is_an_area_nothing_or_refused(value: float) -> None:
    try:
        area = area_in(value)
    except CellError:
        return
    assert area is None or abs(Decimal(area).scaleb(-6) - Decimal(value)) <= Decimal("0.000002")


@pytest.mark.parametrize("cell", ["", " ", "-", "/", "无", "0", 0, 0.0, "0.00㎡"])
def test_nothing_and_zero_are_no_area(cell: str | float) -> None:
    assert area_in(cell) is None


@pytest.mark.parametrize("cell", ["89,73", "约89", "89.73.1", "1,23", "八十九", "8 9.73x"])
def test_what_could_be_another_area_is_refused(cell: str) -> None:
    assert refusal(cell) == "area.unreadable"


def test_negative_dates_and_truths_are_refused() -> None:
    assert refusal(-1.0) == "area.negative"
    assert refusal(date(2026, 3, 2)) == "cell.date"
    assert refusal(True) == "cell.truth"


def test_numbers_read_as_they_are_shown() -> None:
    assert text_of(501.0) == "501"
    assert text_of(13800000001.0) == "13800000001"
    assert text_of("  ５０１　") == "501"
    assert spelled("３－２—５０１") == "3-2-501"


def test_a_document_that_is_a_number_has_lost_its_end() -> None:
    with pytest.raises(CellError, match=r"document\.number"):
        document_in(float(identity(1)[:17] + "0"))
    assert document_in(" 000000 19800101 001x") == "00000019800101001X"


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("138 0000 0001", "13800000001"),
        ("+86-13800000001", "13800000001"),
        ("(0571)88880000", "057188880000"),
        ("88880000", "88880000"),
    ],
)
def test_phones_are_digits(written: str, phone: str) -> None:
    assert phone_in(written) == phone


@pytest.mark.parametrize("written", ["1.38E+10", "12345", "1380000000", "13800000001转8"])
def test_what_is_no_phone_is_refused(written: str) -> None:
    with pytest.raises(CellError, match=r"phone\.unreadable"):
        phone_in(written)


@given(st.integers(0, 999), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_of_an_identity_number_is_found(number: int, place: int, more: int) -> None:
    right = identity(number)
    assert is_identity_number(right)
    if right[place] != "X":
        wrong = str((int(right[place]) + more) % 10)
        assert not is_identity_number(right[:place] + wrong + right[place + 1 :])


@given(st.integers(0, 999), st.integers(0, 15))
def test_two_digits_that_changed_places_are_found(number: int, place: int) -> None:
    right = identity(number)
    changed = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
    assert changed == right or not is_identity_number(changed)


def test_published_examples_of_the_standards() -> None:
    assert is_identity_number("11010519491231002X")  # GB 11643-1999, its own example
    assert not is_identity_number("110105194912310021")
    assert is_credit_code("91350100M000100Y43")  # GB 32100-2015, its own example
    assert not is_credit_code("91350100M000100Y44")
    assert is_credit_code(credit_code(7))


def test_a_day_that_never_was_is_no_birthday() -> None:
    assert not is_identity_number(identity(1, "20230230"))


def test_of_age_on_the_eighteenth_birthday() -> None:
    child = identity(1, "20080302")
    assert is_minor(child, date(2026, 3, 1))
    assert not is_minor(child, date(2026, 3, 2))
