"""Use case: somebody who had raised a matter says in their group that it is over. Staff see it; it closes nothing."""

from handlers.context import Context
from storage.audit import add_audit_event
from storage.queries.matters import find_matter, has_voice, lock_matters


async def note_solved(context: Context, compound_id: int, number: int) -> bool:
    """Note it for staff; False when the speaker has no voice in the matter, so that it is not for them to say."""
    if not await has_voice(context.session, compound_id, number, context.person_id):
        return False
    await lock_matters(context.session, compound_id)
    matter = await find_matter(context.session, compound_id, number)
    if matter is None:
        return False
    matter.solved_at = context.inbound.sent_at
    add_audit_event(
        context.session,
        at=context.now,
        verb="matter.said_solved",
        compound_id=compound_id,
        actor_id=context.person_id,
        subject=f"matter:{number}",
    )
    return True
