"""What is announced with a vote, as it is stored with it: the rules of the tally and the periods around them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

from handlers.voting.rules import Facts
from handlers.voting.terms import ChannelPriority, Question, Rank, Regime, Revote, Rules, Unit
from storage.states import VoteMode
from storage.tables import Vote, VoteQuestion, VoteUnit


class Announced(BaseModel):
    """The rules snapshot (voting.md section 3). Frozen with the notice, printed in it, and what a tally goes by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    regime: Regime = Regime.CIVIL_CODE
    scope_buildings: list[str] = []
    parking: bool = False
    spoiled_participates: bool = False
    blank_is_spoiled: bool = False
    revote: Revote = Revote.NONE
    channel_priority: ChannelPriority = ChannelPriority.FIRST_RECORDED
    proxy_cap: NonNegativeInt | None = None
    deemed_follow: bool = False
    rank: Rank = Rank.COUNT_THEN_AREA
    notice_days: NonNegativeInt = 15
    extension_days: NonNegativeInt = 0
    extended: bool = False
    extra_meeting: bool = False
    objection_days: NonNegativeInt = 7
    public_days: NonNegativeInt = 15
    publish_within_days: NonNegativeInt = Field(default=3)

    def rules(self, opens_at: datetime | None, closes_at: datetime | None) -> Rules:
        """What a tally goes by."""
        return Rules(
            regime=self.regime,
            scope_buildings=frozenset(self.scope_buildings),
            parking_counts=self.parking,
            spoiled_participates=self.spoiled_participates,
            blank_is_spoiled=self.blank_is_spoiled,
            revote=self.revote,
            channel_priority=self.channel_priority,
            proxy_cap=self.proxy_cap,
            deemed_follow=self.deemed_follow,
            rank=self.rank,
            opens_at=opens_at,
            closes_at=closes_at,
        )


def announced_of(vote: Vote) -> Announced:
    """The rules a vote is stored with."""
    return Announced.model_validate(vote.rules)


def rules_of(vote: Vote) -> Rules:
    """What a tally of this vote goes by."""
    return announced_of(vote).rules(vote.opens_at, vote.closes_at)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a vote waits for, counted in the transaction that asks."""

    papers_open: int = 0
    cases_open: int = 0
    roll_units: int = 0


def facts_of(vote: Vote, counts: Counts = Counts()) -> Facts:
    """What the rules of a vote's life look at."""
    announced = announced_of(vote)
    return Facts(
        state=vote.state,
        revision=vote.revision,
        linted_revision=vote.linted_revision,
        mode=VoteMode(vote.mode),
        opens_at=vote.opens_at,
        closes_at=vote.closes_at,
        notice_days=announced.notice_days,
        extension_days=announced.extension_days,
        extended=announced.extended,
        objection_days=announced.objection_days,
        public_days=announced.public_days,
        published_at=vote.published_at,
        papers_open=counts.papers_open,
        cases_open=counts.cases_open,
        outdated=is_outdated(vote),
        roll_units=counts.roll_units,
    )


def is_outdated(vote: Vote) -> bool:
    """Whether a ruling came after the tally, which then has to be done again."""
    return vote.result is not None and vote.tallied_at is None


def question_of(row: VoteQuestion) -> Question:
    """A question as the tally knows it."""
    return Question(row.question_id, row.item, tuple(row.options), row.seats)


def unit_of(row: VoteUnit) -> Unit:
    """A line of the frozen roll as the tally knows it."""
    return Unit(
        unit_id=row.unit_code,
        owner_key=row.owner_key,
        kind=row.kind,
        area=row.area,
        building=row.building,
        co_owned=row.co_owned,
        owner_minor=row.owner_minor,
        delivered=row.delivered_at is not None,
        representative=row.representative,
    )


def as_json(announced: Announced) -> dict[str, Any]:
    """As it is stored and hashed: plain JSON without floats."""
    return announced.model_dump(mode="json")
