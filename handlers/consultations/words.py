"""The monthly consultation in plain Chinese, for messages; pages have the same names."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from handlers.consultations.rules import closes_at
from handlers.local_time import LOCAL, month_day
from handlers.texts import say, short
from storage.states import ItemOutcome, MeetingForm
from storage.tables import Compound, Consultation, ConsultationItem

_LISTED = 8
_WEEKDAYS = "一二三四五六日"


def moment(at: datetime) -> str:
    """3月12日（周四）19:00."""
    local = at.astimezone(LOCAL)
    return f"{month_day(at)}（周{_WEEKDAYS[local.weekday()]}）{local:%H:%M}"


def month_name(month: str) -> str:
    """3月."""
    return f"{int(month[5:])}月"


def form_name(form: MeetingForm) -> str:
    """What people call this way of sitting together."""
    match form:
        case MeetingForm.BENCH:
            return say("consultations.bench")
        case MeetingForm.COURTYARD:
            return say("consultations.courtyard")
        case MeetingForm.SUNSHINE:
            return say("consultations.sunshine")
        case MeetingForm.ONLINE:
            return say("consultations.online")


def outcome_words(item: ConsultationItem) -> str:
    """What became of an item, in a sentence without anybody's words."""
    until = month_day(item.until) if item.until else ""
    match item.outcome:
        case ItemOutcome.ORDER:
            return say("consultations.outcome_order", number=item.matter_number)
        case ItemOutcome.TOPIC:
            return say("consultations.outcome_topic")
        case ItemOutcome.MEDIATION:
            return say("consultations.outcome_mediation", who=item.holder, until=until)
        case ItemOutcome.ANSWERED:
            return say("consultations.outcome_answered")
        case ItemOutcome.DEFERRED:
            return say("consultations.outcome_deferred", until=until)
        case None:
            return ""


def listed(titles: Sequence[str]) -> str:
    """Titles as a numbered list, as many as a message holds."""
    lines = [f"{number}. {title}" for number, title in enumerate(titles[:_LISTED], 1)]
    if len(titles) > _LISTED:
        lines.append(say("consultations.more", count=len(titles) - _LISTED))
    return "\n".join(lines)


def page_of(public_url: str, code: str, month: str) -> str:
    """Where residents read of a month; empty without pages."""
    return f"{public_url}/h5/consultations/{code}/{month}" if public_url else ""


def desk_of(public_url: str, code: str, month: str) -> str:
    """Where staff work on it, as the end of a message; empty without pages."""
    return f"\n{public_url}/console/{code}/consultations/{month}" if public_url else ""


def invitation(
    compound: Compound, row: Consultation, items: Iterable[ConsultationItem], public_url: str
) -> str:
    """What residents read before a meeting: when, where, what about, and how to come."""
    lines = [
        say(
            "consultations.moved" if row.moved else "consultations.notice",
            compound=compound.name,
            when=moment(row.meets_at),
            form=form_name(row.form),
            items=listed([short(item.title) for item in items]),
        )
    ]
    if row.place:
        lines.append(say("consultations.place", place=row.place))
    if row.seats is not None:
        lines.append(say("consultations.seats", seats=row.seats))
    link = page_of(public_url, compound.code, row.month)
    closes = moment(closes_at(row.meets_at))
    lines.append(
        say("consultations.come", closes=closes, link=link)
        if link
        else say("consultations.come_by_chat", closes=closes)
    )
    return "\n".join(lines)
