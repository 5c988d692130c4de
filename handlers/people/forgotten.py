"""What is kept of somebody who was forgotten: a keyed hash of each identity, by which it is known again."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.forget import list_erased
from storage.queries.people import list_identities_of
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


async def was_forgotten_since(session: AsyncSession, sealer: Sealer, person_id: int, since: datetime) -> bool:
    """Whether somebody asked to be forgotten since then, and came back: what they did before is nobody's."""
    identities = (await list_identities_of(session, [person_id])).get(person_id, [])
    subjects = {subject_of(sealer, each.account, each.external_id) for each in identities}
    return bool(subjects and await list_erased(session, subjects, since))
