"""Use cases: documents and photos of a topic are added and handed out."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.topics.carry_out import Carried, carry_out
from handlers.topics.commands import AddDocument, Code, Refused
from handlers.topics.facts import Actor, Facts
from handlers.voting.attachments import Attachment, name_of
from storage.blobs import find_blob, put_blob
from storage.queries.topics import list_topic_documents
from storage.sealing import Sealer
from storage.tables import Compound, Topic, TopicDocument

MOST = 60


async def add_document(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    brought: Attachment,
    now: datetime,
    *,
    public: bool,
    milestone: int | None,
    key: str,
    actor_id: int,
) -> Carried:
    """Keep a PDF or a photo with the step; raises Refused. milestone: the one it shows, by its place from 0."""
    name = name_of(brought)

    async def command(topic: Topic, _facts: Facts, _actor: Actor | None) -> AddDocument:
        if len(await list_topic_documents(session, topic.compound_id, number)) >= MOST:
            raise Refused(Code.TOO_MANY)
        return AddDocument(name, public, milestone)

    async def keep(topic: Topic) -> None:
        there = await list_topic_documents(session, topic.compound_id, number)
        session.add(
            TopicDocument(
                compound_id=topic.compound_id,
                topic_number=number,
                document_number=len(there) + 1,
                entry=topic.entry,
                step=topic.step,
                milestone=milestone,
                name=name,
                address=await put_blob(
                    session,
                    services.sealer,
                    topic.compound_id,
                    brought.content,
                    brought.media_type,
                    now,
                ),
                public=public,
                made_by=actor_id,
                made_at=now,
            )
        )

    return await carry_out(
        session, services, compound, number, command, now, key=key, actor_id=actor_id, then=keep
    )


async def load_topic_document(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    number: int,
    document_number: int,
    *,
    public_only: bool,
) -> tuple[bytes, str, str] | None:
    """(content, media type, name) of a document; None when there is none."""
    document = await session.get(TopicDocument, (compound_id, number, document_number))
    if document is None or (public_only and not document.public):
        return None
    found = await find_blob(session, sealer, compound_id, document.address)
    return None if found is None else (*found, document.name)
