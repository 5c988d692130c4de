"""The weeks of a community, subdistrict or district, added up from its compounds' digests."""

from aiohttp import web

from bot.web.console.compounds import CODE, WEEK
from bot.web.visit import Visit
from handlers.access import Forbidden, NotFound, Right, access_region, access_regions
from handlers.digests.regions import list_weeks_in, sum_week
from storage.queries.region_weeks import list_regions_with
from storage.queries.tree import list_regions_right_below


async def show_regions(visit: Visit) -> web.Response:
    """The regions that the viewer answers for, each with its latest weeks; raises Forbidden when there is none."""
    regions = await access_regions(visit.session, visit.signed_in.viewer, Right.SEE_DIGEST)
    if not regions:
        raise Forbidden
    weeks = {region.code: await list_weeks_in(visit.session, region.code) for region in regions}
    return visit.page("console/regions.html", regions=regions, weeks=weeks)


async def show_region_week(visit: Visit) -> web.Response:
    """One week of a region."""
    code, week = visit.part("region", CODE), visit.part("week", WEEK)
    opened = await access_region(visit.session, visit.signed_in.viewer, code, Right.SEE_DIGEST)
    weeks = await list_weeks_in(visit.session, code)
    if week not in weeks:
        raise NotFound
    there = await list_regions_with(visit.session, week)
    return visit.page(
        "console/region_week.html",
        region=opened.region,
        week=week,
        weeks=weeks,
        sum=await sum_week(visit.session, code, week),
        below=[each for each in await list_regions_right_below(visit.session, code) if each.code in there],
    )
