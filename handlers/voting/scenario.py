"""A vote written down as data, for `./run tally`: the scenario schema, read and worked out.

A scenario is one question with its roll and ballots (`units`), its published sums (`aggregate`), or the published
sums of an election; `documented_only` has nothing to add up. Variants override parts of it. What the scenario expects
is not looked at.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
)

from handlers.local_time import LOCAL
from handlers.voting import terms
from handlers.voting.judge import judge
from handlers.voting.outcome import DEEMED, decide
from handlers.voting.tally import tally
from handlers.voting.terms import (
    ABSTAIN,
    AGREE,
    BLANK,
    SPOILED,
    Added,
    ChannelPriority,
    Outcome,
    Question,
    Rank,
    Regime,
    Revote,
    Rules,
    Sums,
    Unit,
    area_text,
)
from storage.states import UnitKind

_QUESTION = "q"


class ScenarioError(ValueError):
    """A scenario that cannot be read; the message begins with its id."""


def _area(value: Any) -> int:
    return terms.area_of(value if isinstance(value, str | int | Decimal) else str(value))


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=LOCAL)
    return value


Area = Annotated[int, BeforeValidator(_area)]
Moment = Annotated[datetime, BeforeValidator(_moment)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, arbitrary_types_allowed=True)


class _Policy(_Part):
    regime: Regime = Regime.CIVIL_CODE
    abstain: Literal["participates_not_agree"] = "participates_not_agree"
    spoiled: Literal["excluded", "participates"] = "excluded"
    blank: Literal["abstain", "spoiled"] = "abstain"
    parking: Literal["excluded", "included"] = "excluded"
    revote: Revote = Revote.NONE
    channel_priority: ChannelPriority = ChannelPriority.FIRST_RECORDED
    proxy_cap: NonNegativeInt | None = None
    non_return: Literal["not_participating", "follow_majority_if_delivered"] = "not_participating"
    rank: Rank = Rank.COUNT_THEN_AREA


class _Areas(_Part):
    """The register is believed before the survey, the survey before the contract."""

    area_register: Area | None = None
    area_survey: Area | None = None
    area_contract: Area | None = None
    area_m2: Area | None = None
    kind: UnitKind = UnitKind.RESIDENTIAL
    building: str | None = None
    co_owned: bool = False
    owner_minor: bool = False
    delivered: str | None = None

    def unit(self, unit_id: str, owner_id: str, representative: str | None) -> Unit:
        written = (self.area_register, self.area_survey, self.area_contract, self.area_m2)
        area = next((each for each in written if each is not None), 0)
        if area <= 0:
            raise ValueError(f"unit {unit_id} has no area")
        return Unit(
            unit_id=unit_id,
            owner_key=owner_id,
            kind=self.kind,
            area=area,
            building=self.building or "",
            co_owned=self.co_owned,
            owner_minor=self.owner_minor,
            delivered=self.delivered == "owner",
            representative=representative,
        )


class _Unit(_Areas):
    unit_id: str
    owner_id: str


class _Group(_Areas):
    prefix: str
    n: NonNegativeInt
    owner_id: str | None = None
    choice: str | None = None
    channel: str = "online"


class _Ballot(_Part):
    unit_id: str
    choice: str
    channel: str = "online"
    cast_at: Moment | None = None
    seq: int | None = None
    by: str | None = None
    proxy: str | None = None


class _Sums(_Part):
    count: NonNegativeInt
    area: Area

    @property
    def sums(self) -> Sums:
        return Sums(self.count, self.area)


class _Aggregate(_Part):
    count_total: NonNegativeInt
    area_total: Area
    tallies: dict[str, _Sums]


class _Candidate(_Sums):
    name: str


class _Election(_Part):
    seats: PositiveInt
    count_total: NonNegativeInt
    area_total: Area
    count_participating: NonNegativeInt
    area_participating: Area
    candidates: list[_Candidate]


class _Scenario(_Part):
    id: str
    kind: Literal["units", "aggregate", "election"]
    matter_item: Annotated[int, Field(ge=1, le=9)]
    policy: _Policy = _Policy()
    units: list[_Unit] = []
    unit_groups: list[_Group] = []
    scope_buildings: list[str] = []
    representatives: dict[str, str] = {}
    open_at: Moment | None = None
    close_at: Moment | None = None
    agree_option: str = AGREE
    ballots: list[_Ballot] = []
    aggregate: _Aggregate | None = None
    election: _Election | None = None


def work_out(scenario: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """A line for the scenario, or for each of its variants; raises ScenarioError. None for what is only documented."""
    name = scenario.get("id")
    if not isinstance(name, str):
        raise ScenarioError(f"a scenario without an id: {str(scenario)[:60]}")
    if scenario.get("kind") == "documented_only":
        return
    variants = scenario.get("variants")
    if variants is not None and not (
        isinstance(variants, list) and all(isinstance(each, dict) for each in variants)
    ):
        raise ScenarioError(f"{name}: variants is not a list of objects")
    for variant in variants or [{}]:
        merged = {key: value for key, value in scenario.items() if key != "variants"} | variant
        if isinstance(scenario.get("policy"), dict) and isinstance(variant.get("policy"), dict):
            merged["policy"] = scenario["policy"] | variant["policy"]
        try:
            read = _Scenario.model_validate({**merged, "id": name})
            yield {"id": name, "variant": variant.get("name"), **_work_out(read)}
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ScenarioError(f"{name}: {where}: {first['msg']}") from None
        except ValueError as error:
            raise ScenarioError(f"{name}: {error}") from None


def _work_out(scenario: _Scenario) -> dict[str, object]:
    rules = _rules(scenario)
    if scenario.kind == "units":
        return _from_units(scenario, rules)
    if scenario.kind == "aggregate":
        return _line(_from_sums(scenario, rules))
    return _line(_from_candidates(scenario, rules))


def _rules(scenario: _Scenario) -> Rules:
    policy = scenario.policy
    return Rules(
        regime=policy.regime,
        scope_buildings=frozenset(scenario.scope_buildings),
        parking_counts=policy.parking == "included",
        spoiled_participates=policy.spoiled == "participates",
        blank_is_spoiled=policy.blank == "spoiled",
        revote=policy.revote,
        channel_priority=policy.channel_priority,
        proxy_cap=policy.proxy_cap,
        deemed_follow=policy.non_return == "follow_majority_if_delivered",
        rank=policy.rank,
        opens_at=scenario.open_at,
        closes_at=scenario.close_at,
    )


def _from_units(scenario: _Scenario, rules: Rules) -> dict[str, object]:
    roll: dict[str, Unit] = {}
    ballots = [
        terms.Ballot(
            each.unit_id, {_QUESTION: each.choice}, each.channel, each.cast_at, each.seq, each.by, each.proxy
        )
        for each in scenario.ballots
    ]

    def enter(unit: Unit) -> None:
        if unit.unit_id in roll:
            raise ValueError(f"unit {unit.unit_id} is there twice")
        roll[unit.unit_id] = unit

    for each in scenario.units:
        enter(each.unit(each.unit_id, each.owner_id, scenario.representatives.get(each.unit_id)))
    for group in scenario.unit_groups:
        for number in range(1, group.n + 1):
            unit_id = f"{group.prefix}{number:04d}"
            owner = group.owner_id or f"o-{unit_id}"
            enter(group.unit(unit_id, owner, scenario.representatives.get(unit_id)))
            if group.choice is not None:
                ballots.append(terms.Ballot(unit_id, {_QUESTION: group.choice}, group.channel))
    judged = judge(rules, roll, ballots)
    question = Question(_QUESTION, scenario.matter_item, (scenario.agree_option,))
    outcome = tally(rules, [question], roll, judged)[_QUESTION]
    return _line(outcome, [reason for _, reason in judged.rejected])


def _from_sums(scenario: _Scenario, rules: Rules) -> Outcome:
    if scenario.aggregate is None:
        raise ValueError("aggregate is missing")
    choices: dict[str, Sums] = {}
    participants = Sums()
    for written, tallied in scenario.aggregate.tallies.items():
        name = written
        if name == BLANK:
            name = SPOILED if rules.blank_is_spoiled else ABSTAIN
        if (name == SPOILED and not rules.spoiled_participates) or (
            name == DEEMED and not rules.deemed_follow
        ):
            continue
        participants = participants.plus(tallied.sums)
        choices[name] = choices.get(name, Sums()).plus(tallied.sums)
    total = Sums(scenario.aggregate.count_total, scenario.aggregate.area_total)
    question = Question(_QUESTION, scenario.matter_item, (scenario.agree_option,))
    return decide(rules, question, total, Added(participants, choices))


def _from_candidates(scenario: _Scenario, rules: Rules) -> Outcome:
    election = scenario.election
    if election is None:
        raise ValueError("election is missing")
    sums = {each.name: each.sums for each in election.candidates}
    if len(sums) < len(election.candidates):
        raise ValueError("two candidates of one name")
    total = Sums(election.count_total, election.area_total)
    participants = Sums(election.count_participating, election.area_participating)
    question = Question(_QUESTION, scenario.matter_item, tuple(sums), election.seats)
    return decide(rules, question, total, Added(participants, sums))


def _line(outcome: Outcome, rejected: list[terms.Rejection] | None = None) -> dict[str, object]:
    line: dict[str, object] = {
        "status": outcome.status,
        "count_total": outcome.total.persons,
        "area_total": area_text(outcome.total.area),
        "count_participating": outcome.participants.persons,
        "area_participating": area_text(outcome.participants.area),
        "count_agree": outcome.agreed.persons if outcome.agreed is not None else None,
        "area_agree": area_text(outcome.agreed.area) if outcome.agreed is not None else None,
        "rejected": list(rejected or []),
        "review": [case.kind for case in outcome.cases],
        "notes": list(outcome.notes),
    }
    if outcome.agreed is None:
        line |= {
            "elected": list(outcome.elected),
            "alternates": list(outcome.alternates),
            "tie": list(outcome.tie),
            "seats_unfilled": outcome.seats_unfilled,
        }
    return line
