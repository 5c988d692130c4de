"""The digest as a message: whole lines, the most important first, within the bytes a platform takes."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from handlers.local_time import month_day
from handlers.texts import say

PLAIN_BYTES = 2048  # 群机器人 text, app text, 客服消息
MARKDOWN_BYTES = 4096  # 群机器人 markdown
LISTED = 5

_MARKUP = re.compile(r"([\\`*_\[\]<>#~|])")


class Block(NamedTuple):
    """Lines that stand or go together. importance: 0 stays to the last; the highest goes first."""

    importance: tuple[int, int]
    lines: tuple[str, ...]


class Style(NamedTuple):
    """How a kind of line is written."""

    heading: Callable[[str], str]
    words: Callable[[str], str]
    link: Callable[[str], str]


PLAIN = Style(heading=str, words=str, link=lambda url: say("digests.link", link=url))
MARKDOWN = Style(
    heading=lambda line: f"**{line}**",
    words=lambda text: _MARKUP.sub(r"\\\1", text),
    link=lambda url: say("digests.link_markdown", link=url),
)


def digest_text(digest: Mapping[str, Any], link: str = "") -> str:
    """The digest as plain text of at most 2048 bytes."""
    return render(digest, link, PLAIN, PLAIN_BYTES)


def digest_markdown(digest: Mapping[str, Any], link: str = "") -> str:
    """The digest as a group robot's markdown of at most 4096 bytes."""
    return render(digest, link, MARKDOWN, MARKDOWN_BYTES)


def render(digest: Mapping[str, Any], link: str, style: Style, limit_bytes: int) -> str:
    """The digest with as many lines as fit, the least important left out; no line is ever cut."""
    blocks = _blocks(digest, link, style)
    while len(text := "\n".join(line for block in blocks for line in block.lines)) and (
        len(text.encode()) > limit_bytes
    ):
        blocks.remove(max(blocks, key=lambda block: block.importance))
    return text


def _blocks(digest: Mapping[str, Any], link: str, style: Style) -> list[Block]:
    """In the order in which they are read."""
    blocks = [_title(digest, style), _total(digest)]
    if hazards := digest.get("hazards"):
        done, found, still_open = hazards["done"], hazards["found"], hazards["open"]
        line = say("digests.hazards", done=done, found=found, open=still_open)
        blocks.append(Block((2, 0), (line,)))
    blocks += _section(
        3,
        style.heading(say("digests.urgent_title", count=digest.get("urgent_total", len(digest["urgent"])))),
        [_urgent_line(entry, style) for entry in digest["urgent"][:LISTED]],
    )
    blocks += _section(
        4,
        style.heading(say("digests.categories_title")),
        [_category_line(entry, style) for entry in digest["categories"][:LISTED]],
    )
    if places := digest["places"]:
        names = "、".join(
            say("digests.place", name=style.words(place["name"]), count=place["count"])
            for place in places[:3]
        )
        blocks.append(Block((6, 0), (say("digests.places", places=names),)))
    unanswered = digest.get("unanswered_total", len(digest["unanswered"]))
    blocks += _section(
        5,
        style.heading(say("digests.unanswered_title", count=unanswered)),
        [_unanswered_line(entry, style) for entry in digest["unanswered"][:LISTED]],
    )
    blocks += _section(
        7,
        style.heading(say("digests.quotes_title")),
        [say("digests.quote_line", text=style.words(quote["text"])) for quote in digest["quotes"]],
    )
    if link:
        blocks.append(Block((2, 0), (style.link(link),)))
    return blocks


def _section(importance: int, heading: str, lines: Sequence[str]) -> list[Block]:
    """A heading never stands without a line under it."""
    return [
        Block((importance, index), (heading, line) if index == 0 else (line,))
        for index, line in enumerate(lines)
    ]


def _title(digest: Mapping[str, Any], style: Style) -> Block:
    title = say(
        "digests.title",
        compound=style.words(digest["compound"]),
        since=_day(digest["from"]),
        until=_day(digest["to"]),
    )
    return Block((0, 0), (style.heading(title),))


def _total(digest: Mapping[str, Any]) -> Block:
    if not digest["total"]:
        return Block((1, 0), (say("digests.empty"),))
    return Block(
        (1, 0),
        (
            say(
                "digests.total",
                total=digest["total"],
                people=_who(digest),
                last=digest["last_total"],
            ),
            *([say("digests.candidates", count=digest["candidates"])] if digest.get("candidates") else []),
        ),
    )


def _who(digest: Mapping[str, Any]) -> str:
    households, speakers = digest.get("households", 0), digest["speakers"]
    if not households:
        return say("digests.speakers", count=speakers)
    if not speakers:
        return say("digests.households", count=households)
    return say("digests.both", households=households, speakers=speakers)


def _many(entry: Mapping[str, Any]) -> str:
    """How many say the same, when it is more than one."""
    people = entry.get("people", 1)
    return say("digests.people", count=people) if people > 1 else ""


def _urgent_line(entry: Mapping[str, Any], style: Style) -> str:
    return say(
        "digests.urgent_line",
        number=entry["number"],
        facts=_joined(
            entry["said_on"], entry["place"], entry["label"], _many(entry), entry["text"], style=style
        ),
    )


def _category_line(entry: Mapping[str, Any], style: Style) -> str:
    return say(
        "digests.category_line",
        name=style.words(entry["name"]),
        count=entry["count"],
        last=entry["last"],
    )


def _unanswered_line(entry: Mapping[str, Any], style: Style) -> str:
    return say(
        "digests.unanswered_line",
        number=entry["number"],
        facts=_joined(
            entry["place"],
            entry["label"],
            _many(entry),
            say("digests.candidate") if entry.get("candidate") else "",
            style=style,
        ),
        days=entry["days"],
    )


def _joined(*parts: str, style: Style) -> str:
    return " ".join(style.words(part) for part in parts if part)


def _day(moment: str) -> str:
    return month_day(datetime.fromisoformat(moment))
