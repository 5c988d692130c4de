"""Codes that people type, ends of documents, and how often one may be wrong."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.identity.rules import (
    ALPHABET,
    CODE_LENGTH,
    capacity_fits,
    make_code,
    may_decide,
    read_code,
    read_name,
    read_phone,
    read_tail,
    show_code,
    too_often,
)
from storage.states import Capacity, OwnerKind

CODES = st.text(ALPHABET, min_size=CODE_LENGTH, max_size=CODE_LENGTH)
READ_AS = {"0": "OoＯ", "1": "IlＩ", "2": "Zz", "5": "Ss", "8": "Bb", "6": "Gg", "U": "Vv"}


@given(CODES, st.randoms(use_true_random=False))
def test_a_code_is_read_however_it_is_typed(code: str, random: Random) -> None:
    typed = "".join(random.choice([sign, sign.lower(), *READ_AS.get(sign, "")]) for sign in code)
    spaced = f" {typed[:3]}　{typed[3:7]}—{typed[7:]}\n"
    assert read_code(spaced) == read_code(show_code(code)) == code


def test_codes_are_of_signs_that_do_not_look_alike_and_differ() -> None:
    assert not set(ALPHABET) & set("OILZSBGVQ")
    codes = {make_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(read_code(code) == code for code in codes)


@pytest.mark.parametrize(
    "typed", ["", "12345", "12345-6789", "12345-67890-1", "验证码", "=" * 10, "A" * 5000]
)
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert read_code(typed) == ""


@pytest.mark.parametrize(
    ("typed", "tail"),
    [
        ("11001x", "11001X"),
        ("１１００１Ｘ", "11001X"),
        (" 11 001 x", "11001X"),
        ("44010619900111001x", "11001X"),
        ("1001x", ""),
        ("", ""),
        ("证件", ""),
    ],
)
def test_the_end_of_a_document_is_read_tolerantly(typed: str, tail: str) -> None:
    assert read_tail(typed) == tail


def test_names_and_phones_are_compared_as_people_write_them() -> None:
    assert read_name(" 阿不都·热合曼 ") == read_name("阿不都热合曼")
    assert read_name("ＡＢＣ（广州）公司") == read_name("abc广州公司")
    assert read_phone("139 0000-0001") == "13900000001"
    assert read_phone("12") == read_phone("无") == ""


def test_five_by_a_person_or_ten_for_a_unit_are_too_many() -> None:
    assert [too_often(person, 0) for person in (4, 5, 6)] == [False, True, True]
    assert [too_often(0, unit) for unit in (9, 10, 11)] == [False, True, True]


def test_who_may_be_bound_to_whom() -> None:
    person, company = OwnerKind.PERSON, OwnerKind.COMPANY
    assert capacity_fits(Capacity.OWNER, person, minor=False)
    assert not capacity_fits(Capacity.OWNER, person, minor=True)
    assert capacity_fits(Capacity.GUARDIAN, person, minor=True)
    assert capacity_fits(Capacity.GUARDIAN, person, minor=False)
    assert not capacity_fits(Capacity.GUARDIAN, company, minor=False)
    assert not capacity_fits(Capacity.OWNER, company, minor=False)
    assert capacity_fits(Capacity.COMPANY, OwnerKind.DEVELOPER, minor=False)
    assert not capacity_fits(Capacity.COMPANY, person, minor=False)


def test_nobody_decides_about_themselves_or_twice() -> None:
    assert may_decide(1, 2, None)
    assert may_decide(1, None, 3)
    assert not may_decide(1, 1, None)
    assert not may_decide(1, 2, 1)
