"""Use cases: whose a matter would be by the compound's rules, and keeping those rules."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.requests.assign import ANY, WHOLE, Assignment, Rule, assign
from handlers.requests.commands import Party
from handlers.requests.offices import HANDLING
from nlp.lexicon import Lexicon
from storage.audit import add_audit_event
from storage.queries.people import list_grants_of
from storage.queries.requests import drop_dispatch_rules, list_dispatch_rules, put_dispatch_rule
from storage.queries.tree import find_place
from storage.states import Stewardship
from storage.tables import Compound, Matter

_UNMANAGED = (Stewardship.NONE, Stewardship.SELF_RUN, Stewardship.COMMUNITY_RUN)


class RuleError(Exception):
    """A rule cannot be; the message says why."""


async def assignment_of(
    session: AsyncSession, services: Services, compound: Compound, matter: Matter
) -> Assignment:
    """Whose a matter is by rule, else by its category."""
    assert compound.compound_id is not None
    rows = await list_dispatch_rules(session, compound.compound_id)
    rules = [Rule(row.category, row.building, Party(row.role, row.assignee_id), row.auto) for row in rows]
    lexicon = services.tagger.lexicon
    known = matter.leaf is not None and matter.leaf in lexicon.leaves
    return assign(
        rules,
        matter.leaf,
        matter.building,
        lexicon.dispatch(matter.leaf) if known and matter.leaf else "",
        managed=compound.stewardship not in _UNMANAGED,
    )


async def put_rules(
    session: AsyncSession,
    compound: Compound,
    rules: Sequence[Rule],
    now: datetime,
    *,
    actor_id: int | None = None,
) -> None:
    """Set rules, each in the place of the one for the same category and building. Raises RuleError.

    The caller knows that the categories exist. actor_id: who does, None for an operator.
    """
    assert compound.compound_id is not None
    for rule in rules:
        await _check(session, compound, rule)
        await put_dispatch_rule(
            session,
            {
                "compound_id": compound.compound_id,
                "category": rule.category,
                "building": rule.building,
                "role": rule.party.role,
                "assignee_id": rule.party.person_id,
                "auto": rule.auto,
            },
        )
    _audit(session, compound, "rules.set", len(rules), now, actor_id)


async def drop_rules(
    session: AsyncSession,
    compound: Compound,
    keys: Collection[tuple[str, str]],
    now: datetime,
    *,
    actor_id: int | None = None,
) -> int:
    """Drop the rules for these (category, building); returns how many there were."""
    assert compound.compound_id is not None
    dropped = await drop_dispatch_rules(session, compound.compound_id, keys)
    if dropped:
        _audit(session, compound, "rules.dropped", dropped, now, actor_id)
    return dropped


def is_category(lexicon: Lexicon, category: str) -> bool:
    """Whether a rule may be for this: a leaf, a top category, or any."""
    return category == ANY or category in lexicon.leaves or category in lexicon.tops


async def _check(session: AsyncSession, compound: Compound, rule: Rule) -> None:
    if rule.party.role not in HANDLING:
        raise RuleError(f"{rule.party.role} handles no requests")
    assert compound.compound_id is not None
    if rule.building != WHOLE and await find_place(session, compound.compound_id, rule.building) is None:
        raise RuleError(f"{compound.code} has no building {rule.building}")
    if rule.party.person_id is not None:
        held = {grant.role for grant in await list_grants_of(session, rule.party.person_id)}
        if rule.party.role not in held:
            raise RuleError(f"person {rule.party.person_id} is not {rule.party.role}")


def _audit(
    session: AsyncSession, compound: Compound, verb: str, count: int, now: datetime, actor_id: int | None
) -> None:
    add_audit_event(
        session,
        at=now,
        verb=verb,
        compound_id=compound.compound_id or 0,
        actor_id=actor_id,
        subject=f"compound:{compound.code}",
        details={"rules": count},
    )
