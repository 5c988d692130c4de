"""What a template can say of a request to somebody who raised it: no names, no door, nobody's words."""

from datetime import datetime

from handlers.context import Services
from handlers.opinions.rules import place_name
from handlers.reach.fields import Facts, NoticeKind
from handlers.requests.commands import Change, Told
from handlers.requests.words import subject_of, who
from handlers.texts import say
from storage.tables import Compound, Matter


def facts_for_reporter(
    services: Services,
    compound: Compound,
    matter: Matter,
    change: Change,
    what: Told,
    number: int,
    now: datetime,
) -> Facts:
    """One step of its way. number: of the reader's own receipt."""
    kind = NoticeKind.RATE if what is Told.DONE else NoticeKind.REQUEST
    state, todo = _state(what), _todo(change, what, number)
    return facts_of_own(services, compound, matter, number, state, todo, now, kind=kind)


def facts_of_own(
    services: Services,
    compound: Compound,
    matter: Matter,
    number: int,
    state: str,
    todo: str,
    now: datetime,
    *,
    kind: NoticeKind = NoticeKind.REQUEST,
) -> Facts:
    """Anything else that happened to a matter of the reader's, whose receipt has `number`."""
    where = (matter.building, matter.entrance)
    what = subject_of(services, matter)
    return facts_about(services, compound, what, where, number, state, todo, now, kind=kind)


def facts_about(
    services: Services,
    compound: Compound,
    what: str,
    where: tuple[str | None, str | None],
    number: int,
    state: str,
    todo: str,
    now: datetime,
    *,
    kind: NoticeKind = NoticeKind.REQUEST,
) -> Facts:
    """What the reader raised under `number`; a tap leads to their page of it. where: building and entrance.

    state: of at most five Chinese characters, as the narrowest field takes it. todo: at most twenty characters.
    """
    return Facts(
        kind,
        what=what,
        state=state,
        at=now,
        compound=compound.name,
        number=number,
        place=place_name(*where, None),
        todo=todo,
        link=f"{services.public_url}/h5/mine/{number}" if services.public_url else "",
    )


def _state(what: Told) -> str:
    match what:
        case Told.RAISED:
            return say("requests.brief_raised")
        case Told.DISPATCHED:
            return say("requests.brief_dispatched")
        case Told.ACCEPTED:
            return say("requests.brief_accepted")
        case Told.REFUSED:
            return say("requests.brief_refused")
        case Told.DONE:
            return say("requests.brief_done")
        case Told.REPLIED:
            return say("requests.brief_replied")
        case Told.RATED:
            return say("requests.brief_rated")
        case Told.REOPENED:
            return say("requests.brief_reopened")
        case Told.CLIMBED:
            return say("requests.brief_climbed")
        case Told.CLOSED:
            return say("requests.brief_closed")
        case _:
            return say("requests.brief_cancelled")


def _todo(change: Change, what: Told, number: int) -> str:
    match what:
        case Told.DISPATCHED:
            return say("requests.todo_accept", who=who(change.facts))
        case Told.ACCEPTED:
            return say("requests.todo_finish", who=who(change.facts))
        case Told.DONE:
            return say("requests.todo_rate")
        case Told.REPLIED:
            return say("requests.todo_look", number=number)
        case Told.RATED | Told.CLOSED:
            return say("requests.todo_reopen", number=number)
        case Told.CANCELLED:
            return say("requests.todo_ask")
        case _:
            return say("requests.todo_wait")
