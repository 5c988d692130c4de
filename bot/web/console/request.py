"""One matter with its request: what it is, how far, what was said and done, and what the viewer can do about it."""

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.console.compounds import CODE
from bot.web.once import fresh_key
from bot.web.visit import Visit
from handlers.access import OpenedMatter, Right, access_matter
from handlers.alerts.rules import anonymous
from handlers.alerts.words import office_name
from handlers.digests.masking import is_anonymous, mask
from handlers.grid.cells import find_cell_around
from handlers.local_time import local_date
from handlers.photos.albums import album_for_staff
from handlers.requests.commands import BY_RESIDENTS, OPEN, Facts, Party, Verb
from handlers.requests.dispatching import assignment_of
from handlers.requests.mediate import outcome_name, records_of
from handlers.requests.offers import Offer, offers_to_staff
from handlers.requests.offices import actor_in, list_candidates, role_name, scopes_inside
from handlers.requests.record import facts_of
from handlers.requests.words import label_of, level_name, rating_name, who
from storage.queries.board import list_merged_into, list_voices_said
from storage.queries.requests import find_request, list_events
from storage.states import Ladder, MatterState, MediationOutcome, Rating, Role
from storage.tables import Matter, RequestEvent

# Who did one of these is staff. Of the others it may be a resident, whom nobody reads of.
_BY_STAFF = frozenset(
    {
        Verb.ACCEPTED,
        Verb.REFUSED,
        Verb.HELPED,
        Verb.DONE,
        Verb.NOTED,
        Verb.MEDIATED,
        Verb.REPLIED,
        Verb.DISPATCHED,
        Verb.SORTED,
    }
)


async def show_request(visit: Visit) -> web.Response:
    """Words of residents are for those who handle it, without what says who they are; and as long as somebody has to
    confirm it, for those who do, without what might."""
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    found = await access_matter(visit.session, visit.signed_in.viewer, code, number, Right.SEE_REQUESTS)
    session, services = visit.session, visit.site.services
    compound, matter = found.opened.compound, found.matter
    request = await find_request(session, found.opened.compound_id, matter.number)
    facts = facts_of(request) if request else None
    actor = await actor_in(session, visit.signed_in.viewer.person_id, compound, matter)
    offers = offers_to_staff(found.rights, matter.state, facts, actor)
    reads_words = Right.HANDLE in found.rights
    decides = Right.MERGE in found.rights and matter.state is MatterState.CANDIDATE
    voices = await list_voices_said(session, found.opened.compound_id, matter.number)
    merged = await list_merged_into(session, found.opened.compound_id, matter.number)
    apart = sorted({*merged, *(voice.number for voice in voices if len(voices) > 1)})
    candidates, advised = {}, None
    if Offer.DISPATCH in offers or Offer.HELP in offers:
        inside = scopes_inside(compound, matter)
        candidates = await list_candidates(session, services, compound, inside)
        advised = (await assignment_of(session, services, compound, matter)).party
    return visit.page(
        "console/request.html",
        opened=found.opened,
        matter=matter,
        asked=number,
        label=label_of(services, matter, in_group=False),
        facts=facts,
        who=who(facts) if facts and facts.party else "",
        holder=await _name_of(visit, found, facts),
        level=level_name(facts.level) if facts and facts.level is not Ladder.COMPOUND else "",
        helpers=[await _party_name(visit, found, helper) for helper in facts.helpers] if facts else [],
        cell=await _cell(visit, found),
        is_late=facts is not None and _is_late(facts, visit),
        now=visit.now,
        days=(visit.now - matter.opened_at).days,
        rating=rating_name(facts.rating) if facts and facts.rating else "",
        offers=offers,
        may_part=Right.MERGE in found.rights and matter.state is not MatterState.MERGED and bool(apart),
        apart=apart,
        parties=[(party_value(party), name, party == advised) for party, name in candidates.items()],
        voices=voices,
        said=[
            (voice, anonymous(voice.text) if reads_words else _hardly_told(voice.text))
            for voice in voices
            if voice.text and (reads_words or decides)
        ],
        photos=await album_for_staff(session, found),
        entries=await _entries(visit, found, matter, reads_words) if request else [],
        mediations=await records_of(
            session,
            services.sealer,
            found.opened.compound_id,
            matter.number,
            may_read=Right.MEDIATE in found.rights,
        ),
        outcomes=[(outcome, outcome_name(outcome)) for outcome in MediationOutcome],
        today=local_date(visit.now),
        key=fresh_key(),
        told=visit.request.query.get("told", ""),
    )


