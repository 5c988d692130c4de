"""Whose a category is by rule: for those who dispatch. Whoever dispatches in one building keeps that one's rules."""

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.request import party_value
from bot.web.once import fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import Opened, Right, access_compound
from handlers.alerts.words import office_name
from handlers.learning.names import category_groups
from handlers.requests.assign import ANY, WHOLE, Rule
from handlers.requests.commands import Party
from handlers.requests.dispatching import RuleError, drop_rules, is_category, put_rules
from handlers.requests.offices import list_candidates, role_name
from storage.queries.requests import list_dispatch_rules
from storage.queries.tree import list_houses
from storage.states import PlaceLevel


async def show_rules(visit: Visit) -> web.Response:
    """The rules, and a form for one more."""
    opened = await _access(visit)
    lexicon = visit.site.services.tagger.lexicon
    buildings = await _buildings(visit, opened)
    rows = []
    for row in await list_dispatch_rules(visit.session, opened.compound_id):
        if row.building not in buildings:
            continue
        name = ""
        if row.assignee_id is not None:
            name = await office_name(visit.session, visit.site.services, row.assignee_id, opened.compound)
        is_known = row.category in lexicon.leaves or row.category in lexicon.tops
        rows.append(
            {
                "row": row,
                "category": lexicon.name(row.category) if is_known else row.category,
                "top": lexicon.top_name(row.category) if row.category in lexicon.leaves else "",
                "building": buildings[row.building],
                "who": role_name(row.role),
                "name": name,
            }
        )
    parties = [(party_value(party), name) for party, name in (await _candidates(visit, opened)).items()]
    return visit.page(
        "console/rules.html",
        opened=opened,
        rows=rows,
        groups=category_groups(lexicon),
        any=ANY,
        buildings=buildings,
        parties=parties,
        key=fresh_key(),
        told=visit.request.query.get("told", ""),
    )


async def put_rule(visit: Visit) -> web.Response:
    """Set one, in the place of the one for the same category and building; doing it again changes nothing."""
    opened = await _access(visit)
    form = visit.form
    category, building = form.get("category", ""), form.get("building", "-")
    candidates = await _candidates(visit, opened)
    party = next((party for party in candidates if party_value(party) == form.get("party", "")), None)
    known = is_category(visit.site.services.tagger.lexicon, category)
    if party is None or not known or building not in await _buildings(visit, opened):
        return _back(opened, "rule_odd")
    rule = Rule(category, building, party, auto=form.get("auto") == "yes")
    try:
        await put_rules(
            visit.session, opened.compound, [rule], visit.now, actor_id=visit.signed_in.viewer.person_id
        )
    except RuleError:
        return _back(opened, "rule_odd")
    return _back(opened, "rule_set")


async def drop_rule(visit: Visit) -> web.Response:
    """Take one away; doing it again changes nothing."""
    opened = await _access(visit)
    building = visit.form.get("building", "-")
    if building in await _buildings(visit, opened):
        await drop_rules(
            visit.session,
            opened.compound,
            [(visit.form.get("category", ""), building)],
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
    return _back(opened, "rule_dropped")


async def _access(visit: Visit) -> Opened:
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, Right.DISPATCH)


async def _buildings(visit: Visit, opened: Opened) -> dict[str, str]:
    """By code: the buildings whose rules the viewer keeps, and the whole compound for who has all of it."""
    places = await list_houses(visit.session, opened.compound_id)
    own = opened.codes
    buildings = {
        place.code: place.name
        for place in sorted(places, key=lambda place: (len(place.code), place.code))
        if place.level is PlaceLevel.BUILDING and (own is None or place.code in own)
    }
    return ({WHOLE: "整个小区"} if own is None else {}) | buildings


async def _candidates(visit: Visit, opened: Opened) -> dict[Party, str]:
    scopes = [
        f"{opened.compound.code}/{building}" for building in await _buildings(visit, opened) if building
    ]
    return await list_candidates(visit.session, visit.site.services, opened.compound, scopes)


def _back(opened: Opened, told: str) -> web.Response:
    return see_other(f"/console/{opened.compound.code}/rules?told={told}")
