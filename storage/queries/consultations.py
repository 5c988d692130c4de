"""The monthly consultation: months, agendas, who comes."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import GOING_ON, ItemOutcome, ItemState, MatterState
from storage.tables import (
    Compound,
    Consultation,
    ConsultationItem,
    ConsultationPlan,
    ConsultationSeat,
    Matter,
    Request,
    Residency,
)
from storage.upsert import insert_for, insert_ignore

Month = tuple[int, str]  # compound_id, 2026-11

# Plans and months


async def find_plan(session: AsyncSession, compound_id: int) -> ConsultationPlan | None:
    """A compound's own plan; None where the default holds."""
    return await session.get(ConsultationPlan, compound_id)


async def put_plan(session: AsyncSession, plan: ConsultationPlan) -> None:
    """Keep a compound's plan in the place of the one it had."""
    values = plan.model_dump()
    await session.exec(
        insert_for(session, ConsultationPlan)
        .values(**values)
        .on_conflict_do_update(index_elements=["compound_id"], set_=values)
    )


async def list_planned(session: AsyncSession) -> list[tuple[str, ConsultationPlan]]:
    """The compounds with a plan of their own that is switched on, each by its code."""
    statement = (
        select(Compound.code, ConsultationPlan)
        .join(ConsultationPlan, col(ConsultationPlan.compound_id) == Compound.compound_id)
        .where(col(ConsultationPlan.enabled))
        .order_by(col(Compound.compound_id))
    )
    return list((await session.exec(statement)).all())


async def list_unplanned_without(session: AsyncSession, month: str) -> list[tuple[int, str]]:
    """(compound_id, code) of compounds with the default plan that have no row for a month."""
    statement = (
        select(Compound.compound_id, Compound.code)
        .outerjoin(ConsultationPlan, col(ConsultationPlan.compound_id) == Compound.compound_id)
        .outerjoin(
            Consultation,
            and_(col(Consultation.compound_id) == Compound.compound_id, col(Consultation.month) == month),
        )
        .where(col(ConsultationPlan.compound_id).is_(None), col(Consultation.month).is_(None))
        .order_by(col(Compound.compound_id))
    )
    return [(compound_id or 0, code) for compound_id, code in (await session.exec(statement)).all()]


async def list_opened(session: AsyncSession, months: Collection[str]) -> set[Month]:
    """Which compounds have a row for these months."""
    statement = select(Consultation.compound_id, Consultation.month).where(
        col(Consultation.month).in_(months)
    )
    return set((await session.exec(statement)).all())


async def add_consultation(session: AsyncSession, row: Consultation) -> bool:
    """Open a month; False when it has a row."""
    return await insert_ignore(session, Consultation, row.model_dump())


