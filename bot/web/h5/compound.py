"""Where a resident lives: who manages it, and whom to ask."""

from aiohttp import web

from bot.web.visit import Visit
from handlers.grid.card import card_for_residents, contacts_of
from handlers.grid.keep_profile import profile_of
from handlers.grid.words import heading
from storage.queries.cycles import list_weeks
from storage.queries.polls import list_homes_in
from storage.tables import Compound


async def show_compound(visit: Visit) -> web.Response:
    """The card of each compound where they live or own something, as far as its people agreed to be shown."""
    session, sealer = visit.session, visit.site.services.sealer
    cards = []
    for compound_id in sorted(await list_homes_in(session, visit.signed_in.viewer.person_id)):
        compound = await session.get_one(Compound, compound_id)
        card = await card_for_residents(session, sealer, compound_id)
        cards.append(
            {
                "compound": compound,
                "profile": await profile_of(session, compound),
                "lines": [(heading(kind), line) for kind, line in card.items()],
                "contacts": await contacts_of(session, sealer, compound),
                "week": next(iter(await list_weeks(session, compound_id)), ""),
            }
        )
    return visit.page("h5/compound.html", cards=cards)
