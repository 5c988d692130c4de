"""What staff say about requests: 派单, 接单, 退单, 协办, 办结, 备注, 回复, 待派单, 我的单; in their group or 1:1."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

from handlers.access import Opened, Right
from handlers.alerts.rules import anonymous
from handlers.context import Answer, Context
from handlers.desk import Desk, ask_which, for_staff, pick
from handlers.filters import COLON, NUMBER, command
from handlers.requests.carry_out import Carried, carry_out
from handlers.requests.commands import (
    BY_RESIDENTS,
    OPEN,
    Accept,
    Actor,
    AddHelper,
    Code,
    Command,
    Decline,
    Dispatch,
    Finish,
    Note,
    Party,
    Reply,
)
from handlers.requests.dispatching import assignment_of
from handlers.requests.offices import actor_in, find_party, may, role_in, role_name
from handlers.requests.record import facts_of
from handlers.requests.words import (
    deadline,
    label_of,
    level_name,
    rating_name,
    state_name,
    who,
    with_photos,
)
from handlers.router import Route
from handlers.texts import say
from storage.queries.photos import count_photos_of_matter
from storage.queries.requests import list_events, list_requests_numbered, list_standing
from storage.states import RequestState
from storage.tables import Compound, Matter, Request

LISTED = 8
KEPT = 1000  # characters of a reply or a note
_ENTRIES = 3  # of the timeline that one answer shows
_SEPARATORS = " \t\r\n,，:：;；、"


@dataclass(frozen=True, slots=True)
class Found:
    """The request that is meant, who asks, and what stood behind its number."""

    compound: Compound
    matter: Matter
    request: Request
    actor: Actor
    rest: str


Handle = Callable[[Context, Desk, Found], Awaitable[Answer]]


async def find_meant(
    context: Context, desk: Desk, verb: str, number: int, rest: str, rights: Collection[Right]
) -> Found | Answer:
    """The request that staff mean; with several compounds the name of one may stand behind the number.

    Its place counts: somebody who has none of the rights just there reads that there is none, whatever they may do in
    another building.
    """
    meant, rest = _named_first(desk, rest)
    by_id = {opened.compound_id: opened for opened in meant}
    rows = await list_requests_numbered(context.session, list(by_id), number)
    found = []
    for request, matter in rows:
        compound = by_id[request.compound_id].compound
        actor = await actor_in(context.session, context.person_id, compound, matter)
        if may(actor, *rights):
            found.append(Found(compound, matter, request, actor, rest))
    standing = [each for each in found if each.request.ended_at is None]
    if len(found) > 1 and len(standing) == 1:
        found = standing
    if len(found) > 1:
        return ask_which(
            replace(desk, compounds=tuple(by_id[each.request.compound_id] for each in found)),
            f"{verb} {number}",
        )
    if not found:
        return Answer("request.unknown", say("requests.staff_unknown", number=number))
    return found[0]


def _named_first(desk: Desk, rest: str) -> tuple[Sequence[Opened], str]:
    rest = rest.strip(_SEPARATORS)
    if len(desk.compounds) > 1:
        named = [opened for opened in desk.compounds if rest.startswith(opened.compound.name)]
        if named:
            meant = max(named, key=lambda opened: len(opened.compound.name))
            return (meant,), rest.removeprefix(meant.compound.name).strip(_SEPARATORS)
    return desk.compounds, rest


async def _carry_out(context: Context, found: Found, what: Command) -> Carried:
    return await carry_out(
        context.session,
        context.services,
        found.compound,
        found.matter,
        what,
        context.now,
        key=f"inbox:{context.inbox_id}",
        actor_id=context.person_id,
        heard_in=context.group[0].group_id if context.group else None,
    )


async def dispatch(context: Context, desk: Desk, found: Found) -> Answer:
    """派单 NUMBER TO_WHOM."""
    number = found.matter.number
    if not found.rest:
        advised = (await assignment_of(context.session, context.services, found.compound, found.matter)).party
        return Answer(
            "help.given", say("requests.dispatch_usage", number=number, who=role_name(advised.role))
        )
    party = await _party(context, found)
    if isinstance(party, Answer):
        return party
    carried = await _carry_out(context, found, Dispatch(party))
    if carried.refused is not None:
        return _refused(carried, found)
    by = deadline(carried.facts)
    return Answer(
        "request.dispatched", say("requests.dispatched", number=number, who=role_name(party.role), by=by)
    )


async def accept(context: Context, desk: Desk, found: Found) -> Answer:
    """接单 NUMBER."""
    carried = await _carry_out(context, found, Accept(found.actor))
    if carried.refused is not None:
        return _refused(carried, found)
    text = say("requests.accepted", number=found.matter.number, by=deadline(carried.facts))
    return Answer("request.accepted", text)


async def decline(context: Context, desk: Desk, found: Found) -> Answer:
    """不是我们的 NUMBER REASON."""
    number = found.matter.number
    held = found.request.role
    carried = await _carry_out(
        context, found, Decline(found.actor, found.rest[:KEPT], role_in(found.rest, held))
    )
    if carried.refused is not None:
        return _refused(carried, found)
    if carried.facts.party is not None and carried.facts.state is RequestState.DISPATCHED:
        text = say("requests.passed_on", number=number, who=who(carried.facts))
    else:
        text = say("requests.declined", number=number, level=level_name(carried.facts.level))
    return Answer("request.refused", text)


async def add_helper(context: Context, desk: Desk, found: Found) -> Answer:
    """协办 NUMBER WHO."""
    number = found.matter.number
    if not found.rest:
        return Answer("help.given", say("requests.help_usage", number=number))
    party = await _party(context, found)
    if isinstance(party, Answer):
        return party
    carried = await _carry_out(context, found, AddHelper(party))
    if carried.refused is not None:
        return _refused(carried, found)
    return Answer("request.helped", say("requests.helped", number=number, who=role_name(party.role)))


async def finish(context: Context, desk: Desk, found: Found) -> Answer:
    """办结 NUMBER REPLY."""
    carried = await _carry_out(context, found, Finish(found.actor, found.rest[:KEPT]))
    if carried.refused is not None:
        return _refused(carried, found)
    return Answer("request.done", say("requests.done", number=found.matter.number))


async def note(context: Context, desk: Desk, found: Found) -> Answer:
    """备注 NUMBER WORDS."""
    carried = await _carry_out(context, found, Note(found.rest[:KEPT]))
    if carried.refused is not None:
        return _refused(carried, found)
    return Answer("request.noted", say("requests.noted", number=found.matter.number))


async def reply(context: Context, desk: Desk, found: Found) -> Answer:
    """回复 NUMBER WORDS."""
    carried = await _carry_out(context, found, Reply(found.rest[:KEPT]))
    if carried.refused is not None:
        return _refused(carried, found)
    return Answer("request.replied", say("requests.replied", number=found.matter.number))


async def _party(context: Context, found: Found) -> Party | Answer:
    parties = await find_party(context.session, context.services, found.compound, found.matter, found.rest)
    if len(parties) == 1:
        return parties[0]
    words = found.rest[:20]
    if parties:
        return Answer("party.ambiguous", say("requests.party_ambiguous", words=words))
    return Answer("party.unknown", say("requests.party_unknown", words=words, number=found.matter.number))


def _refused(carried: Carried, found: Found) -> Answer:
    assert carried.refused is not None
    number, code = found.matter.number, carried.refused.code
    match code:
        case Code.NOT_YOURS:
            text = say("requests.staff_not_yours", number=number, who=who(carried.facts))
        case Code.NOT_DISPATCHED:
            text = say("requests.staff_not_dispatched", number=number)
        case Code.ALREADY_THERE:
            text = say("requests.staff_already_there", number=number, who=who(carried.facts))
        case Code.ALREADY_ACCEPTED:
            text = say("requests.staff_already_accepted", number=number, by=deadline(carried.facts))
        case Code.ALREADY_HELPS:
            text = say("requests.staff_already_helps", number=number)
        case Code.ALREADY_DONE:
            text = say("requests.staff_already_done", number=number)
        case Code.NO_WORDS:
            text = say("requests.staff_no_words", number=number)
        case _:
            text = say("requests.staff_ended", number=number, state=state_name(carried.facts.state))
    return Answer(code, text)


# Lists


async def show_waiting(context: Context, desk: Desk, where: str | None) -> Answer:
    """待派单: what nobody has yet, the most urgent first."""
    meant = _meant(desk, where)
    if meant is None:
        return ask_which(desk, "待派单")
    lines = []
    for request, matter, compound in await _standing(context, meant):
        if not facts_of(request).waits_for_dispatch:
            continue
        advised = (await assignment_of(context.session, context.services, compound, matter)).party
        lines.append(
            say(
                "requests.waiting_line",
                number=matter.number,
                label=_label(context, desk, compound, matter),
                who=role_name(advised.role),
            )
        )
    if not lines:
        return Answer("requests.none", say("requests.none_waiting"))
    text = say("requests.waiting", count=len(lines), lines="\n".join(lines[:LISTED]))
    return Answer("requests.listed", text)


async def show_mine(context: Context, desk: Desk, where: str | None) -> Answer:
    """我的单: what the speaker has to do, or helps with."""
    meant = _meant(desk, where)
    if meant is None:
        return ask_which(desk, "我的单")
    lines = []
    for request, matter, compound in await _standing(context, meant):
        actor = await actor_in(context.session, context.person_id, compound, matter)
        facts = facts_of(request)
        helps = any(
            helper.person_id == actor.person_id or (helper.person_id is None and helper.role in actor.roles)
            for helper in facts.helpers
        )
        if not (helps or _has(facts.party, actor)):
            continue
        lines.append(
            say(
                "requests.mine_line",
                number=matter.number,
                label=_label(context, desk, compound, matter),
                state=state_name(facts.state),
                by=deadline(facts),
            )
        )
    if not lines:
        return Answer("requests.none", say("requests.none_mine"))
    return Answer("requests.listed", say("requests.mine", count=len(lines), lines="\n".join(lines[:LISTED])))


def _has(party: Party | None, actor: Actor) -> bool:
    """Whether it is the actor's own, or open to everybody in their role."""
    if party is None:
        return False
    return party.person_id == actor.person_id or (party.person_id is None and party.role in actor.roles)


