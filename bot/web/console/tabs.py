"""What stands in the menu of a compound: how many messages wait to be sorted."""

from bot.web.visit import Visit
from handlers.access import Opened, Right, access_compound
from handlers.learning.doubtful import count_doubtful


async def count_waiting(visit: Visit, opened: Opened) -> int:
    """How many messages the viewer may sort; 0 also for who may sort none."""
    if Right.CORRECT not in opened.rights:
        return 0
    seen = await access_compound(visit.session, visit.signed_in.viewer, opened.compound.code, Right.CORRECT)
    return await count_doubtful(visit.session, visit.site.services, seen, visit.now)
