"""What happens next in a vote: one sentence and one button, so that nobody has to know the whole procedure. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.voting.announced import Counts, announced_of, facts_of, is_outdated
from handlers.voting.lint import Finding
from handlers.voting.objections import objections_end
from handlers.voting.rules import final_at, is_over
from storage.states import VoteMode, VoteState
from storage.tables import Vote


@dataclass(frozen=True, slots=True)
class Ahead:
    """code: of the sentence and the button (templates/console/votes/ahead.html). page: where the button leads, below
    the vote's page; "" for no button. count, at: what the sentence says."""

    code: str
    page: str = ""
    count: int = 0
    at: datetime | None = None


def ahead(vote: Vote, counts: Counts, findings: list[Finding], now: datetime) -> Ahead:
    """findings: of a draft."""
    match vote.state:
        case VoteState.DRAFT | VoteState.LINTED:
            faults = [finding for finding in findings if finding.error]
            if faults:
                return Ahead("draft_faulty", part_of(faults[0].field), len(faults))
            return Ahead("draft_ready", "/launch")
        case VoteState.NOTICED:
            return Ahead("noticed", "/documents", at=vote.opens_at)
        case VoteState.OPEN if vote.closes_at is not None and now > vote.closes_at:
            return Ahead("closing", at=vote.closes_at)
        case VoteState.OPEN:
            return Ahead("open", "/turnout", at=vote.closes_at)
        case VoteState.CLOSED if not is_over(facts_of(vote), now):  # closed by a clock that was ahead
            return Ahead("open", "/turnout", at=vote.closes_at)
        case VoteState.CLOSED:
            return _closed(vote, counts)
        case VoteState.TALLIED:
            return _tallied(vote, counts)
        case VoteState.PUBLISHED:
            end = objections_end(vote)
            if end is not None and now <= end:
                return Ahead("objections", "/objections", at=end)
            return Ahead("public", "/documents", at=final_at(facts_of(vote)))
        case VoteState.FINAL:
            return Ahead("final", "/evidence")
        case _:
            return Ahead("revoked")


def _closed(vote: Vote, counts: Counts) -> Ahead:
    if vote.mode == VoteMode.OFFICIAL_PLATFORM:
        return Ahead("official", "/official")
    if counts.papers_open:
        return Ahead("papers", "/papers", counts.papers_open)
    return Ahead("count", "/count")


def _tallied(vote: Vote, counts: Counts) -> Ahead:
    if counts.cases_open:
        return Ahead("cases", "/cases", counts.cases_open)
    if is_outdated(vote) and vote.mode == VoteMode.OFFICIAL_PLATFORM:
        return Ahead("official_again", "/official")
    if is_outdated(vote):
        return Ahead("count_again", "/count")
    assert vote.closes_at is not None
    return Ahead(
        "publish", "/result", at=vote.closes_at + timedelta(days=announced_of(vote).publish_within_days)
    )


ROLL = "roll"  # a page of the compound, not of the vote
_PARTS = {
    "title": "words",
    "body": "words",
    "convener": "convener",
    "opens_at": "window",
    "closes_at": "window",
    "contact": "contact",
    "platform": "contact",
    "mode": "contact",
}


def part_of(field: str) -> str:
    """The page on which a field of a draft is put right, below the vote's page, or ROLL."""
    if field == "roll":
        return ROLL
    if field == "officers":
        return "/officers"
    if field == "questions":
        return "/edit/question-new"
    if field.startswith("profile."):
        return "/edit/checked"
    if field.startswith("q"):
        return f"/edit/question-{field.removeprefix('q')}"
    return f"/edit/{_PARTS.get(field, 'rules')}"
