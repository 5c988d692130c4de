"""What a vote is drafted from: title, body and questions of the common matters, as data in templates.toml. Pure."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from handlers.voting.terms import AGREE

# Read once, at the start: nobody waits for a disk in the middle of a transaction.
_WRITTEN = tomllib.loads(Path(__file__).with_name("templates.toml").read_text(encoding="utf-8"))
_FIELD = re.compile(r"\{(\w+)\}")
UNFILLED = re.compile(r"【待填：[^】]*】")


class TemplateError(ValueError):
    """A template that is not there, or not written as it should be; the message names it."""


@dataclass(frozen=True, slots=True)
class Field:
    """What somebody fills in."""

    name: str
    example: str


@dataclass(frozen=True, slots=True)
class TemplateQuestion:
    """A question with its item of art. 278; see terms.Question."""

    item: int
    title: str
    body: str
    options: tuple[str, ...]
    seats: int | None


@dataclass(frozen=True, slots=True)
class VoteTemplate:
    """One kind of matter. fields: what is filled in, by the name that stands in braces."""

    code: str
    name: str
    title: str
    body: str
    fields: Mapping[str, Field]
    questions: tuple[TemplateQuestion, ...]

    def fill(self, text: str, values: Mapping[str, str]) -> str:
        """The text with values; what is missing is marked as to be filled in, which the lint finds."""

        def one(found: re.Match[str]) -> str:
            return values.get(found[1], "").strip() or f"【待填：{self.fields[found[1]].name}】"

        return _FIELD.sub(one, text)


@cache
def load_templates() -> Mapping[str, VoteTemplate]:
    """All templates by code, in the order of the file; raises TemplateError."""
    return {code: _template(code, table) for code, table in _WRITTEN.items()}


def find_template(code: str) -> VoteTemplate:
    """A template by its code; raises TemplateError."""
    try:
        return load_templates()[code]
    except KeyError:
        raise TemplateError(f"no template {code}; there are {', '.join(load_templates())}") from None


def _template(code: str, table: Mapping[str, Any]) -> VoteTemplate:
    try:
        template = VoteTemplate(
            code,
            table["name"],
            table["title"],
            table["body"].strip(),
            {name: Field(**each) for name, each in table.get("fields", {}).items()},
            tuple(
                TemplateQuestion(
                    each["item"],
                    each["title"],
                    each.get("body", ""),
                    tuple(each.get("options", (AGREE,))),
                    each.get("seats"),
                )
                for each in table["questions"]
            ),
        )
    except (KeyError, TypeError) as error:
        raise TemplateError(f"{code}: {error}") from None
    texts = (template.title, template.body, *(t for q in template.questions for t in (q.title, q.body)))
    used = {name for text in texts for name in _FIELD.findall(text)}
    if used != template.fields.keys():
        raise TemplateError(
            f"{code}: fields {sorted(used ^ template.fields.keys())} are not used and named alike"
        )
    return template
