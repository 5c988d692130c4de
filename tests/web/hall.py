"""A vote in the town, with owners who sign in and vote."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import unescape

from sqlmodel import select

from handlers.context import AccountFacts
from handlers.voting.announced import Announced
from handlers.voting.count import publish_vote, tally_vote
from handlers.voting.log import seal_all
from handlers.voting.receipts import announce_ballots
from handlers.voting.terms import AGREE
from storage.blobs import put_blob
from storage.queries.opinions import next_number
from storage.queries.people import put_residency
from storage.queries.votes import list_documents
from storage.states import BindingState, ChannelKind, VoteState
from storage.tables import (
    Ballot,
    ChannelIdentity,
    Compound,
    OutboxMessage,
    OwnerBinding,
    Vote,
    VoteDocument,
    VoteQuestion,
)
from tests.voting.assembly import NUMBER, SIGNER, Assembly, assemble
from tests.web.town import HERE, Browser, Page, Town, here_id

PATH = f"/h5/votes/{HERE}/{NUMBER}"
OWNERS = {"3-101": [1], "3-102": [1], "3-103": [2], "3-104": [3, 4]}
CHOICE = (
    VoteQuestion(
        compound_id=0,
        vote_number=0,
        question_id="q1",
        position=1,
        item=4,
        title="是否续聘物业公司",
        options=[AGREE],
    ),
    VoteQuestion(
        compound_id=0,
        vote_number=0,
        question_id="q2",
        position=2,
        item=5,
        title="电梯选哪一家修",
        options=["甲公司", "乙公司"],
    ),
    VoteQuestion(
        compound_id=0,
        vote_number=0,
        question_id="q3",
        position=3,
        item=3,
        title="选业委会委员",
        options=["丁一", "赵二", "孙三"],
        seats=2,
    ),
)


@dataclass
class Hall:
    """A vote, open from yesterday for a week."""

    town: Town
    assembly: Assembly

    async def as_owner(self, owner: int, openid: str = "", *, compound_id: int | None = None) -> Browser:
        """A browser of somebody who is bound to an owner; each openid is somebody else."""
        openid = openid or f"o-owner-{owner}"
        browser = await self.town.as_resident(openid=openid)
        await self.bind(openid, owner)
        return browser

    async def bind(self, openid: str, owner: int) -> int:
        """Bind an identity to an owner of the roll; returns the person."""
        now, compound_id = self.town.clock.now, self.assembly.compound_id
        async with self.town.site.database.write() as session:
            identity = (
                await session.exec(select(ChannelIdentity).where(ChannelIdentity.external_id == openid))
            ).one()
            person_id, identity.following = identity.person_id, True
            held = select(OwnerBinding).where(
                OwnerBinding.person_id == person_id, OwnerBinding.owner_number == owner
            )
            if (await session.exec(held)).first() is None:
                session.add(
                    OwnerBinding(
                        compound_id=compound_id,
                        binding_number=await next_number(session, compound_id, "binding"),
                        owner_number=owner,
                        person_id=person_id,
                        state=BindingState.BOUND,
                        possession="code",
                        possession_at=now,
                        knowledge="document",
                        bound_at=now,
                    )
                )
        return person_id

    async def as_neighbour(self, openid: str = "o-neighbour") -> Browser:
        """A browser of somebody who lives here and is nobody's owner."""
        browser = await self.town.as_resident(openid=openid)
        person_id = await person_of(self.town, openid)
        async with self.town.site.database.write() as session:
            await put_residency(session, self.assembly.compound_id, person_id, "3", self.town.clock.now)
        return browser

    async def set(self, **changes: object) -> None:
        """Change the vote's row, as if that had been announced."""
        async with self.town.site.database.write() as session:
            vote = await session.get_one(Vote, (self.assembly.compound_id, NUMBER))
            for name, value in changes.items():
                setattr(vote, name, value)
            session.add(vote)

    async def document(self, content: bytes, media_type: str, name: str, *, public: bool = True) -> None:
        """Put a document with the vote."""
        town, compound_id = self.town, self.assembly.compound_id
        async with town.site.database.write() as session:
            there = await list_documents(session, compound_id, NUMBER)
            address = await put_blob(session, town.sealer, compound_id, content, media_type, town.clock.now)
            session.add(
                VoteDocument(
                    compound_id=compound_id,
                    vote_number=NUMBER,
                    document_number=len(there) + 1,
                    kind="attachment",
                    name=name,
                    address=address,
                    public=public,
                    made_at=town.clock.now,
                )
            )

    async def seal(self) -> int:
        return await seal_all(self.town.site.database, SIGNER, self.town.clock.now)

    async def publish(self) -> None:
        """Close, count and publish, when all is voted."""
        town, site = self.town, self.town.site
        await self.set(closes_at=town.clock.now, state=VoteState.CLOSED)
        town.clock.forward(timedelta(seconds=1))  # the last moment still belongs to those who vote
        for step in ("tally", "publish"):
            async with site.database.write() as session:
                compound = await session.get_one(Compound, self.assembly.compound_id)
                me, now = self.assembly.operator_id, town.clock.now
                if step == "tally":
                    await tally_vote(session, town.sealer, SIGNER, compound, NUMBER, now, actor_id=me)
                else:
                    await publish_vote(session, compound, NUMBER, now, actor_id=me)
        await self.seal()

    async def ballots(self) -> Sequence[Ballot]:
        async with self.town.site.database.read() as session:
            return (await session.exec(select(Ballot).order_by(Ballot.recorded_at))).all()  # type: ignore[arg-type]

    async def messages(self) -> Sequence[OutboxMessage]:
        """What is queued, when the clock has been at it."""
        await announce_ballots(self.town.site.database, self.town.site.services, self.town.clock.now)
        async with self.town.site.database.read() as session:
            return (await session.exec(select(OutboxMessage))).all()


