"""Rules, questions and lines of the roll as JSON and back, for evidence. Pure.

What is written here is hashed and kept for years: a key may be added, never renamed. No value is a float.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import rfc8785

from handlers.voting.signing import utc_text
from handlers.voting.terms import (
    ChannelPriority,
    Question,
    Rank,
    Regime,
    Revote,
    Rules,
    Unit,
    area_of,
)
from storage.states import UnitKind


def rules_json(rules: Rules) -> dict[str, Any]:
    """The rules of a tally."""
    return {
        "regime": rules.regime.value,
        "scope_buildings": sorted(rules.scope_buildings),
        "parking_counts": rules.parking_counts,
        "spoiled_participates": rules.spoiled_participates,
        "blank_is_spoiled": rules.blank_is_spoiled,
        "revote": rules.revote.value,
        "channel_priority": rules.channel_priority.value,
        "proxy_cap": rules.proxy_cap,
        "deemed_follow": rules.deemed_follow,
        "rank": rules.rank.value,
        "opens_at": utc_text(rules.opens_at) if rules.opens_at else None,
        "closes_at": utc_text(rules.closes_at) if rules.closes_at else None,
    }


def rules_from(written: Mapping[str, Any]) -> Rules:
    """What `rules_json` made; raises KeyError, TypeError or ValueError for anything else."""
    return Rules(
        regime=Regime(written["regime"]),
        scope_buildings=frozenset(written["scope_buildings"]),
        parking_counts=written["parking_counts"],
        spoiled_participates=written["spoiled_participates"],
        blank_is_spoiled=written["blank_is_spoiled"],
        revote=Revote(written["revote"]),
        channel_priority=ChannelPriority(written["channel_priority"]),
        proxy_cap=written["proxy_cap"],
        deemed_follow=written["deemed_follow"],
        rank=Rank(written["rank"]),
        opens_at=moment(written["opens_at"]),
        closes_at=moment(written["closes_at"]),
    )


def moment(text: str | None) -> datetime | None:
    """A time as evidence writes it."""
    return datetime.fromisoformat(text) if text else None


def question_json(question: Question) -> dict[str, Any]:
    """A question of a tally."""
    return {
        "id": question.question_id,
        "item": question.item,
        "options": list(question.options),
        "seats": question.seats,
    }


def question_from(written: Mapping[str, Any]) -> Question:
    """What `question_json` made."""
    return Question(written["id"], written["item"], tuple(written["options"]), written["seats"])


def words_hash(said: Mapping[str, Any]) -> str:
    """SHA-256 of what the owners read before they vote, as canonical JSON, in hex."""
    return sha256(rfc8785.dumps(dict(said))).hexdigest()


def unit_from(line: Mapping[str, Any], *, delivered: bool) -> Unit:
    """A line of the frozen roll (`frozen_roll.Line.canonical`) as the tally knows it."""
    return Unit(
        unit_id=line["unit"],
        owner_key=line["owner"],
        kind=UnitKind(line["kind"]),
        area=area_of(line["area"]),
        building=line["building"],
        co_owned=line["co_owned"],
        owner_minor=line["minor"],
        delivered=delivered,
        representative=line["representative"],
    )
