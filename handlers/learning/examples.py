"""What staff's corrections teach: the words that are still kept, with what staff said they are about.

The words live in memory only, as long as it takes to train; what is kept of them are ids and weights.
"""

import zlib
from typing import NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.learning.taggers import Taggers
from nlp.chats import Conversation, Labelled
from nlp.lexicon import Lexicon
from nlp.place import NOWHERE
from storage.queries.corrections import list_taught

_HELD_OUT_OF = 5


class Example(NamedTuple):
    """One sorted opinion. id: COMPOUND_ID:NUMBER; chat: its words and labels."""

    id: str
    chat: Conversation

    @property
    def is_held_out(self) -> bool:
        """One in five is never trained on, whenever and wherever that is done: models are measured with it."""
        return zlib.crc32(self.id.encode()) % _HELD_OUT_OF == 0


async def list_examples(session: AsyncSession, taggers: Taggers) -> list[Example]:
    """Every opinion that staff have sorted and whose words are kept, as it was sorted last.

    The compound's own names are blanked; categories that the lexicon has no longer are left out.
    """
    lexicon = taggers.lexicon
    examples = []
    for correction, opinion in await list_taught(session):
        labels = tuple(label for label in correction.after if _is_known(lexicon, label))
        if correction.after and not labels:
            continue
        name = f"{opinion.compound_id}:{opinion.number}"
        said = Labelled(
            # Whoever is forgotten has no number any more: then each message counts as somebody's.
            speaker=str(opinion.person_id) if opinion.person_id is not None else name,
            at="",
            labels=labels,
            urgency=correction.urgency_after if labels else 0,
            place=NOWHERE,
            matter="",
            text=taggers.of(opinion.compound_id).tag(opinion.text or "").clean,
        )
        examples.append(Example(name, Conversation(name, "", (said,))))
    return examples


def _is_known(lexicon: Lexicon, category: str) -> bool:
    return category in lexicon.leaves or category in lexicon.tops
