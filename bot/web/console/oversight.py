"""What is watched of a compound: which things more people speak of than usual, and whether that is told."""

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.tabs import count_waiting
from bot.web.visit import Visit, see_other
from handlers.access import Right, access_compound
from handlers.digests.build import category_name
from handlers.opinions.rules import place_name
from handlers.oversight.board import list_seen, load_communities
from handlers.oversight.settings import set_review, switch_warnings
from handlers.oversight.words import usual_text
from storage.queries.oversight import find_oversight, list_matters_numbered, list_warnings
from storage.states import ReviewRhythm

SHOWN = 30


async def show_oversight(visit: Visit) -> web.Response:
    """The warnings, running ones first, with their examples."""
    code = visit.part("compound", CODE)
    opened = await access_compound(visit.session, visit.signed_in.viewer, code, Right.SEE_OVERSIGHT)
    warnings = await list_warnings(visit.session, opened.compound_id, SHOWN)
    numbers = {number for warning in warnings for number in warning.matters}
    matters = await list_matters_numbered(visit.session, opened.compound_id, numbers)
    lexicon = visit.site.services.tagger.lexicon
    return visit.page(
        "console/oversight.html",
        opened=opened,
        running=[warning for warning in warnings if warning.ended_week is None],
        over=[warning for warning in warnings if warning.ended_week is not None],
        matters={
            matter.number: (
                f"{place_name(matter.building, None, None)}{category_name(lexicon, matter.leaf or '')}",
                matter.households + matter.speakers,
            )
            for matter in matters
        },
        names={warning.category: category_name(lexicon, warning.category) for warning in warnings},
        usual=usual_text,
        settings=await find_oversight(visit.session, opened.compound_id),
        waiting=await count_waiting(visit, opened),
        told=visit.request.query.get("told", ""),
    )


async def show_communities(visit: Visit) -> web.Response:
    """What rises in a whole community, for whoever sees all of its compounds."""
    seen = await list_seen(visit.session, visit.signed_in.viewer)
    communities = await load_communities(visit.session, seen)
    lexicon = visit.site.services.tagger.lexicon
    categories = {warning.category for each in communities for warning in each.warnings}
    return visit.page(
        "console/communities.html",
        communities=communities,
        compounds={compound.code: compound.name for compound in seen.values()},
        names={category: category_name(lexicon, category) for category in categories},
        usual=usual_text,
    )


async def switch(visit: Visit) -> web.Response:
    """Let warnings be told, or not, and residents be asked; doing it again changes nothing."""
    code = visit.part("compound", CODE)
    opened = await access_compound(visit.session, visit.signed_in.viewer, code, Right.RUN_OVERSIGHT)
    if "warnings" in visit.form:
        await visit.act(switch_warnings, opened.compound_id, visit.form["warnings"] == "yes")
    if visit.form.get("review", "") in list(ReviewRhythm):
        await visit.act(set_review, opened.compound_id, ReviewRhythm(visit.form["review"]))
    return see_other(f"/console/{code}/oversight?told=switched")
