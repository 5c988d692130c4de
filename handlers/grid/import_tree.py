"""Use case: the tree of a compound from a sheet, all of it or nothing; and what it would do."""

import hashlib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.grid.plan import Decision, Node, Plan, plan_tree
from handlers.grid.sheet import Column, TreeRow, TreeSheet
from handlers.visits.sealed import list_visited
from storage.audit import add_audit_event
from storage.queries.grid import (
    list_cells,
    list_nodes,
    list_uses,
    lock_compound,
    put_cell_worker,
    replace_cells,
)
from storage.queries.people import list_people_in_office, list_people_in_office_inside
from storage.queries.tree import delete_places, list_scopes_of, put_places
from storage.sealing import Sealer
from storage.states import Role
from storage.tables import Compound

# Read once, at the start: nobody waits for a disk in the middle of a transaction.
_REASONS: Mapping[str, str] = tomllib.loads(
    (files("handlers.grid") / "reasons.toml").read_text(encoding="utf-8")
)
_OF_CELLS: Mapping[str, str] = tomllib.loads(
    (files("handlers.roll") / "reasons.toml").read_text(encoding="utf-8")
)["refused"]


@dataclass(frozen=True, slots=True)
class Imported:
    """unknown: by cell the name of a worker who holds no office there, or of several who do.

    written: whether anything was.
    """

    plan: Plan
    unknown: Mapping[str, str]
    written: bool

    @property
    def mark(self) -> str:
        """What was decided, as a hash: an import does what was shown, or nothing."""
        plan = self.plan
        shown = (
            sorted(plan.add),
            sorted(plan.rename.items()),
            plan.gone,
            sorted((plan.cells or {}).items()),
            sorted((plan.workers or {}).items()),
            plan.is_refused,
        )
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:32]


def reason_words(code: str) -> str:
    """A code of reasons.toml in words."""
    return _REASONS.get(code) or _OF_CELLS.get(code) or code


async def import_tree(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    sheet: TreeSheet,
    rows: Collection[TreeRow],
    now: datetime,
    *,
    actor_id: int | None,
    dry_run: bool = False,
    seen: str | None = None,
) -> Imported:
    """Do what the rows of this compound say, unless one is refused; importing again changes only what differs.

    seen: the mark of what somebody was shown; anything else is not written. Who imports holds the compound's row.
    """
    assert compound.compound_id is not None
    compound_id = compound.compound_id
    if not dry_run:
        await lock_compound(session, compound_id)
    known = {code: Node(*node) for code, node in (await list_nodes(session, compound_id)).items()}
    # The reason is that of any home with people in it: who is visited is a secret.
    visited = dict.fromkeys(await list_visited(session, sealer, compound_id), "use.lives")
    uses = visited | await list_uses(session, compound)
    plan = plan_tree(sheet, rows, known, uses)
    named = await find_workers(session, sealer, compound) if plan.workers else {}
    # Of two with one name nobody can say which is meant.
    workers = {name: people[0] for name, people in named.items() if len(people) == 1}
    unknown = {cell: name for cell, name in (plan.workers or {}).items() if name not in workers}
    tried = Imported(plan, unknown, written=False)
    if dry_run or plan.is_refused or (seen is not None and seen != tried.mark):
        return tried
    await _write(session, compound_id, plan, workers)
    add_audit_event(
        session,
        at=now,
        verb="tree.imported",
        compound_id=compound_id,
        actor_id=actor_id,
        subject=f"compound:{compound.code}",
        details=plan.counts | {"cells": len(set((plan.cells or {}).values()))},
    )
    return Imported(plan, unknown, written=True)


async def find_workers(session: AsyncSession, sealer: Sealer, compound: Compound) -> dict[str, list[int]]:
    """Grid workers of a compound, of what lies in it or above it: by name who has it (person_id)."""
    held = [
        *await list_people_in_office(session, await list_scopes_of(session, compound), [Role.GRID_WORKER]),
        *await list_people_in_office_inside(session, compound.code, [Role.GRID_WORKER]),
    ]
    found: dict[str, list[int]] = {}
    for grant, person in held:
        name = sealer.open(person.name_sealed, "persons.name").decode() if person.name_sealed else ""
        if name and grant.person_id not in found.setdefault(name, []):
            found[name].append(grant.person_id)
    return found


async def _write(session: AsyncSession, compound_id: int, plan: Plan, workers: Mapping[str, int]) -> None:
    if plan.gone:
        by_depth: dict[int, list[str]] = {}
        for code in plan.gone:
            by_depth.setdefault(code.count("-"), []).append(code)
        for depth in sorted(by_depth, reverse=True):
            await delete_places(session, compound_id, by_depth[depth])
    known = await list_nodes(session, compound_id) if plan.rename else {}
    places = [
        {"code": code, "level": node.level, "name": node.name, "parent_code": node.parent}
        for code, node in sorted(plan.add.items(), key=lambda each: (each[0].count("-"), each[0]))
    ]
    places += [
        {"code": code, "level": known[code][0], "name": name, "parent_code": known[code][2]}
        for code, name in plan.rename.items()
    ]
    await put_places(session, compound_id, places)
    if plan.cells is not None:
        await replace_cells(session, compound_id, plan.cells, set(plan.cells.values()))
    if plan.workers is not None:
        for cell in await list_cells(session, compound_id):
            worker_id = workers.get(plan.workers.get(cell.code, ""))
            if worker_id is not None and worker_id != cell.worker_id:
                await put_cell_worker(session, compound_id, cell.code, worker_id)


def belongs(row: TreeRow, compound: Compound) -> bool:
    """Whether a row is of this compound, or names none."""
    code, name = row.get(Column.COMPOUND_CODE), row.get(Column.COMPOUND)
    return code == compound.code if code else name in ("", compound.name)


def of_one(rows: Collection[TreeRow], compound: Compound) -> list[TreeRow]:
    """The rows for a sheet that may only speak of one compound: those of others are refused."""
    return [
        row if row.fault or belongs(row, compound) else TreeRow(row.line, row.said, "tree.other_compound")
        for row in rows
    ]


def report(imported: Imported) -> list[dict[str, object]]:
    """What is told of each row that is not as it was, of each place that goes, and of each cell without a worker."""
    plan = imported.plan
    lines: list[dict[str, object]] = [
        {"row": line.line, "place": line.code, "decision": line.decision.value}
        | ({"reason": line.reason, "text": reason_words(line.reason)} if line.reason else {})
        for line in plan.lines
        if line.decision is not Decision.SAME
    ]
    for code in plan.gone:
        reason = plan.kept.get(code, "")
        why: dict[str, object] = {"reason": reason, "text": reason_words(reason)} if reason else {}
        lines.append({"place": code, "decision": "refuse" if reason else "gone", **why})
    lines += [
        {
            "cell": cell,
            "worker": name,
            "reason": "cell.unknown_worker",
            "text": reason_words("cell.unknown_worker"),
        }
        for cell, name in sorted(imported.unknown.items())
    ]
    return lines
