"""How an alert reads: for one person on duty, and for a group, where less is said."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.alerts.rules import anonymous, brief, building_of
from handlers.context import Services
from handlers.local_time import month_day_time
from handlers.opinions.rules import place_name
from handlers.reach.fields import Facts, NoticeKind
from handlers.texts import say
from storage.queries.people import list_grants_of
from storage.queries.tree import list_region_codes_above
from storage.sealing import Sealer
from storage.tables import AlertEpisode, Compound, Opinion, Person, RoleGrant


def safety_leaf(services: Services, opinion: Opinion) -> str | None:
    """The category that makes it a danger, else the best one; None when only the words were alarming."""
    leaves = [category["id"] for category in opinion.categories]
    known = services.tagger.lexicon.leaves
    dangers = [leaf for leaf in leaves if leaf in known and known[leaf].urgency >= opinion.urgency]
    return next(iter([*dangers, *leaves]), None)


def what_of(services: Services, matter: str) -> str:
    """The danger of a matter as people call it."""
    leaf = matter.partition("@")[0]
    lexicon = services.tagger.lexicon
    return lexicon.name(leaf) if leaf in lexicon.leaves else say("alerts.some_danger")


def place_of(opinion: Opinion | None, *, in_group: bool) -> str:
    """Where to go. A building that the words did not name is guessed from the home, without saying whose."""
    if opinion is None:
        return ""
    building = opinion.building or building_of(opinion.home_code)
    if building is None:
        return say("alerts.no_place")
    if opinion.building is None:
        return say("alerts.likely_place", place=place_name(building, None, None))
    return place_name(building, None if in_group else opinion.entrance, None)


def words_of(opinion: Opinion | None, *, in_group: bool) -> str:
    """What was said, in brief; empty when the words are gone."""
    if opinion is None or not opinion.text:
        return ""
    return brief(anonymous(opinion.text) if in_group else opinion.text)


def alert_text(
    services: Services, compound: Compound, episode: AlertEpisode, opinion: Opinion, *, in_group: bool
) -> str:
    """The alert itself."""
    text = say(
        "alerts.raised",
        number=episode.number,
        compound=compound.name,
        place=place_of(opinion, in_group=in_group),
        what=what_of(services, episode.matter),
        at=month_day_time(opinion.said_at),
        words=words_of(opinion, in_group=in_group),
    )
    if episode.hits > 1:
        text += "\n" + say("alerts.hits", count=episode.hits)
    return f"{text}\n{_how(episode.number, in_group=in_group)}"


def alert_facts(
    services: Services,
    compound: Compound,
    episode: AlertEpisode,
    opinion: Opinion | None,
    state: str,
    at: datetime,
) -> Facts:
    """The alert for templates, which have no room for what was said."""
    return Facts(
        NoticeKind.ALERT,
        what=what_of(services, episode.matter),
        state=state,
        at=at,
        compound=compound.name,
        number=episode.number,
        place=place_of(opinion, in_group=False),
        link=f"{services.public_url}/console/{compound.code}/alerts" if services.public_url else "",
    )


def escalation_text(
    services: Services, compound: Compound, episode: AlertEpisode, opinion: Opinion | None
) -> str:
    """What those further up read when nobody on duty has answered."""
    text = say(
        "alerts.escalated",
        number=episode.number,
        compound=compound.name,
        place=place_of(opinion, in_group=False),
        what=what_of(services, episode.matter),
        alerted_at=month_day_time(episode.alerted_at),
        words=words_of(opinion, in_group=False),
    )
    return f"{text}\n{_how(episode.number, in_group=False)}"


def _how(number: int, *, in_group: bool) -> str:
    return say("alerts.answer_in_group" if in_group else "alerts.answer", number=number)


async def office_name(
    session: AsyncSession, services: Services, person_id: int | None, compound: Compound
) -> str:
    """Someone with an office in a compound, or above it, as colleagues call them: 项目经理司马春野."""
    person = await session.get(Person, person_id) if person_id is not None else None
    if person is None or person.person_id is None:
        return say("alerts.somebody")
    scopes = {compound.code, *await list_region_codes_above(session, compound.region_code)}
    held = [
        grant
        for grant in await list_grants_of(session, person.person_id)
        if grant.scope_code in scopes or grant.scope_code.startswith(f"{compound.code}/")
    ]
    held.sort(key=lambda grant: not grant.title)  # the first that says what they are
    return office_line(services.sealer, held[0], person) if held else say("alerts.somebody")


def office_line(sealer: Sealer, grant: RoleGrant, person: Person) -> str:
    """Title and name of someone in office."""
    name = sealer.open(person.name_sealed, "persons.name").decode() if person.name_sealed else ""
    return f"{grant.title}{name}" or say("alerts.somebody")
