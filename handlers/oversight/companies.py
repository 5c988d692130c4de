"""Use cases: which company serves a compound, its rate card from the records, and what it says to it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.local_time import LOCAL, local_date
from handlers.oversight.lists import Verdict, verdict_of
from handlers.oversight.periods import bounds_of_quarter
from handlers.requests.rates import Rates, Row, rates
from storage.audit import add_audit_event
from storage.queries import companies as queries
from storage.tables import PropertyContract, PropertyStatement

LONGEST_NAME = 80
LONGEST_WORDS = 1000


@dataclass(frozen=True, slots=True)
class RateCard:
    """A company's quarter, over the compounds that were looked at. refused, reopened: of its requests."""

    company: str
    compounds: tuple[int, ...]
    rates: Rates
    refused: int
    reopened: int
    verdict: Verdict
    statements: tuple[PropertyStatement, ...] = ()


async def put_contract(
    session: AsyncSession, compound_id: int, company: str, since_on: date, now: datetime, *, actor_id: int
) -> bool:
    """Let a company serve a compound from a day on; the one before ends the day before.

    From the day on which the present one began it is that one's right name. False for a name or day that is none:
    empty, too long, in the future, or before the present one began.
    """
    name = " ".join(company.split())
    present = await queries.lock_contract(session, compound_id)
    if not 0 < len(name) <= LONGEST_NAME or since_on > local_date(now):
        return False
    if present is not None and since_on < present.since_on:
        return False
    if present is not None and since_on == present.since_on:
        if present.company == name:
            return True
        present.company = name  # it was misspelt
        session.add(present)
    else:
        if present is not None:
            present.until_on = since_on - timedelta(days=1)
            session.add(present)
        session.add(PropertyContract(compound_id=compound_id, since_on=since_on, company=name))
    add_audit_event(
        session, at=now, verb="contract.set", compound_id=compound_id, actor_id=actor_id,
        subject=f"contract:{since_on}",
    )  # fmt: skip
    return True


async def put_statement(
    session: AsyncSession, compound_id: int, quarter: str, words: str, now: datetime, *, actor_id: int
) -> bool:
    """Keep what the company says to a quarter, in the place of earlier words; empty words take it back."""
    said = words.strip()
    if len(said) > LONGEST_WORDS:
        return False
    await queries.put_statement(session, compound_id, quarter, said, now, actor_id)
    add_audit_event(
        session, at=now, verb="statement.written", compound_id=compound_id, actor_id=actor_id,
        subject=f"statement:{quarter}",
    )  # fmt: skip
    return True


async def load_rate_cards(
    session: AsyncSession, services: Services, compound_ids: Collection[int], quarter: str
) -> list[RateCard]:
    """The cards of the companies that served these compounds in a quarter, as far as each compound switched it on."""
    on = await queries.list_switched_on(session, compound_ids)
    since, until = bounds_of_quarter(quarter)
    contracts: dict[str, list[PropertyContract]] = {}
    for contract in await queries.list_contracts(session, on):
        if _overlap(contract, since, until) is not None:
            contracts.setdefault(contract.company, []).append(contract)
    statements = await queries.list_statements(session, on, quarter)
    return [
        await _card(session, services, company, theirs, (since, until), statements)
        for company, theirs in sorted(contracts.items())
    ]


async def _card(
    session: AsyncSession,
    services: Services,
    company: str,
    contracts: Sequence[PropertyContract],
    period: tuple[datetime, datetime],
    statements: Iterable[PropertyStatement],
) -> RateCard:
    rows: list[Row] = []
    refused = reopened = 0
    for contract in contracts:
        bounds = _overlap(contract, *period)
        assert bounds is not None
        theirs = await queries.list_raised_theirs(session, contract.compound_id, *bounds)
        rows += [
            Row(raised.state, raised.accepted_in_time, raised.done_in_time, raised.rating, raised.ratings)
            for raised in theirs
        ]
        counts = await queries.count_theirs(session, contract.compound_id, *bounds)
        refused, reopened = refused + counts[0], reopened + counts[1]
    found = rates(rows, services.rates_over)
    compounds = tuple(sorted({contract.compound_id for contract in contracts}))
    return RateCard(
        company,
        compounds,
        found,
        refused,
        reopened,
        verdict_of(found),
        tuple(each for each in statements if each.compound_id in compounds),
    )


def _overlap(
    contract: PropertyContract, since: datetime, until: datetime
) -> tuple[datetime, datetime] | None:
    begins = max(since, datetime.combine(contract.since_on, time(), LOCAL))
    ends = until
    if contract.until_on is not None:
        ends = min(until, datetime.combine(contract.until_on + timedelta(days=1), time(), LOCAL))
    return (begins, ends) if begins < ends else None
