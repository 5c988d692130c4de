"""Use case: a page of the chat archive, filtered before anything of it is stored."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.groups.entries import Dropped, Entry, Revoked, Said
from handlers.groups.revoke import revoke_messages
from handlers.groups.rules import REFERENCE, Room, Speaker, looks_external, own_words, why_unheard
from handlers.matters.talk import QUOTABLE, find_text
from nlp.quotes import quoted_words
from storage.inbox import Lease
from storage.queries.archive import add_heard, add_tombstones
from storage.queries.groups import list_identities, list_memberships, list_refusing, list_rooms
from storage.queries.matters import list_spoken
from storage.states import Tombstone
from storage.tables import ChatGroup, GroupMember

STORED = "stored"


@dataclass(frozen=True, slots=True)
class Listened:
    """What became of a page. counts: by tombstone, and "stored".

    blanked: whether words were taken out of the database. unmet: rooms in which somebody spoke who is not on the
    member list, so that it is worth asking the platform for it.
    """

    counts: Counter[str]
    blanked: bool
    unmet: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Known:
    """What one look told about everybody in a page."""

    groups: dict[str, ChatGroup]
    members: dict[tuple[int, str], GroupMember]
    told: dict[str, datetime | None]
    refusing: set[str]

    def room(self, name: str) -> Room | None:
        group = self.groups.get(name)
        if group is None:
            return None
        return Room(group.registered_at, group.told_at, group.ended_at, group.welcomes)

    def member(self, said: Said) -> GroupMember | None:
        group = self.groups.get(said.room)
        return self.members.get((group.group_id or 0, said.sender)) if group else None

    def speaker(self, said: Said) -> Speaker:
        member = self.member(said)
        return Speaker(
            is_staff=member.is_staff if member else not looks_external(said.sender),
            joined_at=member.joined_at if member else None,
            told_at=self.told.get(said.sender),
            refused=said.sender in self.refusing,
        )


async def listen(
    session: AsyncSession,
    services: Services,
    *,
    account: str,
    people: str,
    entries: Sequence[Entry],
    lease: Lease,
) -> Listened:
    """Store what may be heard, leave tombstones for the rest, take back what was revoked.

    people: the account under which the corp's people are known. The caller moves the cursor in this transaction.
    """
    now = lease.received_at
    revoked = [entry for entry in entries if isinstance(entry, Revoked)]
    said = [entry for entry in entries if isinstance(entry, Said)]
    known = await _look(session, account, people, said, {entry.room for entry in revoked})
    # First, while nothing else is locked: a worker may be busy with one of them.
    blanked = await revoke_messages(
        session,
        services,
        account=account,
        keys={entry.key for entry in revoked},
        expected={
            entry.key: entry.room
            for entry in revoked
            if (room := known.room(entry.room)) is not None and room.ended_at is None
        },
        lease=lease,
    )
    tombstones = [(entry.seq, entry.reason) for entry in entries if isinstance(entry, Dropped)]
    tombstones += [(entry.seq, Tombstone.REVOKED) for entry in revoked]
    taken_back = {entry.key for entry in revoked}
    rows: list[dict[str, Any]] = []
    unmet = set()
    for entry in said:
        text = own_words(entry.text)
        reason = why_unheard(
            private=not entry.room,
            room=known.room(entry.room),
            speaker=known.speaker(entry),
            sent_at=entry.sent_at or now,
            has_words=entry.kind is not None and (bool(text or entry.media) or not entry.text),
        )
        if reason in (None, Tombstone.NOT_TOLD) and known.member(entry) is None:
            unmet.add(entry.room)
        if reason is None and entry.key in taken_back:
            reason = Tombstone.REVOKED
        if reason is not None:
            tombstones.append((entry.seq, reason))
            continue
        rows.append(
            {
                "account": account,
                "message_key": entry.key,
                "kind": str(entry.kind),
                "sender": entry.sender,
                "sent_at": entry.sent_at or now,
                "text": text,
                "media_id": "\n".join(entry.media),
                "room": entry.room,
                "quoted": await _refer(session, account, entry, rows),
            }
        )
    await add_heard(session, rows, lease)
    await add_tombstones(session, account, tombstones, now)
    counts = Counter[str](reason.value for _, reason in tombstones)
    counts[STORED] = len(rows)
    return Listened(counts, blanked, frozenset(unmet))


async def _refer(session: AsyncSession, account: str, said: Said, page: Sequence[dict[str, Any]]) -> str:
    """Which stored message of the group somebody answers to; empty for none, no key for one that was not heard."""
    words = quoted_words(said.text.replace("\r\n", "\n"))
    if not words:
        return ""
    before = [(row["text"], row["message_key"]) for row in reversed(page) if row["room"] == said.room]
    key = find_text(words, before)
    if key is None:
        spoken = await list_spoken(session, account, said.room, None, QUOTABLE)
        key = find_text(words, ((message.text, message.message_key) for message in spoken))
    return f"{REFERENCE}{key or ''}"


async def _look(
    session: AsyncSession, account: str, people: str, said: Sequence[Said], more_rooms: Collection[str]
) -> _Known:
    """Rooms and people of a page, each asked for once."""
    groups = await list_rooms(
        session, account, {entry.room for entry in said if entry.room} | set(more_rooms)
    )
    senders = {entry.sender for entry in said if entry.room in groups}
    group_ids = [group.group_id for group in groups.values() if group.group_id is not None]
    members = await list_memberships(session, group_ids, senders)
    identities = await list_identities(session, people, senders)
    refusing = await list_refusing(session, {identity.person_id for identity in identities.values()})
    return _Known(
        groups,
        members,
        {sender: identity.told_at for sender, identity in identities.items()},
        {sender for sender, identity in identities.items() if identity.person_id in refusing},
    )
