"""Safety alerts of a compound: what is open, who has seen to the others."""

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.tabs import count_waiting
from bot.web.visit import Visit, see_other
from handlers.access import Forbidden, NotFound, Right, Viewer, access_compound
from handlers.alerts.acknowledge import Outcome, acknowledge
from handlers.alerts.words import office_name, place_of, what_of, words_of
from storage.queries.alerts import list_episodes_numbered
from storage.queries.console import list_alert_episodes, list_opinions_numbered
from storage.tables import AlertEpisode

NUMBER = r"[1-9][0-9]{0,17}"
SHOWN = 50


async def show_alerts(visit: Visit) -> web.Response:
    """The open ones first, with a button for those who may say that they see to it."""
    viewer, code = visit.signed_in.viewer, visit.part("compound", CODE)
    opened = await access_compound(visit.session, viewer, code, Right.SEE_ALERTS)
    services = visit.site.services
    episodes = await list_alert_episodes(visit.session, opened.compound_id, opened.codes, SHOWN)
    opinions = await list_opinions_numbered(
        visit.session,
        opened.compound_id,
        {episode.opinion_number for episode in episodes if episode.opinion_number is not None},
    )
    seen_by = {
        person_id: await office_name(visit.session, services, person_id, opened.compound)
        for person_id in {episode.acknowledged_by for episode in episodes} - {None}
    }
    theirs = await _to_acknowledge(visit, viewer, code, episodes)
    rows = []
    for episode in episodes:
        opinion = opinions.get(episode.opinion_number or 0)
        rows.append(
            {
                "episode": episode,
                "what": what_of(services, episode.matter),
                "place": place_of(opinion, in_group=False),
                "words": words_of(opinion, in_group=False),
                "may_acknowledge": episode.number in theirs,
                "by": seen_by.get(episode.acknowledged_by, ""),
            }
        )
    return visit.page(
        "console/alerts.html", opened=opened, rows=rows, waiting=await count_waiting(visit, opened)
    )


async def _to_acknowledge(visit: Visit, viewer: Viewer, code: str, episodes: list[AlertEpisode]) -> set[int]:
    """Those alerts that the viewer may say they see to: one role may see further than another acts."""
    try:
        opened = await access_compound(visit.session, viewer, code, Right.ACKNOWLEDGE_ALERT)
    except Forbidden:
        return set()
    if opened.codes is not None:
        episodes = await list_alert_episodes(visit.session, opened.compound_id, opened.codes, SHOWN)
    return {episode.number for episode in episodes}


async def acknowledge_alert(visit: Visit) -> web.Response:
    """The viewer sees to it."""
    viewer, code = visit.signed_in.viewer, visit.part("compound", CODE)
    number = int(visit.part("number", NUMBER))
    opened = await access_compound(visit.session, viewer, code, Right.ACKNOWLEDGE_ALERT)
    if not await list_episodes_numbered(visit.session, {opened.compound_id: opened.codes}, number):
        raise NotFound
    done = await acknowledge(
        visit.session,
        visit.site.services,
        opened.compound_id,
        number,
        viewer.person_id,
        visit.now,
    )
    if done.outcome is Outcome.UNKNOWN:
        raise NotFound
    return see_other(f"/console/{opened.compound.code}/alerts")