async def list_due_consultations(session: AsyncSession, now: datetime, limit: int) -> list[Month]:
    """Months at which the clock has to look, those that waited longest first."""
    statement = (
        select(Consultation.compound_id, Consultation.month)
        .where(col(Consultation.next_at).is_not(None), col(Consultation.next_at) <= now)
        .order_by(col(Consultation.next_at), col(Consultation.compound_id))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def find_consultation(session: AsyncSession, compound_id: int, month: str) -> Consultation | None:
    """A month of a compound."""
    return await session.get(Consultation, (compound_id, month))


async def lock_consultation(session: AsyncSession, compound_id: int, month: str) -> Consultation | None:
    """A month as it is now; nobody else changes it, its agenda or its seats until the transaction ends."""
    statement = (
        select(Consultation)
        .where(Consultation.compound_id == compound_id, Consultation.month == month)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_consultations(
    session: AsyncSession, compound_ids: Collection[int], limit: int
) -> list[Consultation]:
    """Months of these compounds, the newest first."""
    statement = (
        select(Consultation)
        .where(col(Consultation.compound_id).in_(list(compound_ids)))
        .order_by(col(Consultation.month).desc(), col(Consultation.compound_id))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def find_unsettled(session: AsyncSession, compound_id: int) -> Consultation | None:
    """The month whose agenda is being made, locked; None when there is none."""
    statement = (
        select(Consultation)
        .where(
            Consultation.compound_id == compound_id,
            col(Consultation.agreed_at).is_(None),
            col(Consultation.ended_at).is_(None),
        )
        .order_by(col(Consultation.month))
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


# Agendas


async def list_items(session: AsyncSession, compound_id: int, month: str | None) -> list[ConsultationItem]:
    """What a month is about, in the committee's order; with None what waits for the next."""
    of_month = col(ConsultationItem.month)
    statement = (
        select(ConsultationItem)
        .where(
            ConsultationItem.compound_id == compound_id,
            of_month.is_(None) if month is None else of_month == month,
        )
        .order_by(col(ConsultationItem.position), col(ConsultationItem.item_number))
    )
    return list((await session.exec(statement)).all())


async def leaves_of_items(session: AsyncSession, compound_id: int, month: str) -> dict[int, str | None]:
    """The categories of the matters that a month is about, by item number."""
    statement = (
        select(ConsultationItem.item_number, Matter.leaf)
        .join(
            Matter,
            and_(
                col(Matter.compound_id) == ConsultationItem.compound_id,
                col(Matter.number) == ConsultationItem.matter_number,
            ),
        )
        .where(ConsultationItem.compound_id == compound_id, ConsultationItem.month == month)
    )
    return dict((await session.exec(statement)).all())


async def find_item(session: AsyncSession, compound_id: int, number: int) -> ConsultationItem | None:
    """An item by its number, as it is now."""
    statement = (
        select(ConsultationItem)
        .where(ConsultationItem.compound_id == compound_id, ConsultationItem.item_number == number)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_promises(
    session: AsyncSession, compound_id: int, outcomes: Collection[ItemOutcome]
) -> list[ConsultationItem]:
    """What meetings promised and no later agenda has taken up, the oldest first. Of published minutes only."""
    statement = (
        select(ConsultationItem)
        .join(
            Consultation,
            and_(
                col(Consultation.compound_id) == ConsultationItem.compound_id,
                col(Consultation.month) == ConsultationItem.month,
            ),
        )
        .where(
            ConsultationItem.compound_id == compound_id,
            ConsultationItem.state == ItemState.ON,
            col(ConsultationItem.outcome).in_(outcomes),
            col(ConsultationItem.carried_to).is_(None),
            col(Consultation.recorded_at).is_not(None),
        )
        .order_by(col(ConsultationItem.item_number))
    )
    return list((await session.exec(statement)).all())


async def list_open_matters(
    session: AsyncSession, compound_id: int, heard_since: datetime, limit: int
) -> list[Matter]:
    """Matters that somebody stands behind and that are not done: without a request, or with an open one."""
    statement = (
        select(Matter)
        .outerjoin(
            Request,
            and_(
                col(Request.compound_id) == Matter.compound_id,
                col(Request.number) == Matter.number,
            ),
        )
        .where(
            Matter.compound_id == compound_id,
            col(Matter.state).in_((MatterState.CANDIDATE, MatterState.CONFIRMED)),
            col(Matter.leaf).is_not(None),
            Matter.households + Matter.speakers > 0,
            or_(
                and_(col(Request.state).is_(None), col(Matter.heard_at) >= heard_since),
                col(Request.state).in_(GOING_ON),
            ),
        )
        .order_by(
            col(Matter.urgency).desc(),
            (col(Matter.households) + col(Matter.speakers)).desc(),
            col(Matter.number),
        )
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def list_matters_on_agendas(
    session: AsyncSession, compound_id: int, promises: Collection[ItemOutcome]
) -> set[int]:
    """Matters that an item which has not ended is about, or what a meeting promised and nobody kept yet."""
    promised = and_(
        col(ConsultationItem.outcome).in_(promises),
        col(ConsultationItem.settled_at).is_(None),
        col(ConsultationItem.carried_to).is_(None),
    )
    statement = select(ConsultationItem.matter_number).where(
        ConsultationItem.compound_id == compound_id,
        col(ConsultationItem.matter_number).is_not(None),
        ConsultationItem.state != ItemState.DROPPED,
        or_(col(ConsultationItem.outcome).is_(None), promised),
    )
    return {number or 0 for number in (await session.exec(statement)).all()}


async def count_proposals_of(session: AsyncSession, compound_id: int, person_id: int, since: datetime) -> int:
    """How much somebody proposed lately."""
    statement = select(func.count()).where(
        ConsultationItem.compound_id == compound_id,
        ConsultationItem.person_id == person_id,
        col(ConsultationItem.added_at) > since,
    )
    return int((await session.exec(statement)).one())


async def list_proposals_of(session: AsyncSession, person_id: int, limit: int) -> list[ConsultationItem]:
    """What somebody proposed, the newest first."""
    statement = (
        select(ConsultationItem)
        .where(ConsultationItem.person_id == person_id)
        .order_by(col(ConsultationItem.added_at).desc())
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


# Who comes


async def take_seat(session: AsyncSession, seat: ConsultationSeat) -> None:
    """Keep that somebody comes; again, what they want to be called is the newer."""
    await session.exec(
        insert_for(session, ConsultationSeat)
        .values(**seat.model_dump())
        .on_conflict_do_update(
            index_elements=["compound_id", "month", "person_id"], set_={"name_sealed": seat.name_sealed}
        )
    )


async def leave_seat(session: AsyncSession, compound_id: int, month: str, person_id: int) -> bool:
    """Somebody does not come after all; False when they had not said so."""
    result = await session.exec(
        delete(ConsultationSeat).where(
            col(ConsultationSeat.compound_id) == compound_id,
            col(ConsultationSeat.month) == month,
            col(ConsultationSeat.person_id) == person_id,
        )
    )
    return int(result.rowcount) > 0


async def find_seat(
    session: AsyncSession, compound_id: int, month: str, person_id: int
) -> ConsultationSeat | None:
    """That somebody comes; None when they do not."""
    return await session.get(ConsultationSeat, (compound_id, month, person_id))


async def list_seats(session: AsyncSession, compound_id: int, month: str) -> list[ConsultationSeat]:
    """Everybody who comes, in the order they said so."""
    statement = (
        select(ConsultationSeat)
        .where(ConsultationSeat.compound_id == compound_id, ConsultationSeat.month == month)
        .order_by(col(ConsultationSeat.signed_at), col(ConsultationSeat.person_id))
    )
    return list((await session.exec(statement)).all())


async def count_seats(session: AsyncSession, compound_id: int, month: str) -> int:
    """How many come."""
    statement = select(func.count()).where(
        ConsultationSeat.compound_id == compound_id, ConsultationSeat.month == month
    )
    return int((await session.exec(statement)).one())


async def list_residents_after(
    session: AsyncSession, compound_id: int, person_id: int, limit: int
) -> list[int]:
    """People who said they live in a compound, by number, behind one of them."""
    statement = (
        select(Residency.person_id)
        .where(Residency.compound_id == compound_id, col(Residency.person_id) > person_id)
        .order_by(col(Residency.person_id))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


# Who asks to be forgotten, and words that have been kept long enough


def _title_left() -> ColumnElement[str]:
    """The committee's title stays; what nobody took up is still called by its author's first words."""
    return case((col(ConsultationItem.state) == ItemState.ON, col(ConsultationItem.title)), else_="…")


async def forget_consultations_of(session: AsyncSession, person_id: int) -> int:
    """Take a person out of agendas and seats; what the committee made of it stays. Returns how many proposals."""
    items = await session.exec(
        update(ConsultationItem)
        .where(col(ConsultationItem.person_id) == person_id)
        .values(person_id=None, said=None, title=_title_left())
    )
    await session.exec(delete(ConsultationSeat).where(col(ConsultationSeat.person_id) == person_id))
    return int(items.rowcount)


async def move_consultations(session: AsyncSession, old: int, new: int) -> None:
    """Two turn out to be one person."""
    await session.exec(
        update(ConsultationItem).where(col(ConsultationItem.person_id) == old).values(person_id=new)
    )
    own = set(
        (
            await session.exec(
                select(ConsultationSeat.compound_id, ConsultationSeat.month).where(
                    ConsultationSeat.person_id == new
                )
            )
        ).all()
    )
    for seat in list(await session.exec(select(ConsultationSeat).where(ConsultationSeat.person_id == old))):
        if (seat.compound_id, seat.month) in own:
            await session.delete(seat)
        else:
            seat.person_id = new
    await session.flush()


async def reduce_proposals(session: AsyncSession, before: datetime) -> int:
    """Blank what residents wrote before a time; returns how many items."""
    items = await session.exec(
        update(ConsultationItem)
        .where(col(ConsultationItem.said).is_not(None), col(ConsultationItem.added_at) < before)
        .values(said=None, title=_title_left())
    )
    return int(items.rowcount)
