"""The list of mutants fits the code it is about; whether tests notice them is for `./run mutants`."""

import ast
import io
import json

from bot.cli.mutants import ROOT, read_mutants, run

TESTS, MUTANTS = read_mutants()


def test_every_mutant_applies_once_and_is_python() -> None:
    for mutant in MUTANTS:
        text = (ROOT / mutant.file).read_text("utf-8")
        mutated = mutant.applied(text)
        assert mutated != text, mutant.name
        ast.parse(mutated, mutant.name)


def test_mutants_have_names_of_their_own_and_are_many() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(names) == len(set(names)) >= 30


def test_the_tests_that_must_notice_are_there() -> None:
    assert [name for name in TESTS if not (ROOT / name).is_file()] == []


def test_the_command_makes_a_mistake_in_a_copy_and_says_which_test_noticed() -> None:
    before = [(ROOT / mutant.file).read_text("utf-8") for mutant in MUTANTS]
    out, err = io.StringIO(), io.StringIO()
    assert run(["half is enough"], out, err, ["tests/voting/test_thresholds.py"]) == 0, err.getvalue()
    (line,) = map(json.loads, out.getvalue().splitlines())
    assert line["result"] == "killed"
    assert line["by"] == "tests/voting/test_thresholds.py::test_half_is_not_more_than_half"
    assert [(ROOT / mutant.file).read_text("utf-8") for mutant in MUTANTS] == before
