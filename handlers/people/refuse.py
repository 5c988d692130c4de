"""Use case: a person does not want to be heard in groups any more, or again does."""

from datetime import datetime

from handlers.context import Context
from storage.audit import add_audit_event
from storage.queries.people import put_refusal


async def refuse_groups(context: Context) -> None:
    """What the speaker says in groups is not kept from now on, on whichever account they are known."""
    await _note(context, context.now, "person.refused_groups")


async def allow_groups(context: Context) -> None:
    """What the speaker says in groups may be kept again."""
    await _note(context, None, "person.allowed_groups")


async def _note(context: Context, refused_at: datetime | None, verb: str) -> None:
    await put_refusal(context.session, context.person_id, context.identity.union_id, refused_at)
    add_audit_event(
        context.session,
        at=context.now,
        verb=verb,
        actor_id=context.person_id,
        subject=f"person:{context.person_id}",
    )
