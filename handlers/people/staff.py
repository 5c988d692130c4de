"""Use cases: giving a member of staff an account and a role, and taking both away."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.people.office import get_or_add_person
from handlers.people.sign_in import spelled_username
from storage.audit import add_audit_event
from storage.queries.accounts import (
    end_roles_of,
    expire_links_of,
    find_staff_account,
    find_staff_account_of,
    is_node,
    revoke_web_sessions_of,
)
from storage.queries.people import get_or_add_identities, put_role
from storage.sealing import Sealer
from storage.states import Role, RoleSource, SessionKind
from storage.tables import StaffAccount


class StaffError(Exception):
    """What was asked for cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """A member of staff as an operator describes them.

    scope: a region's code, a compound's code, or COMPOUND/PLACE. member: (people account, userid) when they use WeCom.
    """

    username: str
    name: str
    phone: str
    role: Role
    scope: str
    title: str = ""
    member: tuple[str, str] | None = None


async def put_staff(
    session: AsyncSession,
    sealer: Sealer,
    entry: StaffEntry,
    password_hash: str,
    now: datetime,
    *,
    replace: bool = False,
) -> bool:
    """Write the entry; returns whether the account got this password. The person is known by name and phone.

    A known account gets the role beside those it has and keeps its password, unless `replace`; a disabled one is
    enabled again. A new password signs its browsers out. Raises StaffError.
    """
    username = spelled_username(entry.username)
    if not username:
        raise StaffError("a username has 2 to 40 letters, digits or . _ - @")
    if not await is_node(session, entry.scope):
        raise StaffError(f"there is no region, compound or place {entry.scope}")
    person_id = await get_or_add_person(session, sealer, entry.name, entry.phone, now)
    namesake = await find_staff_account(session, username)
    if namesake is not None and namesake.person_id != person_id:
        raise StaffError(f"somebody else (by name or phone) has the username {username}")
    account = await find_staff_account_of(session, person_id)
    is_new = account is None
    if account is None:
        account = StaffAccount(person_id=person_id, username=username, created_at=now)
        session.add(account)
    gets_password = replace or not account.password_hash or account.disabled_at is not None
    if gets_password:
        account.password_hash = password_hash
        account.failures, account.locked_until, account.disabled_at = 0, None, None
        await revoke_web_sessions_of(session, person_id, SessionKind.STAFF, now)
    account.username = username
    await put_role(session, person_id, entry.role, entry.scope, entry.title, False, RoleSource.STAFF, now)
    if entry.member is not None:
        identities = await get_or_add_identities(session, [entry.member], now)
        identities[entry.member].person_id = person_id
    add_audit_event(
        session,
        at=now,
        verb="staff.added" if is_new else "staff.changed",
        subject=f"person:{person_id}",
        details={"role": entry.role, "scope": entry.scope},
    )
    return gets_password


async def disable_staff(session: AsyncSession, username: str, now: datetime) -> int:
    """Close an account, end its roles everywhere and its sessions and links; returns how many roles ended.

    Raises StaffError for an unknown username.
    """
    account = await get_staff_account(session, username)
    account.disabled_at = account.disabled_at or now
    roles = await end_roles_of(session, account.person_id, now)
    await revoke_web_sessions_of(session, account.person_id, SessionKind.STAFF, now)
    await expire_links_of(session, account.person_id, now)
    add_audit_event(
        session,
        at=now,
        verb="staff.disabled",
        subject=f"person:{account.person_id}",
        details={"roles": roles},
    )
    return roles


async def get_staff_account(session: AsyncSession, username: str) -> StaffAccount:
    """The account of this username; raises StaffError when there is none."""
    account = await find_staff_account(session, spelled_username(username))
    if account is None:
        raise StaffError(f"there is no account {username}")
    return account
