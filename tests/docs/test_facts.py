"""Names and figures in the pages are those of the code."""

import re
import tomllib
from datetime import UTC, datetime

import pytest
from prometheus_client import generate_latest
from pydantic import BaseModel
from sqlalchemy import UniqueConstraint

from bot.config import (
    AibotSettings,
    ChatArchiveSettings,
    GroupWebhookSettings,
    OfficialAccountSettings,
    WecomAppSettings,
)
from bot.telemetry import Metrics
from handlers.inbound import Inbound, InboundKind
from handlers.opinions import chat as opinions_chat
from handlers.opinions.chat import hear, pass_over
from handlers.receive import RESIDENTS as RESIDENTS_MANNER
from handlers.texts import say
from nlp.reader import Reader
from storage.tables import metadata
from tests.docs.pages import ROOT, read, rows

OPERATORS = read("docs/operators.md")
RESIDENTS = read("docs/residents.zh-CN.md")


def test_the_import_rules_are_those_of_the_configuration() -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    section = read("ARCHITECTURE.md").partition("## Import rules")[2].partition("\n## ")[0]
    assert [cells[0].strip("`") for cells in rows(section, 2)] == [contract["name"] for contract in contracts]


def test_metrics_of_the_operators_page_exist_and_none_is_missing() -> None:
    named = set(re.findall(r"`(yishi_\w+)`", OPERATORS))
    told = generate_latest(Metrics().registry).decode()
    assert named == {
        name for name in re.findall(r"^# HELP (\w+)", told, re.MULTILINE) if not name.endswith("_created")
    }


def test_log_events_of_the_operators_page_exist_and_none_is_missing() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "bot").glob("**/*.py"))
    logged = set(re.findall(r"\b(?:log\.(?:debug|info|warning|error)|say)\(\s*\"([a-z_.]+)\"", source))
    section = OPERATORS.partition("\n## Logs")[2].partition("\n## ")[0]
    named = {name for cells in rows(section, 2) for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", cells[0])}
    assert named == logged


def _unique_keys() -> dict[str, set[frozenset[str]]]:
    keys: dict[str, set[frozenset[str]]] = {}
    for name, table in metadata.tables.items():
        keys[name] = {frozenset(column.name for column in table.primary_key)}
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint):
                keys[name].add(frozenset(column.name for column in constraint.columns))
    return keys


def test_unique_keys_of_the_idempotency_page_exist_and_no_constraint_is_missing() -> None:
    section = read("docs/idempotency.md").partition("## Unique keys")[2].partition("\n## ")[0]
    named = {(cells[1].strip("`"), frozenset(re.findall(r"`(\w+)`", cells[2]))) for cells in rows(section, 5)}
    exist = {(table, key) for table, keys in _unique_keys().items() for key in keys}
    assert named <= exist
    constraints = {
        (table.name, frozenset(column.name for column in constraint.columns))
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    }
    assert constraints <= named


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ("服务号：哪一格填哪一项", OfficialAccountSettings),
        ("企业微信：自建应用", WecomAppSettings),
        ("企业微信：智能机器人", AibotSettings),
        ("企业微信：值班群的消息推送", GroupWebhookSettings),
        ("企业微信：会话内容存档", ChatArchiveSettings),
    ],
)
def test_settings_of_the_setup_page_exist_and_none_is_missing(section: str, kind: type[BaseModel]) -> None:
    page = read("docs/wechat-setup.zh-CN.md").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    tables = [cells for columns in (2, 3) for cells in rows(page, columns)]
    # The first two cells name settings, the last one may speak of others.
    named = {name for cells in tables for cell in cells[:-1] for name in re.findall(r"`([a-z_]+)`", cell)}
    assert named == kind.model_fields.keys() - {"kind"}


@pytest.mark.parametrize("words", [cells[0] for cells in rows(RESIDENTS, 2)])
def test_what_residents_are_told_to_say_is_a_command(words: str) -> None:
    inbound = Inbound("main", "m:1", InboundKind.TEXT, "o1", datetime(2026, 1, 1, tzinfo=UTC), text=words)
    route = next(route for route in RESIDENTS_MANNER.routes if route.matches(inbound) is not False)
    assert route.handler not in (hear, pass_over)


def test_the_receipt_on_the_residents_page_is_the_one_they_get() -> None:
    tagger = Reader.load()
    tagged = tagger.tag("3栋2单元电梯又坏了，老人下不来楼")
    lexicon = tagger.lexicon
    names = "、".join(
        f"{lexicon.top_name(found.id)}·{lexicon.name(found.id)}" for found in tagged.categories[:2]
    )
    facts = say("opinions.fact_category", categories=names) + say("opinions.fact_place", place="3栋2单元")
    for line in say("opinions.filed", number=1001, facts=facts).strip().splitlines():
        assert f"> {line}\n" in RESIDENTS
    assert f"最近反映的 {opinions_chat.LISTED} 件事" in RESIDENTS


def test_counts_of_the_lexicon_are_right() -> None:
    leaves = Reader.load().lexicon.leaves
    tops = {leaf.split(".")[0] for leaf in leaves}
    assert f"{len(tops)} kinds of complaint" in read("README.md")
    assert f"{len(tops)} 类意见" in read("README.zh-CN.md")
    assert f"{len(tops)} kinds of complaint with {len(leaves)} subdivisions" in read("CHANGELOG.md")
