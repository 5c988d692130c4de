"""The fourth chapter: 612 units vote on who manages the compound, from the roll to a file that anybody can check."""

import asyncio
import subprocess
import sys
from collections import Counter
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlmodel import select

from bot.cli.office import Office
from bot.cli.story import Story, local, next_monday
from bot.cli.world import ACCOUNT, World
from bot.playground import sample_roll
from bot.playground.account import Persona
from bot.playground.cast import CHEN, COMPOUND_CODE, LIU, WANG, ZHANG, ZHAO, ZHOU
from bot.playground.cast_chat import DA_LIU, FANG, MA, QIANG, SAO, SUN, WU
from bot.playground.cast_corp import BUILDING_3, CHAIR, SECRETARY, move_in
from bot.playground.phone import Page, Phone
from handlers.identity.register import Proxy
from handlers.people.rules import scene_of
from handlers.voting import words
from handlers.voting.draft import Changes, Convener
from handlers.voting.paper_rules import Entry
from handlers.voting.terms import ABSTAIN, AGAINST, AGREE, Status
from storage.tables import Ballot

BUNDLE = "vote.zip"
PAPERS = 385  # that come into the box: with those who vote on their phones more than two thirds
MATTER = {
    "company": "安和物业服务有限公司",
    "years": "3",
    "fee": "每月每平方米2.10元",
}
# Who votes on the phone, and what; 赵奶奶 has no use for one, and asks 吴爷爷.
ON_PHONES = (
    (WANG, AGREE),
    (CHEN, AGREE),
    (ZHOU, AGAINST),
    (ZHANG, AGREE),
    (LIU, ABSTAIN),
    (SUN, AGREE),
    (MA, AGREE),
    (DA_LIU, AGREE),
    (FANG, AGREE),
    (WU, AGREE),
    (SAO, AGAINST),
    (QIANG, AGREE),
)


async def play(world: World, folder: Path) -> int:
    """Play it, print it; returns 1 when it did not come out whole. folder: where the evidence is put."""
    story = _Assembly(world)
    print("\n第四章 · 业主大会表决：请不请新物业\n")
    print("又是一个幸福家园，这回从业主清册开始，到谁都能核对的存证为止。\n")
    monday = next_monday(world.clock())
    await story.at(local(monday, time(9, 0)), "周一，周书记导入业主清册")
    await story.import_roll()
    await story.at(local(monday, time(10, 0)), "起草表决，检查")
    await story.draft(monday)
    await story.at(local(monday, time(11, 0)), "发布表决公告：清册和规则从此不能改")
    await story.announce()
    await story.at(
        local(monday + timedelta(days=2), time(19, 0)), "业主凭开通码和证件后六位证明自己，一次就够"
    )
    await story.prove()
    await story.at(local(monday + timedelta(days=16), time(9, 0)), "公告满十五天，投票开始")
    await story.vote_on_phones()
    await story.at(local(monday + timedelta(days=20), time(20, 0)), "票箱：两个人数票签字，两个人分别录入")
    await story.open_box()
    await story.at(local(monday + timedelta(days=24), time(9, 0)), "投票截止，计票")
    await story.count()
    await story.at(local(monday + timedelta(days=24), time(10, 0)), "公布结果")
    await story.publish()
    return await story.conclude(folder)