def _hardly_told(words: str) -> str:
    """Words for a neighbour in office who has to decide whether there is anything in them; empty when in doubt."""
    masked = mask(words)
    return masked if is_anonymous(masked) else ""


def party_value(party: Party) -> str:
    """A party as a form's field has it: property, or property:17."""
    return party.role if party.person_id is None else f"{party.role}:{party.person_id}"


def _is_late(facts: Facts, visit: Visit) -> bool:
    deadlines = [at for at in (facts.accept_by, facts.done_by) if at]
    return facts.state in OPEN and bool(deadlines) and min(deadlines) <= visit.now


async def _name_of(visit: Visit, found: OpenedMatter, facts: Facts | None) -> str:
    if facts is None or facts.party is None or facts.party.person_id is None:
        return ""
    return await office_name(visit.session, visit.site.services, facts.party.person_id, found.opened.compound)


async def _cell(visit: Visit, found: OpenedMatter) -> str:
    """The grid cell where it is, and whose that is; empty where nobody knows."""
    places = [code for code in (found.matter.building, found.matter.entrance) if code]
    if found.matter.building is None:
        return ""
    cell = await find_cell_around(visit.session, found.opened.compound_id, "-".join(places))
    if cell is None or cell.worker_id is None:
        return cell.code if cell else ""
    name = await office_name(visit.session, visit.site.services, cell.worker_id, found.opened.compound)
    return f"{cell.code} {name}".strip()


async def _party_name(visit: Visit, found: OpenedMatter, party: Party) -> str:
    if party.person_id is None:
        return role_name(party.role)
    return await office_name(visit.session, visit.site.services, party.person_id, found.opened.compound)


async def _entries(
    visit: Visit, found: OpenedMatter, matter: Matter, reads_words: bool
) -> list[dict[str, object]]:
    """The timeline, the newest first."""
    events = await list_events(visit.session, found.opened.compound_id, matter.number)
    return [await _entry(visit, found, event, reads_words) for event in reversed(events)]


async def _entry(
    visit: Visit, found: OpenedMatter, event: RequestEvent, reads_words: bool
) -> dict[str, object]:
    verb = Verb(event.verb)
    details = event.details
    by_rule = bool(details.get("by_rule"))
    names_actor = verb in _BY_STAFF and event.actor_id is not None and not by_rule
    words = event.text or ""
    if verb in BY_RESIDENTS:
        words = anonymous(words) if reads_words else ""
    to = ""
    if verb in (Verb.DISPATCHED, Verb.HELPED) and details.get("role"):
        to = await _party_name(visit, found, Party(Role(details["role"]), details.get("person_id")))
    return {
        "seq": event.seq,
        "verb": verb,
        "at": event.at,
        "by": await office_name(visit.session, visit.site.services, event.actor_id, found.opened.compound)
        if names_actor
        else "",
        "by_rule": by_rule,
        "to": to,
        "level": level_name(Ladder(details["level"])) if details.get("level") else "",
        "rating": rating_name(Rating(details["rating"])) if details.get("rating") else "",
        "into": details.get("into"),
        "why": details.get("why", ""),
        "round": details.get("round"),
        "in_time": details.get("in_time"),
        "words": words,
        "public": event.public,
    }
