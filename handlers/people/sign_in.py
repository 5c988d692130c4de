"""Use cases: signing in with a password, a one-time link or a platform's account; who is signed in; signing out."""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import Viewer, load_viewer
from storage.audit import add_audit_event
from storage.queries.accounts import (
    add_link,
    add_web_session,
    expire_links_of,
    find_identity_of,
    find_link,
    find_staff_account,
    find_staff_account_of,
    find_web_session,
    revoke_web_session,
    revoke_web_sessions_of,
    use_link,
)
from storage.queries.people import find_identity, get_or_add_identities
from storage.sealing import Sealer
from storage.states import SessionKind
from storage.tables import OneTimeLink, WebSession

IDLE = {SessionKind.STAFF: timedelta(minutes=30), SessionKind.RESIDENT: timedelta(days=7)}
LONGEST = {SessionKind.STAFF: timedelta(hours=12), SessionKind.RESIDENT: timedelta(days=30)}
SEEN_EVERY = timedelta(minutes=1)  # more often is not written down

FREE_FAILURES = 4  # the fifth locks
FIRST_LOCK = timedelta(minutes=15)
LONGEST_LOCK = timedelta(hours=24)

LINK_LIFETIME = timedelta(minutes=10)
SIGN_IN_LINK = "sign_in"
OAUTH_STATE = "oauth.state"

_USERNAME = re.compile(r"[\w.@-]{2,40}")


class Lapsed(Exception):  # noqa: N818  an answer, not an error
    """A live session of someone who may not be signed in any more; it should be revoked."""

    def __init__(self, token_hash: bytes) -> None:
        super().__init__("lapsed")
        self.token_hash = token_hash


