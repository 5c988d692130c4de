"""Use cases: documents that owners read with a draft are added and taken away until the notice freezes them."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import facts_of
from handlers.voting.life import audit, hold_vote, take_step
from handlers.voting.rules import Command, step
from storage.blobs import put_blob
from storage.queries.votes import list_documents
from storage.sealing import Sealer
from storage.tables import Compound, VoteDocument

ATTACHMENT = "attachment"
MOST = 10
PDF, PICTURE = "application/pdf", "image/jpeg"
_ENDINGS = {PDF: ".pdf", PICTURE: ".jpg"}
_LONGEST = 80
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff/\\]")


@dataclass(frozen=True, slots=True)
class Attachment:
    """What somebody brought: a PDF as it is, or a picture that was written anew (bot/pictures.py)."""

    content: bytes
    name: str
    media_type: str


class Told(StrEnum):
    """What came of it; stable, for pages."""

    KEPT = "attachment_kept"
    TOO_MANY = "attachment_too_many"
    DROPPED = "attachment_dropped"
    OTHER = "attachment_other"


async def attach(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    brought: Attachment,
    now: datetime,
    *,
    actor_id: int,
) -> Told:
    """Keep a document with a draft, which then has to be linted again; raises Refused after the notice.

    The same content again is one document.
    """
    vote = await hold_vote(session, compound, number)
    digest = sha256(brought.content).hexdigest()
    documents = await list_documents(session, vote.compound_id, number)
    there = attached(documents)
    is_there = any(each.digest == digest for each in there)
    if not is_there and len(there) >= MOST:
        return Told.TOO_MANY
    if is_there:
        return Told.KEPT
    take_step(session, vote, Command.EDIT, now, actor_id=actor_id, details={"attachment": digest})
    session.add(
        VoteDocument(
            compound_id=vote.compound_id,
            vote_number=number,
            document_number=max((each.document_number for each in documents), default=0) + 1,
            kind=ATTACHMENT,
            name=name_of(brought),
            address=await put_blob(
                session, sealer, vote.compound_id, brought.content, brought.media_type, now
            ),
            digest=digest,
            made_at=now,
        )
    )
    return Told.KEPT


async def detach(
    session: AsyncSession,
    compound: Compound,
    number: int,
    document_number: int,
    digest: str,
    now: datetime,
    *,
    actor_id: int,
) -> Told:
    """Take a document away from a draft; one that is not there is gone already. Raises Refused after the notice.

    digest: of the one that is meant: a colleague may have taken it away, and put another one in its place.
    """
    vote = await hold_vote(session, compound, number)
    document = await session.get(VoteDocument, (vote.compound_id, number, document_number))
    if document is None or document.kind != ATTACHMENT:
        return Told.DROPPED
    step(facts_of(vote), Command.EDIT, now)
    if document.digest != digest:
        return Told.OTHER
    take_step(session, vote, Command.EDIT, now, actor_id=actor_id)
    await session.delete(document)
    audit(session, vote, "vote.detached", now, actor_id, {"attachment": document.digest})
    return Told.DROPPED


def attached(documents: list[VoteDocument]) -> list[VoteDocument]:
    """Those that somebody added."""
    return [each for each in documents if each.kind == ATTACHMENT]


def digests_of(documents: list[VoteDocument]) -> list[str]:
    """What the notice's leaf says of the documents that owners were given: SHA-256 in hex, for anybody to compare."""
    return [each.digest for each in attached(documents) if each.public]


def name_of(brought: Attachment) -> str:
    """A file's name as owners see it, with the ending of what it is."""
    stem = _UNSEEN.sub("", brought.name).strip().rpartition(".")
    return f"{(stem[0] or stem[2]).strip()[:_LONGEST] or '附件'}{_ENDINGS[brought.media_type]}"
