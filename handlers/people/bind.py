"""Use case: a person says where they live, by a code on the wall or in words."""

from handlers.context import Context
from storage.audit import add_audit_event
from storage.queries.people import put_residency
from storage.queries.tree import find_place
from storage.tables import Compound, Place


async def bind_home(context: Context, compound: Compound, place_code: str | None) -> Place | None:
    """Note the person's home; a place the compound does not have is left out. Returns the place that was noted."""
    assert compound.compound_id is not None
    place = await find_place(context.session, compound.compound_id, place_code) if place_code else None
    await put_residency(
        context.session, compound.compound_id, context.person_id, place.code if place else None, context.now
    )
    context.batch.forget_home(context.person_id)
    add_audit_event(
        context.session,
        at=context.now,
        verb="residency.bound",
        compound_id=compound.compound_id,
        actor_id=context.person_id,
        subject=f"person:{context.person_id}",
        details={"place": place.code if place else None, "by": context.inbound.kind},
    )
    return place
