"""The tagger in use is kept up to date while messages are read: lexicon file, active model, compounds' phrases.

What is new is built in a thread and swapped in by one assignment; what does not hold is refused, logged once, and the
old one stays. Each replica looks for itself, at every tick.
"""

import asyncio
import gc
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from handlers.learning.taggers import Taggers
from nlp.lexicon import LexiconError
from nlp.model import Model, ModelError, Weights
from nlp.phrases import Phrases
from nlp.reader import Reader
from nlp.tagger import Tagger
from storage.database import Database
from storage.queries.models import find_active_version, find_model
from storage.queries.phrases import list_phrase_versions, list_phrases
from storage.states import PhraseKind

log = structlog.get_logger()


class _Sources(NamedTuple):
    """What a tagger was built from. lexicon: when the file was changed and its size, None for the shipped one."""

    lexicon: tuple[int, int] | None
    model: str | None


class TaggerSource:
    """One for each replica. lexicon: the operator's file, None for the shipped one."""

    def __init__(self, database: Database, lexicon: Path | None = None) -> None:
        self._database = database
        self._lexicon = lexicon
        self._sources: _Sources | None = None
        self._phrase_versions: dict[int, int] = {}
        self._refused: _Sources | None = None
        self.taggers: Taggers
        self.model_body: bytes | None = None  # of the active model, None for the shipped one

    @property
    def refused(self) -> bool:
        """Whether what should be in use is not."""
        return self._refused is not None

    async def open(self) -> Taggers:
        """The holder that everybody reads with, and that `refresh` keeps up to date.

        A lexicon or model that does not hold is no reason not to start: the shipped ones are used then. Raises
        LexiconError, ModelError, OSError when those do not hold, SQLAlchemyError when the database cannot be asked.
        """
        reader = await self._build(await self._look(), in_use="shipped")
        if reader is None:
            reader = await asyncio.to_thread(build, None, None)
        self.taggers = Taggers(reader)
        await self._refresh_phrases()
        return self.taggers

    async def refresh(self, _now: datetime | None = None) -> None:
        """Swap in what has changed since the last look. Raises SQLAlchemyError when the database cannot be asked."""
        await self._refresh_phrases()
        sources = await self._look()
        if sources in (self._sources, self._refused):
            return
        reader = await self._build(sources, in_use=self.taggers.current.version)
        if reader is not None:
            self.taggers.current = reader
            log.info("tagger.swapped", version=reader.version)

    async def _look(self) -> _Sources:
        async with self._database.read() as session:
            version = await find_active_version(session)
        return _Sources(await asyncio.to_thread(_stamp, self._lexicon), version)

    async def _build(self, sources: _Sources, in_use: str) -> Reader | None:
        """A reader over what is there now; None when it is refused."""
        body: bytes | None = None
        if sources.model is not None:
            async with self._database.read() as session:
                model = await find_model(session, sources.model)
            body = model.body if model else None
        try:
            reader = await asyncio.to_thread(build, self._lexicon, body)
        except LexiconError as error:
            log.error("lexicon.refused", reason=str(error), in_use=in_use)
        except ModelError as error:
            log.error("model.refused", model=sources.model, reason=str(error), in_use=in_use)
        else:
            self._sources, self._refused, self.model_body = sources, None, body
            return reader
        self._refused = sources
        return None

    async def _refresh_phrases(self) -> None:
        async with self._database.read() as session:
            versions = await list_phrase_versions(session)
            changed = {key for key, version in versions.items() if self._phrase_versions.get(key) != version}
            if not changed:
                return
            fetched = await list_phrases(session, changed)
        found: dict[int, dict[PhraseKind, list[str]]] = {key: defaultdict(list) for key in changed}
        for row in fetched:
            found[row.compound_id][row.kind].append(row.phrase)
        self.taggers.phrases = {**self.taggers.phrases} | {
            key: Phrases.of(kinds[PhraseKind.NAME], kinds[PhraseKind.PLACE]) for key, kinds in found.items()
        }
        self._phrase_versions = versions


def build(lexicon: Path | None, model: bytes | None) -> Reader:
    """A reader over an operator's lexicon and a trained model, the shipped ones for None; takes about a second.

    Raises LexiconError, ModelError, OSError.
    """
    # The collector would walk through everything again and again for objects that all stay, holding up the loop.
    collects = gc.isenabled()
    gc.disable()
    try:
        tagger = Tagger.load(lexicon) if lexicon else Tagger.load()
        return Reader(tagger, Model(Weights.unpack(model)) if model is not None else Model.load())
    finally:
        if collects:
            gc.enable()


def _stamp(lexicon: Path | None) -> tuple[int, int] | None:
    if lexicon is None:
        return None
    try:
        facts = lexicon.stat()
    except OSError:  # it will be refused, with the reason
        return (0, 0)
    return (facts.st_mtime_ns, facts.st_size)
