"""The compound's card: one party branch, one plan, one leader, one partner, one group of volunteers."""

from http import HTTPStatus

from aiohttp import web

from bot.web.console.grid.profile import access_kept
from bot.web.console.tabs import count_waiting
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened
from handlers.grid.card import CardRefused, card_for_staff, keep_card_entry, take_off_card
from handlers.grid.rules import CardLine, is_shown
from handlers.grid.words import heading
from storage.states import CardKind

_LONGEST = {"name": 80, "words": 500, "holder": 40, "phone": 20}


async def show_card(visit: Visit) -> web.Response:
    """All five, as staff see them, each with its form."""
    return await _page(visit, await access_kept(visit))


async def save_entry(visit: Visit) -> web.Response:
    """Keep one of them, or take it off; doing it again changes nothing."""
    opened = await access_kept(visit)
    wanted = visit.form.get("kind", "")
    if wanted not in set(CardKind):
        raise NotFound
    kind, by = CardKind(wanted), visit.signed_in.viewer.person_id
    if visit.form.get("action") == "drop":
        await take_off_card(visit.session, opened.compound, kind, visit.now, actor_id=by)
        return _back(opened, "card_dropped")
    fields = {name: visit.form.get(name, "").strip()[:most] for name, most in _LONGEST.items()}
    # The tick that the page came with is one person's, also when the form with another name is sent twice.
    is_theirs = visit.form.get("agreed_by", "") in ("", fields["holder"])
    agreed = is_theirs and visit.form.get("agreed") == "yes"
    line = CardLine(**fields, agreed=agreed, office=visit.form.get("office") == "yes")
    try:
        must_ask = await keep_card_entry(
            visit.session, visit.site.services.sealer, opened.compound, kind, line, visit.now, actor_id=by
        )
    except CardRefused as refused:
        return await _page(visit, opened, {kind: line}, refused.fault.value)
    return _back(opened, "card_ask_again" if must_ask else "card_kept")


async def _page(
    visit: Visit, opened: Opened, typed: dict[CardKind, CardLine] | None = None, fault: str = ""
) -> web.Response:
    card = await card_for_staff(visit.session, visit.site.services.sealer, opened.compound_id)
    page = visit.page(
        "console/grid/card.html",
        opened=opened,
        kinds=[(kind, heading(kind)) for kind in CardKind],
        card=card,
        hidden={kind for kind, line in card.items() if not is_shown(line.holder, agreed=line.agreed)},
        typed=typed or {},
        waiting=await count_waiting(visit, opened),
        told=fault or visit.request.query.get("told", ""),
    )
    if fault:
        page.set_status(HTTPStatus.UNPROCESSABLE_ENTITY)
    return page


def _back(opened: Opened, told: str) -> web.Response:
    return see_other(f"/console/{opened.compound.code}/card?told={told}")
