"""Writing the audit log."""

import secrets
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.tables import AuditEvent

PLATFORM = 0


def add_audit_event(
    session: AsyncSession,
    *,
    at: datetime,
    verb: str,
    subject: str,
    compound_id: int = PLATFORM,
    actor_id: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Append `noun.verb` to the log in the caller's transaction; ids and hashes only."""
    session.add(
        AuditEvent(
            compound_id=compound_id,
            event_id=f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(10)}",
            at=at,
            actor_id=actor_id,
            verb=verb,
            subject=subject,
            details=details or {},
        )
    )