class _Assembly(Story):
    """The chapter as it is played."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.office = Office(world)
        self._opened_by: dict[Persona, Phone] = {}
        self._receipts: dict[str, str] = {}
        self._status = ""
        self._seen = 0

    async def import_roll(self) -> None:
        """The sheet, with what it says of its rows."""
        imported = await self.office.import_roll()
        counts = imported.counts
        print(f"  清册 {counts['add']} 行，全部收下；拒收 {counts['refuse']} 行。")
        print(f"  有一户写了 {sample_roll.DEVELOPER} 未售：按开发商一个人计；未成年的业主由监护人投票。\n")

    async def draft(self, monday: datetime) -> None:
        """From a template. The lint says what is missing, and then nothing more."""
        opens = local(monday + timedelta(days=16), time(8, 0))
        closes = local(monday + timedelta(days=23), time(20, 0))
        changes = Changes(
            convener=Convener(body="业主委员会", name="幸福家园业主委员会", document="备案证第12号"),
            opens_at=opens,
            closes_at=closes,
            contact="业委会办公室，1栋底层，0999-0000000",
            objections_to="业委会办公室",
            papers_to="门岗旁的票箱",
            rules={"proxy_cap": 3},
        )
        await self.office.draft(SECRETARY, "select_company", MATTER, changes)
        for finding in await self.office.lint(SECRETARY):
            if not finding.field.startswith("profile."):
                print(f"  {'要改' if finding.error else '留意'}：{finding.text}")
        await self.office.look_up_rules(SECRETARY)
        left = [finding for finding in await self.office.lint(SECRETARY) if finding.error]
        print(f"  没有出处的规则，周书记查过并记下了。还要改的：{len(left)} 处。\n")

    async def announce(self) -> None:
        """What is printed in the notice."""
        vote = await self.office.announce(SECRETARY)
        assert vote.roll_root is not None
        print(f"  公告写明：业主 {vote.roll_persons} 人，清册根 {vote.roll_root.hex()[:16]}……")
        await self.settle()

    async def prove(self) -> None:
        """Two factors on the page; each is told that it was done."""
        people = [who for who, _choice in ON_PHONES] + [ZHAO]
        await move_in(self.world.platform, BUILDING_3, [WU, SUN, MA, DA_LIU, FANG, SAO, QIANG])
        homes = {who: sample_roll.HOMES[who][0] for who in people}
        for who in people:
            building, entrance, _ = homes[who].split("-")
            await self.world.platform.user_follows(
                who.openid, scene_of(COMPOUND_CODE, f"{building}-{entrance}")
            )
        await self.work()
        slips = await self.office.hand_out_codes(SECRETARY, sorted(homes.values()))
        codes = {slip.unit_code: slip.code for slip in slips}
        for who, _choice in ON_PHONES:
            page = await self._prove(who, homes[who], codes[homes[who]])
            if who is WANG:
                _print_page(page, 5)
        print(f"  {len(ON_PHONES)} 位业主都证明了自己。\n")
        await self.work()

    async def vote_on_phones(self) -> None:
        """Through the pages: the vote, the form, the check, the receipt."""
        await self.office.register_proxy(SECRETARY, CHAIR, sample_roll.HOMES[ZHAO][0], await self._proxy(WU))
        print("  赵奶奶不会用手机，写了委托书，请吴爷爷代投；周书记登记，何主任确认。")
        await self.work()
        await self._tell(WANG, "投票")
        for who, choice in ON_PHONES:
            receipt = await self._vote(who, choice)
            if who is WANG:
                _print_page(receipt)
                await self.work()
                self._print_told(WANG)
        print(f"  {len(self._receipts)} 张票投出来了，吴爷爷的两张里有一张是替赵奶奶投的。")
        page = await self._phone(WANG).open(f"/h5/votes/{COMPOUND_CODE}/{self.office.number}/eligible")
        print("  王阿姨再看“我能投票吗”：")
        _print_page(page)
        await self._print_turnout()

    async def open_box(self) -> None:
        """Papers of those who did not vote on a phone; each is keyed in twice."""
        papers = await self.office.print_papers(SECRETARY)
        async with self.world.application.database.read() as session:
            voted = set((await session.exec(select(Ballot.owner_key))).all())
        chance = Random(278)
        chosen = [paper.serial for paper in papers if paper.owner_key not in voted][:PAPERS]
        marks = chance.choices((AGREE, AGAINST, ABSTAIN), (78, 15, 7), k=len(chosen))
        entries = [(serial, Entry({"q1": mark})) for serial, mark in zip(chosen, marks, strict=True)]
        await self.office.open_box(SECRETARY, CHAIR, "1号箱", chosen)
        print(f"  印出选票 {len(papers)} 张，1号箱收回 {len(chosen)} 张，周书记、何主任数过签字。")
        await self.office.key_in(SECRETARY, entries)
        await self.office.key_in(CHAIR, entries)
        print("  两个人各录一遍，互相看不见；两遍一样的才算一张票。")
        await self._print_turnout()

    async def count(self) -> None:
        """Integers, each with what was needed."""
        await self.office.count(SECRETARY)
        result = (await self.office.vote()).result
        assert result is not None
        question = result["questions"][0]
        self._status = question["status"]
        print(f"  应到：{words.sums_words(question['total'])}")
        print(
            f"  参与：{words.sums_words(question['participants'])}，要 {_need(question['quorum'], strict=False)}"
        )
        print(f"  同意：{words.sums_words(question['agreed'])}，要 {_need(question['passing'], strict=True)}")
        print(f"  结果：{words.status_words(Status(question['status']))}\n")

    async def publish(self) -> None:
        """The groups and the owners are told; the page has it."""
        await self.office.publish(SECRETARY)
        await self.settle()
        page = await self._phone(CHEN).open(f"/h5/votes/{COMPOUND_CODE}/{self.office.number}/result")
        print("  陈老师在手机上看结果：")
        _print_page(page)

    async def conclude(self, folder: Path) -> int:
        """Whoever wants to may count again, on a machine that has never seen the database."""
        bundle = folder / BUNDLE
        await asyncio.to_thread(bundle.write_bytes, await self.office.evidence(CHAIR))
        signer = self.world.application.services
        assert signer is not None
        assert signer.signer is not None
        checked = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "bot", "verify", str(bundle), "--key", signer.signer.key_id],
            capture_output=True,
            text=True,
            check=False,
        )
        print(f"── 监票人核对：./run verify {bundle} --key {signer.signer.key_id}")
        print(f"  {checked.stdout.strip()[:600]}")
        for phone in self._opened_by.values():
            await phone.close()
        async with self.world.application.database.read() as session:
            by_way = Counter((await session.exec(select(Ballot.channel))).all())
        print("\n—— 这一章的账 ——")
        print(
            f"手机 {by_way['online']} 张（其中委托 1 张），纸面 {by_way['paper']} 张，"
            f"核对{'一致' if checked.returncode == 0 else '不一致'}。"
        )
        whole = (
            self._status == Status.PASSED
            and checked.returncode == 0
            and by_way["online"] == len(ON_PHONES) + 1
            and by_way["paper"] == PAPERS
            and not self.world.platform.exceeded()
        )
        if not whole:
            print("yishi: the vote did not come out whole", file=sys.stderr)
        return 0 if whole else 1

    # What people do

    def _phone(self, who: Persona) -> Phone:
        if who not in self._opened_by:
            platform, address = self.world.platform, self.world.application.address
            self._opened_by[who] = Phone(platform, platform.account.app_id, who.openid, address)
        return self._opened_by[who]

    async def _prove(self, who: Persona, unit: str, code: str) -> Page:
        """Two factors: the code on the slip, and what only the owner knows."""
        phone = self._phone(who)
        page = await phone.open("/h5/owner")
        said = {"unit": unit, "code": code, "tail": sample_roll.OWNERS[who].tail}
        return await phone.submit(page, page.form("/h5/owner"), **said)

    async def _proxy(self, who: Persona) -> Proxy:
        owner = sample_roll.OWNERS[who]
        return Proxy(owner.name, owner.phone, owner.document, await self.office.person(ACCOUNT, who.openid))

    async def _vote(self, who: Persona, choice: str) -> Page:
        """All ballots that somebody may cast; the last receipt."""
        phone = self._phone(who)
        vote = f"/h5/votes/{COMPOUND_CODE}/{self.office.number}"
        page = await phone.open(vote)
        forms = [link for link in page.links if "/ballot/" in link]
        for link in forms:
            page = await phone.open(link)
            page = await phone.submit(page, page.form(link.rpartition("/")[2]), **{"m-q1": choice})
            page = await phone.submit(page, page.form("/cast"))
            self._receipts[page.url.path] = who.nickname
        return page

    async def _tell(self, who: Persona, text: str) -> None:
        """Somebody writes to the service account; printed with the answer."""
        self.a_minute_later()
        delivery = await self.world.platform.user_sends(who.openid, text)
        print(f"● {who.nickname}对服务号说：{text}")
        for line in (delivery.reply or "（没有回答）").splitlines():
            print(f"  │ {line}")
        print()
        await self.work()
        self._skip_told()

    def _skip_told(self) -> None:
        self._seen = self.world.platform.audience.last_seq

    def _print_told(self, who: Persona) -> None:
        """What the service account told somebody since the last time."""
        for entry in self.world.platform.audience.entries_since(self._seen):
            if entry.direction == "bot" and entry.openid == who.openid:
                first, *rest = entry.text.splitlines()
                print(f"→ 服务号告诉{who.nickname}：{first}")
                for line in rest:
                    print(f"    {line}")
        self._skip_told()
        print()

    async def _print_turnout(self) -> None:
        turnout = await self.office.turnout()
        total, voted = turnout.whole.total, turnout.whole.voted
        print(
            f"  到现在参与 {voted.persons} 人，应到 {total.persons} 人"
            f"（{words.percent(voted.persons, total.persons)}）；投的什么，截止以前谁也看不到。\n"
        )


def _need(distance: dict[str, Any], *, strict: bool) -> str:
    return words.least_words(distance["need"], strict=strict)


def _print_page(page: Page, most: int = 24) -> None:
    for line in page.lines[:most]:
        print(f"  ┃ {line}")
    print()
