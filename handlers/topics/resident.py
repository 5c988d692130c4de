"""What a resident sees of a topic, and may do: read where it stands, object, sign as a representative."""

from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from storage.queries.polls import list_homes_in
from storage.queries.topics import find_topic, list_representatives, list_topic_objections
from storage.queries.tree import find_compound
from storage.states import ObjectionState
from storage.tables import Compound, Topic, TopicObjection, TopicRepresentative


@dataclass(frozen=True, slots=True)
class OwnTopic:
    """A topic of a compound where somebody lives or owns, with what is theirs in it.

    own: what they objected, in order. open_objections, answered: of everybody, counts. representative: their seat among
    those who accept the works.
    """

    compound: Compound
    topic: Topic
    own: tuple[TopicObjection, ...]
    open_objections: int
    answered: int
    representative: TopicRepresentative | None

    @property
    def objected(self) -> bool:
        """Whether they did in this step."""
        return any(each.entry == self.topic.entry for each in self.own)


async def access_topic(session: AsyncSession, person_id: int, code: str, number: int) -> OwnTopic:
    """A topic where somebody lives, owns or was elected; raises NotFound for others."""
    compound = await find_compound(session, code)
    if compound is None or compound.compound_id is None:
        raise NotFound
    topic = await find_topic(session, compound.compound_id, number)
    if topic is None:
        raise NotFound
    representatives = await list_representatives(session, compound.compound_id, number)
    seat = next((each for each in representatives if each.person_id == person_id), None)
    if seat is None and compound.compound_id not in await list_homes_in(session, person_id):
        raise NotFound
    objections = await list_topic_objections(session, compound.compound_id, number)
    waiting = sum(each.state is ObjectionState.OPEN for each in objections)
    own = tuple(each for each in objections if each.person_id == person_id)
    return OwnTopic(compound, topic, own, waiting, len(objections) - waiting, seat)
