"""Requests around a conversation: staff in office, and matters as whoever groups opinions would make them."""

from datetime import datetime

from sqlmodel import select

from handlers.requests.raise_ import raise_request
from storage.database import Database
from storage.queries.people import get_or_add_identities, put_role
from storage.states import MatterState, Role, RoleSource
from storage.tables import Compound, Matter, Opinion, OutboxMessage, Person, Request, RequestEvent
from tests.handlers.neighbours import open_groups
from tests.handlers.talk import Talk

LAMP = "3栋2单元路灯坏了，晚上看不见"
NOISE = "3栋2单元楼上天天半夜拖椅子，吵得睡不着"  # another matter


async def office(talk: Talk) -> dict[str, int]:
    """舒 (secretary), 李 and 宋 (property), 孙 (community), 吴 (grid), 卫 (committee); returns their person_ids."""
    await open_groups(talk, 1)
    people = (
        ("shu", Role.SECRETARY, "XH-1", "舒记", "小区书记"),
        ("li", Role.PROPERTY, "XH-1", "李向前", "项目经理"),
        ("song", Role.PROPERTY, "XH-1", "宋师傅", "维修"),
        ("sun", Role.COMMUNITY_WORKER, "440199001", "孙社工", "社区"),
        ("wu", Role.GRID_WORKER, "XH-1", "吴网格", "网格员"),
        ("wei", Role.COMMITTEE, "XH-1", "卫主任", "业委会"),
    )
    async with talk.database.write() as session:
        accounts = [("corp", userid) for userid, *_ in people]
        identities = await get_or_add_identities(session, accounts, talk.now)
        for userid, role, scope, name, title in people:
            person_id = identities["corp", userid].person_id
            person = await session.get_one(Person, person_id)
            person.name_sealed = talk.services.sealer.seal(name.encode(), "persons.name")
            await put_role(session, person_id, role, scope, title, False, RoleSource.STAFF, talk.now)
    return {userid: identities["corp", userid].person_id for userid, *_ in people}


async def say_lamp(talk: Talk, *senders: str, text: str = LAMP, scene: str = "XH-1/3-2") -> list[int]:
    """Residents tell one thing, bound to their homes; returns the numbers of their receipts."""
    for sender in senders:
        await talk.bind(sender, scene)
        answer = await talk.hear(sender, text)
        assert answer.outcome == "opinion.filed", answer
    return [opinion.number for opinion in await talk.rows(Opinion)][-len(senders) :]


async def confirm(talk: Talk, numbers: list[int], *, urgency: int = 2, compound_id: int = 1) -> bool:
    """See to it that these opinions are one confirmed matter of that urgency; whether its request had to be raised."""
    async with talk.database.write() as session:
        opinions = [await session.get_one(Opinion, (compound_id, number)) for number in numbers]
        assert {opinion.matter_number for opinion in opinions} == {numbers[0]}
        matter = await session.get_one(Matter, (compound_id, numbers[0]))
        matter.urgency = urgency
        if matter.state is MatterState.CANDIDATE:
            matter.state, matter.confirmed_at = MatterState.CONFIRMED, talk.now
        await session.flush()
        compound = await session.get_one(Compound, compound_id)
        return await raise_request(session, talk.services, compound, matter, talk.now)


async def lamp(talk: Talk, *senders: str, urgency: int = 2, text: str = LAMP) -> int:
    """A request that these residents raised together; returns its number."""
    numbers = await say_lamp(talk, *(senders or ("o-zhao",)), text=text)
    await confirm(talk, numbers, urgency=urgency)
    return numbers[0]


async def request(talk: Talk, number: int, compound_id: int = 1) -> Request:
    """A request as it is now."""
    async with talk.database.read() as session:
        return await session.get_one(Request, (compound_id, number))


async def timeline(talk: Talk, number: int, compound_id: int = 1) -> list[str]:
    """The verbs of its timeline, without the noun."""
    events = await events_of(talk.database, number, compound_id)
    return [event.verb.removeprefix("request.") for event in events]


async def events_of(database: Database, number: int, compound_id: int = 1) -> list[RequestEvent]:
    """Its timeline."""
    async with database.read() as session:
        statement = (
            select(RequestEvent)
            .where(RequestEvent.compound_id == compound_id, RequestEvent.number == number)
            .order_by(RequestEvent.seq)  # type: ignore[arg-type]
        )
        return list((await session.exec(statement)).all())


async def news(talk: Talk, recipient: str, since: datetime | None = None) -> list[str]:
    """What somebody was told unasked about requests, in order."""
    return [
        row.text
        for row in await talk.rows(OutboxMessage)
        if row.recipient == recipient
        and (row.dedupe_key or "").startswith("request:")
        and (since is None or row.created_at >= since)
    ]
