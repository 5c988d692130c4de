"""What a handler is given and what it gives back."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.inbound import Inbound
from nlp.tagger import Tagger
from storage.sealing import Sealer
from storage.states import MessageClass
from storage.tables import ChannelIdentity


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers need from the application; the same for all messages.

    default_compounds: compound code by channel account, for accounts that serve one compound.
    """

    tagger: Tagger
    sealer: Sealer
    raw_text_days: int
    default_compounds: dict[str, str]


@dataclass(frozen=True, slots=True)
class Context:
    """One message being handled, inside one transaction."""

    session: AsyncSession
    services: Services
    now: datetime
    inbound: Inbound
    inbox_id: int
    identity: ChannelIdentity

    @property
    def person_id(self) -> int:
        """Who is speaking."""
        return self.identity.person_id


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a message: a dotted noun.verb for the inbox, metrics and logs, and what to say, if anything."""

    outcome: str
    text: str = ""
    message_class: MessageClass = MessageClass.REPLY
    farewell: bool = False  # the person asked to be forgotten: their next message will be a first contact
