"""What a viewer may see of a month: the cards of their compounds, each with its place in its subdistrict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import Forbidden, Right, Viewer, access_compounds
from handlers.oversight.scoring import ranks
from storage.queries import oversight
from storage.queries import scorecards as queries
from storage.tables import CommunityWarning, Compound, Scorecard

MONTHS = 24  # that a page offers
WARNINGS = 30  # of a community


@dataclass(frozen=True, slots=True)
class Line:
    """A compound's card. rank: None where there were too few records. corrected: what a month later was otherwise."""

    compound: Compound
    card: Scorecard
    rank: int | None
    corrected: Scorecard | None


@dataclass(frozen=True, slots=True)
class Table:
    """A subdistrict, "" for none. compared: how many compounds are ranked there, seen or not."""

    place: str
    name: str
    compared: int
    ranked: tuple[Line, ...]
    apart: tuple[Line, ...]


async def list_seen(session: AsyncSession, viewer: Viewer) -> dict[int, Compound]:
    """The compounds whose months the viewer may see; raises Forbidden when there is none."""
    seen = {
        standing.compound.compound_id: standing.compound
        for standing in await access_compounds(session, viewer)
        if Right.SEE_OVERSIGHT in standing.whole and standing.compound.compound_id is not None
    }
    if not seen:
        raise Forbidden
    return seen


async def load_tables(session: AsyncSession, seen: dict[int, Compound], month: str) -> list[Table]:
    """The cards of these compounds, by subdistrict; ranked by what the month came to when it was over."""
    first: dict[int, Scorecard] = {}
    corrected: dict[int, Scorecard] = {}
    for card in await queries.list_cards(session, month, list(seen)):
        (first if card.revision == 1 else corrected)[card.compound_id] = card
    places = sorted({card.place for card in first.values()})
    names = await queries.list_region_names(session, places)
    scores: dict[str, list[tuple[int, int | None]]] = {place: [] for place in places}
    for place, compound_id, score in await queries.list_scores(session, month, places):
        scores[place].append((compound_id, score))
    tables = []
    for place in places:
        order = ranks(scores[place]) if place else {}
        lines = [
            Line(seen[compound_id], card, order.get(compound_id), corrected.get(compound_id))
            for compound_id, card in first.items()
            if card.place == place
        ]
        tables.append(_table(place, names.get(place, ""), len(order), lines))
    return tables


def _table(place: str, name: str, compared: int, lines: Sequence[Line]) -> Table:
    def order(line: Line) -> tuple[int, str]:
        return (line.rank or 0, line.compound.code)

    return Table(
        place,
        name,
        compared,
        tuple(sorted((line for line in lines if line.rank is not None), key=order)),
        tuple(sorted((line for line in lines if line.rank is None), key=order)),
    )


@dataclass(frozen=True, slots=True)
class Community:
    """A community of which a viewer sees every compound, with what rose in all of them together, running ones first."""

    code: str
    name: str
    warnings: tuple[CommunityWarning, ...]


async def load_communities(session: AsyncSession, seen: Mapping[int, Compound]) -> list[Community]:
    """The communities whose compounds are all among these: who sees only some learns nothing of the others."""
    regions = {compound.region_code for compound in seen.values() if compound.region_code}
    named = dict(await oversight.list_communities_of(session, regions))
    compounds = await oversight.list_compounds_by_community(session, named.keys())
    whole = {code: name for code, name in named.items() if compounds.get(code, set()) <= seen.keys()}
    warnings: dict[str, list[CommunityWarning]] = {code: [] for code in whole}
    for warning in await oversight.list_community_warnings(session, whole.keys(), WARNINGS):
        warnings[warning.region_code].append(warning)
    return [Community(code, name, tuple(warnings[code])) for code, name in whole.items()]
