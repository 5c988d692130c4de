"""What residents and staff of a few compounds do in a year beside the meetings, and what the clock then owes them:
requests that are seen to or left lying, points for them, surveys of households, an owners' vote.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import SQLModel

from handlers.local_time import local_date
from handlers.points.switch import switch_points
from handlers.requests.carry_out import carry_out
from handlers.requests.commands import Accept, Actor, Command, Dispatch, Finish, Party, Verb
from handlers.requests.raise_ import raise_request
from handlers.surveys.create import create_survey
from handlers.surveys.rules import Draft, closes_at
from handlers.surveys.running import set_round
from storage.states import (
    Ladder,
    MatterState,
    PlaceLevel,
    PointKind,
    RequestState,
    Role,
    SurveyPhase,
    SurveyState,
    VoteState,
)
from storage.tables import (
    Compound,
    Matter,
    OutboxMessage,
    Place,
    PointEntry,
    Request,
    RequestEvent,
    Residency,
    SurveyRound,
    Vote,
    VoteCheckpoint,
    VoteLeaf,
)
from tests.handlers.weeks import City
from tests.voting.assembly import NUMBER, assemble

RAISING = range(1, 60, 4)  # weeks in which somebody asks for something; every second time nobody sees to it
SURVEYS = (2, 28, 45)  # weeks in which a survey begins
VOTE = 3  # the week in which a vote opens
FLATS = ("1-1-101", "1-1-102", "2-1-101")
_FIRST = 9000  # requests are numbered from here by their week
_DAY = timedelta(days=1)


@dataclass
class Deeds:
    """In `asked` requests are raised and points given, in `surveyed` and `voted` owners and households are asked."""

    city: City
    asked: str
    surveyed: str
    voted: str
    people: dict[str, int] = field(default_factory=dict)
    raised: dict[int, datetime] = field(default_factory=dict)  # by number: when
    finished: set[int] = field(default_factory=set)
    surveys: set[int] = field(default_factory=set)  # the weeks whose survey has begun

    async def appoint(self) -> None:
        """Who sees to requests, who raises them, and who lives where a survey is held; and the vote."""
        city = self.city
        for name in ("property-1", "lin", "neighbour-1", "neighbour-2"):
            self.people[name] = await city.person(name, "corp" if name == "property-1" else "main")
        await city.grant(self.people["property-1"], Role.PROPERTY, self.asked)
        surveyed = city.id_of(self.surveyed)
        rows: list[SQLModel] = [
            Place(compound_id=surveyed, code=code, level=PlaceLevel.UNIT, name=code) for code in FLATS
        ]
        async with city.database.write() as session:
            await switch_points(
                session, city.id_of(self.asked), city.now, on=True, actor_id=self.people["property-1"]
            )
            session.add_all(rows)
            await session.flush()
            session.add_all(
                Residency(
                    compound_id=surveyed, person_id=self.people[name], place_code=flat, bound_at=city.now
                )
                for name, flat in zip(("neighbour-1", "neighbour-2"), FLATS, strict=False)
            )

    async def announce_vote(self, opens_at: datetime) -> None:
        """A vote of a week that has been announced."""
        await assemble(
            self.city.database,
            {"1-101": [1], "1-102": [2]},
            compound_id=self.city.id_of(self.voted),
            opens_at=opens_at,
            closes_at=opens_at + 7 * _DAY,
        )
        async with self.city.database.write() as session:
            vote = await session.get_one(Vote, (self.city.id_of(self.voted), NUMBER))
            vote.state, vote.next_at = VoteState.NOTICED, opens_at
            session.add(vote)

    async def act(self, number: int, now: datetime) -> None:
        """What they do in a week, the first time that anybody is there, and what is next at any other."""
        if number in RAISING and _FIRST + number not in self.raised:
            await self._raise(_FIRST + number, now)
        elif unseen := sorted(each for each in self.raised if each % 8 == 1 and each not in self.finished):
            await self._see_to(unseen[0], now)
        if number in SURVEYS and number not in self.surveys:
            self.surveys.add(number)
            await self._survey(now)

    async def _raise(self, number: int, now: datetime) -> None:
        """A resident says something that is confirmed at once, and becomes an order for the property company."""
        city, compound = self.city, self.city.compounds[self.asked]
        compound_id = city.id_of(self.asked)
        matter = Matter(
            compound_id=compound_id,
            number=number,
            leaf="sheshi.zhaoming",
            urgency=2,
            opened_at=now,
            heard_at=now,
            state=MatterState.CONFIRMED,
            speakers=1,
            confirmed_at=now,
        )
        said = {
            "compound_id": compound_id,
            "number": number,
            "person_id": self.people["lin"],
            "matter_number": number,
            "filed_at": now,
        }
        async with city.database.write() as session:
            session.add(matter)
        await city.file([said])
        async with city.database.write() as session:
            assert await raise_request(session, city.services, compound, matter, now)
        await self._order(number, Dispatch(Party(Role.PROPERTY)), now)
        self.raised[number] = now

    async def _see_to(self, number: int, now: datetime) -> None:
        actor = Actor(self.people["property-1"], frozenset({Role.PROPERTY}))
        await self._order(number, Accept(actor), now)
        await self._order(number, Finish(actor, "灯换好了"), now)
        self.finished.add(number)

    async def _order(self, number: int, command: Command, now: datetime) -> None:
        city, compound = self.city, self.city.compounds[self.asked]
        async with city.database.write() as session:
            matter = await session.get_one(Matter, (city.id_of(self.asked), number))
            carried = await carry_out(
                session, city.services, compound, matter, command, now,
                key=f"year:{number}:{type(command).__name__}", actor_id=self.people["property-1"],
            )  # fmt: skip
            assert carried.refused is None, carried.refused

    async def _survey(self, now: datetime) -> None:
        """A round of a week that opens by itself tomorrow."""
        city, actor = self.city, self.people["property-1"]
        starts = local_date(now) + _DAY
        draft = Draft(SurveyPhase.PLAN, "楼道要不要刷？", starts, starts + 7 * _DAY)
        async with city.database.write() as session:
            compound = await session.get_one(Compound, city.id_of(self.surveyed))
            survey, _round = await create_survey(session, compound, "刷楼道", "", draft, now, actor_id=actor)
            await set_round(session, city.services, compound, survey.survey_number, 1, now, actor_id=actor)

    # What the clock should have done

    async def judge(self, rows: Any, outbox: list[OutboxMessage], last: datetime) -> None:
        """All of it. rows: reads a whole table."""
        self._judge_requests(await rows(Request), await rows(RequestEvent), last)
        entries: list[PointEntry] = await rows(PointEntry)
        assert Counter(entry.source for entry in entries if entry.taken_back_at is None) == {
            f"report:{number}": 1 for number in self.raised
        }
        assert {entry.kind for entry in entries} == {PointKind.REPORT}
        self._judge_surveys(await rows(SurveyRound), outbox, last)
        [vote] = await rows(Vote)
        assert vote.state is VoteState.CLOSED
        kinds = Counter(leaf.kind for leaf in await rows(VoteLeaf))
        assert kinds["open"] == kinds["close"] == 1
        checkpoints: list[VoteCheckpoint] = await rows(VoteCheckpoint)
        mornings = Counter(local_date(each.at) for each in checkpoints if each.reason == "daily")
        assert set(mornings.values()) == {1}

    def _judge_requests(self, requests: list[Request], events: list[RequestEvent], last: datetime) -> None:
        """Who was late is told so once, and goes up each step once; what was done is closed once by the clock."""
        assert {request.number for request in requests} == set(self.raised)
        for request in requests:
            own = [event for event in events if event.number == request.number]
            verbs = Counter(event.verb for event in own)
            levels = [event.details["level"] for event in own if event.verb == Verb.CLIMBED]
            assert len(levels) == len(set(levels)), levels
            assert verbs[Verb.REMINDED] <= 2, verbs  # to accept, and to be done with it
            assert verbs[Verb.MISSED] <= 2, verbs
            if self.raised[request.number] > last - 40 * _DAY:
                continue
            if request.number in self.finished:
                assert (request.state, verbs[Verb.CLOSED]) == (RequestState.CLOSED, 1)
            else:
                assert (request.state, request.level) == (RequestState.DISPATCHED, Ladder.SUBDISTRICT)
                assert verbs[Verb.MISSED] >= 1 and verbs[Verb.CLOSED] == 0, verbs
                assert levels == [Ladder.COMMUNITY, Ladder.SUBDISTRICT]

    def _judge_surveys(self, rounds: list[SurveyRound], outbox: list[OutboxMessage], last: datetime) -> None:
        """Each round opens and closes by itself, and who has not answered hears of it once."""
        assert len(rounds) == len(self.surveys)
        over = [each for each in rounds if closes_at(each.ends_on) < last]
        assert over and {each.state for each in over} == {SurveyState.CLOSED}
        assert all(each.opened_at and local_date(each.opened_at) >= each.starts_on for each in over)
        told = Counter(
            (message.recipient, message.dedupe_key)
            for message in outbox
            if message.dedupe_key.startswith("survey:") and ":reminder" in message.dedupe_key
        )
        assert set(told.values()) == {1}
        people = Counter(recipient for recipient, _key in told)
        assert people == {"neighbour-1": len(over), "neighbour-2": len(over)}, (people, len(over))
