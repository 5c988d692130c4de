"""Safety alerts of a compound: what is open, who has seen to the others."""

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Right, access_compound, rights_in
from handlers.alerts.acknowledge import Outcome, acknowledge
from handlers.alerts.words import office_name, place_of, what_of, words_of
from storage.queries.console import list_alert_episodes, list_opinions_numbered
from storage.queries.tree import list_region_codes_above

NUMBER = r"[1-9][0-9]{0,17}"
SHOWN = 50


async def show_alerts(visit: Visit) -> web.Response:
    """The open ones first, with a button for those who may say that they see to it."""
    viewer, code = visit.signed_in.viewer, visit.part("compound", CODE)
    compound = await access_compound(visit.session, viewer, code, Right.SEE_ALERTS)
    assert compound.compound_id is not None
    services = visit.site.services
    episodes = await list_alert_episodes(visit.session, compound.compound_id, SHOWN)
    opinions = await list_opinions_numbered(
        visit.session,
        compound.compound_id,
        {episode.opinion_number for episode in episodes if episode.opinion_number is not None},
    )
    scopes = [compound.code, *await list_region_codes_above(visit.session, compound.region_code)]
    seen_by = {
        person_id: await office_name(visit.session, services, person_id, scopes)
        for person_id in {episode.acknowledged_by for episode in episodes} - {None}
    }
    rows = []
    for episode in episodes:
        opinion = opinions.get(episode.opinion_number or 0)
        rows.append(
            {
                "episode": episode,
                "what": what_of(services, episode.matter),
                "place": place_of(opinion, in_group=False),
                "words": words_of(opinion, in_group=False),
                "by": seen_by.get(episode.acknowledged_by, ""),
            }
        )
    rights = await rights_in(visit.session, viewer, compound) or frozenset()
    return visit.page(
        "console/alerts.html",
        compound=compound,
        rights=rights,
        rows=rows,
        may_acknowledge=Right.ACKNOWLEDGE_ALERT in rights,
    )


async def acknowledge_alert(visit: Visit) -> web.Response:
    """The viewer sees to it."""
    viewer, code = visit.signed_in.viewer, visit.part("compound", CODE)
    number = int(visit.part("number", NUMBER))
    compound = await access_compound(visit.session, viewer, code, Right.ACKNOWLEDGE_ALERT)
    assert compound.compound_id is not None
    done = await acknowledge(
        visit.session,
        visit.site.services,
        compound.compound_id,
        number,
        viewer.person_id,
        visit.now,
    )
    if done.outcome is Outcome.UNKNOWN:
        raise NotFound
    return see_other(f"/console/{compound.code}/alerts")
