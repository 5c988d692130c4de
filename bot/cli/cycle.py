"""./run cycle: when a compound's week opens, prompts and closes, and what became of the last ones."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from bot.app import utc_now
from bot.config import ConfigError, Settings
from handlers.digests.rules import DEFAULT_PLAN, Plan, monday_of, offsets, timetable
from handlers.local_time import LOCAL
from storage.database import Database
from storage.migrate import prepare
from storage.queries.cycles import find_settings, list_cycles, put_settings
from storage.queries.tree import find_compound
from storage.tables import Compound, CycleSettings, WeeklyCycle

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LISTED = 8
_MOMENT = re.compile(
    rf"(?P<day>{'|'.join(DAYS)})\s+(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)", re.IGNORECASE
)


def parse_moment(name: str, text: str) -> tuple[int, int]:
    """ "mon 09:07" as (weekday from 1, minute of the day); raises ConfigError that names the option."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f'--{name}: write a day and a time like "mon 09:07" ({", ".join(DAYS)})')
    return DAYS.index(found["day"].lower()) + 1, int(found["hour"]) * 60 + int(found["minute"])


async def run(
    settings: Settings, action: str, code: str, changes: Mapping[str, str | None], enabled: bool | None
) -> int:
    """`show`, or `set` what `changes` (open, prompt, close) and `enabled` name and then show."""
    moments = {name: parse_moment(name, text) for name, text in changes.items() if text is not None}
    if action == "set" and not moments and enabled is None:
        raise ConfigError("nothing to set: give --open, --prompt, --close, --on or --off")
    if action == "show" and (moments or enabled is not None):
        raise ConfigError("show changes nothing; use set")
    now = utc_now()
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        async with database.write() as session:
            compound = await find_compound(session, code)
            if compound is None or compound.compound_id is None:
                raise ConfigError(f"there is no compound {code}")
            if action == "set":
                await _set(session, compound.compound_id, moments, enabled)
        async with database.read() as session:
            kept = await find_settings(session, compound.compound_id)
            cycles = await list_cycles(session, compound.compound_id, LISTED)
    finally:
        await database.close()
    print(json.dumps(_shown(compound, kept, cycles, now), ensure_ascii=False))
    return 0


async def _set(
    session: AsyncSession, compound_id: int, moments: Mapping[str, tuple[int, int]], enabled: bool | None
) -> None:
    kept = await find_settings(session, compound_id)
    values = asdict(_plan(kept))
    for name, (weekday, minute) in moments.items():
        values |= {f"{name}_weekday": weekday, f"{name}_minute": minute}
    _opens, prompts, closes = offsets(Plan(**values))
    if prompts >= closes:
        print("yishi: the prompt is not before the close: there will be none", file=sys.stderr)
    on = enabled if enabled is not None else kept is None or kept.enabled
    await put_settings(session, {"compound_id": compound_id, "enabled": on, **values})


def _plan(kept: CycleSettings | None) -> Plan:
    if kept is None:
        return DEFAULT_PLAN
    return Plan(**kept.model_dump(exclude={"compound_id", "enabled"}))


def _shown(
    compound: Compound, kept: CycleSettings | None, cycles: list[WeeklyCycle], now: datetime
) -> dict[str, object]:
    plan = _plan(kept)
    week = monday_of(now).isoformat()
    moments = timetable(plan, compound.code, week)
    return {
        "compound": compound.code,
        "name": compound.name,
        "enabled": kept is None or kept.enabled,
        "open": _moment(plan.open_weekday, plan.open_minute),
        "prompt": _moment(plan.prompt_weekday, plan.prompt_minute),
        "close": _moment(plan.close_weekday, plan.close_minute),
        "week": week,
        "opens_at": _local(moments.opens_at),
        "prompts_at": _local(moments.prompts_at),
        "closes_at": _local(moments.closes_at),
        "digests_at": _local(moments.digests_at),
        "weeks": [
            {
                "week": cycle.week,
                "opened_at": _local(cycle.opened_at),
                "prompted_at": _local(cycle.prompted_at),
                "closed_at": _local(cycle.closed_at),
                "digested_at": _local(cycle.digested_at),
                "skipped": cycle.skipped,
                "opinions": cycle.digest["total"] if cycle.digest else None,
            }
            for cycle in cycles
        ],
    }


def _moment(weekday: int, minute: int) -> str:
    return f"{DAYS[weekday - 1]} {minute // 60:02}:{minute % 60:02}"


def _local(at: datetime | None) -> str | None:
    return at.astimezone(LOCAL).isoformat(timespec="seconds") if at else None
