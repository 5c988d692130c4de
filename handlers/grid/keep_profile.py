"""Use cases: a compound's profile is read and changed."""

from dataclasses import asdict
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.grid.profile import Profile
from storage.audit import add_audit_event
from storage.queries.profiles import find_profile, put_profile
from storage.states import CompoundKind, Convening
from storage.tables import Compound


async def profile_of(session: AsyncSession, compound: Compound) -> Profile:
    """What is known of a compound."""
    assert compound.compound_id is not None
    more = await find_profile(session, compound.compound_id)
    return Profile(
        tenure=compound.tenure,
        kind=CompoundKind(more.kind) if more and more.kind else None,
        stewardship=compound.stewardship,
        convening=Convening(more.convening) if more and more.convening else None,
        households=compound.households,
        residents=compound.residents,
        company=more.property_company if more else "",
        since=more.property_since if more else None,
    )


async def keep_profile(
    session: AsyncSession, compound: Compound, profile: Profile, now: datetime, *, actor_id: int | None
) -> bool:
    """Keep a profile; False when it is as it was, and then nothing is written."""
    assert compound.compound_id is not None
    before = await profile_of(session, compound)
    if profile == before:
        return False
    own = {name: getattr(profile, name) for name in ("tenure", "stewardship", "households", "residents")}
    more = {
        "kind": profile.kind,
        "convening": profile.convening,
        "property_company": profile.company,
        "property_since": profile.since,
    }
    await put_profile(session, compound.compound_id, own, more, now)
    was, is_now = asdict(before), asdict(profile)
    add_audit_event(
        session,
        at=now,
        verb="compound.profiled",
        compound_id=compound.compound_id,
        actor_id=actor_id,
        subject=f"compound:{compound.code}",
        details={"changed": sorted(name for name in is_now if is_now[name] != was[name])},
    )
    return True
