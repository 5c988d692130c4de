"""A vote as `./run vote` prints it: no ballot, and no sums before they may be seen."""

from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.local_time import LOCAL
from handlers.voting.rules import HIDES_RESULT
from handlers.voting.terms import Sums, area_text
from handlers.voting.turnout import Part
from storage.queries.votes import list_questions
from storage.tables import Vote

_MOMENTS = ("noticed_at", "opens_at", "closes_at", "tallied_at", "published_at", "final_at")
_WHERE = ("contact", "objections_to", "papers_to", "platform")
_OF_QUESTION = {"question_id", "item", "title", "body", "options", "seats"}


async def show_vote(session: AsyncSession, vote: Vote) -> dict[str, Any]:
    """Everything about a vote that anybody who runs it may see."""
    questions = await list_questions(session, vote.compound_id, vote.vote_number)
    has_result = vote.state not in HIDES_RESULT
    return {
        "vote": vote.vote_number,
        "state": vote.state,
        "mode": vote.mode,
        "revision": vote.revision,
        "title": vote.title,
        "body": vote.body,
        "template": vote.template,
        "profile": vote.profile,
        "convener": vote.convener,
        **{name: getattr(vote, name) for name in _WHERE},
        "rules": vote.rules,
        "checked": sorted(vote.checked),
        **{name: local_text(getattr(vote, name)) for name in _MOMENTS},
        "questions": [row.model_dump(include=_OF_QUESTION) for row in questions],
        "roll": {
            "root": vote.roll_root.hex(),
            "persons": vote.roll_persons,
            "area": area_text(vote.roll_area or 0),
        }
        if vote.roll_root is not None
        else None,
        "result": vote.result if has_result else None,
        "revoked_reason": vote.revoked_reason,
    }


def part_line(part: Part) -> dict[str, Any]:
    """Owners and area, in all and of those who voted."""
    return {"total": _sums(part.total), "voted": _sums(part.voted)}


def _sums(sums: Sums) -> dict[str, Any]:
    return {"persons": sums.persons, "area": area_text(sums.area)}


def local_text(at: datetime | None) -> str | None:
    """A moment in the compound's time."""
    return at.astimezone(LOCAL).isoformat(timespec="seconds") if at else None
