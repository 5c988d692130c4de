"""A stretch of a group's chat, said and then printed: below each message what the bot heard in it, and why."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from bot.cli.story import Story
from bot.playground.cast_chat import Line
from bot.playground.cast_corp import external_id
from handlers.local_time import LOCAL

URGENCY = {1: "不急", 2: "一般", 3: "涉及安全"}
_JOINED = {
    "echo": "附和前面的话，并入 {matter}",
    "copy": "转发别人的原话，并入 {matter}，不多算一户",
    "answer": "回复那句话，并入 {matter}",
    "alike": "说的是同一件，并入 {matter}",
}


class Listener:
    """Says lines in one group. counts: of what was said, how many were stored, chatter, filed, ..."""

    def __init__(self, story: Story, room: str) -> None:
        self._story = story
        self._room = room
        self.counts: Counter[str] = Counter()

    async def listen(self, lines: Iterable[Line]) -> None:
        """Say them, a minute apart, let the bot work, and print what it made of each."""
        story = self._story
        said: list[tuple[Line, datetime, str]] = []
        for line in lines:
            story.a_minute_later()
            msg_id = await story.say(self._room, external_id(line.who), line.text, line.quote)
            said.append((line, story.world.clock(), msg_id))
        await story.work()
        for line, at, msg_id in said:
            quote = f"（回复“{line.quote}”）" if line.quote else ""
            print(f"{at.astimezone(LOCAL):%H:%M} {line.who.nickname}：{line.text}{quote}")
            facts = await story.world.backstage.explain(story.world.platform.wecom.archive_id(msg_id))
            print(f"      {self._explain(facts)}")
        print()
        story.print_new()

    def _explain(self, facts: dict[str, Any] | None) -> str:
        if facts is None:
            return "没有听见"
        self.counts["stored"] += 1
        if facts["inbox"]["outcome"] == "group.noted":
            self.counts["solved"] += 1
            return "说已经好了：请工作人员核实，不登记"
        if facts["number"] is None:
            self.counts["chatter"] += 1
            return "闲聊，不登记"
        self.counts["filed"] += 1
        names = "、".join(category["name"] for category in facts["categories"]) or "未分类"
        parts = [names, URGENCY[facts["urgency"]]]
        if facts["place"]:
            parts.append(facts["place"])
        if facts["joined"] != "echo":
            parts.append(self._why(facts))
        self.counts[facts["joined"]] += 1
        parts.append(_JOINED.get(facts["joined"], "新的一件，编号 {matter}").format(matter=facts["matter"]))
        return "｜".join(parts)

    def _why(self, facts: dict[str, Any]) -> str:
        """Which stage heard it, and in which words."""
        named = [hit for hit in facts["hits"] if hit["rule"] != "model"]
        self.counts["lexicon" if named else "model"] += 1
        terms = "、".join(
            f"“{term}”" for term in dict.fromkeys(hit["term"] for hit in named or facts["hits"])
        )
        if named:
            return f"词表 {terms}"
        return f"第二阶段 {terms}" if terms else "第二阶段，凭上下文"
