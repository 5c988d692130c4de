"""Use case: a resident takes back what they filed."""

from handlers.access import access_own_opinion
from handlers.context import Context
from handlers.matters.recount import lose_voices
from storage.audit import add_audit_event
from storage.queries.matters import lock_matters
from storage.states import OpinionState
from storage.tables import Opinion


async def withdraw_opinion(context: Context, number: int) -> Opinion:
    """Withdraw the speaker's own opinion; doing it twice changes nothing. Raises NotFound."""
    opinion = await access_own_opinion(context.session, context.person_id, number)
    if opinion.state is not OpinionState.WITHDRAWN:
        await lock_matters(context.session, opinion.compound_id)
        await context.session.refresh(opinion, ["matter_number"])  # it may have been merged meanwhile
        opinion.state = OpinionState.WITHDRAWN
        add_audit_event(
            context.session,
            at=context.now,
            verb="opinion.withdrawn",
            compound_id=opinion.compound_id,
            actor_id=context.person_id,
            subject=f"opinion:{opinion.number}",
        )
        await context.session.flush()
        await lose_voices(
            context.session,
            context.services,
            opinion.compound_id,
            opinion.matter_number,
            context.now,
            actor_id=context.person_id,
        )
    return opinion
