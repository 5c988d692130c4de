"""How a request reads: for those who raised it, and for those who handle it, who never read who raised it."""

from datetime import datetime

from handlers.alerts.rules import anonymous, brief
from handlers.context import Services
from handlers.local_time import month_day, month_day_time
from handlers.opinions.rules import place_name
from handlers.requests.commands import Change, Facts, Tell, Told, Why
from handlers.requests.offices import role_name
from handlers.requests.rules import RATE_WITHIN
from handlers.texts import say
from storage.states import Ladder, Rating, RequestState
from storage.tables import Compound, Matter

_QUOTED = 300  # characters of a reply in one notice


def subject_of(services: Services, matter: Matter) -> str:
    """What it is about, for residents: 电梯与加装电梯·停运与故障. The leaf alone does not say what has stopped."""
    lexicon = services.tagger.lexicon
    if matter.leaf is not None and matter.leaf in lexicon.leaves:
        return f"{lexicon.top_name(matter.leaf)}·{lexicon.name(matter.leaf)}"
    return say("requests.some_matter")


def label_of(services: Services, matter: Matter, *, in_group: bool) -> str:
    """Category and place, for staff; a group reads the building only, and nobody the door."""
    lexicon = services.tagger.lexicon
    known = matter.leaf is not None and matter.leaf in lexicon.leaves
    names = [f"{lexicon.top_name(matter.leaf)}·{lexicon.name(matter.leaf)}"] if known and matter.leaf else []
    place = place_name(matter.building, None if in_group else matter.entrance, None)
    return "｜".join([*(names or [say("staff.unsorted")]), *([place] if place else [])])


def for_reporter(
    services: Services, matter: Matter, change: Change, tell: Tell, number: int, into: int | None = None
) -> str:
    """What somebody who raised it reads; `number` is that of their own receipt."""
    facts, what = change.facts, subject_of(services, matter)
    match tell.what:
        case Told.RAISED:
            return say("requests.to_raised", number=number, what=what)
        case Told.DISPATCHED:
            return say("requests.to_dispatched", number=number, what=what, who=who(facts), by=deadline(facts))
        case Told.ACCEPTED:
            return say("requests.to_accepted", number=number, what=what, who=who(facts), by=deadline(facts))
        case Told.REFUSED:
            return say("requests.to_refused", number=number, what=what)
        case Told.DONE:
            return say("requests.to_done", number=number, what=what, words=tell.words[:_QUOTED])
        case Told.REPLIED:
            return say("requests.to_replied", number=number, what=what, words=tell.words[:_QUOTED])
        case Told.RATED:
            return say("requests.to_rated", number=number, what=what)
        case Told.REOPENED:
            return say("requests.to_reopened", number=number, what=what, round=facts.round)
        case Told.CLIMBED:
            return say("requests.to_climbed", number=number, what=what, level=level_name(facts.level))
        case Told.CLOSED:
            return say("requests.to_closed", number=number, what=what)
        case _:
            merged = change.entries[-1].details.get("why") is Why.MERGED
            if merged and into is not None:
                return say("requests.to_merged", number=number, what=what)
            return say("requests.to_cancelled", number=number, what=what)


def for_staff(
    services: Services,
    compound: Compound,
    matter: Matter,
    change: Change,
    tell: Tell,
    advised: str,
    *,
    in_group: bool,
    photos: int = 0,
) -> str:
    """What somebody who handles or dispatches it reads; advised: whose it would be. photos: how many to see."""
    facts, number = change.facts, matter.number
    label = label_of(services, matter, in_group=in_group)
    words = quoted(tell.words) + with_photos(photos)
    match tell.what:
        case Told.TO_DISPATCH:
            return say(
                "requests.staff_to_dispatch",
                number=number,
                compound=compound.name,
                label=label,
                words=words,
                who=advised,
            )
        case Told.YOURS:
            by = deadline(facts)
            if facts.round > 1:
                return say(
                    "requests.staff_again",
                    number=number,
                    compound=compound.name,
                    label=label,
                    words=words,
                    round=facts.round,
                    by=by,
                )
            return say(
                "requests.staff_yours",
                number=number,
                compound=compound.name,
                label=label,
                words=words,
                by=by,
            )
        case Told.MOVED:
            return say("requests.staff_moved", number=number, compound=compound.name, label=label)
        case Told.PASSED_ON:
            return say(
                "requests.staff_passed_on",
                number=number,
                compound=compound.name,
                label=label,
                who=who(facts),
                words=words,
            )
        case Told.HELP | Told.SORTED:
            return say(
                "requests.staff_help" if tell.what is Told.HELP else "requests.staff_sorted",
                number=number,
                compound=compound.name,
                label=label,
                who=who(facts),
            )
        case Told.SUPPLEMENTED:
            return say("requests.staff_supplemented", number=number, label=label, words=words)
        case Told.UNHAPPY:
            return say("requests.staff_unhappy", number=number, label=label, words=words)
        case Told.NEAR:
            return say(
                "requests.staff_near", number=number, label=label, step=step(facts), by=deadline(facts)
            )
        case Told.LATE:
            return say(
                "requests.staff_late",
                number=number,
                compound=compound.name,
                label=label,
                step=step(facts),
                by=deadline(facts),
            )
        case Told.CLIMBED:
            return say(
                "requests.staff_climbed",
                number=number,
                compound=compound.name,
                label=label,
                level=level_name(facts.level),
            )
        case _:
            return say("requests.staff_cancelled", number=number, compound=compound.name, label=label)


