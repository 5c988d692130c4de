"""Pure: whose a matter is, by the compound's rules, and where there is none by what the lexicon says of its kind."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from handlers.requests.commands import Party
from storage.states import Role

ANY = "*"
WHOLE = ""

# The bodies of the lexicon that the bot can reach; the first one named answers.
_BODIES = (("物业", Role.PROPERTY), ("社区", Role.COMMUNITY_WORKER))


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of dispatch_rules."""

    category: str
    building: str
    party: Party
    auto: bool = False


@dataclass(frozen=True, slots=True)
class Assignment:
    """Whose it would be; auto: at once, without anybody's decision."""

    party: Party
    auto: bool = False


def assign(
    rules: Sequence[Rule], leaf: str | None, building: str | None, dispatch: str, *, managed: bool
) -> Assignment:
    """The closest rule: leaf before top category before any, then the building before the whole compound.

    dispatch: the lexicon's words for who answers for the category, as "公安+物业企业"; empty for none.
    managed: the compound has a property company.
    """
    top = (leaf or "").partition(".")[0]
    closeness = {category: place for place, category in enumerate(filter(None, (leaf, top, ANY)))}
    fitting = [
        rule for rule in rules if rule.category in closeness and rule.building in (WHOLE, building or WHOLE)
    ]
    if fitting:
        best = min(fitting, key=lambda rule: (closeness[rule.category], rule.building == WHOLE))
        return Assignment(best.party, best.auto)
    return Assignment(Party(default_role(dispatch, managed=managed)))


def default_role(dispatch: str, *, managed: bool) -> Role:
    """The role of the body that is named first; the community where nobody is, or nobody manages the compound."""
    for body in re.split(r"[+/]", dispatch):
        for name, role in _BODIES:
            if name in body:
                return role if managed or role is not Role.PROPERTY else Role.COMMUNITY_WORKER
    return Role.COMMUNITY_WORKER
