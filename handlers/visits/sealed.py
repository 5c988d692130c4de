"""What of a visit plan is sealed: whose home, why, and what was found there."""

from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.visits import list_plans
from storage.sealing import Sealer
from storage.tables import HomeVisit, VisitPlan

_HOUSEHOLD, _REASON, _NOTE = "visit_plans.household", "visit_plans.reason", "home_visits.note"


@dataclass(frozen=True, slots=True)
class Home:
    """A home as people call it, with the code of its place."""

    code: str
    name: str


def lookup_of(sealer: Sealer, compound_id: int, code: str) -> bytes:
    """By which a home is found without opening anything."""
    return sealer.lookup(f"{compound_id}:{code}".encode(), _HOUSEHOLD)


def seal_home(sealer: Sealer, home: Home) -> bytes:
    """A home at rest."""
    return sealer.seal(f"{home.code}\n{home.name}".encode(), _HOUSEHOLD)


def home_of(sealer: Sealer, plan: VisitPlan) -> Home:
    """The home of a plan that goes on."""
    assert plan.household_sealed is not None
    code, _, name = sealer.open(plan.household_sealed, _HOUSEHOLD).decode().partition("\n")
    return Home(code, name)


async def list_visited(session: AsyncSession, sealer: Sealer, compound_id: int) -> set[str]:
    """The codes of homes that are visited; who is on that list is a secret, whoever asks."""
    plans = await list_plans(session, compound_id)
    return {home_of(sealer, plan).code for plan in plans if plan.household_sealed is not None}


def seal_reason(sealer: Sealer, words: str) -> bytes | None:
    """Why, at rest; None for no words."""
    return sealer.seal(words.encode(), _REASON) if words else None


def reason_of(sealer: Sealer, plan: VisitPlan) -> str:
    """Why."""
    return sealer.open(plan.reason_sealed, _REASON).decode() if plan.reason_sealed else ""


def seal_note(sealer: Sealer, words: str) -> bytes | None:
    """A note at rest; None for no words."""
    return sealer.seal(words.encode(), _NOTE) if words else None


def note_of(sealer: Sealer, visit: HomeVisit) -> str:
    """What was noted; empty when nothing, or kept long enough."""
    return sealer.open(visit.note_sealed, _NOTE).decode() if visit.note_sealed else ""