def with_photos(count: int) -> str:
    """That there are photos, on a line of its own; nothing for none."""
    return say("photos.with_words", count=count) if count else ""


def quoted(words: str) -> str:
    """Somebody's words on a line of their own, in brief, without names, phones and doors; nothing for none."""
    if not words.strip():
        return ""
    return say("requests.quoted", words=brief(anonymous(words)))


def who(facts: Facts) -> str:
    """Whose it is, without a name."""
    return role_name(facts.party.role) if facts.party else say("requests.nobody_yet")


def deadline(facts: Facts) -> str:
    """The deadline of the step it is at."""
    at = facts.done_by if facts.accept_by is None else facts.accept_by
    return month_day_time(at) if at else ""


def step(facts: Facts) -> str:
    """What is waited for."""
    if facts.waits_for_dispatch:
        return say("requests.step_dispatch")
    return say("requests.step_finish" if facts.state is RequestState.ACCEPTED else "requests.step_accept")


def level_name(level: Ladder) -> str:
    """A step of the ladder."""
    match level:
        case Ladder.COMPOUND:
            return say("requests.level_compound")
        case Ladder.COMMUNITY:
            return say("requests.level_community")
        case Ladder.SUBDISTRICT:
            return say("requests.level_subdistrict")


def rating_name(rating: Rating) -> str:
    """One of the four words of 评单."""
    match rating:
        case Rating.SATISFIED:
            return say("requests.rating_satisfied")
        case Rating.FAIR:
            return say("requests.rating_fair")
        case Rating.DISSATISFIED:
            return say("requests.rating_dissatisfied")
        case Rating.BESIDE_THE_POINT:
            return say("requests.rating_beside")


def state_name(state: RequestState) -> str:
    """How far a request is, in a few words."""
    match state:
        case RequestState.RAISED:
            return say("requests.state_raised")
        case RequestState.DISPATCHED:
            return say("requests.state_dispatched")
        case RequestState.REFUSED:
            return say("requests.state_refused")
        case RequestState.ACCEPTED:
            return say("requests.state_accepted")
        case RequestState.DONE:
            return say("requests.state_done")
        case RequestState.REOPENED:
            return say("requests.state_reopened")
        case RequestState.RATED:
            return say("requests.state_rated")
        case RequestState.CLOSED:
            return say("requests.state_closed")
        case RequestState.CANCELLED:
            return say("requests.state_cancelled")


def comes_next(facts: Facts, number: int) -> str:
    """What the resident may expect, or do, next."""
    match facts.state:
        case RequestState.DISPATCHED | RequestState.REOPENED if facts.party is not None:
            return say("requests.next_accept", who=who(facts), by=deadline(facts))
        case RequestState.RAISED | RequestState.REFUSED | RequestState.REOPENED:
            return say("requests.next_dispatch")
        case RequestState.ACCEPTED:
            return say("requests.next_finish", who=who(facts), by=deadline(facts))
        case RequestState.DONE:
            return say("requests.next_rate", number=number, until=_until(facts.done_at))
        case RequestState.RATED | RequestState.CLOSED:
            return say("requests.next_reopen", number=number)
        case _:
            return ""


def _until(done_at: datetime | None) -> str:
    return month_day(done_at + RATE_WITHIN) if done_at else ""