def _meant(desk: Desk, where: str | None) -> Sequence[Opened] | None:
    if not (where or "").strip():
        return desk.compounds
    opened = pick(desk, where)
    return None if opened is None else (opened,)


async def _standing(context: Context, compounds: Sequence[Opened]) -> list[tuple[Request, Matter, Compound]]:
    """Open requests where the speaker has a role, also on a part of the compound only."""
    by_id = {opened.compound_id: opened.compound for opened in compounds}
    rows = await list_standing(context.session, list(by_id), OPEN)
    found = []
    for request, matter in rows:
        compound = by_id[request.compound_id]
        actor = await actor_in(context.session, context.person_id, compound, matter)
        if may(actor, Right.SEE_REQUESTS):
            found.append((request, matter, compound))
    return found


def _label(context: Context, desk: Desk, compound: Compound, matter: Matter) -> str:
    label = label_of(context.services, matter, in_group=desk.in_group)
    return label if len(desk.compounds) == 1 else f"{compound.name}｜{label}"


async def timeline_of(context: Context, compound: Compound, number: int, *, in_group: bool) -> str:
    """How far the request behind a receipt's number is; 1:1 with the last words of its timeline. Empty for none.

    Words of residents are for those who handle it there, without names, phones and doors.
    """
    assert compound.compound_id is not None
    rows = await list_requests_numbered(context.session, [compound.compound_id], number)
    if not rows:
        return ""
    request, matter = rows[0]
    facts = facts_of(request)
    lines = [
        say(
            "requests.staff_state",
            number=matter.number,
            state=state_name(facts.state),
            who=who(facts),
            level=level_name(facts.level),
        )
    ]
    if facts.state in OPEN:
        lines.append(say("requests.staff_deadline", by=deadline(facts)))
    if facts.rating is not None:
        lines.append(say("requests.staff_rating", rating=rating_name(facts.rating)))
    if not in_group:
        events = await list_events(context.session, compound.compound_id, matter.number)
        reads = may(await actor_in(context.session, context.person_id, compound, matter), Right.HANDLE)
        words = [
            anonymous(event.text) if event.verb in BY_RESIDENTS else event.text
            for event in events
            if event.text and (reads or event.verb not in BY_RESIDENTS)
        ]
        lines += [say("requests.staff_entry", words=each[:100]) for each in words[-_ENTRIES:]]
    photos = await count_photos_of_matter(context.session, compound.compound_id, matter.number)
    return "\n".join(lines) + with_photos(photos)


