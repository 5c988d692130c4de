"""Use case: what the government's platform published is keyed in by two, who do not see each other's figures."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.people.same import is_one_human
from handlers.voting.announced import facts_of, question_of, rules_of
from handlers.voting.life import audit, hold_vote, leave, take_step
from handlers.voting.log import origin_of, seal
from handlers.voting.official import Figures, differing, figures_json, official_result_of
from handlers.voting.official_figures import figures_from
from handlers.voting.result import result_bytes
from handlers.voting.rules import Code, Command, Refused, step
from handlers.voting.signing import Signer
from handlers.voting.terms import Sums
from storage.merkle import leaf_hash
from storage.queries.votes import list_questions
from storage.sealing import Sealer
from storage.tables import Compound, OfficialResult


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of figures that somebody keyed in.

    confirmed: two keyed in the same, and the result is there. differs: where they are not what the first one keyed
    in (`official.differing`); then nothing was kept.
    """

    confirmed: bool = False
    differs: tuple[str, ...] = ()


async def take_official(
    session: AsyncSession,
    sealer: Sealer,
    signer: Signer,
    compound: Compound,
    number: int,
    figures: Figures,
    now: datetime,
    *,
    actor_id: int,
    replaces: bool = False,
) -> Taken:
    """Keep the first one's figures, or take them as the result when a second one brings the same.

    The first may bring others as long as nobody has confirmed them. Afterwards, until it is published, a mistake is
    put right by two in the same way; meanwhile nothing is published. The same figures again change nothing. Raises
    Refused and FiguresError.

    replaces: whoever keys in others than the first takes their place, and waits for a second one themselves; so
    nobody's mistake holds the result up when they are away.
    """
    vote = await hold_vote(session, compound, number)
    step(facts_of(vote), Command.TAKE_OFFICIAL, now)
    questions = [question_of(row) for row in await list_questions(session, vote.compound_id, number)]
    roll = Sums(vote.roll_persons or 0, vote.roll_area or 0)
    result = official_result_of(rules_of(vote), questions, roll, figures)
    digest = leaf_hash(result_bytes(result)).hex()
    row = await session.get(OfficialResult, (vote.compound_id, number))
    differs = differing(figures, figures_from(row.figures)) if row is not None else []
    if row is not None and not differs and (row.confirmed_by is not None or row.entered_by == actor_id):
        return Taken(confirmed=row.confirmed_by is not None)
    if row is None or row.entered_by == actor_id or row.confirmed_by is not None or (differs and replaces):
        row = row or OfficialResult(
            compound_id=vote.compound_id, vote_number=number, figures={}, entered_by=actor_id, entered_at=now
        )
        row.figures, row.entered_by, row.entered_at = figures_json(figures), actor_id, now
        row.confirmed_by = row.confirmed_at = None
        vote.tallied_at = None
        session.add_all([row, vote])
        audit(session, vote, "vote.official_entered", now, actor_id, {"result": digest})
        return Taken()
    if await is_one_human(session, sealer, actor_id, row.entered_by):
        raise Refused(Code.ONE_HUMAN)
    if differs:
        return Taken(differs=tuple(differs))
    row.confirmed_by, row.confirmed_at = actor_id, now
    session.add(row)
    take_step(session, vote, Command.TAKE_OFFICIAL, now, actor_id=actor_id, details={"result": digest})
    vote.result, vote.tallied_at = result, now
    leave(session, vote, "official_result", {"result": digest, "entered": [row.entered_by, actor_id]}, now)
    await session.flush()
    await seal(session, signer, vote.compound_id, number, origin_of(compound.code, number), now, "result")
    return Taken(confirmed=True)
