"""What topics are begun with, as data in templates.toml: which step asks for what, in how many days. Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from handlers.topics.facts import Need, Plan, StepPlan
from storage.states import SurveyPhase, TopicStep

# Read once, at the start: nobody waits for a disk in the middle of a transaction.
_WRITTEN = tomllib.loads(Path(__file__).with_name("templates.toml").read_text(encoding="utf-8"))
PLAIN = "plain"
LAWFUL_DAYS = 100
"""A vote of owners takes its time, whatever a template without one gives a decision."""


class TaskKind(StrEnum):
    """What is written down of a task."""

    NOTE = "note"
    FUNDING = "funding"
    POLL = "poll"
    SURVEY = "survey"


@dataclass(frozen=True, slots=True)
class Task:
    """Something that has to be done in a step. round: of the survey of households that it asks for."""

    code: str
    name: str
    hint: str
    kind: TaskKind = TaskKind.NOTE
    first: bool = False
    round: SurveyPhase = SurveyPhase.OTHER


@dataclass(frozen=True, slots=True)
class TopicTemplate:
    """One kind of topic. items: of art. 278, empty where the law leaves it to a committee. leaves: what it suits."""

    code: str
    name: str
    about: str
    items: tuple[int, ...]
    vote: str
    leaves: tuple[str, ...]
    plan: Plan
    tasks: Mapping[str, Task]

    def days(self, step: TopicStep, *, lawful: bool) -> int:
        """Until when a step should be left."""
        days = self.plan[step].days
        return max(days, LAWFUL_DAYS) if lawful and step is TopicStep.DECIDE else days


@cache
def load_templates() -> Mapping[str, TopicTemplate]:
    """All templates by code, in the order of the file."""
    return {code: _template(code, table) for code, table in _WRITTEN.items()}


def template_of(code: str) -> TopicTemplate:
    """A topic's template; the plain one for a code that is no longer there."""
    templates = load_templates()
    return templates.get(code, templates[PLAIN])


def suggest(leaf: str | None) -> str:
    """The template that a matter of this category is likely to need; the plain one where none stands out."""
    named = {leaf, (leaf or "").partition(".")[0]}
    return next((code for code, each in load_templates().items() if named & set(each.leaves)), PLAIN)


def _template(code: str, table: Mapping[str, Any]) -> TopicTemplate:
    tasks: dict[str, Task] = {}
    plan: dict[TopicStep, StepPlan] = {}
    for step in TopicStep:
        asked = table[step.value]
        written = [
            Task(
                each["code"],
                each["name"],
                each["hint"],
                TaskKind(each.get("kind", "note")),
                each.get("first", False),
                SurveyPhase(each.get("round", "other")),
            )
            for each in asked.get("tasks", ())
        ]
        tasks |= {task.code: task for task in written}
        plan[step] = StepPlan(
            days=asked["days"],
            needs=frozenset(Need(each) for each in asked.get("needs", ())),
            tasks=tuple(task.code for task in written),
            first=tuple(task.code for task in written if task.first),
            may_skip=asked.get("skip", False),
        )
    return TopicTemplate(
        code,
        table["name"],
        table["about"],
        tuple(table["items"]),
        table["vote"],
        tuple(table.get("leaves", ())),
        plan,
        tasks,
    )