class Refused(Exception):  # noqa: N818  an answer, not an error
    """Nobody is signed in. The caller is not told why."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A password attempt that was counted. password_hash: empty when no password can be right now."""

    person_id: int | None
    password_hash: str
    failures: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live session. `seen_long_ago`: that it is in use should be noted."""

    token_hash: bytes
    kind: SessionKind
    viewer: Viewer
    account: str
    read_only: bool
    seen_long_ago: bool


def spelled_username(username: str) -> str:
    """A username as it is stored: neither case nor the width of letters matters. Empty for what cannot be one."""
    spelled = unicodedata.normalize("NFKC", username).strip().casefold()
    return spelled if _USERNAME.fullmatch(spelled) else ""


def lock_length(failures: int) -> timedelta:
    """How long an account stays locked after this many failures in a row; doubles with each more."""
    if failures <= FREE_FAILURES:
        return timedelta()
    return min(FIRST_LOCK * (1 << min(failures - FREE_FAILURES - 1, 10)), LONGEST_LOCK)


def is_live(row: WebSession, now: datetime) -> bool:
    """Whether a session still counts: not revoked, not too old, not left alone for too long."""
    return row.revoked_at is None and now < row.expires_at and now < row.seen_at + IDLE[row.kind]


async def count_attempt(session: AsyncSession, username: str, now: datetime) -> Attempt:
    """Count an attempt as a failure before the password is looked at: many at once get no more guesses than one."""
    account = await find_staff_account(session, spelled_username(username), lock=True)
    if account is None or account.disabled_at is not None or not account.password_hash:
        return Attempt(None, "", 0)
    if account.locked_until is not None and now < account.locked_until:
        return Attempt(None, "", account.failures)
    account.failures += 1
    if lock := lock_length(account.failures):
        account.locked_until = now + lock
    return Attempt(account.person_id, account.password_hash, account.failures)


async def note_lock(session: AsyncSession, attempt: Attempt, now: datetime) -> None:
    """Write down that a wrong password has locked an account."""
    if attempt.person_id is not None and attempt.failures > FREE_FAILURES:
        add_audit_event(
            session,
            at=now,
            verb="staff.locked",
            subject=f"person:{attempt.person_id}",
            details={"failures": attempt.failures},
        )


async def sign_in_staff(
    session: AsyncSession, sealer: Sealer, person_id: int, how: str, now: datetime, before: str = ""
) -> str:
    """Start a session; returns the token for the cookie. Raises Refused for someone disabled or without a role.

    how: "password", "link" or the channel account. before: the token that the browser had, which ends.
    """
    account = await find_staff_account_of(session, person_id)
    if account is not None and account.disabled_at is not None:
        raise Refused
    if not (await load_viewer(session, person_id)).grants:
        raise Refused
    if account is not None and how == "password":
        account.failures, account.locked_until = 0, None
    token = await _start(session, sealer, SessionKind.STAFF, person_id, how, False, now, before)
    add_audit_event(
        session,
        at=now,
        verb="staff.signed_in",
        actor_id=person_id,
        subject=f"person:{person_id}",
        details={"how": how},
    )
    return token


async def sign_in_member(
    session: AsyncSession,
    sealer: Sealer,
    people: str,
    userid: str,
    state: str,
    now: datetime,
    before: str = "",
) -> str:
    """Start a session for a member of the corp whose people are known under `people`.

    Raises Refused for someone without a role here, and when this OAuth state was used before.
    """
    identity = await find_identity(session, people, userid)
    if identity is None:
        raise Refused
    await _spend_state(session, sealer, state, identity.person_id, now)
    return await sign_in_staff(session, sealer, identity.person_id, people, now, before)


async def sign_in_resident(
    session: AsyncSession,
    sealer: Sealer,
    account: str,
    openid: str,
    state: str,
    now: datetime,
    *,
    read_only: bool = False,
    before: str = "",
) -> str:
    """Start a session for whoever the platform says it is. Raises Refused when this OAuth state was used before.

    read_only: the platform gave a virtual account (快照页).
    """
    identities = await get_or_add_identities(session, [(account, openid)], now)
    identity = identities[account, openid]
    if identity.first_seen_at == now:
        identity.following = False  # the platform names an openid also to those who do not follow
    await _spend_state(session, sealer, state, identity.person_id, now)
    return await _start(
        session, sealer, SessionKind.RESIDENT, identity.person_id, account, read_only, now, before
    )


async def find_signed_in(
    session: AsyncSession, sealer: Sealer, kind: SessionKind, token: str, now: datetime
) -> SignedIn | None:
    """Whose browser it is; None when nobody is signed in.

    Raises Lapsed for a member of staff who is disabled or whose roles have ended, and a resident who was forgotten.
    """
    token_hash = session_hash(sealer, token)
    row = await find_web_session(session, token_hash)
    if row is None or row.kind is not kind or not is_live(row, now):
        return None
    viewer = Viewer(row.person_id)
    if kind is SessionKind.STAFF:
        viewer = await load_viewer(session, row.person_id)
        account = await find_staff_account_of(session, row.person_id)
        if not viewer.grants or (account is not None and account.disabled_at is not None):
            raise Lapsed(token_hash)
    elif await find_identity_of(session, row.account, row.person_id) is None:
        raise Lapsed(token_hash)
    long_ago = now - row.seen_at >= SEEN_EVERY
    return SignedIn(token_hash, kind, viewer, row.account, row.read_only, long_ago)


async def sign_out(session: AsyncSession, sealer: Sealer, token: str, now: datetime) -> None:
    """End the session of one browser."""
    await revoke_web_session(session, session_hash(sealer, token), now)


async def sign_out_everywhere(session: AsyncSession, person_id: int, kind: SessionKind, now: datetime) -> int:
    """End all sessions of a person of one kind, and their unused links; returns how many sessions."""
    await expire_links_of(session, person_id, now)
    return await revoke_web_sessions_of(session, person_id, kind, now)


async def make_link(
    session: AsyncSession,
    sealer: Sealer,
    person_id: int,
    now: datetime,
    purpose: str = SIGN_IN_LINK,
    subject: str = "",
) -> str:
    """A token for a link that acts once within ten minutes; only its hash is kept."""
    token = fresh_token()
    await add_link(
        session,
        sealer.lookup(token.encode(), "links.token"),
        purpose,
        subject,
        person_id,
        now,
        now + LINK_LIFETIME,
    )
    return token


async def is_link_open(
    session: AsyncSession, sealer: Sealer, token: str, now: datetime, purpose: str = SIGN_IN_LINK
) -> bool:
    """Whether a link could still be used for this."""
    link = await find_link(session, sealer.lookup(token.encode(), "links.token"))
    return link is not None and link.purpose == purpose and link.used_at is None and now < link.expires_at


async def take_link(
    session: AsyncSession, sealer: Sealer, token: str, now: datetime, purpose: str = SIGN_IN_LINK
) -> OneTimeLink:
    """Use a link up, in the transaction that does what it is for.

    Raises Refused when it is for something else, or cannot be used (any more).
    """
    link = await use_link(session, sealer.lookup(token.encode(), "links.token"), purpose, now)
    if link is None:
        raise Refused
    return link


def fresh_token() -> str:
    """256 bits that nobody guesses, in 43 signs."""
    return secrets.token_urlsafe(32)


def session_hash(sealer: Sealer, token: str) -> bytes:
    """What is kept of a session's token."""
    return sealer.lookup(token.encode(), "web_sessions.token")


async def _start(
    session: AsyncSession,
    sealer: Sealer,
    kind: SessionKind,
    person_id: int,
    account: str,
    read_only: bool,
    now: datetime,
    before: str,
) -> str:
    # Always a new token: one that was planted in the browser, or left there, opens nothing.
    if before:
        await revoke_web_session(session, session_hash(sealer, before), now)
    token = fresh_token()
    await add_web_session(
        session,
        WebSession(
            token_hash=session_hash(sealer, token),
            kind=kind,
            person_id=person_id,
            account=account,
            read_only=read_only,
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST[kind],
        ),
    )
    return token


async def _spend_state(
    session: AsyncSession, sealer: Sealer, state: str, person_id: int, now: datetime
) -> None:
    """Use up an OAuth state; raises Refused when it was used before."""
    state_hash = sealer.lookup(state.encode(), OAUTH_STATE)
    until = now + LINK_LIFETIME
    if not await add_link(session, state_hash, OAUTH_STATE, "", person_id, now, until, used_at=now):
        raise Refused
