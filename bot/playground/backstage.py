"""What the bot made of a message, read from its database for the page and the printed story."""

from typing import Any

from sqlmodel import col, select

from handlers.opinions.rules import place_name
from nlp.tagger import Hit, Tagger
from storage.database import Database
from storage.queries.inbox import find_message
from storage.queries.opinions import find_opinion_of_message
from storage.tables import InboxMessage, Opinion, OutboxMessage


class DatabaseBackstage:
    """Implements the page's `Backstage`."""

    def __init__(self, database: Database, account: str, tagger: Tagger) -> None:
        self._database = database
        self._account = account
        self._tagger = tagger

    async def explain(self, msg_id: str) -> dict[str, Any] | None:
        """See Backstage."""
        key = f"e:{msg_id}" if ":" in msg_id else f"m:{msg_id}"
        async with self._database.read() as session:
            message = await find_message(session, self._account, key)
            if message is None or message.inbox_id is None:
                return None
            opinion = await find_opinion_of_message(session, message.inbox_id)
            statement = (
                select(OutboxMessage)
                .where(OutboxMessage.inbox_id == message.inbox_id)
                .order_by(col(OutboxMessage.outbox_id))
            )
            queued = (await session.exec(statement)).all()
        facts: dict[str, Any] = {
            "inbox": {"id": message.inbox_id, "state": message.state, "outcome": message.outcome},
            "number": str(opinion.number) if opinion else None,
            "outbox": [
                {
                    "class": row.message_class,
                    "state": row.state,
                    "text": row.text,
                    "via": "被动回复" if row.state == "offered" else "客服消息",
                }
                for row in queued
            ],
        }
        return facts | self._tags(message, opinion) if message.text else facts

    def _tags(self, message: InboxMessage, opinion: Opinion | None) -> dict[str, Any]:
        said = opinion.text if opinion and opinion.text and opinion.text in message.text else message.text
        tagged = self._tagger.tag(said)
        shift = message.text.index(said)
        return {
            "verdict": tagged.verdict,
            "categories": [
                {"id": category.id, "name": self._name(category.id), "score": category.score}
                for category in tagged.categories
            ],
            "urgency": tagged.urgency,
            "place": place_name(*tagged.place) or None,
            "hits": [self._hit(hit, shift) for hit in tagged.hits],
        }

    def top_name(self, leaf: str) -> str:
        """The name of a leaf's top category."""
        return self._tagger.lexicon.top_name(leaf)

    def _name(self, leaf: str) -> str:
        return f"{self.top_name(leaf)} · {self._tagger.lexicon.name(leaf)}"

    def _hit(self, hit: Hit, shift: int) -> dict[str, Any]:
        return {
            "term": hit.term,
            "rule": hit.rule,
            "name": self._name(hit.leaf),
            "start": hit.start + shift,
            "end": hit.end + shift,
        }
