"""The canvass list on pages: its two officers, the audit row of each look, a visit that is noted once."""

import re
from datetime import datetime, timedelta

from sqlmodel import select

from handlers.voting.freeze import freeze_roll
from handlers.voting.terms import area_of
from storage.states import ContactState, VoteState
from storage.tables import (
    AuditEvent,
    CanvassContact,
    RollOwner,
    RollTitle,
    RollUnit,
    Vote,
    VoteOfficer,
    VoteUnit,
)
from tests.web.town import HERE, Town, here_id

LIST = f"/console/{HERE}/votes/77/canvass"
OFFICERS = f"/console/{HERE}/votes/77/officers"


async def hold(town: Town, state: VoteState = VoteState.OPEN, *, named: bool = True) -> int:
    """A vote on the roll of four flats; the secretary and a member of the committee are its officers."""
    compound_id, now = await here_id(town), town.clock.now
    async with town.site.database.write() as session:
        for number, code in enumerate(("3-1-101", "3-1-102", "3-2-201", "13-101"), 1):
            building, *rest = code.split("-")
            session.add(
                RollOwner(
                    compound_id=compound_id,
                    owner_number=number,
                    name_sealed=town.sealer.seal(f"欧阳{number}".encode(), "roll_owners.name"),
                    entered_at=now,
                )
            )
            session.add(
                RollUnit(
                    compound_id=compound_id,
                    unit_code=code,
                    building=building,
                    entrance=rest[0] if len(rest) > 1 else "",
                    room=rest[-1],
                    area_register=area_of("89.73"),
                    entered_at=now,
                )
            )
            await session.flush()
            session.add(RollTitle(compound_id=compound_id, unit_code=code, owner_number=number, since=now))
        vote = Vote(
            compound_id=compound_id,
            vote_number=77,
            state=state,
            title="选聘物业服务企业",
            rules={},
            operator_id=town.people["secretary"],
            created_at=now,
            opens_at=now - timedelta(days=1),
            closes_at=now + timedelta(days=9),
        )
        session.add(vote)
        await session.flush()
        if state is not VoteState.DRAFT:
            await freeze_roll(session, vote)
        if named:
            for who in ("secretary", "committee"):
                session.add(
                    VoteOfficer(
                        compound_id=compound_id,
                        vote_number=77,
                        person_id=town.people[who],
                        named_by=town.people["secretary"],
                        named_at=now,
                    )
                )
    return compound_id


async def looks(town: Town) -> list[tuple[int | None, datetime]]:
    async with town.site.database.read() as session:
        found = await session.exec(select(AuditEvent).where(AuditEvent.verb == "vote.canvass_seen"))
        return [(event.actor_id, event.at) for event in found]


async def test_an_officer_sees_doors_without_names_and_each_look_is_noted(town: Town) -> None:
    await hold(town)
    browser = await town.as_staff("committee")
    first = await browser.get(LIST)
    assert first.status == 200
    assert "3栋" in first.text
    assert "3 套" in first.text
    page = await browser.get(f"{LIST}?building=3")
    assert "3栋1单元" in page.text
    assert "3栋2单元" in page.text
    assert "101" in page.text
    assert "欧阳" not in page.text
    assert "13栋1" not in page.text
    assert await looks(town) == [(town.people["committee"], town.clock.now)] * 2


async def test_nobody_else_sees_it_and_no_look_is_noted_for_them(town: Town) -> None:
    await hold(town)
    for who in ("community_worker", "supervisor", "property", "district_secretary", "operator"):
        assert (await (await town.as_staff(who)).get(LIST)).status == 403, who
    assert (await (await town.as_staff("neighbour_secretary")).get(LIST)).status == 404
    assert await looks(town) == []


async def test_a_visit_is_noted_once_and_papers_that_were_signed_for_count(town: Town) -> None:
    compound_id = await hold(town)
    browser = await town.as_staff("secretary")
    page = await browser.get(f"{LIST}?building=3")
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key is not None
    fields = {
        "csrf": page.csrf,
        "key": key[1],
        "building": "3",
        "unit": "3-1-101",
        "state": "paper_given",
        "signed": "yes",
    }
    for _ in range(2):
        answer = await browser.post(LIST, fields)
        assert answer.location == f"{LIST}?building=3&told=visit_noted"
    async with town.site.database.read() as session:
        [contact] = list(await session.exec(select(CanvassContact)))
        assert contact.state is ContactState.PAPER_GIVEN
        unit = await session.get_one(VoteUnit, (compound_id, 77, "3-1-101"))
        assert unit.delivered_at == town.clock.now
        visits = await session.exec(select(AuditEvent).where(AuditEvent.verb == "vote.visited"))
        assert len(list(visits)) == 1
    shown = await browser.get(answer.location)
    assert "给了纸票" in shown.text
    assert "已签收" in shown.text
    assert "记下了" in shown.text
    odd = await browser.post(LIST, {**fields, "state": "bought"})
    assert odd.location.endswith("told=visit_odd")
    gone = await browser.post(LIST, {**fields, "unit": "9-9-9"})
    assert gone.location.endswith("told=visit_over")


async def test_the_secretary_names_two_before_the_notice(town: Town) -> None:
    await hold(town, VoteState.DRAFT, named=False)
    browser = await town.as_staff("secretary")
    page = await browser.get(OFFICERS)
    chosen = {"first": str(town.people["secretary"]), "second": str(town.people["supervisor"])}
    same = await browser.post(OFFICERS, {"csrf": page.csrf, **chosen, "second": chosen["first"]})
    assert same.location.endswith("told=officers.not_two")
    assert "请选两位不同的" in (await browser.get(same.location)).text
    done = await browser.post(OFFICERS, {"csrf": page.csrf, **chosen})
    assert done.location.endswith("told=officers_named")
    assert (await (await town.as_staff("supervisor")).get(LIST)).status == 200
    assert (await (await town.as_staff("committee")).get(OFFICERS)).status == 403


async def test_after_the_notice_the_two_stay(town: Town) -> None:
    await hold(town)
    browser = await town.as_staff("secretary")
    page = await browser.get(OFFICERS)
    assert "<select" not in page.text
    chosen = {"first": str(town.people["secretary"]), "second": str(town.people["supervisor"])}
    late = await browser.post(OFFICERS, {"csrf": page.csrf, **chosen})
    assert late.location.endswith("told=officers.too_late")
    assert (await (await town.as_staff("supervisor")).get(LIST)).status == 403


async def test_once_the_vote_is_closed_who_has_not_voted_is_shown_to_nobody(town: Town) -> None:
    await hold(town)
    officer = await town.as_staff("secretary")
    assert "还没投的" in (await officer.get(LIST)).text
    town.clock.now += timedelta(days=10)
    officer = await town.as_staff("secretary")
    for page in (LIST, f"{LIST}?building=3"):
        answer = await officer.get(page)
        assert "谁家没投不再给人看" in answer.text
        assert "还有" not in answer.text
