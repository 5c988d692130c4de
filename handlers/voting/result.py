"""The result of a vote as plain data: integers and decimal strings only, the same bytes on every machine. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import rfc8785

from handlers.voting.codec import question_json, rules_json
from handlers.voting.judge import judge
from handlers.voting.sensitivity import (
    Distance,
    alternatives,
    no_show_paradox,
    to_passing,
    to_quorum,
    what_rulings_can_do,
)
from handlers.voting.tally import tally
from handlers.voting.terms import Added, Ballot, Outcome, Question, Rules, Ruling, Sums, Unit, area_text

FEWEST_OWNERS = 5  # a table of fewer would tell how somebody voted


def result_of(
    rules: Rules,
    questions: Sequence[Question],
    roll: Mapping[str, Unit],
    ballots: Sequence[Ballot],
    rulings: Sequence[Ruling] = (),
) -> dict[str, Any]:
    """Everything that is published of a vote's count, as JSON.

    Rows of a table with fewer than FEWEST_OWNERS owners are put together as "" with the smallest other one, so that
    no row, and no difference of rows, is about so few.
    """
    judged = judge(rules, roll, ballots)
    outcomes = tally(rules, questions, roll, judged, rulings)
    rejected = Counter((reason.value, each.ballot_id or each.unit_id) for each, reason in judged.rejected)
    return {
        "rules": rules_json(rules),
        "ballots": len({each.ballot_id or f"{each.unit_id}/{place}" for place, each in enumerate(ballots)}),
        "rejected": dict(sorted(Counter(reason for reason, _ in rejected).items())),
        "questions": [
            {
                **question_json(question),
                **outcome_json(outcomes[question.question_id]),
                **reading_of(rules, question, outcomes[question.question_id]),
                "under_other_rules": {
                    each.name: each.status.value
                    for each in alternatives(rules, question, roll, ballots, rulings)
                },
                **_open_cases(rules, question, roll, ballots, rulings, outcomes[question.question_id]),
            }
            for question in questions
        ],
    }


def result_bytes(result: Mapping[str, Any]) -> bytes:
    """Canonical JSON: what the log commits to."""
    return rfc8785.dumps(dict(result))


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """What the law makes of one question, and the tables."""
    return {
        "status": outcome.status.value,
        "total": sums_json(outcome.total),
        "participants": sums_json(outcome.participants),
        "agreed": sums_json(outcome.agreed) if outcome.agreed is not None else None,
        "choices": _choices(outcome.choices),
        "passed": outcome.passed,
        "elected": list(outcome.elected),
        "alternates": list(outcome.alternates),
        "tie": list(outcome.tie),
        "seats_unfilled": outcome.seats_unfilled,
        "notes": list(outcome.notes),
        "cases": [case.kind.value for case in outcome.cases],
        "by_building": _table(outcome.by_building),
        "by_channel": _table(outcome.by_channel),
    }


def reading_of(rules: Rules, question: Question, outcome: Outcome) -> dict[str, Any]:
    """What is needed beside what is there: "205 of 300, need 200"."""
    passing = to_passing(rules, question, outcome) if outcome.agreed is not None else None
    return {
        "quorum": _distance(to_quorum(rules, question, outcome)),
        "passing": _distance(passing) if passing is not None else None,
        "more_against_would_pass_it": no_show_paradox(rules, question, outcome),
    }


def _open_cases(
    rules: Rules,
    question: Question,
    roll: Mapping[str, Unit],
    ballots: Sequence[Ballot],
    rulings: Sequence[Ruling],
    outcome: Outcome,
) -> dict[str, Any]:
    if not outcome.cases:
        return {}
    can = what_rulings_can_do(rules, question, roll, judge(rules, roll, ballots), rulings)
    return {"rulings": {"outcomes": sorted(status.value for status in can.statuses), "all_tried": can.exact}}


def _distance(distance: Distance) -> dict[str, Any]:
    return {
        "need": sums_json(distance.need),
        "missing": sums_json(distance.missing),
        "reached": distance.reached,
    }


def sums_json(sums: Sums) -> dict[str, Any]:
    """Persons and area as everything published has them."""
    return {"persons": sums.persons, "area": area_text(sums.area)}


def _choices(choices: Mapping[str, Sums]) -> list[dict[str, Any]]:
    return [{"choice": name, **sums_json(sums)} for name, sums in sorted(choices.items())]


def _table(table: Mapping[str, Added]) -> list[dict[str, Any]]:
    """Rows that are about enough owners; the rest together."""
    by_size = sorted(table.items(), key=lambda row: (row[1].participants.persons, row[0]))
    few: list[Added] = []
    rows: dict[str, Added] = {}
    for name, added in by_size:
        together = sum(each.participants.persons for each in few)
        if added.participants.persons < FEWEST_OWNERS or 0 < together < FEWEST_OWNERS:
            few.append(added)
        else:
            rows[name] = added
    shown = [{"name": name, **_row(added)} for name, added in sorted(rows.items())]
    if few and sum(each.participants.persons for each in few) >= FEWEST_OWNERS:
        shown.append({"name": "", **_row(reduce(Added.plus, few))})
    return shown


def _row(added: Added) -> dict[str, Any]:
    return {"participants": sums_json(added.participants), "choices": _choices(added.choices)}
