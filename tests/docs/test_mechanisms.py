"""The page of mechanisms, held to the tests that walk them."""

import re

from tests.docs.pages import ROOT, read, rows

_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_mechanism_has_a_row_and_a_test_that_is_there() -> None:
    found = list(rows(read("docs/mechanisms.md"), 5))
    assert [row[0] for row in found] == [str(number) for number in range(1, 23)]
    for number, *_told, walked in found:
        named = _TEST.findall(walked)
        assert named, f"{number} names no test"
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text("utf-8"), f"{number} names {file}::{test}"
