"""Ballot papers by serial, and the boxes they were counted in."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import BallotChannel, PaperAct, PaperState
from storage.tables import BallotPaper, PaperBatch, UnannouncedPaper, VoteOwner, VoteUnit
from storage.upsert import insert_ignore

IN_THE_BOX = (PaperState.RECEIVED, PaperState.ENTERED, PaperState.MISMATCHED)


async def find_paper(
    session: AsyncSession, compound_id: int, vote_number: int, serial: str
) -> BallotPaper | None:
    """A paper of a vote by its serial."""
    found = await _papers(session, compound_id, vote_number, col(BallotPaper.serial) == serial)
    return found[0] if found else None


async def lock_papers(
    session: AsyncSession, compound_id: int, vote_number: int, serials: Collection[str]
) -> dict[str, BallotPaper]:
    """Papers by their serials, locked until the transaction ends, in the order of the serials."""
    statement = (
        select(BallotPaper)
        .where(
            BallotPaper.compound_id == compound_id,
            BallotPaper.vote_number == vote_number,
            col(BallotPaper.serial).in_(sorted(serials)),
        )
        .order_by(col(BallotPaper.serial))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {paper.serial: paper for paper in await session.exec(statement)}


async def list_papers(
    session: AsyncSession, compound_id: int, vote_number: int, states: Collection[PaperState] = ()
) -> list[BallotPaper]:
    """All papers of a vote, or those in some states, by serial."""
    wanted = [col(BallotPaper.state).in_(states)] if states else []
    return await _papers(session, compound_id, vote_number, *wanted)


async def list_papers_of(
    session: AsyncSession, compound_id: int, vote_number: int, owner_keys: Iterable[str]
) -> list[BallotPaper]:
    """All papers of some owners, by serial."""
    keys = list(owner_keys)
    return await _papers(session, compound_id, vote_number, col(BallotPaper.owner_key).in_(keys))


async def count_papers_in_batch(session: AsyncSession, compound_id: int, vote_number: int, batch: str) -> int:
    """How many papers were registered as from this box."""
    statement = select(func.count()).where(
        BallotPaper.compound_id == compound_id,
        BallotPaper.vote_number == vote_number,
        BallotPaper.batch == batch,
    )
    return int((await session.exec(statement)).one())


async def lock_batch(
    session: AsyncSession, compound_id: int, vote_number: int, batch: str
) -> PaperBatch | None:
    """A box, locked until the transaction ends."""
    statement = (
        select(PaperBatch)
        .where(
            PaperBatch.compound_id == compound_id,
            PaperBatch.vote_number == vote_number,
            PaperBatch.batch == batch,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_batches(session: AsyncSession, compound_id: int, vote_number: int) -> list[PaperBatch]:
    """The boxes of a vote, in the order they were counted."""
    statement = (
        select(PaperBatch)
        .where(PaperBatch.compound_id == compound_id, PaperBatch.vote_number == vote_number)
        .order_by(col(PaperBatch.counted_at), col(PaperBatch.batch))
    )
    return list(await session.exec(statement))


async def list_owners_of_key(
    session: AsyncSession, compound_id: int, vote_number: int, owner_key: str
) -> list[int]:
    """Numbers of the owners who share a key of a vote."""
    statement = (
        select(VoteOwner.owner_number)
        .where(
            VoteOwner.compound_id == compound_id,
            VoteOwner.vote_number == vote_number,
            VoteOwner.owner_key == owner_key,
        )
        .order_by(col(VoteOwner.owner_number))
    )
    return list(await session.exec(statement))


async def list_first_units(
    session: AsyncSession, compound_id: int, vote_number: int
) -> Sequence[tuple[str, str]]:
    """(owner key, building) of every owner, the building of the unit that is first in the roll."""
    statement = (
        select(VoteUnit.owner_key, VoteUnit.building)
        .where(VoteUnit.compound_id == compound_id, VoteUnit.vote_number == vote_number)
        .order_by(col(VoteUnit.position))
    )
    first: dict[str, str] = {}
    for owner_key, building in await session.exec(statement):
        first.setdefault(owner_key, building)
    return list(first.items())


async def list_calls_of(
    session: AsyncSession, compound_id: int, vote_number: int, owner_key: str
) -> list[BallotPaper]:
    """Ballots of an owner by phone."""
    of_owner = col(BallotPaper.owner_key) == owner_key
    by_phone = col(BallotPaper.channel) == BallotChannel.PHONE
    return await _papers(session, compound_id, vote_number, of_owner, by_phone)


async def note_unannounced_paper(session: AsyncSession, paper: BallotPaper, act: PaperAct) -> None:
    """Note that the owners of a paper are to be told what became of it."""
    values = {"compound_id": paper.compound_id, "vote_number": paper.vote_number, "serial": paper.serial}
    await insert_ignore(session, UnannouncedPaper, {**values, "act": act})


async def list_unannounced_papers(session: AsyncSession, limit: int) -> list[tuple[int, int, str, PaperAct]]:
    """(compound_id, vote_number, serial, what became of it) of papers that nobody has been told of yet."""
    statement = (
        select(
            UnannouncedPaper.compound_id,
            UnannouncedPaper.vote_number,
            UnannouncedPaper.serial,
            UnannouncedPaper.act,
        )
        .order_by(
            col(UnannouncedPaper.compound_id),
            col(UnannouncedPaper.vote_number),
            col(UnannouncedPaper.serial),
            col(UnannouncedPaper.act),
        )
        .limit(limit)
    )
    return [
        (compound_id, number, serial, PaperAct(act))
        for compound_id, number, serial, act in (await session.exec(statement)).all()
    ]


async def take_unannounced_paper(
    session: AsyncSession, compound_id: int, vote_number: int, serial: str, act: PaperAct
) -> bool:
    """Take away the note that a paper is to be told of; False when another replica did."""
    done = await session.exec(
        delete(UnannouncedPaper).where(
            col(UnannouncedPaper.compound_id) == compound_id,
            col(UnannouncedPaper.vote_number) == vote_number,
            col(UnannouncedPaper.serial) == serial,
            col(UnannouncedPaper.act) == act,
        )
    )
    return bool(done.rowcount)


async def _papers(
    session: AsyncSession, compound_id: int, vote_number: int, *wanted: object
) -> list[BallotPaper]:
    statement = (
        select(BallotPaper)
        .where(BallotPaper.compound_id == compound_id, BallotPaper.vote_number == vote_number, *wanted)  # type: ignore[arg-type]
        .order_by(col(BallotPaper.serial))
    )
    return list(await session.exec(statement))
