"""What a handler is given and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.batch import Batch
from handlers.inbound import Inbound
from handlers.learning.suggest import Suggestions
from handlers.learning.taggers import Taggers
from handlers.reach.fields import NoticeKind, Template
from handlers.requests.deadlines import DEFAULT_DEADLINES, Deadlines
from handlers.requests.rates import Over
from handlers.voting.signing import Signer
from storage.sealing import Sealer
from storage.states import ChannelKind, Form, MessageClass
from storage.tables import ChannelIdentity, ChatGroup, Compound


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What handlers need to know of a channel account.

    people: the account under which its people are known; the accounts of one corp share the corp's app.
    templates: what the service account's templates say, by kind of notice and the form it goes out in.
    """

    kind: ChannelKind
    people: str
    templates: Mapping[tuple[NoticeKind, Form], Template] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers need from the application; the same for all messages.

    default_compounds: compound code by channel account, for accounts that serve one compound.
    accounts: facts by channel account. public_url: where the pages are, without a slash at the end; empty for none.
    deadlines: how long requests may take. rates_over: what their rates are taken of.
    suggestions: of a further reader, None without one. signer: of the logs of votes, None without a key.
    on_unheard: called with a compound's code, the number of an
    alert and what was done ("raised", "escalated") when that reached nobody; again, when the transaction is.
    """

    tagger: Taggers
    sealer: Sealer
    raw_text_days: int
    default_compounds: dict[str, str]
    accounts: Mapping[str, AccountFacts] = field(default_factory=dict)
    public_url: str = ""
    deadlines: Deadlines = DEFAULT_DEADLINES
    rates_over: Over = Over.DUE
    suggestions: Suggestions | None = None
    signer: Signer | None = None
    on_unheard: Callable[[str, int, str], None] = lambda _code, _number, _done: None

    def suggested(self, text: str) -> str | None:
        """The leaf that a further reader thinks of for a message, None without one."""
        return self.suggestions.leaf_for(text) if self.suggestions else None

    def people_of(self, account: str) -> str:
        """The account under which the people of `account` are known."""
        facts = self.accounts.get(account)
        return facts.people if facts else account

    def kind_of(self, account: str) -> ChannelKind:
        """What kind of channel an account is; one that nobody described is a service account."""
        facts = self.accounts.get(account)
        return facts.kind if facts else ChannelKind.OFFICIAL_ACCOUNT

    def accounts_of(self, people: str) -> list[str]:
        """The accounts whose people are known under the account `people`, itself among them."""
        return [people, *(name for name, facts in self.accounts.items() if facts.people == people != name)]


@dataclass(frozen=True, slots=True)
class Context:
    """One message being handled, inside one transaction.

    inbound: as it is to be understood; the inbox keeps what was written. group: the registered group it was said in,
    with its compound.
    """

    session: AsyncSession
    services: Services
    now: datetime
    inbound: Inbound
    inbox_id: int
    identity: ChannelIdentity
    batch: Batch
    group: tuple[ChatGroup, Compound] | None = None

    @property
    def person_id(self) -> int:
        """Who is speaking."""
        return self.identity.person_id


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a message: a dotted noun.verb for the inbox, metrics and logs, and what to say, if anything.

    farewell: the person asked to be forgotten, so that their next message will be a first contact.
    unheard: the words are not to be kept, not even in the inbox.
    """

    outcome: str
    text: str = ""
    message_class: MessageClass = MessageClass.REPLY
    farewell: bool = False
    unheard: bool = False
