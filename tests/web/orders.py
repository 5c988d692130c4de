"""Matters and requests of the town, and the forms of a page."""

import re
from datetime import datetime
from html import unescape

from sqlmodel import select

from handlers.matters.confirm import confirm_matter
from handlers.matters.recount import recount
from handlers.requests.carry_out import carry_out
from handlers.requests.commands import Command
from storage.blobs import put_blob
from storage.queries.opinions import next_number
from storage.queries.people import get_or_add_identities
from storage.queries.photos import Place, list_photos_of_opinion, put_photo
from storage.states import MatterState
from storage.tables import Compound, Matter, Request, RequestEvent
from tests.web.town import Browser, Page, Town, here_id, opinion

WORDS = "我是3栋501的王阿姨，楼道灯坏了，电话13812345678"


async def matter(
    town: Town,
    *openids: str,
    text: str = WORDS,
    building: str | None = "3",
    urgency: int = 1,
    leaf: str = "",
    is_confirmed: bool = True,
    at: datetime | None = None,
) -> int:
    """Something that these residents said together; its number. With a request when it is confirmed."""
    compound_id, now = await here_id(town), at or town.clock.now
    leaf = leaf or next(iter(town.site.services.tagger.lexicon.leaves))
    async with town.site.database.write() as session:
        people = await get_or_add_identities(
            session, [("main", openid) for openid in openids or ("o-resident",)], now
        )
        numbers = [await next_number(session, compound_id, "opinion") for _ in people]
        new = Matter(
            compound_id=compound_id,
            number=numbers[0],
            leaf=leaf,
            urgency=urgency,
            building=building,
            opened_at=now,
            heard_at=now,
            state=MatterState.CANDIDATE,
        )
        session.add(new)
        await session.flush()
        for number, identity in zip(numbers, people.values(), strict=True):
            row = opinion(compound_id, number, identity.person_id, now, text, (leaf,), urgency, building)
            row.matter_number = numbers[0]
            session.add(row)
        await session.flush()
        await recount(session, new)
        if is_confirmed:
            compound = await session.get_one(Compound, compound_id)
            await confirm_matter(session, town.site.services, compound, new, now, by_rule=True)
    return numbers[0]


async def photo(
    town: Town, opinion_number: int, content: bytes = b"picture", openid: str = "o-resident"
) -> int:
    """A photo of a resident's that came with an opinion and was fetched; its number."""
    compound_id, now = await here_id(town), town.clock.now
    async with town.site.database.write() as session:
        people = await get_or_add_identities(session, [("main", openid)], now)
        address = await put_blob(session, town.sealer, compound_id, content, "image/jpeg", now)
        await put_photo(
            session,
            compound_id,
            f"test:{opinion_number}:{address[:20]}",
            Place(opinion_number),
            now,
            person_id=people["main", openid].person_id,
            said_at=now,
            address=address,
        )
        found = await list_photos_of_opinion(session, compound_id, opinion_number)
    return found[-1].number


async def act(town: Town, number: int, *commands: Command, who: str = "secretary") -> None:
    """What staff did in chat."""
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        compound = await session.get_one(Compound, compound_id)
        found = await session.get_one(Matter, (compound_id, number))
        for place, command in enumerate(commands):
            carried = await carry_out(
                session,
                town.site.services,
                compound,
                found,
                command,
                town.clock.now,
                key=f"test:{number}:{town.clock.now}:{place}:{command}"[:120],
                actor_id=town.people[who],
            )
            assert carried.refused is None, carried.refused


async def request_of(town: Town, number: int) -> Request:
    compound_id = await here_id(town)
    async with town.site.database.read() as session:
        return await session.get_one(Request, (compound_id, number))


async def verbs_of(town: Town, number: int) -> list[str]:
    """The timeline, without the noun."""
    async with town.site.database.read() as session:
        statement = select(RequestEvent).where(RequestEvent.number == number)
        events = (await session.exec(statement.order_by(RequestEvent.seq))).all()  # type: ignore[arg-type]
    return [event.verb.removeprefix("request.") for event in events]


def fields_of(page: Page, action: str) -> dict[str, str]:
    """The hidden fields of the form that goes to an address ending so."""
    form = re.search(
        rf'<form method="post" action="[^"]*/{action}(?:\?[^"]*)?"[^>]*>(.*?)</form>', page.text, re.DOTALL
    )
    assert form is not None, action
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[1]))


def forms_of(page: Page) -> list[str]:
    """The last parts of the addresses that the forms in the page's main part go to."""
    main = page.text.partition("<main")[2].partition("</main>")[0]
    found = re.findall(r'<form method="post" action="([^"?]*)', main)
    return [address.rpartition("/")[2] for address in found]


def text_of(page: Page) -> str:
    """What a visitor reads, one space for what stands between words."""
    body = page.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


async def press(browser: Browser, path: str, action: str, **fields: str) -> Page:
    """Open a page, press the button of a form there, and see where it leads."""
    page = await browser.get(path)
    answer = await browser.post(f"{path}/{action}", fields_of(page, action) | fields)
    assert answer.status == 303, answer.text
    return await browser.get(answer.location)
