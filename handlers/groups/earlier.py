"""What is being talked about in a group: a message is understood better after those before it."""

from datetime import timedelta

from handlers.context import Context
from handlers.learning.taggers import LocalTagger
from nlp.context import REACH
from nlp.model import Scores
from storage.queries.inbox import list_said_before

WITHIN = timedelta(minutes=30)


async def scores_before(context: Context, tagger: LocalTagger) -> list[Scores]:
    """What the tagger thinks of the last messages of the same group, oldest first. Asked anew each time: another
    replica may have heard them."""
    inbound = context.inbound
    said = await list_said_before(
        context.session, inbound.account, inbound.room, context.inbox_id, inbound.sent_at - WITHIN, REACH
    )
    return [tagger.score(text) for text in said]
