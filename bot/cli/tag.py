"""`./run tag [FILE or -]`: what messages are about, JSON Lines in, JSON Lines out, in the same order."""

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from nlp.context import REACH
from nlp.model import Scores
from nlp.reader import Reader
from nlp.tagger import Tagged


class _BadLineError(ValueError):
    """A line that is not {"id", "text"}; the message says what is wrong with it."""


def run(source: str | None, out: TextIO, err: TextIO, stdin: TextIO, *, explain: bool = False) -> int:
    """Tag every line of a file, or of standard input for None and "-". Blank lines are passed over.

    Returns 0, or 2 after one line on `err` when the source cannot be read or a line is not
    {"id": text or integer, "text": text}; the lines before it are printed by then. Lines with the same "conv", a text
    or an integer, are one conversation in the order they come, and are read as one. A reader who goes away ends the
    run quietly. `explain` adds "verdict", "hits" and "version" to each line.
    """
    name = "standard input" if source in (None, "-") else str(source)
    try:
        with _opened(source, stdin) as lines:
            tagger = Reader.load()
            conversations: dict[str | int, list[Scores]] = {}
            for number, line in enumerate(lines, 1):
                if line.isspace():
                    continue
                try:
                    message_id, text, conversation = _message(line)
                except _BadLineError as error:
                    err.write(f"tag: {name}, line {number}: {error}\n")
                    return 2
                before = [] if conversation is None else conversations.setdefault(conversation, [])
                tagged = tagger.tag(text, before)
                if tagged.scores is not None:
                    before[:] = [*before[1 - REACH :], tagged.scores]
                row = _row(message_id, tagged, explain=explain)
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                if lines is stdin:
                    out.flush()  # whoever feeds a pipe line by line waits for the answer
        out.flush()
    except BrokenPipeError:
        _close_quietly(out)
    except OSError as error:
        err.write(f"tag: {name}: {error.strerror or error}\n")
        return 2
    return 0


@contextmanager
def _opened(source: str | None, stdin: TextIO) -> Iterator[TextIO]:
    """The lines to read; bytes that are not UTF-8 come through as surrogates, to be named with their line."""
    if source is None or source == "-":
        if isinstance(stdin, io.TextIOWrapper):
            stdin.reconfigure(encoding="utf-8-sig", errors="surrogateescape")
        yield stdin
        return
    with Path(source).open(encoding="utf-8-sig", errors="surrogateescape") as lines:
        yield lines


def _message(line: str) -> tuple[str | int, str, str | int | None]:
    if not _encodable(line):
        raise _BadLineError("not UTF-8")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise _BadLineError("not JSON") from None
    if not isinstance(row, dict):
        raise _BadLineError('not an object with "id" and "text"')
    for key in ("id", "text"):
        if key not in row:
            raise _BadLineError(f'"{key}" is missing')
    message_id, text = row["id"], row["text"]
    if not isinstance(message_id, str | int) or isinstance(message_id, bool):
        raise _BadLineError('"id" must be a text or an integer')
    if isinstance(message_id, str) and not _encodable(message_id):
        raise _BadLineError('"id" is not valid Unicode')
    if not isinstance(text, str):
        raise _BadLineError('"text" must be a text')
    conversation = row.get("conv")
    if conversation is not None and (
        not isinstance(conversation, str | int) or isinstance(conversation, bool)
    ):
        raise _BadLineError('"conv" must be a text or an integer')
    return message_id, text, conversation


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _row(message_id: str | int, tagged: Tagged, *, explain: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "id": message_id,
        "categories": [category._asdict() for category in tagged.categories],
        "urgency": tagged.urgency,
        "place": tagged.place._asdict(),
    }
    if explain:
        row["verdict"] = tagged.verdict
        row["hits"] = [hit._asdict() for hit in tagged.hits]
        row["version"] = tagged.version
    return row


def _close_quietly(out: TextIO) -> None:
    """Point the descriptor elsewhere, or the interpreter complains about the lost reader when it shuts down."""
    try:
        descriptor = out.fileno()
    except OSError:  # not a descriptor at all, as in tests
        return
    elsewhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(elsewhere, descriptor)
    os.close(elsewhere)
