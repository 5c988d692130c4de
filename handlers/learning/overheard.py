"""Use case: a member of staff says what something heard in a group is about, which the tagger only doubted.

It is filed then, as it would have been had the tagger heard it; or it is small talk, and leaves the work list.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound, Opened
from handlers.batch import Batch
from handlers.context import Context, Services
from handlers.groups.chat import FILED_HERE, PASSED, receipt_aside
from handlers.learning.correct import correct_opinion
from handlers.learning.doubtful import IN_DOUBT, reach
from handlers.learning.rules import Sorting
from handlers.opinions.file import file_opinion
from handlers.receive import to_inbound
from nlp.ranking import Category
from storage.audit import add_audit_event
from storage.queries.corrections import lock_in_doubt
from storage.queries.people import find_identity
from storage.tables import Opinion


async def sort_overheard(
    session: AsyncSession,
    services: Services,
    opened: Opened,
    inbox_id: int,
    sorting: Sorting,
    by: int,
    now: datetime,
) -> Opinion | None:
    """Sort something that was heard, in the caller's transaction; returns the opinion that it became, None for none.

    opened: all of the compound, since what was overheard belongs to no part of it. sorting: with a category of the
    lexicon in use, "" for small talk; by: person_id. Raises NotFound when it is not there, or was sorted already.
    """
    found = None
    if opened.codes is None:
        found = await lock_in_doubt(session, opened.compound_id, IN_DOUBT, reach(services, now), inbox_id)
    if found is None:
        raise NotFound
    message, group = found
    speaker = await find_identity(session, services.people_of(message.account), message.sender)
    if speaker is None:
        raise NotFound
    if not sorting.category:
        message.outcome = PASSED.outcome
        add_audit_event(
            session,
            at=now,
            verb="message.passed",
            compound_id=opened.compound_id,
            actor_id=by,
            subject=f"inbox:{inbox_id}",
        )
        return None
    context = Context(
        session=session,
        services=services,
        now=now,
        inbound=to_inbound(message),
        inbox_id=inbox_id,
        identity=speaker,
        batch=Batch(session, [speaker.person_id]),
        group=(group, opened.compound),
    )
    tagger = services.tagger.of(opened.compound_id)
    is_top = sorting.category in tagger.reader.lexicon.tops
    leaf = (
        tagger.reader.leaf_of(message.text, sorting.category, tagger.phrases) if is_top else sorting.category
    )
    # With what staff said it is, so that it finds the matter that others have raised.
    tagged = tagger.tag(message.text)._replace(categories=(Category(leaf, 1.0),))
    home = await context.batch.home_of(speaker.person_id)
    place = home[1] if home and home[0].compound_id == opened.compound_id else None
    filed = await file_opinion(
        context, (opened.compound, place), inbox_id, message.text, message.sent_at, tagged, group
    )
    message.outcome = FILED_HERE.outcome
    await session.flush()
    number = filed.opinion.number
    await receipt_aside(context, opened.compound, filed)
    return (await correct_opinion(session, services, opened, number, sorting, by, now)).opinion
