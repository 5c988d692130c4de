"""The property company's rate card: of one compound with its switch and contract, and of all compounds of a viewer."""

from datetime import date

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.scorecards import RATE_NAMES
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened, Right, access_compound
from handlers.local_time import month_of
from handlers.oversight.board import list_seen
from handlers.oversight.companies import company_on, load_rate_cards, put_contract, put_statement
from handlers.oversight.lists import RULES
from handlers.oversight.periods import QUARTER, quarter_before, quarter_of
from handlers.oversight.settings import switch_rate_cards
from storage.queries.companies import list_contracts
from storage.queries.oversight import find_oversight

QUARTERS = 8


async def show_property(visit: Visit) -> web.Response:
    """The newest quarter of one compound."""
    opened = await _access(visit)
    return await _page(visit, opened, quarters_until(visit)[0])


async def show_property_quarter(visit: Visit) -> web.Response:
    """An earlier one."""
    return await _page(visit, await _access(visit), _quarter(visit))


async def switch_property(visit: Visit) -> web.Response:
    """Let there be a rate card, or none."""
    opened = await _access(visit, Right.RUN_OVERSIGHT)
    on = visit.form.get("on") == "yes"
    await visit.act(switch_rate_cards, opened.compound_id, on)
    return _back(opened, "switched")


async def set_contract(visit: Visit) -> web.Response:
    """Say which company serves the compound from a day on."""
    opened = await _access(visit, Right.RUN_OVERSIGHT)
    try:
        since_on = date.fromisoformat(visit.form.get("since", ""))
    except ValueError:
        return _back(opened, "contract_odd")
    taken = await put_contract(
        visit.session,
        opened.compound_id,
        visit.form.get("company", ""),
        since_on,
        visit.now,
        actor_id=visit.signed_in.viewer.person_id,
    )
    return _back(opened, "contract_set" if taken else "contract_odd")


async def say_statement(visit: Visit) -> web.Response:
    """What the company says to a quarter; again replaces it. What is not taken comes back as it was typed."""
    opened = await _access(visit, Right.ANSWER_RATES)
    quarter = _quarter(visit)
    words = visit.form.get("words", "")
    taken = await put_statement(
        visit.session,
        opened.compound_id,
        quarter,
        words,
        visit.now,
        actor_id=visit.signed_in.viewer.person_id,
    )
    if not taken:
        return await _page(visit, opened, quarter, told="statement_odd", words=words)
    return _back(opened, "statement_kept", quarter)


async def show_companies(visit: Visit) -> web.Response:
    """The companies of all compounds that the viewer sees and that have rate cards, of the last whole quarter."""
    seen = await list_seen(visit.session, visit.signed_in.viewer)
    quarter = quarter_before(quarters_until(visit)[0])
    cards = await load_rate_cards(visit.session, visit.site.services, list(seen), quarter)
    return visit.page(
        "console/companies.html", cards=cards, seen=seen, quarter=quarter, rate_names=RATE_NAMES, rules=RULES
    )


def quarters_until(visit: Visit) -> list[str]:
    """This quarter and those before, newest first."""
    quarters = [quarter_of(month_of(visit.now))]
    while len(quarters) < QUARTERS:
        quarters.append(quarter_before(quarters[-1]))
    return quarters


def _quarter(visit: Visit) -> str:
    quarter = visit.part("quarter", QUARTER)
    if quarter not in quarters_until(visit):
        raise NotFound
    return quarter


async def _access(visit: Visit, *rights: Right) -> Opened:
    code = visit.part("compound", CODE)
    viewer = visit.signed_in.viewer
    return await access_compound(
        visit.session, viewer, code, *(rights or (Right.SEE_OVERSIGHT, Right.ANSWER_RATES))
    )


async def _page(visit: Visit, opened: Opened, quarter: str, told: str = "", words: str = "") -> web.Response:
    cards = await load_rate_cards(visit.session, visit.site.services, [opened.compound_id], quarter)
    contracts = await list_contracts(visit.session, [opened.compound_id])
    return visit.page(
        "console/property.html",
        opened=opened,
        quarter=quarter,
        quarters=quarters_until(visit),
        cards=cards,
        contracts=contracts,
        writer=company_on(contracts, opened.compound_id, visit.now),
        settings=await find_oversight(visit.session, opened.compound_id),
        rate_names=RATE_NAMES,
        rules=RULES,
        told=told or visit.request.query.get("told", ""),
        words=words,
    )


def _back(opened: Opened, told: str, quarter: str = "") -> web.Response:
    place = f"/{quarter}" if quarter else ""
    return see_other(f"/console/{opened.compound.code}/property{place}?told={told}")
