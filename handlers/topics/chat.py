"""Topics in chat: 议题 lists what is going on where the speaker lives, or works."""

from handlers.access import Right
from handlers.context import Answer, Context
from handlers.desk import Desk, for_staff
from handlers.filters import command
from handlers.router import Route
from handlers.texts import listed, say
from handlers.topics.words import line_of
from storage.queries.polls import list_homes_in
from storage.queries.topics import list_topics
from storage.states import TopicState
from storage.tables import Compound

LISTED = 8


async def show_topics(context: Context) -> Answer:
    """议题: for residents."""
    homes = await list_homes_in(context.session, context.person_id)
    if not homes:
        return Answer("topics.none", say("votes.nowhere"))
    found = await _lines(context, list(homes))
    if not found:
        return Answer("topics.none", say("topics.none"))
    text = say("topics.shown", lines=listed(found))
    url = context.services.public_url
    if url:
        text = f"{text}\n{say('topics.link', link=f'{url}/h5/topics')}"
    return Answer("topics.shown", text)


async def show_to_staff(context: Context, desk: Desk) -> Answer:
    """议题: for staff, of their compounds; in a group of the group's."""
    found = await _lines(context, [opened.compound_id for opened in desk.compounds])
    if found:
        return Answer("topics.shown", say("topics.shown", lines=listed(found)))
    names = "、".join(opened.compound.name for opened in desk.compounds[:LISTED])
    return Answer("topics.none", say("topics.none_here", compound=names))


async def _lines(context: Context, compound_ids: list[int]) -> list[str]:
    topics = await list_topics(context.session, compound_ids, LISTED, (TopicState.OPEN,))
    return [
        line_of(await context.session.get_one(Compound, topic.compound_id), topic, context.now)
        for topic in topics
    ]


_WORDS = command(r"(?:看|查|看看)?(?:小区)?议题")
ROUTES = (Route(_WORDS, show_topics),)
STAFF_ROUTES = (Route(_WORDS, for_staff(show_to_staff, Right.SEE_TOPICS)),)
