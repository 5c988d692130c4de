"""The third chapter: sixty messages in the chat of building 3, what the bot made of them, and what became of that."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlmodel import col, func, select

from bot.cli.heard import Listener
from bot.cli.story import PAUSE_SECONDS, Story, local, next_monday
from bot.cli.world import ACCOUNT, World
from bot.playground import cast_chat
from bot.playground.account import Persona
from bot.playground.cast import COMPOUND_CODE, WANG
from bot.playground.cast_chat import DA_LIU, MA, MEI, SAO, WU
from bot.playground.cast_corp import (
    BUILDING_3,
    DUTY,
    GRID_WORKER,
    MANAGER,
    SECRETARY,
    STAFF_ROOM,
    external_id,
    move_in,
)
from bot.playground.wecom.rooms import Line
from handlers.matters.chat import people_of, state_of
from handlers.opinions.rules import place_name
from handlers.people.rules import scene_of
from handlers.requests.calendar import is_workday
from handlers.requests.commands import Verb
from handlers.requests.words import state_name
from storage.queries.people import has_unasked_followers
from storage.states import MatterState, OutboxState, RequestState, Role
from storage.tables import (
    AlertEpisode,
    InboxMessage,
    Matter,
    Opinion,
    OutboxMessage,
    Request,
    RequestEvent,
    RequestRating,
)

_MANY = 3
_STANDING_MATTERS = select(Matter).where(Matter.state != MatterState.MERGED).order_by(col(Matter.number))
# What founds the matters that staff see to.
LIFT, LAMP, JAM = cast_chat.MORNING[3], cast_chat.MORNING[12], cast_chat.MORNING[16]
BINS, NOISE, DOOR = cast_chat.NOON[0], cast_chat.NOON[7], cast_chat.NOON[12]
GAS, SMELL = cast_chat.EVENING[2], cast_chat.EVENING[4]


async def play(world: World) -> int:  # noqa: PLR0915  a story is read from top to bottom
    """Play it, print it; returns 1 when it did not come out whole."""
    story = _Chat(world)
    chat = Listener(story, BUILDING_3)
    print("\n第三章 · 3栋业主群里的六十句话\n")
    print("另起一个幸福家园，邻居多了些，编号从头算。每句话下面是机器人听成了什么、凭什么、归到哪一件。\n")
    monday = _plain_monday(world.clock())
    await story.open(local(monday, time(8, 1)))
    await story.at(local(monday, time(8, 12)), "周一早上，群里")
    await chat.listen(cast_chat.MORNING)
    await story.at(local(monday, time(9, 10)), "书记派单，物业接单")
    lift, lamp = await story.matter(LIFT), await story.matter(LAMP)
    await story.write(SECRETARY.userid, f"派单 {lift} 物业")
    await story.write(MANAGER.userid, f"接单 {lift}")
    await story.write(SECRETARY.userid, f"派单 {lamp} 物业")
    await story.at(local(monday, time(12, 10)), "周一中午，群里")
    await chat.listen(cast_chat.NOON)
    await story.show_matters()
    await story.at(local(monday, time(13, 30)), "群里听到、只有一家说的，工作人员来定；别的派下去")
    noise, bins, door = await story.matter(NOISE), await story.matter(BINS), await story.matter(DOOR)
    await story.ask(STAFF_ROOM, SECRETARY.userid, f"@议事 确认 {noise}")
    await story.ask(STAFF_ROOM, SECRETARY.userid, f"@议事 不是事 {await story.matter(JAM)}")
    for number, role in ((bins, "物业"), (door, "物业"), (noise, "网格")):
        await story.write(SECRETARY.userid, f"派单 {number} {role}")
    await story.write(MANAGER.userid, f"接单 {bins}")
    await story.write(MANAGER.userid, f"不是我们的 {door} 门禁是网格员统一找厂家装的")
    await story.write(GRID_WORKER.userid, f"接单 {door}")
    await story.write(GRID_WORKER.userid, f"接单 {noise}")
    await story.at(await story.due(lamp), "路灯的单还没接，快到时间了")
    await story.at(local(monday, time(19, 20)), "周一晚上，群里")
    await chat.listen(cast_chat.EVENING)
    for alert in await story.open_alerts():
        await story.ask(STAFF_ROOM, DUTY.userid, f"@议事 收到 {alert}")
    gas, smell = await story.matter(GAS), await story.matter(SMELL)
    await story.tell(MEI, f"补充 {gas} 四楼那层最重")
    if smell != gas:
        await story.ask(STAFF_ROOM, SECRETARY.userid, f"@议事 合并 {gas} {smell}")
    await story.write(SECRETARY.userid, f"派单 {gas} 物业")
    await story.write(MANAGER.userid, f"办结 {gas} 四楼灶具没关紧，已关阀通风，燃气公司测过没有漏气")
    tuesday = monday + timedelta(days=1)
    await story.at(local(tuesday, time(8, 10)), "周二早上，群里")
    await chat.listen(cast_chat.NEXT_MORNING)
    await story.at(await story.due(lamp), "路灯过了时间，物业这才接单")
    await story.write(MANAGER.userid, f"接单 {lamp}")
    await story.at(await story.due(lift), "电梯快到办结的时间；几位居民来问进度")
    for who in (WANG, SAO, DA_LIU, WU):
        await story.tell(who, "进度")
    await story.at(local(tuesday, time(14, 30)), "周二下午，群里说电梯好了")
    await chat.listen(cast_chat.AFTERNOON)
    await story.write(SECRETARY.userid, f"进度 {lift}")
    await story.at(local(tuesday, time(15, 10)), "物业办结，居民评价")
    await story.write(MANAGER.userid, f"办结 {lift} 门机换好了，试运行两小时没有问题")
    await story.write(MANAGER.userid, f"办结 {bins} 垃圾已经清走，每天加收一次")
    await story.write(MANAGER.userid, f"办结 {lamp} 1单元门口换了灯头，晚上看过，亮了")
    await story.write(GRID_WORKER.userid, f"办结 {noise} 已登记，会关注")
    await story.tell(WANG, f"评价 {await story.receipt(WANG, lift)} 满意")
    await story.tell(MA, f"评价 {await story.receipt(MA, lift)} 基本满意")
    await story.tell(WU, f"评价 {await story.receipt(WU, lamp)} 满意")
    await story.tell(MEI, f"评价 {await story.receipt(MEI, noise)} 答非所问 昨晚还在拖")
    await story.tell(SAO, f"评价 {await story.receipt(SAO, bins)} 不满意 桶里清了，地上的没扫")
    await story.at(local(tuesday, time(16, 30)), "不满意的重新办理")
    await story.write(MANAGER.userid, f"接单 {bins}")
    await story.write(MANAGER.userid, f"办结 {bins} 地面冲洗过了，又加了两个桶")
    await story.tell(SAO, f"评价 {await story.receipt(SAO, bins)} 满意")
    await story.at(local(tuesday, time(17, 0)), "到哪一步了")
    await story.tell(MEI, "进度")
    await story.tell(DA_LIU, f"进度 {await story.receipt(DA_LIU, door)}")
    await story.ask(STAFF_ROOM, SECRETARY.userid, f"@议事 进度 {bins}")
    await story.ask(STAFF_ROOM, SECRETARY.userid, "@议事 本周")
    await story.show_matters()
    return await story.conclude(chat)


def _plain_monday(now: datetime) -> datetime:
    """The next Monday of a week without a holiday: deadlines in working time come when the story expects them."""
    monday = next_monday(now)
    while not all(is_workday((monday + timedelta(days=day)).date()) for day in range(3)):
        monday += timedelta(days=7)
    return monday


class _Chat(Story):
    """The chapter as it is played."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._seen = 0
        self._notices = 0

    async def open(self, at: datetime) -> None:
        """Before the chat begins: neighbours join it, most scan the code at their door and write one word."""
        self.world.clock.forward_to(at)
        await move_in(self.world.platform, BUILDING_3, cast_chat.NEIGHBOURS)
        for persona, home in cast_chat.BOUND:
            await self.world.platform.user_follows(persona.openid, scene_of(COMPOUND_CODE, home))
            await self.world.platform.user_sends(persona.openid, "你好")
        await self.work()
        while await self._unknown():  # noqa: ASYNC110  nobody tells when the bot has asked the platform
            await asyncio.sleep(PAUSE_SECONDS)
        self.skip_new()
        self._seen = self.world.platform.audience.last_seq
        print(
            f"（{len(cast_chat.NEIGHBOURS)} 位新邻居进了群，进群时群公告说明了机器人会听；"
            f"{len(cast_chat.BOUND)} 户扫了自家门口的码，跟服务号打过招呼。）\n"
        )

    async def _unknown(self) -> bool:
        """Whether somebody who follows is not yet known as the one in the group."""
        async with self.world.application.database.read() as session:
            return await has_unasked_followers(session, [ACCOUNT], self.world.clock())

    async def tell(self, who: Persona, text: str) -> None:
        """A resident writes to the service account; printed with the answer, and what follows from it."""
        self.a_minute_later()
        delivery = await self.world.platform.user_sends(who.openid, text)
        print(f"● {who.nickname}对服务号说：{text}")
        for line in (delivery.reply or "（没有回答）").splitlines():
            print(f"  │ {line}")
        print()
        await self.follow()

    def print_new(self) -> None:
        """What the corp's chats show, then what residents were told 1:1 without asking."""
        super().print_new()
        audience = self.world.platform.audience
        told = [
            entry
            for entry in audience.entries_since(self._seen)
            if entry.direction == "bot" and entry.via != "passive"
        ]
        self._seen = audience.last_seq
        self._notices += len(told)
        for entry in told:
            first, *rest = entry.text.splitlines()
            print(f"→ 服务号告诉{self.world.platform.names[entry.openid]}：{first}")
            for line in rest:
                print(f"    {line}")
        if told:
            print()

    def _is_told_elsewhere(self, line: Line) -> bool:
        return line.room == BUILDING_3

    # What the tables say

    async def matter(self, line: cast_chat.Line) -> int:
        """The number of the matter that a message is about now; 0 when it is about none."""
        async with self.world.application.database.read() as session:
            found = (
                select(Opinion.matter_number).where(Opinion.text == line.text).order_by(col(Opinion.number))
            )
            return (await session.exec(found)).first() or 0

    async def receipt(self, who: Persona, matter: int) -> int:
        """The number under which somebody knows a matter; 0 when they said nothing of it."""
        async with self.world.application.database.read() as session:
            found = (
                select(func.min(Opinion.number))
                .join(InboxMessage, col(InboxMessage.inbox_id) == Opinion.inbox_id)
                .where(Opinion.matter_number == matter, InboxMessage.sender == external_id(who))
            )
            return (await session.exec(found)).one() or 0

    async def due(self, number: int) -> datetime:
        """When the clock has to look at a request next."""
        async with self.world.application.database.read() as session:
            found = select(Request.next_at).where(Request.number == number)
            return (await session.exec(found)).first() or self.world.clock()

    async def open_alerts(self) -> Sequence[int]:
        """The numbers of the alerts that nobody has answered."""
        async with self.world.application.database.read() as session:
            found = select(AlertEpisode.number).where(col(AlertEpisode.acknowledged_at).is_(None))
            return (await session.exec(found.order_by(col(AlertEpisode.number)))).all()

    async def show_matters(self) -> None:
        """All matters, with who says so and how far they are."""
        async with self.world.application.database.read() as session:
            matters = (await session.exec(_STANDING_MATTERS)).all()
            states = {row.number: row.state for row in (await session.exec(select(Request))).all()}
        print(f"── 到现在的 {len(matters)} 件事")
        for matter in matters:
            name = self.world.backstage.name(matter.leaf) if matter.leaf else "未分类"
            place = place_name(matter.building, matter.entrance, None)
            confirmed = matter.state is MatterState.CONFIRMED and matter.number in states
            state = state_name(states[matter.number]) if confirmed else state_of(matter)
            print("  " + "｜".join(filter(None, (str(matter.number), name, place, people_of(matter), state))))
        print()

    async def conclude(self, chat: Listener) -> int:
        """Count what came of it, and hold it against what the story is about."""
        async with self.world.application.database.read() as session:
            matters = (await session.exec(_STANDING_MATTERS)).all()
            raised = select(Request).where(Request.state != RequestState.CANCELLED)
            requests = {row.number: row for row in (await session.exec(raised)).all()}
            verbs = set((await session.exec(select(RequestEvent.verb))).all())
            ratings = set((await session.exec(select(RequestRating.rating))).all())
            waiting = (
                await session.exec(select(func.count()).where(OutboxMessage.state == OutboxState.WAITING))
            ).one()
        count = chat.counts
        people = sum(matter.households + matter.speakers for matter in matters)
        print("—— 这一章的账 ——")
        print(
            f"群里 {cast_chat.TOTAL} 句，听见 {count['stored']} 句：闲聊 {count['chatter']}，说好了 {count['solved']}，"
            f"登记 {count['filed']}（词表 {count['lexicon']}，第二阶段 {count['model']}，附和 {count['echo']}）。"
        )
        print(
            f"归成 {len(matters)} 件事，共 {people} 户次；立单 {len(requests)} 件，"
            f"重新办理 {sum(row.round > 1 for row in requests.values())} 件；"
            f"主动告诉居民 {self._notices} 次，等居民来信再发的 {waiting} 条。"
        )
        lift, bins, door = [requests.get(await self.matter(line)) for line in (LIFT, BINS, DOOR)]
        jam = await self.matter(JAM)
        whole = (
            count["stored"] == cast_chat.TOTAL
            and all(count[how] for how in ("lexicon", "model", "echo", "copy", "answer", "alike", "solved"))
            and any(matter.households >= _MANY for matter in matters)
            and any(matter.number == jam and matter.state is MatterState.DISMISSED for matter in matters)
            and lift is not None
            and lift.state is RequestState.RATED
            and bins is not None
            and (bins.state, bins.round) == (RequestState.RATED, 2)
            and door is not None
            and door.role is Role.GRID_WORKER
            and {Verb.REMINDED, Verb.MISSED, Verb.REFUSED, Verb.DONE, Verb.REOPENED} <= verbs
            and len(ratings) >= _MANY
            and not await self.open_alerts()
            and self._notices > 0
            and not self.world.platform.exceeded()
        )
        if not whole:
            print("yishi: the chat did not come out whole", file=sys.stderr)
        return 0 if whole else 1
