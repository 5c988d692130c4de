"""Use cases: a draft is linted against the roll as it stands; somebody says what they have looked up."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import announced_of, question_of, rules_of
from handlers.voting.freeze import load_titles
from handlers.voting.frozen_roll import RollError, freeze
from handlers.voting.jurisdictions import ProfileError, load_profile
from handlers.voting.life import audit, hold_vote, take_step
from handlers.voting.lint import Draft, Finding, lint
from handlers.voting.rules import Code, Command, Refused
from handlers.voting.signing import utc_text
from handlers.voting.terms import Unit, in_scope
from storage.queries.roll import list_contactable
from storage.queries.vote_reach import list_officers
from storage.queries.votes import list_questions
from storage.states import VoteMode, VoteState
from storage.tables import Compound, Vote


async def load_draft(session: AsyncSession, vote: Vote) -> Draft:
    """What there is to lint: the draft, and how the roll stands now."""
    rows = await list_questions(session, vote.compound_id, vote.vote_number)
    rules = rules_of(vote)
    titles = [
        title
        for title in await load_titles(session, vote.compound_id)
        if in_scope(rules, Unit(title.unit_code, "", title.kind, 0, title.building))
    ]
    try:
        freeze(rules, titles)
        unready: set[str] = set()
    except RollError as error:
        unready = {problem.unit_code for problem in error.problems}
    reached = await list_contactable(session, vote.compound_id)
    announced = announced_of(vote)
    return Draft(
        title=vote.title,
        body=vote.body,
        questions=tuple(question_of(row) for row in rows),
        texts={row.question_id: f"{row.title}\n{row.body}".strip() for row in rows},
        convener=vote.convener,
        announced=announced,
        opens_at=vote.opens_at,
        closes_at=vote.closes_at,
        checked=frozenset(vote.checked),
        extra_meeting=announced.extra_meeting,
        units=len(titles),
        unready=len(unready),
        contactable=sum(not title.owners.isdisjoint(reached) for title in titles),
        contact=vote.contact,
        mode=VoteMode(vote.mode),
        platform=vote.platform,
        officers=len(await list_officers(session, vote.compound_id, vote.vote_number)),
    )


async def find_faults(session: AsyncSession, vote: Vote, now: datetime) -> list[Finding]:
    """What the lint says of a draft as it stands, errors first."""
    return lint(await load_draft(session, vote), load_profile(vote.profile), now)


async def lint_vote(
    session: AsyncSession, compound: Compound, number: int, now: datetime, *, actor_id: int
) -> list[Finding]:
    """Lint a draft; without errors it may be noticed. Raises Refused after the notice."""
    vote = await hold_vote(session, compound, number)
    findings = await find_faults(session, vote, now)
    if not any(finding.error for finding in findings):
        take_step(session, vote, Command.LINT, now, actor_id=actor_id)
    elif vote.state not in (VoteState.DRAFT, VoteState.LINTED):
        raise Refused(Code.WRONG_STATE)
    return findings


async def record_checked(
    session: AsyncSession,
    compound: Compound,
    number: int,
    keys: Collection[str],
    now: datetime,
    *,
    actor_id: int,
) -> Vote:
    """Keep who has looked up which rules of the place, and when; raises Refused, or ProfileError for no such rule."""
    vote = await hold_vote(session, compound, number)
    if vote.state not in (VoteState.DRAFT, VoteState.LINTED):
        raise Refused(Code.WRONG_STATE)
    profile = load_profile(vote.profile)
    if unknown := sorted(set(keys) - profile.keys.keys()):
        raise ProfileError(f"{profile.code} has no {', '.join(unknown)}")
    vote.checked = {**vote.checked, **{key: {"by": actor_id, "at": utc_text(now)} for key in sorted(keys)}}
    session.add(vote)
    audit(session, vote, "vote.checked", now, actor_id, {"keys": sorted(keys)})
    return vote
