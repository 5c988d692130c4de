"""What every step in the life of a vote has in common: lock, rules, row, leaf, audit row; one transaction."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.local_time import LOCAL
from handlers.voting.announced import Counts, announced_of, as_json, facts_of
from handlers.voting.log import write_leaf
from handlers.voting.news import OF_STEP
from handlers.voting.rules import Command, next_at, step
from handlers.voting.signing import to_the_millisecond
from storage.audit import add_audit_event
from storage.queries.vote_log import lock_vote
from storage.states import VoteState
from storage.tables import Compound, Vote, VoteNews

DAILY_AT = time(8, 0)


class NoVote(Exception):  # noqa: N818  an answer, not an error
    """There is no vote of this number."""


async def hold_vote(session: AsyncSession, compound: Compound, number: int) -> Vote:
    """The vote, locked until the transaction ends; raises NoVote."""
    assert compound.compound_id is not None
    vote = await lock_vote(session, compound.compound_id, number)
    if vote is None:
        raise NoVote
    return vote


def take_step(
    session: AsyncSession,
    vote: Vote,
    command: Command,
    now: datetime,
    *,
    actor_id: int | None,
    counts: Counts | None = None,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Do to a vote that is held what a command makes of it; raises Refused, and then nothing was changed.

    actor_id: None for the clock. details: of the audit row, ids and hashes.
    """
    after = step(facts_of(vote, counts or Counts()), command, now, reason=reason)
    vote.state, vote.revision, vote.linted_revision = after.state, after.revision, after.linted_revision
    vote.closes_at, vote.published_at = after.closes_at, after.published_at
    announced = announced_of(vote)
    if after.extended != announced.extended:
        vote.rules = as_json(announced.model_copy(update={"extended": after.extended}))
    vote.next_at = wakes_at(vote, now)
    session.add(vote)
    if command in OF_STEP:  # told by the clock (outreach.py), in transactions of its own
        session.add(
            VoteNews(
                compound_id=vote.compound_id, vote_number=vote.vote_number, news=OF_STEP[command], due_at=now
            )
        )
    audit(session, vote, f"vote.{_DONE[command]}", now, actor_id, details)


def leave(session: AsyncSession, vote: Vote, kind: str, body: dict[str, Any], now: datetime) -> bytes:
    """Write a leaf of the vote's log; returns its hash."""
    leaf = write_leaf(session, vote.compound_id, vote.vote_number, kind, body, to_the_millisecond(now))
    return leaf.leaf_hash


def audit(
    session: AsyncSession,
    vote: Vote,
    verb: str,
    now: datetime,
    actor_id: int | None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """An audit row about a vote."""
    add_audit_event(
        session,
        at=now,
        verb=verb,
        compound_id=vote.compound_id,
        actor_id=actor_id,
        subject=f"vote:{vote.vote_number}",
        details=dict(details or {}),
    )


def last_morning(now: datetime) -> datetime:
    """The newest moment at which a daily checkpoint was due."""
    local = now.astimezone(LOCAL)
    today = datetime.combine(local.date(), DAILY_AT, LOCAL)
    return today if today <= local else today - timedelta(days=1)


def wakes_at(vote: Vote, now: datetime) -> datetime | None:
    """When the clock has something to do for a vote: its next step, and every morning while it is open."""
    at = next_at(facts_of(vote))
    if vote.state is not VoteState.OPEN or at is None:
        return at
    return min(at, last_morning(now) + timedelta(days=1))


_DONE = {
    Command.EDIT: "edited",
    Command.LINT: "linted",
    Command.NOTICE: "noticed",
    Command.OPEN: "opened",
    Command.EXTEND: "extended",
    Command.CLOSE: "closed",
    Command.TALLY: "tallied",
    Command.TAKE_OFFICIAL: "official_taken",
    Command.PUBLISH: "published",
    Command.FINALISE: "finalised",
    Command.REVOKE: "revoked",
}
