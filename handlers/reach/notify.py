"""Use cases: write to a person or a group, by the way that is allowed now, with the others to fall back on."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.groups.rules import looks_external
from handlers.reach.fields import Facts, fill, notice_key, template_of
from handlers.reach.rules import LIMITS, Door, Way, way_to_group, ways_to_person
from handlers.reach.split import split_numbered
from handlers.texts import fit
from storage.claims import claim_all
from storage.outbox import Draft, add_messages
from storage.queries.forget import KEY_HEAD
from storage.queries.people import list_identities_of
from storage.send_windows import Window, list_open_windows
from storage.states import CAPABILITIES, ChannelKind, Form, MessageClass, WindowKind
from storage.supersede import supersede
from storage.tables import ChannelIdentity, ChatGroup

_KEY_LENGTH = 80
PICTURE = "picture"  # in a payload: compound_id and address of the blob
# A text waits until its reader writes to us. That somebody else voted for them, or is bound to their unit, people must
# learn though that takes weeks, and not only within the three days that other messages last.
MUST_BE_READ = timedelta(days=90)


class Reached(StrEnum):
    """What came of a notice; sending is up to the outbox."""

    QUEUED = "queued"
    WAITING = "waiting"  # queued, but nothing goes out before they write
    ALREADY = "already"  # this notice was queued for them before
    OPTED_OUT = "opted_out"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Notice:
    """What to tell. dedupe_key: a person or a group gets one notice with this key, on whatever account.

    facts: what a 订阅通知 or 模板消息 can say of it; without them neither can carry the notice. topic: what it is
    news of, and to whom when that matters. replaces: topics of which this is newer news, so that what still waits to
    tell of those does not go out. markdown: the same with marks, for a group's webhook; empty for none.
    picture: (compound_id, address) of a blob that goes in place of the text, to groups that can be sent one and to
    nobody else.
    """

    message_class: MessageClass
    text: str
    dedupe_key: str
    facts: Facts | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    topic: str = ""
    replaces: tuple[str, ...] = ()
    markdown: str = ""
    picture: tuple[int, str] | None = None


Whom = int | ChatGroup  # a person by their id, or a group


class _Letter(NamedTuple):
    """A notice with the ways it may go. whom: the addressee as keys name it."""

    whom: str
    notice: Notice
    ways: Sequence[Way]
    payload: dict[str, Any] | None
    waits: bool = False

    @property
    def claim(self) -> tuple[str, str]:
        """The outbox's own key is one account's: this holds for whichever way another replica would choose."""
        return f"notice:{self.whom}", _digest(self.notice.dedupe_key)


def takes_pictures(services: Services, group: ChatGroup) -> bool:
    """Whether the way into a group takes a picture."""
    facts = services.accounts.get(group.speaks_through)
    capability = CAPABILITIES.get((facts.kind, group.kind)) if facts else None
    return capability is not None and capability.picture and group.ended_at is None


async def notify_person(
    session: AsyncSession, services: Services, person_id: int, notice: Notice, now: datetime
) -> Reached:
    """Queue a notice for a person in the caller's transaction."""
    return (await notify_all(session, services, [(person_id, notice)], now))[0]


async def notify_group(
    session: AsyncSession, services: Services, group: ChatGroup, notice: Notice, now: datetime
) -> Reached:
    """Queue a notice for a group in the caller's transaction; in a customer group its owner must tap to send it."""
    return (await notify_all(session, services, [(group, notice)], now))[0]


async def notify_all(
    session: AsyncSession, services: Services, notices: Sequence[tuple[Whom, Notice]], now: datetime
) -> list[Reached]:
    """Queue notices, of which none is news of another, in the caller's transaction; returns what came of each.

    What they need is asked of the database once for all of them.
    """
    known = await list_identities_of(session, {whom for whom, _notice in notices if isinstance(whom, int)})
    windows = await list_open_windows(
        session,
        [
            (identity.account, identity.external_id)
            for identities in known.values()
            for identity in identities
            if identity.account in services.accounts
        ],
        now,
    )
    letters = [
        _to_person(services, whom, known.get(whom, []), windows, notice)
        if isinstance(whom, int)
        else _to_group(services, whom, notice)
        for whom, notice in notices
    ]
    return await _queue(session, letters, now)


def _to_person(
    services: Services,
    person_id: int,
    identities: Sequence[ChannelIdentity],
    windows: Collection[Window],
    notice: Notice,
) -> _Letter | Reached:
    filled = _filled(services, {identity.account for identity in identities}, notice)
    choice = ways_to_person(_doors(services, identities, filled, windows), notice.message_class)
    if not choice.ways:
        return Reached.OPTED_OUT if choice.opted_out else Reached.UNREACHABLE
    payload: dict[str, Any] | None = {"notices": filled} if filled else None
    return _Letter(f"person:{person_id}", notice, choice.ways, payload, choice.waits)


