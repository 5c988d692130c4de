"""A vote that is open now, with owners who are signed in on two phones each and colleagues with papers, in a database
that servers work on; and what came of it, recomputed from its evidence."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import select

from handlers.people.sign_in import sign_in_resident, sign_in_staff
from handlers.voting.bundle import SEALED
from handlers.voting.checking import lint_vote, record_checked
from handlers.voting.clock import advance_votes
from handlers.voting.count import tally_vote
from handlers.voting.draft import Changes, Convener, create_vote, edit_vote
from handlers.voting.evidence import Report
from handlers.voting.export import export_vote
from handlers.voting.jurisdictions import load_profile
from handlers.voting.log import seal_all
from handlers.voting.notice import notice_vote
from handlers.voting.papers import print_papers
from handlers.voting.reception import receive_papers
from handlers.voting.signing import Signer
from handlers.voting.templates import find_template
from handlers.voting.verify import verify
from storage.database import Database
from storage.migrate import prepare
from storage.queries.opinions import next_number
from storage.queries.people import put_role
from storage.queries.tree import find_compound
from storage.queries.votes import find_vote, list_vote_units
from storage.states import BindingState, Role, RoleSource
from storage.tables import Ballot, BallotSlot, ChannelIdentity, Compound, OwnerBinding, Person, Vote
from tests.voting.assembly import SEALER, assemble

OWNERS = 12
DEVICES = 2
STAFF = ("ann", "bob")
SEED = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
SIGNER = Signer(SEED)


@dataclass
class Polling:
    """phones: session tokens by owner, one a device. staff: session tokens by name. serials: of owners on paper."""

    url: str
    number: int
    phones: dict[int, list[str]] = field(default_factory=dict)
    staff: dict[str, str] = field(default_factory=dict)
    serials: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The vote's page."""
        return f"/h5/votes/XH-1/{self.number}"

    @property
    def papers(self) -> str:
        """The page of its papers."""
        return f"/console/XH-1/votes/{self.number}/papers"

    async def ballots(self) -> list[Ballot]:
        """All there are."""
        database = Database(self.url)
        async with database.read() as session:
            found = list(await session.exec(select(Ballot)))
        await database.close()
        return found

    async def counted(self) -> dict[str, str]:
        """The ballot that counts, by unit."""
        database = Database(self.url)
        async with database.read() as session:
            slots = list(await session.exec(select(BallotSlot)))
        await database.close()
        return {slot.unit_code: slot.ballot_id for slot in slots if slot.ballot_id}

    async def close_and_verify(self) -> tuple[Vote, Report]:
        """Close, count, and recompute the count from the sealed bundle."""
        database = Database(self.url)
        compound = await _compound(database)
        async with database.read() as session:
            vote = await find_vote(session, compound.compound_id or 0, self.number)
        assert vote is not None
        assert vote.closes_at is not None
        after = vote.closes_at + timedelta(minutes=1)
        await advance_votes(database, SIGNER, after)
        async with database.write() as session:
            vote = await tally_vote(
                session, SEALER, SIGNER, compound, self.number, after, actor_id=vote.operator_id
            )
        await seal_all(database, SIGNER, after)
        async with database.write() as session:
            bundle = await export_vote(
                session, SEALER, SIGNER, compound, self.number, SEALED, after, actor_id=None
            )
        await database.close()
        return vote, verify(bundle, SIGNER.key_id)


async def _compound(database: Database) -> Compound:
    async with database.read() as session:
        compound = await find_compound(session, "XH-1")
    assert compound is not None
    return compound


async def open_polling(url: str, now: datetime) -> Polling:
    """A vote announced three weeks ago and open since yesterday; the last two owners vote on paper."""
    database = Database(url)
    await prepare(database)
    assembly = await assemble(database, {f"3-{100 + owner}": [owner] for owner in range(1, OWNERS + 3)})
    compound, me = await _compound(database), assembly.operator_id
    assert compound.compound_id is not None
    compound_id, drafted = compound.compound_id, now - timedelta(days=22)
    values = {name: one.example for name, one in find_template("select_company").fields.items()}
    changes = Changes(
        convener=Convener(body="业主委员会", name="四季园业委会", document="2026年第3号决议"),
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=8),
        contact="业委会值班室",
    )
    async with database.write() as session:
        vote = await create_vote(session, compound, me, "select_company", "national", drafted, values)
        number = vote.vote_number
        await edit_vote(session, compound, number, changes, drafted, actor_id=me)
        keys = load_profile("national").unverified
        await record_checked(session, compound, number, keys, drafted, actor_id=me)
        await lint_vote(session, compound, number, drafted, actor_id=me)
        await notice_vote(session, SIGNER, compound, number, drafted, actor_id=me)
    await advance_votes(database, SIGNER, now)
    polling = Polling(url, number)
    async with database.write() as session:
        for name in STAFF:
            person = Person(created_at=now)
            session.add(person)
            await session.flush()
            assert person.person_id is not None
            await put_role(
                session, person.person_id, Role.SECRETARY, "XH-1", "书记", False, RoleSource.STAFF, now
            )
            polling.staff[name] = await sign_in_staff(session, SEALER, person.person_id, "link", now)
        on_paper = {f"3-{100 + owner}" for owner in (OWNERS + 1, OWNERS + 2)}
        papers = await print_papers(session, compound, number, now, actor_id=me)
        units = {
            unit.owner_key: unit.unit_code for unit in await list_vote_units(session, compound_id, number)
        }
        polling.serials = [paper.serial for paper in papers if units[paper.owner_key] in on_paper]
        await receive_papers(session, SEALER, compound, number, polling.serials, now, actor_id=me)
        for owner in range(1, OWNERS + 1):
            for device in range(DEVICES):
                token = await sign_in_resident(
                    session, SEALER, "main", f"owner-{owner}", f"{owner}-{device}", now, read_only=False
                )
                polling.phones.setdefault(owner, []).append(token)
            found = select(ChannelIdentity.person_id).where(ChannelIdentity.external_id == f"owner-{owner}")
            session.add(
                OwnerBinding(
                    compound_id=compound_id,
                    binding_number=await next_number(session, compound_id, "binding"),
                    owner_number=owner,
                    person_id=(await session.exec(found)).one(),
                    state=BindingState.BOUND,
                    possession="code",
                    possession_at=now,
                    knowledge="document",
                    bound_at=now,
                )
            )
    await database.close()
    return polling
