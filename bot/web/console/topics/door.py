"""The way in to a topic's pages: whose it is, who looks, and what they may do in its present step."""

from dataclasses import dataclass

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened, Right, access_compound
from handlers.topics.carry_out import actor_in
from handlers.topics.facts import Actor
from storage.queries.topics import find_topic
from storage.tables import Topic

NUMBER = r"[1-9][0-9]{0,14}"


@dataclass(frozen=True, slots=True)
class Entered:
    """A topic on its pages, with who looks at it."""

    opened: Opened
    topic: Topic
    actor: Actor

    @property
    def address(self) -> str:
        """Of the topic's page."""
        return f"/console/{self.opened.compound.code}/topics/{self.topic.topic_number}"


async def open_compound(visit: Visit) -> Opened:
    """The compound that the address names, for who sees its topics."""
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, Right.SEE_TOPICS)


async def enter(visit: Visit) -> Entered:
    """The topic that the address names; raises NotFound when there is none."""
    opened = await open_compound(visit)
    topic = await find_topic(visit.session, opened.compound_id, int(visit.part("number", NUMBER)))
    if topic is None:
        raise NotFound
    actor = await actor_in(visit.session, opened.compound, visit.signed_in.viewer.person_id)
    return Entered(opened, topic, actor)


def back_to(found: Entered, told: str) -> web.Response:
    """The topic's page as it is now, with what came of a button."""
    return see_other(f"{found.address}?told={told}")
