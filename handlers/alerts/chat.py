"""What the bot understands and says about alerts: 收到 and 值班."""

from handlers.access import Forbidden, NotFound, Opened, Right
from handlers.alerts.acknowledge import Acknowledged, Outcome, acknowledge
from handlers.alerts.raise_ import CIRCLES
from handlers.alerts.words import office_line, what_of
from handlers.context import Answer, Context
from handlers.desk import Desk, access_desk, ask_which, pick
from handlers.filters import COLON, NUMBER, command
from handlers.local_time import month_day_time
from handlers.opinions.chat import hear
from handlers.router import Route
from handlers.texts import listed, say
from storage.queries.alerts import list_episodes_numbered, list_open_episodes
from storage.queries.people import list_people_in_office, list_people_in_office_inside
from storage.queries.tree import list_houses, list_scopes_of
from storage.tables import AlertEpisode, Compound, Person, RoleGrant

LISTED = 5


async def confirm(context: Context, desk: Desk, number: str | None, where: str | None = None) -> Answer:
    """收到 [NUMBER] [COMPOUND]."""
    by_id = {opened.compound_id: opened for opened in desk.compounds}
    if where and (meant := pick(desk, where)) is not None:
        by_id = {meant.compound_id: meant}
    parts = {compound_id: opened.codes for compound_id, opened in by_id.items()}
    if number is None:
        episodes = await list_open_episodes(context.session, parts, LISTED)
        if not episodes:
            return Answer("alert.none", say("alerts.none_open"))
        if len(episodes) > 1:
            lines = "\n".join(
                _line(context, by_id[episode.compound_id].compound, episode) for episode in episodes
            )
            return Answer("alert.listed", say("alerts.which", lines=lines))
    else:
        episodes = await list_episodes_numbered(context.session, parts, int(number))
        still_open = [episode for episode in episodes if episode.acknowledged_at is None]
        if len(still_open) > 1 or (not still_open and len(episodes) > 1):
            return ask_which(desk, f"收到 {int(number)}")
        if not episodes:
            return Answer("alert.unknown", say("alerts.unknown", number=int(number)))
    episode = episodes[0]
    result = await acknowledge(
        context.session,
        context.services,
        episode.compound_id,
        episode.number,
        context.person_id,
        context.now,
        heard_in=context.group[0].group_id if context.group else None,
    )
    # With several compounds the number alone may be another's: whoever meant that one has to see it.
    in_compound = by_id[episode.compound_id].name if len(desk.compounds) > 1 else ""
    return _answer(result, context.person_id, in_compound)


def _answer(result: Acknowledged, person_id: int, where: str) -> Answer:
    assert result.at is not None
    at = month_day_time(result.at)
    if result.outcome is Outcome.FIRST:
        return Answer("alert.acknowledged", say("alerts.yours", where=where, number=result.number, at=at))
    if result.person_id == person_id:
        return Answer("alert.known", say("alerts.yours_already", where=where, number=result.number, at=at))
    return Answer("alert.known", say("alerts.taken", where=where, number=result.number, by=result.by, at=at))


def _line(context: Context, compound: Compound, episode: AlertEpisode) -> str:
    return say(
        "alerts.line",
        number=episode.number,
        compound=compound.name,
        what=what_of(context.services, episode.matter),
        at=month_day_time(episode.alerted_at),
    )


async def show_duty(context: Context, desk: Desk, where: str | None = None) -> Answer:
    """值班: who gets the alerts of this compound."""
    opened = pick(desk, where)
    if opened is None:
        return ask_which(desk, "值班")
    compound, sealer = opened.compound, context.services.sealer
    lines = {
        person.person_id: office_line(sealer, grant, person)
        for grant, person in reversed(await _first_circle(context, compound))
    }
    shown = [*reversed(lines.values()), *await _duty_of_buildings(context, opened)]
    if not shown:
        return Answer("duty.nobody", say("alerts.no_duty", compound=compound.name))
    text = say("alerts.duty", compound=compound.name, lines=listed(list(dict.fromkeys(shown))))
    return Answer("duty.shown", text)


async def _duty_of_buildings(context: Context, opened: Opened) -> list[str]:
    """Who gets the alerts of single buildings, as far as those are the asker's."""
    in_office = await list_people_in_office_inside(context.session, opened.compound.code, CIRCLES[0])
    if not in_office:
        return []
    names = {p.code: p.name for p in await list_houses(context.session, opened.compound_id)}
    lines = []
    for grant, person in in_office:
        code = grant.scope_code.partition("/")[2]
        if code in names and "-" not in code and (opened.codes is None or code in opened.codes):
            who = office_line(context.services.sealer, grant, person)
            lines.append(say("alerts.duty_of", place=names[code], who=who))
    return lines


async def _first_circle(context: Context, compound: Compound) -> list[tuple[RoleGrant, Person]]:
    scopes = await list_scopes_of(context.session, compound)
    for roles in CIRCLES:
        if in_office := await list_people_in_office(context.session, scopes, roles):
            return in_office
    return []


async def confirm_or_hear(context: Context, number: str | None) -> Answer:
    """收到 on the service account: people on duty may follow it too; from anybody else it is just a word."""
    try:
        desk = await access_desk(context, (Right.ACKNOWLEDGE_ALERT,))
    except (Forbidden, NotFound):
        return await hear(context)
    return await confirm(context, desk, number)


def confirming(tail: str = "") -> str:
    """The pattern of 收到 [NUMBER]; `tail` may follow the number."""
    return rf"(?:收到|知道了|已确认)(?:{COLON}(?:告警)?{NUMBER}{tail})?"


ROUTES = (Route(command(confirming()), confirm_or_hear),)
