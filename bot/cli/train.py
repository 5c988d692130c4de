"""`./run train`: the second stage, trained anew from labelled conversations."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nlp.chats import PHRASES, TRAINING, UNSEEN, ChatsError, Conversation, Phrase, load_chats, load_phrases
from nlp.evaluate import alone, in_context, measure
from nlp.model import DEFAULT_PATH, Model
from nlp.reader import Reader
from nlp.tagger import Tagger


def run(folders: list[str], target: str | None) -> int:
    """Train, measure on conversations that were not trained on, write the model, print its figures.

    folders: with labelled conversations beside the shipped ones. target: the file to write, the shipped model by
    default. Returns 0, or 2 after one line on stderr.
    """
    # The only way from here to the libraries that train, which a server does not have.
    from nlp.train import fingerprint, train

    tagger = Tagger.load()
    try:
        chats, phrases = read_shipped(folders)
        unseen = load_chats(UNSEEN)
    except (ChatsError, OSError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    messages = sum(len(chat.messages) for chat in chats)
    print(f"train: {messages} messages, {len(phrases)} phrases ...", file=sys.stderr)
    weights = train(tagger, chats, phrases, f"m{fingerprint(chats, phrases)}")
    reader = Reader(tagger, Model(weights))
    figures = {
        "messages": messages,
        "phrases": len(phrases),
        "alone": measure(unseen, alone(reader.tag))._asdict(),
        "in_context": measure(unseen, in_context(reader))._asdict(),
    }
    packed = replace(weights, figures=figures).pack()
    path = Path(target) if target else DEFAULT_PATH
    path.write_bytes(packed)
    print(json.dumps({"version": weights.version, "file": str(path), "bytes": len(packed), **figures}))
    return 0


def read_shipped(folders: Sequence[str] = ()) -> tuple[list[Conversation], list[Phrase]]:
    """What is trained on: conversations, of more folders too, and phrases. Raises ChatsError, OSError."""
    chats = [chat for folder in (TRAINING, *map(Path, folders)) for chat in load_chats(folder)]
    return chats, load_phrases(PHRASES)
