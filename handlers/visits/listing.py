"""The list as its readers see it: what is overdue first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from handlers.requests.calendar import is_workday
from handlers.visits.rules import Turn, due_by, turn
from handlers.visits.sealed import Home, home_of
from storage.sealing import Sealer
from storage.tables import VisitPlan

_ORDER = list(Turn)


@dataclass(frozen=True, slots=True)
class Listed:
    """A plan, opened, with when somebody has to be there."""

    plan: VisitPlan
    home: Home
    due: date | None
    turn: Turn


def list_homes(sealer: Sealer, plans: Iterable[VisitPlan], today: date) -> list[Listed]:
    """The homes of these plans, the most pressing first."""
    found = [listed(sealer, plan, today) for plan in plans]
    return sorted(found, key=lambda one: (_ORDER.index(one.turn), one.due or date.max, one.plan.number))


def listed(sealer: Sealer, plan: VisitPlan, today: date) -> Listed:
    """One of them."""
    due = due_of(plan)
    return Listed(plan, home_of(sealer, plan), due, turn(due, today))


def due_of(plan: VisitPlan) -> date | None:
    """The last day for the next visit."""
    return due_by(plan.level, plan.begun_on, plan.met_on, is_workday)