def _about(handler: Handle, verb: str, *rights: Right) -> Callable[..., Awaitable[Answer]]:
    """A route's handler for a command on one request."""

    async def serve(context: Context, desk: Desk, number: str | None, rest: str | None = None) -> Answer:
        if number is None:
            return Answer("help.given", say("requests.number_missing", verb=verb))
        found = await find_meant(context, desk, verb, int(number), rest or "", rights)
        return found if isinstance(found, Answer) else await handler(context, desk, found)

    return for_staff(serve, *rights)


_REST = r"(?P<rest>(?:(?<=\D)\S|[^\d\s]).*)?"  # 办结 1001 3栋的灯换了: the number has taken the space
_WHERE = r"(?:\s+(?P<where>\S.*))?"


def _command(words: str) -> str:
    return rf"(?:{words})(?:{COLON}{NUMBER}{_REST})?"


ROUTES = (
    Route(command(rf"(?:待派单?|没派的单?|未派单){_WHERE}"), for_staff(show_waiting, Right.SEE_REQUESTS)),
    Route(command(rf"(?:我的单子?|我的工单|我的任务){_WHERE}"), for_staff(show_mine, Right.HANDLE)),
    Route(command(_command("派单|派给|改派")), _about(dispatch, "派单", Right.DISPATCH)),
    Route(command(_command("接单")), _about(accept, "接单", Right.HANDLE)),
    Route(command(_command("不是我们的|不归我们管?|退单")), _about(decline, "不是我们的", Right.HANDLE)),
    Route(command(_command("协办")), _about(add_helper, "协办", Right.DISPATCH, Right.HANDLE)),
    Route(command(_command("办结|办好了?|修好了")), _about(finish, "办结", Right.HANDLE)),
    Route(command(_command("备注")), _about(note, "备注", Right.NOTE)),
    Route(command(_command("回复|答复")), _about(reply, "回复", Right.NOTE)),
)
