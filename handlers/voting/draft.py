"""Use cases: a vote is drafted from a template, and changed until its notice is published."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, field_validator
from pydantic import Field as Checked
from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.grid.keep_profile import profile_of
from handlers.grid.profile import defaults_of
from handlers.voting.announced import Announced, announced_of, as_json
from handlers.voting.jurisdictions import Profile, load_profile
from handlers.voting.life import audit, hold_vote, take_step
from handlers.voting.marks import NEITHER
from handlers.voting.rules import Command
from handlers.voting.signing import to_the_millisecond
from handlers.voting.templates import find_template
from handlers.voting.terms import ABSTAIN, AGAINST, AGREE, BLANK, FOLLOW, SPOILED, Revote
from storage.queries.opinions import next_number
from storage.queries.votes import delete_questions
from storage.states import VoteMode
from storage.tables import Compound, Vote, VoteQuestion

MOST_QUESTIONS = 20
MOST_OPTIONS = 60
_PLAIN = ("title", "body", "mode", "contact", "objections_to", "papers_to", "platform")
_RESERVED = frozenset({AGREE, AGAINST, ABSTAIN, SPOILED, BLANK, FOLLOW, NEITHER})

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)]
Where = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Option = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class QuestionEntry(_Entry):
    """A question as somebody writes it; terms.Question says what the fields mean. item 0: not chosen yet."""

    item: int = Checked(ge=0, le=9)
    title: Line
    body: Words = ""
    options: list[Option] = Checked(default=[AGREE], max_length=MOST_OPTIONS)
    seats: int | None = Checked(default=None, ge=1, le=MOST_OPTIONS)

    @field_validator("options")
    @classmethod
    def _told_apart(cls, options: list[str]) -> list[str]:
        if len(set(options)) < len(options):
            raise ValueError("two options are the same")
        if options != [AGREE] and _RESERVED.intersection(options):
            raise ValueError("an option has a name that means something else on every paper")
        return options


class Convener(_Entry):
    """Who calls the assembly by law."""

    body: Line = ""
    name: Line = ""
    document: Line = ""


class Changes(_Entry):
    """What is to be changed of a draft; None leaves it as it is. rules: single keys of Announced.

    mode: where the ballots that count are cast; storage.tables.Vote says what the last four are.
    """

    title: Line | None = None
    body: Words | None = None
    convener: Convener | None = None
    rules: dict[str, Any] | None = None
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    questions: list[QuestionEntry] | None = Checked(default=None, max_length=MOST_QUESTIONS)
    mode: VoteMode | None = None
    contact: Where | None = None
    objections_to: Where | None = None
    papers_to: Where | None = None
    platform: Where | None = None


def announced_in(profile: Profile) -> Announced:
    """The rules that a place prescribes or suggests."""
    return Announced(
        revote=Revote(profile.word("revote")),
        proxy_cap=profile.number("proxy_cap") or None,
        notice_days=profile.number("notice_days"),
        objection_days=profile.number("objection_days"),
        public_days=profile.number("public_days"),
        publish_within_days=profile.number("publish_within_days"),
    )


async def create_vote(
    session: AsyncSession,
    compound: Compound,
    operator_id: int,
    template: str,
    profile: str,
    now: datetime,
    values: dict[str, str] | None = None,
) -> Vote:
    """A draft; raises TemplateError or ProfileError. values: what stands in the template's fields.

    Who convenes is filled in as the compound's profile suggests.
    """
    assert compound.compound_id is not None
    written, place = find_template(template), load_profile(profile)
    filled = values or {}
    convener = defaults_of(await profile_of(session, compound)).convener
    vote = Vote(
        compound_id=compound.compound_id,
        vote_number=await next_number(session, compound.compound_id, "vote"),
        mode=VoteMode.OFFICIAL_PLATFORM if place.only_official else VoteMode.HERE,
        title=written.fill(written.title, filled)[:120],
        body=written.fill(written.body, filled),
        template=template,
        profile=profile,
        convener=Convener(body=convener).model_dump() if convener else {},
        rules=as_json(announced_in(place)),
        operator_id=operator_id,
        created_at=now,
    )
    session.add(vote)
    await session.flush()
    questions = [
        QuestionEntry(
            item=each.item,
            title=written.fill(each.title, filled)[:120],
            body=written.fill(each.body, filled),
            options=list(each.options),
            seats=each.seats,
        )
        for each in written.questions
    ]
    _add_questions(session, vote, questions)
    audit(session, vote, "vote.drafted", now, operator_id, {"template": template, "profile": profile})
    await session.flush()
    return vote


async def edit_vote(
    session: AsyncSession, compound: Compound, number: int, changes: Changes, now: datetime, *, actor_id: int
) -> Vote:
    """Change a draft, which then has to be linted again; raises Refused after the notice.

    Raises pydantic's ValidationError for rules that are none.
    """
    vote = await hold_vote(session, compound, number)
    take_step(session, vote, Command.EDIT, now, actor_id=actor_id)
    for name in _PLAIN:
        if (value := getattr(changes, name)) is not None:
            setattr(vote, name, value)
    if changes.convener is not None:
        vote.convener = changes.convener.model_dump()
    if changes.rules is not None:
        # Whether it was extended is a fact, not a rule that somebody announces.
        kept = {**as_json(announced_of(vote)), **changes.rules, "extended": False}
        vote.rules = as_json(Announced.model_validate(kept))
    if changes.opens_at is not None:
        vote.opens_at = to_the_millisecond(changes.opens_at)
    if changes.closes_at is not None:
        vote.closes_at = to_the_millisecond(changes.closes_at)
    if changes.questions is not None:
        await delete_questions(session, vote.compound_id, vote.vote_number)
        _add_questions(session, vote, changes.questions)
    session.add(vote)
    await session.flush()
    return vote


def _add_questions(session: AsyncSession, vote: Vote, questions: list[QuestionEntry]) -> None:
    session.add_all(
        VoteQuestion(
            compound_id=vote.compound_id,
            vote_number=vote.vote_number,
            question_id=f"q{position}",
            position=position,
            item=entry.item,
            title=entry.title,
            body=entry.body,
            options=entry.options,
            seats=entry.seats,
        )
        for position, entry in enumerate(questions, 1)
    )
