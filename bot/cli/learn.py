"""./run train --config FILE: a second stage that has learned from staff's corrections, kept in the database.

Nothing of residents' words is written anywhere: the model holds weights, its figures the ids of what it learned from.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.app import utc_now
from bot.cli.train import read_shipped
from bot.config import ConfigError, Settings
from bot.tagging import TaggerSource, build
from handlers.learning.examples import Example, list_examples
from handlers.learning.taggers import Taggers
from nlp.chats import UNSEEN, Conversation, Phrase, load_chats
from nlp.evaluate import Figures, alone, in_context, measure, worse
from nlp.model import Model
from nlp.reader import Reader
from nlp.tagger import Tagger
from storage.audit import add_audit_event
from storage.database import Database
from storage.migrate import prepare
from storage.queries.models import activate_model, find_active_version, find_model, list_models
from storage.states import ModelState
from storage.tables import TagModel

SHIPPED = "shipped"
MARGIN = 0.01  # so much worse on the unseen conversations a model may be
HELD_OUT_MARGIN = 0.03  # and on the corrections held out, if there are enough of them to say anything
LEAST_HELD_OUT = 30


async def learn(settings: Settings) -> int:
    """Train beside the shipped texts on what staff sorted; keep the model without switching it on.

    Prints its figures and those of the model in use. Returns 0; 1 when there is nothing to learn from.
    """
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        taggers, examples = await _read(database, settings)
        if not examples:
            print("train: staff have sorted nothing yet whose words are kept", file=sys.stderr)
            return 1
        chats, phrases = await asyncio.to_thread(read_shipped)
        row = await asyncio.to_thread(train_beside, chats, phrases, taggers.current, examples, utc_now())
        async with database.write() as session:
            if await find_model(session, row.version) is None:
                session.add(row)
                add_audit_event(
                    session,
                    at=row.trained_at,
                    verb="model.trained",
                    subject=f"model:{row.version}",
                    details={"examples": len(examples)},
                )
    finally:
        await database.close()
    print(json.dumps({"version": row.version, "bytes": len(row.body), **_without_ids(row.figures)}))
    return 0


def train_beside(
    chats: Sequence[Conversation],
    phrases: Sequence[Phrase],
    current: Reader,
    examples: Sequence[Example],
    now: datetime,
) -> TagModel:
    """A trained model, not stored: from the shipped texts and the examples that are not held out."""
    # The only way from here to the libraries that train, which a server does not have.
    from nlp.train import fingerprint, train

    taught = [example.chat for example in examples if not example.is_held_out]
    version = f"c{fingerprint([*chats, *taught], phrases)}"
    print(
        f"train: {len(taught)} of {len(examples)} corrections beside the shipped texts ...", file=sys.stderr
    )
    tagger = Tagger(current.lexicon)
    weights = train(tagger, chats, phrases, version, taught)
    reader = Reader(tagger, Model(weights))
    figures = {
        "trained_on": [example.id for example in examples if not example.is_held_out],
        "held_out": [example.id for example in examples if example.is_held_out],
        "beside": current.version,
        **_compare(reader, current, examples),
    }
    return TagModel(
        version=version,
        trained_at=now,
        state=ModelState.TRAINED,
        figures=figures,
        body=replace(weights, figures={}).pack(),
    )


async def list_trained(settings: Settings) -> int:
    """Print the trained models, newest first."""
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        async with database.read() as session:
            models = await list_models(session)
    finally:
        await database.close()
    for model in models:
        row = {"version": model.version, "state": model.state, "trained_at": model.trained_at.isoformat()}
        print(json.dumps({**row, **_without_ids(model.figures)}))
    return 0


async def activate(settings: Settings, version: str, *, force: bool) -> int:
    """Switch a trained model on, or the shipped one; every replica reads with it within half a minute.

    Returns 0; 1 when its figures are worse than those of the model in use by more than the margin, measured now. The
    shipped one is never refused.
    """
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        taggers, examples = await _read(database, settings)
        body = None
        if version != SHIPPED:
            async with database.read() as session:
                model = await find_model(session, version)
            if model is None:
                raise ConfigError(f"there is no model {version}; ./run train --list shows them")
            body = model.body
        candidate = await asyncio.to_thread(build, settings.tagging.lexicon, body)
        compared = await asyncio.to_thread(_compare, candidate, taggers.current, examples)
        lost = _lost(compared)
        print(json.dumps({"version": version, **compared, "worse": lost}))
        if lost and not force and version != SHIPPED:  # the way back is always open
            print(f"train: not switched on, worse in {', '.join(lost)} (--force does it)", file=sys.stderr)
            return 1
        async with database.write() as session:
            before = await find_active_version(session)
            await activate_model(session, version if version != SHIPPED else None)
            add_audit_event(
                session,
                at=utc_now(),
                verb="model.activated",
                subject=f"model:{version}",
                details={"before": before or SHIPPED, "worse": lost},
            )
    finally:
        await database.close()
    return 0


async def _read(database: Database, settings: Settings) -> tuple[Taggers, list[Example]]:
    source = TaggerSource(database, settings.tagging.lexicon)
    taggers = await source.open()
    if source.refused:
        raise ConfigError("the lexicon or the model in use does not hold: ./run doctor says why")
    async with database.read() as session:
        return taggers, await list_examples(session, taggers)


def _compare(candidate: Reader, current: Reader, examples: Sequence[Example]) -> dict[str, Any]:
    """Both on the shipped conversations that nothing was trained on, and on the corrections held out."""
    unseen = load_chats(UNSEEN)
    held = [example.chat for example in examples if example.is_held_out]
    return {
        "unseen": _measured(unseen, candidate, current, apart=False),
        "held_out_corrections": _measured(held, candidate, current, apart=True),
    }


def _measured(
    chats: Sequence[Conversation], candidate: Reader, current: Reader, *, apart: bool
) -> dict[str, dict[str, Any]]:
    return {
        name: measure(chats, alone(reader.tag) if apart else in_context(reader))._asdict()
        for name, reader in (("candidate", candidate), ("in_use", current))
    }


def _lost(compared: dict[str, Any]) -> list[str]:
    lost = []
    for name, margin, least in (
        ("unseen", MARGIN, 1),
        ("held_out_corrections", HELD_OUT_MARGIN, LEAST_HELD_OUT),
    ):
        own, other = (Figures(**compared[name][which]) for which in ("candidate", "in_use"))
        if own.messages >= least:
            lost += [f"{name}.{figure}" for figure in worse(own, other, margin)]
    return lost


def _without_ids(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: len(value) if isinstance(value, list) else value for name, value in figures.items()}