def _to_group(services: Services, group: ChatGroup, notice: Notice) -> _Letter | Reached:
    facts = services.accounts.get(group.speaks_through)
    kind = facts.kind if facts else None
    way = way_to_group(group.speaks_through, kind, group.kind, group.room, group.owner)
    if way is None or group.ended_at is not None:
        return Reached.UNREACHABLE
    payload: dict[str, Any] | None = {"owner": group.owner} if way.form is Form.GROUP_TASK else None
    if notice.picture:
        if not takes_pictures(services, group):
            return Reached.UNREACHABLE
        payload = {PICTURE: list(notice.picture)}
    elif notice.markdown and kind is ChannelKind.GROUP_WEBHOOK:
        notice, payload = replace(notice, text=notice.markdown), {"markdown": True}
    return _Letter(_whom(group.group_id), notice, [way], payload)


def _filled(services: Services, accounts: Iterable[str], notice: Notice) -> dict[str, dict[str, Any]]:
    """What the templates of these accounts say of the notice, by notice_key: filled now, whichever is used then."""
    filled: dict[str, dict[str, Any]] = {}
    if notice.facts is None:
        return filled
    for account in sorted(accounts):
        templates = services.accounts[account].templates if account in services.accounts else {}
        for form in (Form.SUBSCRIBE, Form.TEMPLATE):
            if template := template_of(templates, notice.facts.kind, form):
                filled[notice_key(form, account)] = {
                    "template_id": template.template_id,
                    "fields": fill(template, notice.facts),
                } | ({"url": notice.facts.link} if notice.facts.link else {})
    return filled


def _doors(
    services: Services,
    identities: Sequence[ChannelIdentity],
    filled: Collection[str],
    windows: Collection[Window],
) -> list[Door]:
    """Where a person can be met; accounts that are not configured any more are left out."""
    doors = []
    for identity in identities:
        account, recipient = identity.account, identity.external_id
        facts = services.accounts.get(account)
        if facts is None:
            continue
        doors.append(
            Door(
                account=account,
                kind=facts.kind,
                recipient=recipient,
                inside=facts.kind is ChannelKind.WECOM_APP and not looks_external(recipient),
                following=identity.following,
                opted_out=identity.opted_out_at is not None,
                has_window=(account, recipient, WindowKind.MESSAGE) in windows
                or (account, recipient, WindowKind.GESTURE) in windows,
                has_grant=notice_key(Form.SUBSCRIBE, account) in filled
                and (account, recipient, WindowKind.SUBSCRIBE) in windows,
                may_template=notice_key(Form.TEMPLATE, account) in filled,
            )
        )
    return doors


async def _queue(session: AsyncSession, letters: Sequence[_Letter | Reached], now: datetime) -> list[Reached]:
    claims = [letter.claim for letter in letters if isinstance(letter, _Letter)]
    claimed = await claim_all(session, claims, "", now)
    reached, queued = list[Reached](), list[_Letter]()
    for letter in letters:
        if isinstance(letter, Reached):
            reached.append(letter)
        elif letter.claim in claimed:
            claimed.remove(letter.claim)  # the same once more is one that was queued before
            queued.append(letter)
            reached.append(Reached.WAITING if letter.waits else Reached.QUEUED)
        else:
            reached.append(Reached.ALREADY)
    await supersede(session, {topic for letter in queued for topic in letter.notice.replaces}, now)
    await add_messages(session, [draft for letter in queued for draft in _drafts(letter)], now)
    return reached


def _drafts(letter: _Letter) -> Iterator[Draft]:
    notice, ways = letter.notice, letter.ways
    key = _short(f"{notice.dedupe_key}:{letter.whom}")
    parts = _parts(notice.text, ways[0].form)
    for number, part in enumerate(parts, 1):
        first, *rest = ways
        if number > 1:  # the notice itself goes once, the rest of a long text can only follow as text
            rest = [way for way in rest if way.form is Form.TEXT]
        yield Draft(
            account=first.account,
            recipient=first.recipient,
            message_class=notice.message_class,
            text=part,
            dedupe_key=key if len(parts) == 1 else f"{key}:{number}",
            not_before=notice.not_before,
            expires_at=notice.expires_at,
            form=first.form,
            payload=letter.payload,
            fallbacks=rest,
            topic=notice.topic,
        )


def _parts(text: str, form: Form) -> list[str]:
    """What goes out first one way may end as a text: that of a notice is as long as one text may be."""
    return split_numbered(text, LIMITS[form]) if form in LIMITS else [fit(text, LIMITS[Form.TEXT])]


def key_in_group(dedupe_key: str, group_id: int) -> str:
    """The outbox's key of a notice to a group, when it is of one part."""
    return _short(f"{dedupe_key}:{_whom(group_id)}")


def _whom(group_id: int | None) -> str:
    return f"group:{group_id}"


def _short(key: str) -> str:
    return key if len(key) <= _KEY_LENGTH else f"{key[:KEY_HEAD]}:{_digest(key)}"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:40]
