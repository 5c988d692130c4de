"""Owners vote on their phone: what they read, the form, the last button, and everything that may go wrong."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from handlers.voting.announced import Announced
from handlers.voting.cast import MARKS_CONTEXT
from handlers.voting.cast import Code as CastCode
from handlers.voting.contested import contest_ballots
from handlers.voting.marks import read_marks
from handlers.voting.resident import Stage
from handlers.voting.terms import ABSTAIN, AGAINST, AGREE, BLANK, Rejection, Revote
from storage.queries.people import put_residency
from storage.states import BallotChannel, CaseState, PaperState, VoteMode, VoteState
from storage.tables import BallotPaper, BallotSlot, Compound, VoteCase
from tests.voting.assembly import NUMBER, SEALER, cast
from tests.web.hall import MARKS, PATH, fill, hidden, open_hall, person_of, refs_of, vote
from tests.web.orders import text_of
from tests.web.town import HERE, THERE, Town


def marks_of(ballot: object) -> object:
    return read_marks(SEALER.open(ballot.choices_sealed, MARKS_CONTEXT))  # type: ignore[attr-defined]


async def test_an_owner_votes_for_all_their_units_in_four_pages(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1)
    listed = await browser.get("/h5/votes")
    assert "正在投票" in listed.text
    assert f'href="{PATH}"' in listed.text
    page = await browser.get(PATH)
    for words in ("选聘物业服务企业", "是否续聘物业公司", "甲公司、乙公司", "投出以后不能改", "去投票"):
        assert words in text_of(page)
    action, page = await fill(browser)
    shown = text_of(page)
    for words in ("同意", "乙公司", "丁一、孙三", "3-101", "3-102", "200.00 平方米", "算一个人"):
        assert words in shown
    assert await hall.ballots() == []  # nothing is cast before the last button
    answer = await browser.post(action, hidden(page, action))
    (ballot,) = await hall.ballots()
    assert (answer.status, answer.location) == (303, f"{PATH}/receipts/{ballot.ballot_id}")
    assert marks_of(ballot) == {"q1": AGREE, "q2": "乙公司", "q3": frozenset({"丁一", "孙三"})}
    assert ballot.person_id == await person_of(town, "o-owner-1")
    assert ballot.voter == hall.assembly.keys[1]
    shown = text_of(await browser.get(answer.location))
    for words in ("票收到了，算数", "乙公司", "丁一、孙三", "3-101、3-102", "网上"):
        assert words in shown
    async with town.site.database.read() as session:
        slots = {slot.unit_code: slot.ballot_id for slot in await session.exec(select(BallotSlot))}
    assert slots == dict.fromkeys(("3-101", "3-102"), ballot.ballot_id)
    assert "我投的票" in (await browser.get(PATH)).text


async def test_nothing_is_chosen_beforehand(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1)
    (ref,) = refs_of(await browser.get(PATH))
    page = await browser.get(f"{PATH}/ballot/{ref}")
    assert "checked" not in page.text
    assert page.text.count("<fieldset") == 3
    for mark in ("都不同意", "弃权"):
        assert page.text.count(f"<span>{mark}</span>") >= 2


@pytest.mark.parametrize(("spoiled", "words"), [(False, "没有填（算弃权）"), (True, "没有填（算废票）")])
async def test_what_is_passed_over_is_blank_and_said_before_it_is_cast(
    town: Town, spoiled: bool, words: str
) -> None:
    hall = await open_hall(town, announced=Announced(blank_is_spoiled=spoiled))
    browser = await hall.as_owner(1)
    action, page = await fill(browser, {"m-q1": "against", "m-q3-neither": "1"})
    assert words in text_of(page)
    await browser.post(action, hidden(page, action))
    (ballot,) = await hall.ballots()
    assert marks_of(ballot) == {"q1": AGAINST, "q2": BLANK, "q3": frozenset()}


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ({}, "一项都还没有选"),
        ({"m-q1": "agree", "m-q3-0": "1", "m-q3-1": "1", "m-q3-2": "1"}, "选的人比名额多了"),
        ({"m-q1": "agree", "m-q3-0": "1", "m-q3-abstain": "1"}, "请只留一种"),
        ({"m-q1": "agree", "m-q3-neither": "1", "m-q3-abstain": "1"}, "请只留一种"),
        ({"m-q1": "maybe", "m-q2": "甲公司"}, "没看懂"),
        ({"m-q1": "spoiled", "m-q2": "甲公司"}, "没看懂"),
    ],
)
async def test_a_form_that_is_wrong_comes_back_with_what_was_ticked(
    town: Town, marks: dict[str, str], words: str
) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1)
    action, page = await fill(browser, marks)
    assert page.status == 422
    assert words in text_of(page)
    assert page.text.count(" checked") == sum(value in ("agree", "1", "甲公司") for value in marks.values())
    assert (await browser.post(action, hidden(page, action.removesuffix("/cast")) | marks)).status == 303
    assert await hall.ballots() == []


async def test_going_back_to_change_keeps_the_marks(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1)
    action, page = await fill(browser)
    form = action.removesuffix("/cast")
    page = await browser.post(form, hidden(page, action) | {"change": "1"})
    assert page.text.count(" checked") == len(MARKS)
    sent = hidden(page, form) | MARKS | {"m-q2": "甲公司"}
    page = await browser.post(form, sent)
    await browser.post(action, hidden(page, action))
    (ballot,) = await hall.ballots()
    assert marks_of(ballot) == {"q1": AGREE, "q2": "甲公司", "q3": frozenset({"丁一", "孙三"})}


async def test_a_double_tap_a_retry_and_the_back_button_are_one_ballot_and_one_receipt(
    town: Town, second: Town
) -> None:
    hall = await open_hall(town)
    second.site.services = town.site.services
    browser = await hall.as_owner(1)
    action, page = await fill(browser)
    sent = hidden(page, action)
    elsewhere = replace(browser, base=second.base, cookies=dict(browser.cookies))
    answers = await asyncio.gather(
        *(each.post(action, sent) for each in (browser, elsewhere, browser, elsewhere))
    )
    (ballot,) = await hall.ballots()
    assert {answer.location for answer in answers} == {f"{PATH}/receipts/{ballot.ballot_id}"}
    # Back to the first page of the form, which the browser kept: the same marks again.
    again = await browser.post(action.removesuffix("/cast"), sent)
    if again.status == 200:
        await browser.post(action, hidden(again, action))
    # A retry that comes after the close finds what it cast.
    town.clock.forward(timedelta(days=7))
    browser = await hall.as_owner(1)
    late = await browser.post(action, sent | {"csrf": (await browser.get(PATH)).csrf})
    assert late.location == answers[0].location
    assert len(await hall.ballots()) == 1
    assert len(await hall.messages()) == 1


async def test_two_devices_at_once_fill_the_slots_once(town: Town, second: Town) -> None:
    hall = await open_hall(town)
    second.site.services = town.site.services
    phone, tablet = await hall.as_owner(1), await hall.as_owner(1, "o-tablet")
    tablet.base = second.base
    forms = [(browser, *await fill(browser)) for browser in (phone, tablet)]
    answers = await asyncio.gather(
        *(browser.post(action, hidden(page, action)) for browser, action, page in forms)
    )
    shown = [text_of(await phone.get(answers[0].location)), text_of(await tablet.get(answers[1].location))]
    assert sorted("票收到了，算数" in each for each in shown) == [False, True]
    assert sum("已经投过，按公告不能再改了" in each for each in shown) == 1
    async with town.site.database.read() as session:
        held = {slot.ballot_id for slot in await session.exec(select(BallotSlot))}
    assert len(held) == 1


async def test_other_marks_in_an_old_form_are_another_ballot(town: Town) -> None:
    hall = await open_hall(town, announced=Announced(revote=Revote.LAST))
    browser = await hall.as_owner(1)
    action, page = await fill(browser)
    sent = hidden(page, action)
    first = await browser.post(action, sent)
    later = await browser.post(action, sent | {"m-q1": "against"})
    assert first.location != later.location
    assert "这张票被后来的代替了" in text_of(await browser.get(first.location))
    assert "票收到了，算数" in text_of(await browser.get(later.location))
    assert "改我的票" in (await browser.get(PATH)).text


@pytest.mark.parametrize("revote", list(Revote))
async def test_whether_it_may_be_changed_is_said_before_and_holds_after(town: Town, revote: Revote) -> None:
    hall = await open_hall(town, announced=Announced(revote=revote))
    browser = await hall.as_owner(1)
    told = {Revote.NONE: "投出以后不能改", Revote.ONCE: "可以改一次", Revote.LAST: "最后一次算数"}[revote]
    (ref,) = refs_of(await browser.get(PATH))
    assert told in text_of(await browser.get(f"{PATH}/ballot/{ref}"))
    offers = []
    for mark in ("agree", "against", "abstain"):
        page = await browser.get(PATH)
        offers.append(bool(refs_of(page)))
        if refs_of(page):
            await vote(browser, MARKS | {"m-q1": mark})
    assert offers == [True, revote is not Revote.NONE, revote is Revote.LAST]
    # Where nothing is to be filled in, the form's address leads to why.
    if revote is not Revote.LAST:
        page = await browser.get(f"{PATH}/ballot/{ref}")
        assert page.location == f"{PATH}/eligible"
        assert "按公告不能再改" in text_of(await browser.get(page.location))


async def test_somebody_elses_receipt_and_choices_are_nobodys(town: Town) -> None:
    hall = await open_hall(town)
    first, other = await hall.as_owner(1), await hall.as_owner(2)
    answer = await vote(first)
    for address in (answer.location, f"{answer.location}/download"):
        assert (await other.get(address)).status == 404
        assert (await first.get(address)).status == 200


async def test_a_key_of_another_person_names_another_ballot(town: Town) -> None:
    hall = await open_hall(town)
    first, other = await hall.as_owner(1), await hall.as_owner(2)
    action, page = await fill(first)
    sent = hidden(page, action)
    await first.post(action, sent)
    theirs, page = await fill(other)
    answer = await other.post(theirs, hidden(page, theirs) | {"key": sent["key"]})
    ballots = await hall.ballots()
    assert len(ballots) == 2
    assert len({ballot.cast_key for ballot in ballots}) == 2
    assert "3-103" in text_of(await other.get(answer.location))


async def test_an_entitlement_of_somebody_else_opens_no_form(town: Town) -> None:
    hall = await open_hall(town)
    first, other = await hall.as_owner(1), await hall.as_owner(2)
    action, page = await fill(first)
    sent = hidden(page, action) | {"csrf": (await other.get(PATH)).csrf}
    for address in (action, action.removesuffix("/cast")):
        assert (await other.post(address, sent)).location == f"{PATH}/eligible"
    assert (await other.get(action.removesuffix("/cast"))).location == f"{PATH}/eligible"
    assert await hall.ballots() == []


async def test_a_vote_does_not_exist_before_its_notice_nor_elsewhere(town: Town) -> None:
    hall = await open_hall(town)
    owner, stranger = await hall.as_owner(1), await town.as_resident(openid="o-stranger")
    async with town.site.database.write() as session:
        there = (await session.exec(select(Compound.compound_id).where(Compound.code == THERE))).one()
        assert there is not None
        await put_residency(session, there, await person_of(town, "o-stranger"), "3", town.clock.now)
    for browser, codes in ((stranger, (HERE, THERE, "NO-9")), (owner, (THERE, "NO-9"))):
        for code in codes:
            page = await browser.get(f"/h5/votes/{code}/{NUMBER}")
            assert (page.status, "看不到这次表决" in page.text) == (404, True)
    assert (await owner.get(PATH)).status == 200
    for state in (VoteState.DRAFT, VoteState.LINTED):
        await hall.set(state=state)
        assert (await owner.get(PATH)).status == 404
        assert "选聘物业服务企业" not in (await owner.get("/h5/votes")).text


async def test_a_neighbour_reads_and_cannot_vote(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_neighbour()
    page = await browser.get(PATH)
    assert "还没有和业主对上" in text_of(page)
    assert refs_of(page) == []
    shown = text_of(await browser.get(f"{PATH}/eligible"))
    for words in ("认证码", "领一张纸票", "租户"):
        assert words in shown


async def test_the_window_is_the_clocks_and_not_the_states(town: Town) -> None:
    hall = await open_hall(town, opens_at=town.clock.now + timedelta(hours=1), state=VoteState.NOTICED)
    browser = await hall.as_owner(1)
    page = await browser.get(PATH)
    assert "还没开始" in text_of(page)
    assert refs_of(page) == []
    assert "还没开始" in text_of(await browser.get(f"{PATH}/eligible"))
    town.clock.forward(timedelta(hours=1))
    browser = await hall.as_owner(1)
    action, page = await fill(browser)
    town.clock.forward(timedelta(days=7, seconds=1))
    browser = await hall.as_owner(1)
    sent = hidden(page, action) | {"csrf": (await browser.get(PATH)).csrf}
    answer = await browser.post(action, sent)
    assert answer.status == 409
    assert "投票已经截止" in text_of(answer)
    assert "等结果" in (await browser.get(PATH)).text
    assert await hall.ballots() == []
    assert await hall.messages() == []


async def test_on_the_governments_platform_there_is_no_form(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1)
    (ref,) = refs_of(await browser.get(PATH))
    action, page = await fill(browser)
    await hall.set(mode=VoteMode.OFFICIAL_PLATFORM)
    assert "只有平台上的票算数" in text_of(await browser.get(PATH))
    assert (await browser.get(f"{PATH}/ballot/{ref}")).location == f"{PATH}/eligible"
    answer = await browser.post(action, hidden(page, action))
    assert "政府的电子投票平台上投" in text_of(answer)
    assert await hall.ballots() == []


async def test_co_owners_are_warned_and_told_when_two_ballots_meet(town: Town) -> None:
    hall = await open_hall(town)
    first, other = await hall.as_owner(3), await hall.as_owner(4)
    assert "几位共有人只算一票" in text_of(await first.get(f"{PATH}/eligible"))
    late = await fill(other)  # both have the form in front of them
    mine = await vote(first)
    assert "您的共有人已经投了" in text_of(await other.get(f"{PATH}/eligible"))
    _, warned = await fill(other)
    assert "定下来以前都不算" in text_of(warned)
    theirs = await other.post(late[0], hidden(late[1], late[0]))
    for browser, answer in ((first, mine), (other, theirs)):
        assert "票收到了，要核实" in text_of(await browser.get(answer.location))
        assert "两张票要核实" in text_of(await browser.get(f"{PATH}/eligible"))


async def test_a_receipt_says_that_it_is_disputed_and_then_that_it_was_ruled_on(town: Town) -> None:
    hall = await open_hall(town)
    owner = await hall.as_owner(1)
    receipt = (await vote(owner)).location
    person_id = await person_of(town, "o-owner-1")
    compound_id = hall.assembly.compound_id
    async with town.site.database.write() as session:
        assert await contest_ballots(session, compound_id, person_id, 1, town.clock.now) == 1
    said = text_of(await owner.get(receipt))
    assert "票收到了，要核实" in said
    assert "算数" not in said
    async with town.site.database.write() as session:
        case = (await session.exec(select(VoteCase))).one()
        case.state = CaseState.RULED
    assert "已经裁定" in text_of(await owner.get(receipt))


async def test_only_the_representative_gets_the_form(town: Town) -> None:
    hall = await open_hall(town, representatives={"3-104": 4})
    first, named = await hall.as_owner(3), await hall.as_owner(4)
    page = await first.get(PATH)
    assert refs_of(page) == []
    assert "另一位共有人投" in text_of(page)
    assert len(refs_of(await named.get(PATH))) == 1


async def test_a_minor_is_told_who_votes(town: Town) -> None:
    hall = await open_hall(town, minors=[2])
    page = await (await hall.as_owner(2)).get(PATH)
    assert refs_of(page) == []
    assert "要由监护人来投" in text_of(page)


async def test_a_paper_ballot_is_there_but_not_how(town: Town) -> None:
    hall = await open_hall(town)
    order = hall.assembly.order("3-101", channel=BallotChannel.PAPER, cast_at=town.clock.now, serial="S1")
    marks = {"q1": AGAINST, "q2": "甲公司", "q3": ABSTAIN}
    await cast(town.site.database, replace(order, marks=marks), town.clock.now)
    browser = await hall.as_owner(1)
    shown = text_of(await browser.get(f"{PATH}/eligible"))
    assert "3-101已经有一张票：纸票，2026年3月12日 12:00" in shown
    assert "已经用别的方式投过了" in shown
    assert "甲公司" not in shown
    assert refs_of(await browser.get(PATH)) == []
    assert "我投的票" not in (await browser.get(PATH)).text


async def test_somebody_with_two_ballots_has_a_form_for_each(town: Town) -> None:
    hall = await open_hall(town, {"3-101": [1], "3-102": [1, 2], "3-103": [2]})
    browser = await hall.as_owner(1)
    refs = refs_of(await browser.get(PATH))
    assert len(refs) == 2
    shown = [text_of(await browser.get(f"{PATH}/ballot/{ref}")) for ref in refs]
    assert ["3-101" in each for each in shown] == [True, False]
    assert ["3-102" in each for each in shown] == [False, True]


async def test_a_session_that_only_reads_cannot_vote(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1)
    action, page = await fill(browser)
    snapshot = await town.as_resident("snapshot", openid="o-owner-1")
    page_there = await snapshot.get(PATH)
    assert "现在是快照页" in page_there.text
    assert refs_of(page_there) == []
    sent = hidden(page, action) | {"csrf": page_there.csrf}
    assert (await snapshot.post(action, sent)).status == 403
    assert await hall.ballots() == []


async def test_a_revoked_vote_says_why(town: Town) -> None:
    hall = await open_hall(town)
    await hall.set(state=VoteState.REVOKED, revoked_reason="公告少了一天，重新来过")
    page = await (await hall.as_owner(1)).get(PATH)
    assert "公告少了一天，重新来过" in text_of(page)
    assert refs_of(page) == []


async def test_a_vote_that_is_revoked_while_somebody_votes_is_not_called_closed(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1)
    action, page = await fill(browser)
    await hall.set(state=VoteState.REVOKED, revoked_reason="公告少了一天，重新来过")
    answer = await browser.post(action, hidden(page, action))
    assert answer.status == 409
    assert "已经撤销" in text_of(answer)
    assert "截止" not in text_of(answer)
    assert await hall.ballots() == []


async def test_a_paper_that_one_person_took_in_keeps_nobody_from_leaving_a_ballot(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1)
    async with town.site.database.write() as session:
        session.add(
            BallotPaper(
                compound_id=hall.assembly.compound_id,
                serial="S1",
                vote_number=NUMBER,
                owner_key=hall.assembly.owners["3-101"],
                state=PaperState.RECEIVED,
                printed_at=town.clock.now,
                received_at=town.clock.now,
                registered_at=town.clock.now,
            )
        )
    page = await browser.get(f"{PATH}/eligible")
    assert "纸票不是您交的" in text_of(page)
    (ref,) = refs_of(page)
    form = f"{PATH}/ballot/{ref}"
    empty = await browser.get(form)
    assert "纸票作废了，才算您这张" in text_of(empty)
    shown = await browser.post(form, hidden(empty, form) | MARKS)
    answer = await browser.post(f"{form}/cast", hidden(shown, f"{form}/cast"))
    assert "不算数" in text_of(await browser.get(answer.location))
    assert len(await hall.ballots()) == 1


async def test_large_type_stays_on_for_all_pages_until_it_is_switched_off(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1)
    page = await browser.get(PATH)
    assert 'class="large"' not in page.text
    answer = await browser.post("/h5/large", {"csrf": page.csrf, "back": PATH})
    assert answer.location == PATH
    for address in (PATH, "/h5/votes", "/h5/mine", "/h5/nothing-here"):
        page = await browser.get(address)
        assert ('class="large"' in page.text) == (page.status == 200)
    page = await browser.get(PATH)
    for back in ("https://elsewhere.example/", "//elsewhere", "/console"):
        assert (await browser.post("/h5/large", {"csrf": page.csrf, "back": back})).location == "/h5"
    assert 'class="large"' not in (await browser.get(PATH)).text  # switched three times


async def test_every_bound_identity_gets_one_receipt_without_choices(town: Town) -> None:
    hall = await open_hall(town)
    browser = await hall.as_owner(1)
    await hall.as_owner(1, "o-wife")
    await hall.as_owner(2)
    await vote(browser)
    messages = await hall.messages()
    assert sorted(message.recipient for message in messages) == ["o-owner-1", "o-wife"]
    (ballot,) = await hall.ballots()
    for message in messages:
        assert f"{ballot.ballot_id[:4]}-{ballot.ballot_id[4:8]}".upper() in message.text
        assert ballot.leaf_hash.hex()[:4] in message.text
        assert "网上" in message.text
        for choice in ("同意", "乙公司", "丁一"):
            assert choice not in message.text


def test_the_words_for_residents_are_those_of_the_enums(town: Town) -> None:
    templates = town.site.templates
    module = templates._environment.get_template("h5/vote_words.html").module
    assert set(module.stages) == set(module.stage_groups) == {each.value for each in Stage}  # type: ignore[attr-defined]
    assert set(module.refusals) == {each.value for each in Rejection}  # type: ignore[attr-defined]
    assert set(module.no_ballots) == {each.value for each in CastCode}  # type: ignore[attr-defined]
