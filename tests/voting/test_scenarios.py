"""The acceptance cases, through the command that people run."""

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.cli.tally import run

HERE = Path(__file__).parent / "scenarios.json"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "tally_scenarios.json"


def lines_of(path: Path) -> list[dict[str, Any]]:
    out, err = io.StringIO(), io.StringIO()
    assert run(str(path), out, err) == 0, err.getvalue()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def expected(path: Path) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    for scenario in json.loads(path.read_text())["scenarios"]:
        if scenario["kind"] == "documented_only":
            continue
        for variant in scenario.get("variants", [scenario]):
            yield scenario["id"], variant.get("name"), variant["expected"]


def exact(key: str, value: object) -> object:
    return Decimal(str(value)) if key.startswith("area") and value is not None else value


def check(path: Path) -> int:
    lines, cases = lines_of(path), list(expected(path))
    assert [(line["id"], line["variant"]) for line in lines] == [
        (name, variant) for name, variant, _ in cases
    ]
    for line, (name, variant, figures) in zip(lines, cases, strict=True):
        for key in figures.keys() - {"why"}:
            assert exact(key, line[key]) == exact(key, figures[key]), (name, variant, key)
    return len(lines)


def test_every_scenario_has_its_lawful_outcome() -> None:
    assert check(HERE) == 35


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the team's data folder is not beside this checkout")
def test_the_shared_scenarios_too() -> None:
    assert check(SHARED) >= 35


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", 'a list of "scenarios"'),
        ('{"scenarios": [1]}', 'a list of "scenarios"'),
        ('{"scenarios": [{"kind": "units"}]}', "without an id"),
        ('{"scenarios": [{"id": "X1", "kind": "guess", "matter_item": 4}]}', "X1: kind"),
        ('{"scenarios": [{"id": "X1", "kind": "units", "matter_item": 10}]}', "X1: matter_item"),
        ('{"scenarios": [{"id": "X1", "kind": "aggregate", "matter_item": 4}]}', "X1: aggregate is missing"),
        ('{"scenarios": [{"id": "X1", "kind": "election", "matter_item": 3}]}', "X1: election is missing"),
        ('{"scenarios": [{"id": "X1", "kind": "units", "matter_item": 4, "variants": 3}]}', "X1: variants"),
        (
            '{"scenarios": [{"id": "X1", "kind": "units", "matter_item": 4, "policy": {"revote": "twice"}}]}',
            "X1: policy.revote",
        ),
        (
            '{"scenarios": [{"id": "X1", "kind": "units", "matter_item": 4,'
            ' "units": [{"unit_id": "a", "owner_id": "b"}]}]}',
            "X1: unit a has no area",
        ),
        (
            '{"scenarios": [{"id": "X1", "kind": "units", "matter_item": 4,'
            ' "units": [{"unit_id": "a", "owner_id": "b", "area_m2": "-3"}]}]}',
            "X1: units.0.area_m2",
        ),
        (
            '{"scenarios": [{"id": "X1", "kind": "units", "matter_item": 4,'
            ' "units": [{"unit_id": "a", "owner_id": "b", "area_m2": NaN}]}]}',
            "X1: units.0.area_m2",
        ),
        (
            '{"scenarios": [{"id": "X1", "kind": "units", "matter_item": 4, "unit_groups":'
            ' [{"prefix": "A", "n": 1, "area_m2": "9"}, {"prefix": "A", "n": 2, "area_m2": "9"}]}]}',
            "X1: unit A0001 is there twice",
        ),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_printed(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "votes.json"
    path.write_text(text)
    out, err = io.StringIO(), io.StringIO()
    assert run(str(path), out, err) == 2
    assert out.getvalue() == ""
    assert complaint in err.getvalue()
    assert err.getvalue().count("\n") == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    err = io.StringIO()
    assert run(str(tmp_path / "none.json"), io.StringIO(), err) == 2
    assert "none.json" in err.getvalue()


def test_an_area_written_as_a_number_stays_exact(tmp_path: Path) -> None:
    path = tmp_path / "votes.json"
    path.write_text(
        '{"scenarios": [{"id": "N", "kind": "units", "matter_item": 4, "units":'
        ' [{"unit_id": "a", "owner_id": "b", "area_m2": 0.1}, {"unit_id": "c", "owner_id": "d", "area_m2": 0.2}]}]}'
    )
    assert lines_of(path)[0]["area_total"] == "0.30"


def test_a_scenario_may_carry_more_than_the_tally_reads(tmp_path: Path) -> None:
    path = tmp_path / "votes.json"
    path.write_text(
        '{"scenarios": [{"id": "N", "kind": "units", "matter_item": 9, "place": "四季园"}], "more": 1}'
    )
    assert lines_of(path)[0]["status"] == "NO_QUORUM"
