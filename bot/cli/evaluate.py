"""`./run eval`: how well messages are read, on labelled files, as JSON Lines."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handlers.matters.evaluate import as_read, by_group, measure_clustering
from nlp.chats import UNSEEN, ChatsError, Conversation, Labelled, load_chats, read_chats
from nlp.evaluate import alone, in_context, measure
from nlp.place import NOWHERE, Place
from nlp.reader import Reader
from nlp.tagger import Tagger


def run(files: list[str]) -> int:
    """Print one line for each file and way of reading, and two for how voices are put together into matters.

    Returns 0, or 2 after one line on stderr.

    Files: conversations as nlp.chats has them; JSON Lines with "text" and "top" (a category or "none"), and "conv",
    "leaf", "also", "urgency", "place", "matter" where they have them; JSON Lines with "text" alone are all chatter.
    The shipped conversations that nothing was trained on, by default.
    """
    reader = Reader.load()
    first = Tagger(reader.lexicon)
    try:
        sets = [(Path(name).stem, _read(Path(name))) for name in files] or [("unseen", load_chats(UNSEEN))]
    except (ChatsError, OSError, ValueError, KeyError, TypeError) as error:
        print(f"eval: {error}", file=sys.stderr)
        return 2
    for name, chats in sets:
        for reading, read in (
            ("lexicon", alone(first.tag)),
            ("alone", alone(reader.tag)),
            ("in_context", in_context(reader)),
        ):
            _print(name, reading, measure(chats, read)._asdict())
        if any(message.matter for chat in chats for message in chat.messages):
            compounds = by_group(chats)
            _print(name, "matters as labelled", measure_clustering(compounds)._asdict())
            heard = as_read(in_context(reader))
            _print(name, "matters as read", measure_clustering(compounds, heard)._asdict())
    return 0


def _print(name: str, reading: str, figures: dict[str, Any]) -> None:
    print(json.dumps({"set": name, "reading": reading, **figures}, ensure_ascii=False), flush=True)


def _read(path: Path) -> list[Conversation]:
    if path.suffix != ".jsonl":
        return read_chats(path)
    chats: dict[object, tuple[str, str, list[Labelled]]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            # What belongs to no conversation is one of its own.
            held = (str(row.get("group", path.stem)), str(row.get("at", ""))[:10], list[Labelled]())
            chats.setdefault(row.get("conv", f"line {number}"), held)[2].append(_labelled(row))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ChatsError(f"{path.name}, line {number}: {error!r}") from None
    return [Conversation(group, day, tuple(messages)) for group, day, messages in chats.values()]


def _labelled(row: dict[str, Any]) -> Labelled:
    top = row.get("top", "none")
    labels = () if top == "none" else tuple(_distinct(row.get("leaf") or top, *row.get("also", ())))
    place = row.get("place")
    return Labelled(
        speaker=str(row.get("speaker", "")),
        at=str(row.get("at", ""))[11:16],
        labels=labels,
        urgency=int(row.get("urgency") or 0),
        place=Place(place["building"], place["entrance"], place["unit"]) if place else NOWHERE,
        matter=row.get("matter") or "",
        text=row["text"],
    )


def _distinct(*labels: str) -> Iterator[str]:
    yield from dict.fromkeys(labels)
