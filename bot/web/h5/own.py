"""One matter of a resident's: how far it is, what was answered, and what they can do about it."""

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.once import command_key, first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import Own, access_own
from handlers.matters.chat import people_of
from handlers.matters.own import confirm_own, disclaim_own
from handlers.opinions.withdraw import withdraw_opinion
from handlers.photos.albums import album_for_reporter
from handlers.requests.carry_out import Carried, carry_out
from handlers.requests.commands import OPEN, Command, Facts, Rate, Reopen, Supplement
from handlers.requests.meant import KEPT
from handlers.requests.offers import Offer, offers_to_reporter
from handlers.requests.progress import states_of
from handlers.requests.record import facts_of
from handlers.requests.rules import UNHAPPY
from handlers.requests.words import comes_next, level_name, rating_name
from storage.queries.requests import find_request, list_events, list_ratings
from storage.states import Ladder, MatterState, OpinionState, Rating, RequestState

NO_REQUEST = "no_request"


async def show_own(visit: Visit) -> web.Response:
    """What was said and what became of it. Of the timeline only what is meant for residents."""
    own = await access(visit)
    session, opinion, matter = visit.session, own.opinion, own.matter
    request = await find_request(session, matter.compound_id, matter.number) if matter else None
    facts = facts_of(request) if request else None
    states = await states_of(session, [opinion])
    lexicon = visit.site.services.tagger.lexicon
    events = await list_events(session, request.compound_id, request.number) if request else []
    mine = None
    if request is not None:
        given = await list_ratings(session, request.compound_id, request.number, request.round)
        mine = given.get(visit.signed_in.viewer.person_id)
    album = await album_for_reporter(session, own)
    stands = opinion.state is OpinionState.FILED and not visit.signed_in.read_only
    offers = offers_to_reporter(facts, visit.now) if stands else frozenset()
    public = {event.seq for event in events if event.public}
    return visit.page(
        "h5/own.html",
        compound=own.compound,
        opinion=opinion,
        matter=matter,
        categories=[lexicon.name(one["id"]) for one in opinion.categories[:2] if one["id"] in lexicon.leaves],
        state=states.get((opinion.compound_id, opinion.number), ""),
        facts=facts,
        next=comes_next(facts, opinion.number) if facts and facts.state in OPEN else "",
        level=level_name(facts.level) if facts and facts.level is not Ladder.COMPOUND else "",
        people=people_of(matter) if matter and matter.households + matter.speakers > 1 else "",
        replies=[event for event in reversed(events) if event.public and event.text],
        may_confirm=stands and matter is not None and matter.state is MatterState.CANDIDATE,
        # With what was said, and what was added to it later: to the reader it is all theirs.
        photos=[
            *album.by_opinion.get(opinion.number, ()),
            *(photo for seq, added in sorted(album.by_event.items()) if seq not in public for photo in added),
        ],
        replied={seq: added for seq, added in album.by_event.items() if seq in public},
        may_add_photos=stands and (Offer.SUPPLEMENT in offers or _is_candidate(own, facts)),
        offers=offers,
        ratings=[(rating, rating_name(rating)) for rating in Rating],
        rated=rating_name(mine) if mine else "",
        where=_where(visit, own),
        key=fresh_key(),
        kept=KEPT,
        told=visit.request.query.get("told", ""),
    )


def _is_candidate(own: Own, facts: Facts | None) -> bool:
    """Whether it still waits to be confirmed: there is no timeline yet that could have an entry."""
    return facts is None and own.matter is not None and own.matter.state is MatterState.CANDIDATE


async def rate(visit: Visit) -> web.Response:
    """评价, in four words and a comment."""
    own = await access(visit)
    word = visit.form.get("rating", "")
    if word not in set(Rating):
        return back(visit, own, "rate_missing")
    rating = Rating(word)
    carried = await _carry_out(visit, own, Rate(rating, comment=_words(visit)))
    if rating in UNHAPPY and carried is not None and carried.refused is None:
        reopened = carried.facts.state is RequestState.REOPENED
        return back(visit, own, "reopened" if reopened else "rated_at_the_top")
    return _answer(visit, own, carried, "rated")


async def supplement(visit: Visit) -> web.Response:
    """补充: for those who handle it; the neighbours do not read it."""
    own = await access(visit)
    return _answer(visit, own, await _carry_out(visit, own, Supplement(_words(visit))), "supplemented")


async def reopen(visit: Visit) -> web.Response:
    """还没好."""
    own = await access(visit)
    return _answer(visit, own, await _carry_out(visit, own, Reopen(_words(visit))), "reopened")


async def confirm(visit: Visit) -> web.Response:
    """确认: what was overheard was meant."""
    own = await access(visit)
    is_confirmed = await visit.act(confirm_own, own.compound, own.opinion)
    return back(visit, own, "confirmed" if is_confirmed else "not_to_confirm")


async def disclaim(visit: Visit) -> web.Response:
    """随口说的，不用办: what was overheard was only talk."""
    own = await access(visit)
    is_done = not await first_time(visit) or await visit.act(disclaim_own, own.opinion)
    return back(visit, own, "disclaimed" if is_done else "not_to_confirm")


async def withdraw(visit: Visit) -> web.Response:
    """撤回."""
    own = await access(visit)
    if await first_time(visit):
        await visit.act(withdraw_opinion, own.opinion)
    return back(visit, own, "withdrawn")


async def access(visit: Visit) -> Own:
    """The opinion that the address names; raises NotFound for anybody else's."""
    number = int(visit.part("number", NUMBER))
    code = visit.request.query.get("compound", "")
    return await access_own(visit.session, visit.signed_in.viewer.person_id, number, code)


async def _carry_out(visit: Visit, own: Own, command: Command) -> Carried | None:
    """None when there is no request."""
    if own.matter is None:
        return None
    try:
        return await carry_out(
            visit.session,
            visit.site.services,
            own.compound,
            own.matter,
            command,
            visit.now,
            key=command_key(visit),
            actor_id=visit.signed_in.viewer.person_id,
        )
    except LookupError:
        return None


def _answer(visit: Visit, own: Own, carried: Carried | None, told: str) -> web.Response:
    if carried is None:
        return back(visit, own, NO_REQUEST)
    return back(visit, own, told if carried.refused is None else carried.refused.code)


def _words(visit: Visit) -> str:
    return visit.form.get("words", "").strip()[:KEPT]


def _where(visit: Visit, own: Own) -> str:
    """What the address needs for somebody who has the number in two compounds."""
    return f"?compound={own.compound.code}" if visit.request.query.get("compound") else ""


def back(visit: Visit, own: Own, told: str) -> web.Response:
    """The page as it is now, with what came of a button."""
    where = _where(visit, own)
    return see_other(f"/h5/mine/{own.opinion.number}{where}{'&' if where else '?'}told={told}")
