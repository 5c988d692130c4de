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
from storage.queries.companies import Trouble
from storage.queries.requests import Raised
from storage.tables import PropertyContract, PropertyStatement

LONGEST_NAME = 80
LONGEST_WORDS = 1000


@dataclass(frozen=True, slots=True)
class Span:
    """The days [begins, ends) of a quarter in which a company served a compound. whole: all of them."""

    contract: PropertyContract
    begins: datetime
    ends: datetime
    whole: bool

    @property
    def last(self) -> datetime:
        """The last moment that is the company's, for pages that name days."""
        return self.ends - timedelta(seconds=1)

    def holds(self, compound_id: int, at: datetime) -> bool:
        """Whether something of a compound was the company's then."""
        return compound_id == self.contract.compound_id and self.begins <= at < self.ends


@dataclass(frozen=True, slots=True)
class RateCard:
    """A company's quarter, over the compounds that were looked at. refused, reopened: of its requests. parts: where it
    served less than the whole quarter."""

    company: str
    compounds: tuple[int, ...]
    rates: Rates
    refused: int
    reopened: int
    verdict: Verdict
    statements: tuple[PropertyStatement, ...] = ()
    parts: tuple[Span, ...] = ()


async def put_contract(
    session: AsyncSession, compound_id: int, company: str, since_on: date, now: datetime, *, actor_id: int
) -> bool:
    """Let a company serve a compound from a day on; the one before ends the day before.

    From the day on which the present one began it is that one's right name. What was said since that day in the name of
    the present one goes over to this one. False for a name or day that is none: empty, too long, in the future, or
    before the present one began.
    """
    name = " ".join(company.split())
    present = await queries.lock_contract(session, compound_id)
    if not 0 < len(name) <= LONGEST_NAME or since_on > local_date(now):
        return False
    if present is not None and since_on < present.since_on:
        return False
    said_by = present.company if present is not None else None
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
    if said_by is not None:
        began = datetime.combine(since_on, time(), LOCAL)
        await queries.hand_statements_over(session, compound_id, said_by, name, began)
    add_audit_event(
        session, at=now, verb="contract.set", compound_id=compound_id, actor_id=actor_id,
        subject=f"contract:{since_on}",
    )  # fmt: skip
    return True


async def put_statement(
    session: AsyncSession, compound_id: int, quarter: str, words: str, now: datetime, *, actor_id: int
) -> bool:
    """Keep what the company that serves the compound now says to a quarter, in the place of its own earlier words.

    Empty words take them back. False for words that are too long, or of a company that did not serve in the quarter.
    """
    said = words.strip()
    await queries.lock_contract(session, compound_id)  # its name must not change meanwhile
    contracts = await queries.list_contracts(session, [compound_id])
    writer = company_on(contracts, compound_id, now)
    bounds = bounds_of_quarter(quarter)
    served = {each.company for each in contracts if _overlap(each, *bounds) is not None}
    if len(said) > LONGEST_WORDS or writer is None or writer not in served:
        return False
    await queries.put_statement(session, compound_id, quarter, writer, said, now, actor_id)
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
    whole = bounds_of_quarter(quarter)
    spans: dict[str, list[Span]] = {}
    contracts = await queries.list_contracts(session, on)
    for contract in contracts:
        if (bounds := _overlap(contract, *whole)) is not None:
            spans.setdefault(contract.company, []).append(Span(contract, *bounds, bounds == whole))
    raised = await queries.list_raised_theirs(session, on, *whole)
    troubles = await queries.list_troubles(session, on, *whole)
    statements = await queries.list_statements(session, on, quarter)
    return [
        _card(services, company, theirs, raised, troubles, statements)
        for company, theirs in sorted(spans.items())
    ]


def company_on(contracts: Iterable[PropertyContract], compound_id: int, at: datetime) -> str | None:
    """Which company served a compound then, under whichever contract; None for none."""
    day = local_date(at)
    for each in contracts:
        if each.compound_id == compound_id and each.since_on <= day <= (each.until_on or day):
            return each.company
    return None


def _card(
    services: Services,
    company: str,
    spans: Sequence[Span],
    raised: Iterable[Raised],
    troubles: Iterable[Trouble],
    statements: Iterable[PropertyStatement],
) -> RateCard:
    theirs = [
        Row(each.state, each.accepted_in_time, each.done_in_time, each.rating, each.ratings)
        for each in raised
        if any(span.holds(each.compound_id, each.raised_at) for span in spans)
    ]
    trouble = [
        each for each in troubles if any(span.holds(each.compound_id, each.raised_at) for span in spans)
    ]
    found = rates(theirs, services.rates_over)
    return RateCard(
        company,
        tuple(sorted({span.contract.compound_id for span in spans})),
        found,
        sum(each.refused for each in trouble),
        sum(each.reopened for each in trouble),
        verdict_of(found),
        tuple(
            each
            for each in statements
            if each.company == company
            and any(each.compound_id == span.contract.compound_id for span in spans)
        ),
        tuple(span for span in spans if not span.whole),
    )


def _overlap(
    contract: PropertyContract, since: datetime, until: datetime
) -> tuple[datetime, datetime] | None:
    begins = max(since, datetime.combine(contract.since_on, time(), LOCAL))
    ends = until
    if contract.until_on is not None:
        ends = min(until, datetime.combine(contract.until_on + timedelta(days=1), time(), LOCAL))
    return (begins, ends) if begins < ends else None
