"""Bodies of callbacks, XML or JSON, into one shape: a dict of strings, with dicts and lists where they nest."""

import json
import re
from enum import StrEnum
from typing import Any
from xml.etree.ElementTree import XML, Element, ParseError

from bot.channels.base import BadCallback

MAX_DEPTH = 8
Fields = dict[str, Any]

# A document type can only stand before the root element: when nothing but an XML declaration may stand
# there, no entity can be declared, and a resident may still write "<!DOCTYPE" in a message.
_PROLOG = re.compile(r"\s*(?:<\?xml[^<>]*\?>\s*)?<xml[\s>]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class WireFormat(StrEnum):
    """Chosen in the platform's console, once for an account."""

    XML = "xml"
    JSON = "json"


def parse(body: bytes) -> tuple[WireFormat, Fields]:
    """Read a body whichever its format; raises BadCallback."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadCallback("utf8") from None
    if _PROLOG.match(text):
        return WireFormat.XML, _parse_xml(text)
    if text.lstrip()[:1] == "{":
        return WireFormat.JSON, _parse_json(text)
    raise BadCallback("format")


def text_of(fields: Fields, name: str) -> str:
    """A field as text: JSON has MsgId and CreateTime as a number or as a string. Missing is ""."""
    value = fields.get(name)
    if type(value) is str:
        return value
    if value is None:
        return ""
    if type(value) is int or type(value) is float:
        return str(value)
    raise BadCallback("type")


def word_of(fields: Fields, name: str) -> str:
    """An identifier: as text_of, without the white space that some of the platform's own samples put around it."""
    return text_of(fields, name).strip()


def as_list(value: Any) -> list[Any]:
    """What the platform sends as an object when there is one and as an array when there are several."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]


def _parse_xml(text: str) -> Fields:
    try:
        root = XML(text)  # no document type gets here, see _PROLOG
    except (ParseError, ValueError):
        raise BadCallback("xml") from None
    return {child.tag: _nested(child, 2) if len(child) else child.text or "" for child in root}


def _nested(element: Element, depth: int) -> Fields:
    if depth > MAX_DEPTH:
        raise BadCallback("depth")
    fields: Fields = {}
    for child in element:
        value = _nested(child, depth + 1) if len(child) else (child.text or "").strip()
        if child.tag in fields:
            fields[child.tag] = [*as_list(fields[child.tag]), value]
        else:
            fields[child.tag] = value
    return fields


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)


def _parse_json(text: str) -> Fields:
    try:
        data = _JSON.decode(text)
    except RecursionError:
        raise BadCallback("depth") from None
    except ValueError:
        raise BadCallback("json") from None
    if not isinstance(data, dict):
        raise BadCallback("json")
    fields: Fields = _tidy(data, 1)
    return fields


def _tidy(value: Any, depth: int) -> Any:
    """Check the depth, and replace what no database takes: NUL and half a surrogate pair, both possible as \\u."""
    if type(value) is str:
        return _UNSTORABLE.sub("\ufffd", value)
    if depth > MAX_DEPTH:
        raise BadCallback("depth")
    if type(value) is dict:
        return {_tidy(key, depth): _tidy(part, depth + 1) for key, part in value.items()}
    if type(value) is list:
        return [_tidy(part, depth + 1) for part in value]
    return value
