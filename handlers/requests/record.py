"""Between the rules' view of a request and its row."""

from typing import Any

from handlers.requests.commands import Facts, Party
from storage.states import Role
from storage.tables import Request

_SAME = (
    "state",
    "level",
    "round",
    "refusals",
    "raised_at",
    "round_at",
    "dispatched_at",
    "accepted_at",
    "done_at",
    "ended_at",
    "accept_by",
    "done_by",
    "remind_at",
    "warn_at",
    "climb_at",
    "close_at",
    "accepted_in_time",
    "done_in_time",
    "rating",
)


def facts_of(request: Request) -> Facts:
    """The row as the rules see it."""
    return Facts(
        **{name: getattr(request, name) for name in _SAME},
        party=party_of(request),
        helpers=tuple(Party(Role(entry["role"]), entry["person_id"]) for entry in request.helpers),
    )


def party_of(request: Request) -> Party | None:
    """Whose it is now."""
    return Party(request.role, request.assignee_id) if request.role is not None else None


def values_of(facts: Facts) -> dict[str, Any]:
    """The columns that hold these facts."""
    return {name: getattr(facts, name) for name in _SAME} | {
        "role": facts.party.role if facts.party else None,
        "assignee_id": facts.party.person_id if facts.party else None,
        "helpers": [{"role": helper.role, "person_id": helper.person_id} for helper in facts.helpers],
        "next_at": facts.next_at,
    }