async def person_of(town: Town, openid: str) -> int:
    async with town.site.database.read() as session:
        statement = select(ChannelIdentity.person_id).where(ChannelIdentity.external_id == openid)
        return (await session.exec(statement)).one()


async def open_hall(
    town: Town,
    owners_of: Mapping[str, Sequence[int]] | None = None,
    announced: Announced | None = None,
    *,
    questions: Sequence[VoteQuestion] = CHOICE,
    representatives: Mapping[str, int] | None = None,
    minors: Sequence[int] = (),
    state: VoteState = VoteState.OPEN,
    opens_at: datetime | None = None,
) -> Hall:
    """Open one in the town's first compound; the town can then sign and write to people."""
    town.site.services = replace(
        town.site.services,
        signer=SIGNER,
        accounts={"main": AccountFacts(ChannelKind.OFFICIAL_ACCOUNT, "main")},
    )
    opens_at = opens_at or town.clock.now - timedelta(days=1)
    assembly = await assemble(
        town.site.database,
        owners_of or OWNERS,
        announced,
        representatives=representatives,
        questions=[VoteQuestion.model_validate(each.model_dump()) for each in questions],
        compound_id=await here_id(town),
        opens_at=opens_at,
        closes_at=opens_at + timedelta(days=7),
        minors=minors,
    )
    hall = Hall(town, assembly)
    if state is not VoteState.OPEN:
        await hall.set(state=state)
    return hall


def refs_of(page: Page) -> list[str]:
    """The forms that a page leads to."""
    return list(dict.fromkeys(re.findall(r'href="[^"]*/ballot/([0-9a-f]{16})"', page.text)))


def hidden(page: Page, action: str) -> dict[str, str]:
    """The hidden fields of the form that goes to this address."""
    form = re.search(
        rf'<form method="post" action="{re.escape(action)}"[^>]*>(.*?)</form>', page.text, re.DOTALL
    )
    assert form is not None, page.text
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[1])
    return {name: unescape(value) for name, value in found}


MARKS = {"m-q1": "agree", "m-q2": "乙公司", "m-q3-0": "1", "m-q3-2": "1"}


async def fill(browser: Browser, marks: Mapping[str, str] = MARKS, path: str = PATH) -> tuple[str, Page]:
    """From the vote's page to the page that shows what will be cast; where that form goes, and the page."""
    (ref,) = refs_of(await browser.get(path))
    form = f"{path}/ballot/{ref}"
    sent = hidden(await browser.get(form), form) | dict(marks)
    return f"{form}/cast", await browser.post(form, sent)


async def vote(browser: Browser, marks: Mapping[str, str] = MARKS, path: str = PATH) -> Page:
    """All the way; what the last button is answered."""
    action, page = await fill(browser, marks, path)
    return await browser.post(action, hidden(page, action))
