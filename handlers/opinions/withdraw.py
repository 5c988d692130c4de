"""Use case: a resident takes back what they filed."""

from handlers.access import access_own_opinion
from handlers.context import Context
from handlers.requests.raise_ import cancel_request
from handlers.requests.rules import Why
from storage.audit import add_audit_event
from storage.queries.matters import list_reporters
from storage.queries.requests import find_matter
from storage.states import OpinionState
from storage.tables import Compound, Opinion


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
        await _cancel_when_nobody_is_left(context, opinion)
    return opinion


async def _cancel_when_nobody_is_left(context: Context, opinion: Opinion) -> None:
    await context.session.flush()
    matter = await find_matter(context.session, opinion.compound_id, opinion.number)
    if matter is None or await list_reporters(context.session, matter.compound_id, matter.number):
        return
    compound = await context.session.get_one(Compound, matter.compound_id)
    await cancel_request(
        context.session,
        context.services,
        compound,
        matter,
        Why.WITHDRAWN,
        context.now,
        actor_id=context.person_id,
    )
