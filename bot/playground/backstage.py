"""What the bot made of a message, read from its database for the page and the printed story."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.opinions.rules import place_name
from nlp.reader import Reader
from nlp.tagger import Hit, Verdict
from storage.database import Database
from storage.queries.inbox import find_message
from storage.queries.opinions import find_opinion_of_message
from storage.states import ChannelKind, Form, OutboxState
from storage.tables import InboxMessage, Opinion, OutboxMessage, Photo

_FORMS = {Form.SUBSCRIBE: "订阅通知", Form.TEMPLATE: "模板消息", Form.GROUP_TASK: "企业群发"}
_WAYS = {
    ChannelKind.OFFICIAL_ACCOUNT: "客服消息",
    ChannelKind.WECOM_APP: "应用消息",
    ChannelKind.AIBOT: "机器人回答",
    ChannelKind.GROUP_WEBHOOK: "群消息推送",
}


class DatabaseBackstage:
    """Implements the page's `Backstage`. others: the accounts of a corp beside the service account, by name."""

    def __init__(
        self,
        database: Database,
        account: str,
        tagger: Reader,
        others: Mapping[str, ChannelKind] | None = None,
    ) -> None:
        self._database = database
        self._kinds = {account: ChannelKind.OFFICIAL_ACCOUNT, **(others or {})}
        self._tagger = tagger

    async def explain(self, msg_id: str) -> dict[str, Any] | None:
        """See Backstage."""
        async with self._database.read() as session:
            message = await self._find(session, msg_id)
            if message is None or message.inbox_id is None:
                return None
            opinion = await find_opinion_of_message(session, message.inbox_id)
            statement = (
                select(OutboxMessage)
                .where(OutboxMessage.inbox_id == message.inbox_id)
                .order_by(col(OutboxMessage.outbox_id))
            )
            queued = (await session.exec(statement)).all()
            sent = select(Photo).where(Photo.inbox_id == message.inbox_id).order_by(col(Photo.number))
            photos = (await session.exec(sent)).all()
        facts: dict[str, Any] = {
            "inbox": {"id": message.inbox_id, "state": message.state, "outcome": message.outcome},
            "number": str(opinion.number) if opinion else None,
            "photos": [{"number": photo.opinion_number, "state": photo.state} for photo in photos],
            "outbox": [
                {
                    "class": row.message_class,
                    "state": row.state,
                    "text": row.text,
                    "via": self._way(row),
                }
                for row in queued
            ],
        }
        return facts | self._tags(message, opinion) if message.text else facts

    async def _find(self, session: AsyncSession, msg_id: str) -> InboxMessage | None:
        event = ":" in msg_id
        for account, kind in self._kinds.items():
            prefix = "a" if kind is ChannelKind.CHAT_ARCHIVE else "e" if event else "m"
            message = await find_message(session, account, f"{prefix}:{msg_id}")
            if message is not None:
                return message
        return None

    def _way(self, row: OutboxMessage) -> str:
        if row.state is OutboxState.OFFERED:
            return "被动回复"
        if row.form is not Form.TEXT:
            return _FORMS[row.form]
        return _WAYS.get(self._kinds.get(row.account, ChannelKind.OFFICIAL_ACCOUNT), "")

    def _tags(self, message: InboxMessage, opinion: Opinion | None) -> dict[str, Any]:
        if opinion is not None and opinion.text and opinion.text in message.text:
            return self._kept(message, opinion)
        tagged = self._tagger.tag(message.text)
        return {
            "verdict": tagged.verdict,
            "categories": [
                {"id": category.id, "name": self.name(category.id), "score": category.score}
                for category in tagged.categories
            ],
            "urgency": tagged.urgency,
            "place": place_name(*tagged.place) or None,
            "hits": [self._hit(hit, 0) for hit in tagged.hits],
        }

    def _kept(self, message: InboxMessage, opinion: Opinion) -> dict[str, Any]:
        """As it was filed: by itself, without what was said before it, a message may read differently."""
        shift = message.text.index(opinion.text or "")
        return {
            "verdict": Verdict.MATTER if opinion.categories else Verdict.UNSURE,
            "categories": [category | {"name": self.name(category["id"])} for category in opinion.categories],
            "urgency": opinion.urgency,
            "place": place_name(opinion.building, opinion.entrance, opinion.unit) or None,
            "hits": [self._hit(Hit(**hit), shift) for hit in opinion.hits],
            "matter": opinion.matter_number,
            "joined": _joined(message, opinion),
        }

    def top_name(self, leaf: str) -> str:
        """The name of a leaf's top category."""
        return self._tagger.lexicon.top_name(leaf)

    def name(self, leaf: str) -> str:
        """The name of a leaf behind that of its top category."""
        return f"{self.top_name(leaf)} · {self._tagger.lexicon.name(leaf)}"

    def _hit(self, hit: Hit, shift: int) -> dict[str, Any]:
        return {
            "term": hit.term,
            "rule": hit.rule,
            "name": self.name(hit.leaf),
            "start": hit.start + shift,
            "end": hit.end + shift,
        }


def _joined(message: InboxMessage, opinion: Opinion) -> str:
    """How a message came to its matter: founded, echo, copy, answer, or alike."""
    if opinion.matter_number == opinion.number:
        return "founded"
    if opinion.echo:
        return "echo"
    if opinion.repost_of is not None:
        return "copy"
    return "answer" if message.quoted else "alike"
