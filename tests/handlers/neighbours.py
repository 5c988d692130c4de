"""Groups and people in office around a conversation: a customer group, the staff's own group, someone on duty."""

from datetime import timedelta

from handlers.context import Answer
from handlers.receive import Received, receive
from storage.queries.people import get_or_add_identities, put_role
from storage.states import GroupKind, Role, RoleSource
from storage.tables import ChannelIdentity, ChatGroup, InboxMessage, OutboxMessage, Person
from tests.handlers.talk import Talk

RESIDENTS_ROOM = "wr-residents"  # a customer group of building 3
STAFF_ROOM = "staff-chat"


async def open_groups(talk: Talk, compound_id: int, place_code: str | None = "3") -> dict[str, int]:
    """Register both groups; returns their ids by room."""
    groups = [
        ChatGroup(
            compound_id=compound_id,
            account="archive",
            room=RESIDENTS_ROOM,
            kind=GroupKind.CUSTOMER,
            name="3栋邻里群",
            place_code=place_code,
            speaks_through="corp",
            owner="li",
            registered_at=talk.now,
            told_at=talk.now,
        ),
        ChatGroup(
            compound_id=compound_id,
            account="helper",
            room=STAFF_ROOM,
            kind=GroupKind.INTERNAL,
            name="新禾苑工作群",
            speaks_through="duty-group",
            registered_at=talk.now,
        ),
    ]
    async with talk.database.write() as session:
        session.add_all(groups)
        await session.flush()
        return {group.room: group.group_id or 0 for group in groups}


async def appoint(
    talk: Talk, userid: str, role: Role, scope_code: str = "XH-1", name: str = "", title: str = ""
) -> int:
    """Give someone of the corp a role; returns their person_id."""
    async with talk.database.write() as session:
        identities = await get_or_add_identities(session, [("corp", userid)], talk.now)
        person_id = identities["corp", userid].person_id
        person = await session.get_one(Person, person_id)
        if name:
            person.name_sealed = talk.services.sealer.seal(name.encode(), "persons.name")
        await put_role(session, person_id, role, scope_code, title, False, RoleSource.STAFF, talk.now)
        return person_id


async def join(talk: Talk, external_id: str, openid: str) -> None:
    """The corp's customer and the follower of the service account turn out to be one human being."""
    async with talk.database.write() as session:
        both = await get_or_add_identities(session, [("corp", external_id), ("main", openid)], talk.now)
        customer = both["corp", external_id]
        customer.person_id = both["main", openid].person_id
        customer.union_id = both["main", openid].union_id = f"u-{openid}"


async def overheard(talk: Talk, sender: str, text: str, room: str = RESIDENTS_ROOM) -> Answer:
    """Something said in the residents' group, as the archive brings it."""
    [answer] = await silently(talk, [talk.message(sender, text, account="archive", room=room)])
    return answer


async def told(talk: Talk, userid: str, text: str, room: str = STAFF_ROOM, quoted: str = "") -> Answer:
    """Something said to the bot by staff: in their group, or 1:1 when `room` is empty."""
    account = "helper" if room else "corp"
    said = f"@小禾助手 {text}" if room else text
    [answer] = await silently(talk, [talk.message(userid, said, account=account, room=room, quoted=quoted)])
    return answer


async def silently(talk: Talk, messages: list[InboxMessage]) -> list[Answer]:
    """Work on messages that open no window, in one transaction."""
    async with talk.database.write() as session:
        session.add_all(messages)
        await session.flush()
        ids = [message.inbox_id for message in messages]
    talk.now += timedelta(seconds=1)
    async with talk.database.write() as session:
        rows = [await session.get_one(InboxMessage, inbox_id) for inbox_id in ids]
        return await receive(session, talk.services, [Received(row, None, None) for row in rows], talk.now)


async def sent_to(talk: Talk, recipient: str) -> list[str]:
    """The texts queued for someone, in order."""
    return [message.text for message in await talk.rows(OutboxMessage) if message.recipient == recipient]


async def identity(talk: Talk, account: str, external_id: str) -> ChannelIdentity:
    """How someone is known on an account."""
    found = [
        row
        for row in await talk.rows(ChannelIdentity)
        if (row.account, row.external_id) == (account, external_id)
    ]
    return found[0]
