"""What is kept of somebody who was forgotten: a keyed hash of each identity, by which it is known again."""

from collections.abc import Collection

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.forget import list_erased
from storage.sealing import Sealer

_CONTEXT = "erasures.subject"


def subject_of(sealer: Sealer, account: str, external_id: str) -> bytes:
    """The hash of an identity."""
    return sealer.lookup(f"{account}:{external_id}".encode(), _CONTEXT)


async def find_forgotten(
    session: AsyncSession, sealer: Sealer, account: str, external_ids: Collection[str]
) -> set[str]:
    """Who of these people on an account has asked to be forgotten at some time."""
    subjects = {subject_of(sealer, account, external_id): external_id for external_id in external_ids}
    return (
        {subjects[subject] for subject in await list_erased(session, subjects.keys())} if subjects else set()
    )
