"""Use case: a resident takes back what they filed."""

from handlers.access import access_own_opinion
from handlers.context import Context
from storage.audit import add_audit_event
from storage.states import OpinionState
from storage.tables import Opinion


async def withdraw_opinion(context: Context, number: int) -> Opinion:
    """Withdraw the speaker's own opinion; doing it twice changes nothing. Raises NotFound."""
    opinion = await access_own_opinion(context.session, context.person_id, number)
    if opinion.state is not OpinionState.WITHDRAWN:
        opinion.state = OpinionState.WITHDRAWN
        add_audit_event(
            context.session,
            at=context.now,
            verb="opinion.withdrawn",
            compound_id=opinion.compound_id,
            actor_id=context.person_id,
            subject=f"opinion:{opinion.number}",
        )
    return opinion
