"""The names and spots of a compound that the tagger has to know."""

from collections.abc import Collection, Mapping

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.opinions import next_number
from storage.states import PhraseKind
from storage.tables import Counter, LocalPhrase

VERSION = "phrases"  # the counter that moves whenever a compound's phrases change


async def put_phrases(session: AsyncSession, compound_id: int, phrases: Mapping[str, PhraseKind]) -> bool:
    """Make these the compound's phrases, instead of all it had; returns whether anything changed."""
    kept = {row.phrase: row.kind for row in (await list_phrases(session, [compound_id]))}
    if kept == dict(phrases):
        return False
    await session.exec(delete(LocalPhrase).where(col(LocalPhrase.compound_id) == compound_id))
    session.add_all(
        LocalPhrase(compound_id=compound_id, phrase=phrase, kind=kind) for phrase, kind in phrases.items()
    )
    await session.flush()
    await next_number(session, compound_id, VERSION)
    return True


async def list_phrases(session: AsyncSession, compound_ids: Collection[int]) -> list[LocalPhrase]:
    """The phrases of these compounds."""
    statement = select(LocalPhrase).where(col(LocalPhrase.compound_id).in_(compound_ids))
    return list((await session.exec(statement)).all())


async def list_phrase_versions(session: AsyncSession) -> dict[int, int]:
    """By compound a number that moves with its phrases; compounds that never had any are left out."""
    statement = select(Counter.compound_id, Counter.value).where(Counter.name == VERSION)
    return dict((await session.exec(statement)).all())
