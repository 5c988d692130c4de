"""Use cases: what becomes of a matter's request when the matter is confirmed, falls away or comes back."""

from datetime import datetime

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from storage.states import RequestState
from storage.tables import Compound, Matter, Request, RequestEvent

_ENDED = (RequestState.DONE, RequestState.RATED, RequestState.CLOSED)


async def raise_request(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    now: datetime,
    *,
    actor_id: int | None = None,
) -> Request:
    """The request of a confirmed matter; one that was cancelled is raised again, an open one stays as it is."""
    request = await _find(session, matter)
    if request is None:
        request = Request(
            compound_id=matter.compound_id, number=matter.number, state=RequestState.RAISED, raised_at=now
        )
        session.add(request)
        await session.flush()
    elif request.state is RequestState.CANCELLED:
        request.state, request.ended_at = RequestState.RAISED, None
    else:
        return request
    await _note(session, request, "raised", now, actor_id)
    return request


async def cancel_request(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    now: datetime,
    *,
    actor_id: int | None = None,
) -> None:
    """Take an open request back; nothing happens to one that is done, or was never raised."""
    request = await _find(session, matter)
    if request is None or request.ended_at is not None or request.state in _ENDED:
        return
    request.state, request.ended_at = RequestState.CANCELLED, now
    await _note(session, request, "cancelled", now, actor_id)


async def reopen_request(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    now: datetime,
    *,
    actor_id: int | None = None,
) -> bool:
    """A done request goes on in another round; False when there is none that was done."""
    request = await _find(session, matter)
    if request is None or request.state not in _ENDED:
        return False
    request.state, request.ended_at, request.done_at = RequestState.REOPENED, None, None
    request.round += 1
    await _note(session, request, "reopened", now, actor_id)
    return True


async def _find(session: AsyncSession, matter: Matter) -> Request | None:
    statement = (
        select(Request)
        .where(Request.compound_id == matter.compound_id, Request.number == matter.number)
        .with_for_update()
    )
    return (await session.exec(statement)).one_or_none()


async def _note(
    session: AsyncSession, request: Request, verb: str, now: datetime, actor_id: int | None
) -> None:
    last = await session.exec(
        select(func.max(RequestEvent.seq)).where(
            col(RequestEvent.compound_id) == request.compound_id,
            col(RequestEvent.number) == request.number,
        )
    )
    session.add(
        RequestEvent(
            compound_id=request.compound_id,
            number=request.number,
            seq=(last.one() or 0) + 1,
            verb=f"request.{verb}",
            at=now,
            actor_id=actor_id,
        )
    )
    await session.flush()
