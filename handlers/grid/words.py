"""What stands on a compound's card, in words."""

from handlers.grid.profile import Profile
from handlers.grid.rules import CardLine
from handlers.texts import say
from storage.states import CardKind


def heading(kind: CardKind) -> str:
    """What a compound has one of."""
    match kind:
        case CardKind.PARTY:
            return say("grid.card_party")
        case CardKind.PLAN:
            return say("grid.card_plan")
        case CardKind.LEADER:
            return say("grid.card_leader")
        case CardKind.PARTNER:
            return say("grid.card_partner")
        case CardKind.VOLUNTEERS:
            return say("grid.card_volunteers")


def card_line(kind: CardKind, line: CardLine) -> str:
    """One entry on one line, without what is only for the page."""
    return say(
        "grid.card_line", heading=heading(kind), name=line.name, holder=line.holder, phone=line.phone
    ).strip()


def company_line(profile: Profile) -> str:
    """Who manages the compound; empty when nobody knows."""
    if not profile.company:
        return ""
    if profile.since is None:
        return say("grid.company", company=profile.company)
    return say(
        "grid.company_since", company=profile.company, year=profile.since.year, month=profile.since.month
    )
