"""Topics on pages: from the proposal to the review, by the people whose steps they are; objections and signatures."""

import re
from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from bot.web.templating import Templates
from handlers.polls.close import close_poll
from handlers.topics.commands import Code
from handlers.topics.facts import Need
from handlers.topics.present import OBJECTIONS
from handlers.topics.templates import load_templates
from storage.queries.people import get_or_add_identities, put_residency
from storage.states import BindingState, TopicState, TopicStep, TopicVerb, UnitKind
from storage.tables import (
    OwnerBinding,
    RollOwner,
    RollTitle,
    RollUnit,
    Topic,
    TopicEvent,
    TopicRepresentative,
)
from tests.web.town import HERE, THERE, Browser, Page, Town, here_id

TOPICS = f"/console/{HERE}/topics"
REFUSED = Templates().words("topic_refused", "topic_words.html")


async def topic(town: Town, template: str = "plain", title: str = "楼下装椅子", **more: object) -> int:
    """A topic that is proposed, without telling anybody."""
    compound_id, now = await here_id(town), town.clock.now
    async with town.site.database.write() as session:
        number = 901 + len(list(await session.exec(select(Topic))))
        values: dict[str, Any] = {
            "template": template,
            "title": title,
            "created_by": town.people["secretary"],
            "created_at": now,
            "entered_at": now,
            "due_at": now + timedelta(days=7),
            **more,
        }
        session.add(Topic(compound_id=compound_id, topic_number=number, **values))
        session.add(
            TopicEvent(
                compound_id=compound_id,
                topic_number=number,
                seq=1,
                command_key="proposed",
                verb=TopicVerb.PROPOSED,
                step=TopicStep.PROPOSE,
                at=now,
            )
        )
    return number


def key_of(page: Page) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def is_refused(page: Page, code: str) -> bool:
    """Whether a form came back, with why."""
    return page.status == 200 and REFUSED[code] in page.text


class Office:
    """People of the console, each pressing buttons of one topic."""

    def __init__(self, town: Town, address: str) -> None:
        self.town, self.address = town, address
        self.browsers: dict[str, Browser] = {}

    async def press(self, who: str, act: str, told: str = "topic_kept", **fields: str) -> None:
        """Press a button on the page as it is now; twice, as people do."""
        if who not in self.browsers:
            self.browsers[who] = await self.town.as_staff(who)
        browser = self.browsers[who]
        page = await browser.get(self.address)
        assert page.status == 200, page.text
        # Whoever may do nothing here sees no form, and may still send one.
        key = key_of(page) if 'name="key"' in page.text else "k" * 16
        form = {"csrf": page.csrf, "key": key, "act": act, **fields}
        first = await browser.post(self.address, form)
        again = await browser.post(self.address, form)
        if told.startswith("topic."):
            assert is_refused(first, told) and is_refused(again, told), (act, first.status, first.location)
            typed = [fields.get(name, "").strip() for name in ("words", "body", "name", "unit", "options")]
            assert all(words in first.text for words in typed), (act, typed)
            return
        assert first.location == f"{self.address}?told={told}", (act, first.location, first.text[:300])
        assert again.status == 303

    async def page(self, who: str = "secretary") -> str:
        if who not in self.browsers:
            self.browsers[who] = await self.town.as_staff(who)
        return (await self.browsers[who].get(self.address)).text

    async def row(self) -> Topic:
        async with self.town.site.database.read() as session:
            return (await session.exec(select(Topic).order_by(col(Topic.topic_number).desc()))).all()[0]


async def test_a_task_that_names_a_survey_of_before_surveys_is_still_shown(town: Town) -> None:
    done = {"words": "问过了", "on": "2026-03-01", "figures": {}, "survey": 7}
    number = await topic(town, "renovation", step=TopicStep.DISCUSS, work={"done": {"ask_design": done}})
    shown = await (await town.as_staff("secretary")).get(f"/console/{HERE}/topics/{number}")
    assert shown.status == 200
    assert "意见征询 7 号" in shown.text


async def test_a_topic_from_the_proposal_to_the_review(town: Town) -> None:
    secretary = await town.as_staff("secretary")
    page = await secretary.get(TOPICS)
    assert "还没有议题" in page.text
    proposal = {
        "csrf": page.csrf,
        "key": key_of(page),
        "template": "plain",
        "title": "楼下装椅子",
        "body": "老人没处坐",
    }
    for odd in ({"title": " "}, {"template": "none"}, {"item": "12"}, {"matter": "77"}):
        refused = await secretary.post(TOPICS, {**proposal, **odd})
        assert is_refused(refused, "topic.odd")
        assert 'maxlength="4000">老人没处坐</textarea>' in refused.text
        assert ('value="plain" checked' in refused.text) == ("template" not in odd)
    begun = await secretary.post(TOPICS, proposal)
    assert (await secretary.post(TOPICS, proposal)).location == f"{TOPICS}?told=topic_proposed"
    office = Office(town, begun.location.partition("?")[0])
    assert "楼下装椅子" in (await secretary.get(TOPICS)).text

    await office.press("property", "advance", "topic.not_yours")
    await office.press("secretary", "advance", "topic_moved")
    await office.press("secretary", "advance", "topic.missing")
    assert "坐下来商量一次" in await office.page()
    await office.press("secretary", "task", task="talk", words="3月12日在院里开的板凳会，来了十二个人")
    await office.press("secretary", "object", words="怕晚上有人坐着吵")
    await office.press("secretary", "advance", "topic.objections")
    await office.press("committee", "answer", objection="1", accepted="yes", words="晚上十点后不让坐")
    await office.press("committee", "advance", "topic_moved")

    await office.press("community_worker", "advance", "topic.missing")
    decision = {"body": "社区党委", "on": "2026-03-12", "members": "7", "in_favour": "5", "words": "同意装"}
    await office.press("community_worker", "decide", "topic.odd", **{**decision, "in_favour": "9"})
    await office.press("community_worker", "decide", "topic.odd", **{**decision, "on": "2026-03-13"})
    await office.press("community_worker", "decide", **decision)
    assert "同意 5 人，定了" in await office.page()
    await office.press("community_worker", "advance", "topic_moved")

    await office.press("property", "plan", words="买椅子", due="2026-03-20")
    town.clock.forward(timedelta(days=20))
    office.browsers.clear()
    assert "已超期" in await office.page("property")
    await office.press("property", "finish", milestone="0", on="2026-03-30", words="装好了")
    await office.press("property", "advance", "topic.not_yours")
    await office.press("secretary", "advance", "topic_moved")

    await office.press("supervisor", "state", words="账目公开，没有发现问题")
    await office.press("supervisor", "poll", days="7")
    await office.press("supervisor", "advance", "topic.missing")
    row = await office.row()
    assert row.poll_number is not None
    town.clock.forward(timedelta(days=8))
    office.browsers.clear()
    async with town.site.database.write() as session:
        await close_poll(session, row.compound_id, row.poll_number, town.clock.now, actor_id=None)
    await office.press("supervisor", "advance", "topic_moved")
    assert (await office.row()).state is TopicState.DONE
    shown = await office.page()
    assert "办完了" in shown
    assert "社区党委" not in shown or "书记" in shown
    async with town.site.database.read() as session:
        events = list(await session.exec(select(TopicEvent).order_by(col(TopicEvent.seq))))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert sum(event.verb is TopicVerb.ADVANCED for event in events) == 4


async def owner(town: Town, openid: str, name: str, unit: str, number: int) -> int:
    """Somebody who is bound as the owner of a unit."""
    compound_id, now = await here_id(town), town.clock.now
    async with town.site.database.write() as session:
        people = await get_or_add_identities(session, [("main", openid)], now)
        person_id = people["main", openid].person_id
        await put_residency(session, compound_id, person_id, "3", now)
        sealed = town.sealer.seal(name.encode(), "roll_owners.name")
        session.add(
            RollOwner(compound_id=compound_id, owner_number=number, name_sealed=sealed, entered_at=now)
        )
        session.add(
            RollUnit(
                compound_id=compound_id,
                unit_code=unit,
                kind=UnitKind.RESIDENTIAL,
                building="3",
                entered_at=now,
            )
        )
        await session.flush()
        session.add(RollTitle(compound_id=compound_id, unit_code=unit, owner_number=number, since=now))
        session.add(
            OwnerBinding(
                compound_id=compound_id,
                binding_number=number,
                owner_number=number,
                person_id=person_id,
                state=BindingState.BOUND,
                possession="code",
                possession_at=now,
                knowledge="document",
                bound_at=now,
            )
        )
    return person_id


async def test_elected_residents_accept_the_works_and_nobody_of_the_company_does(town: Town) -> None:
    await owner(town, "o-resident", "周晓", "3-1-101", 1)
    await owner(town, "o-second", "林达", "3-1-102", 2)
    works = {"milestones": [{"title": "装扶手", "due_on": "2026-03-20", "done_on": None, "words": ""}]}
    number = await topic(town, "lift", "3栋装电梯", step=TopicStep.EXECUTE, lawful=False, work=works)
    office = Office(town, f"{TOPICS}/{number}")
    person = {"independent": "yes"}
    await office.press("secretary", "name", "topic.not_elected", name="周晓", unit="3-1-101", **person)
    await office.press("secretary", "elect", words="每单元推选一位", on="2026-03-01", share="2/3")
    await office.press("secretary", "name", name="周晓", unit="3-1-101", **person)
    await office.press("secretary", "name", name="林达", unit="3-1-102", **person)
    await office.press("secretary", "name", name="高远", unit="3-1-103", **person)
    await office.press("secretary", "name", "topic.interested", name="姓property", unit="", **person)
    await office.press("secretary", "name", "topic.interested", name="某某", unit="")
    await office.press("property", "name", "topic.not_yours", name="某某", unit="", **person)

    own = f"/h5/topics/{HERE}/{number}"
    resident = await town.as_resident()
    page = await resident.get(own)
    assert "工程还没做完" in page.text
    form = {"csrf": page.csrf, "key": key_of(page)}
    assert is_refused(await resident.post(own, {**form, "act": "sign"}), "topic.missing")
    early = await resident.post(own, {**form, "act": "refuse", "words": "扶手松"})
    assert is_refused(early, "topic.missing")
    assert '<p class="said">扶手松</p>' in early.text
    await office.press("property", "finish", milestone="0", on="2026-03-12", words="")
    assert "您是居民代表" in (await resident.get(own)).text
    assert is_refused(await resident.post(own, {**form, "act": "refuse"}), "topic.no_words")
    refusal = {**form, "act": "refuse", "words": "扶手松"}
    assert (await resident.post(own, refusal)).location == f"{own}?told=topic_signed"
    await office.press("committee", "advance", "topic.missing")
    assert "扶手松" in await office.page()
    signed = {**form, "act": "sign"}
    for _ in range(2):
        assert (await resident.post(own, signed)).location == f"{own}?told=topic_signed"
    stranger = await town.as_resident(openid="o-stranger")
    assert (await stranger.get(own)).status == 404
    second = await town.as_resident(openid="o-second")
    neighbour = await second.get(own)
    assert "您是居民代表" in neighbour.text

    paper = {"representative": "3", "accepts": "yes"}
    await office.press("secretary", "paper", **paper)
    await office.press("secretary", "paper", "topic.same_person", **paper, words=" ")
    await office.press("committee", "advance", "topic.missing")
    await office.press("committee", "paper", **paper)
    await office.press("committee", "paper", "topic.answered", representative="1", accepts="no", words="x")
    await office.press("committee", "advance", "topic_moved")
    async with town.site.database.read() as session:
        by_number = select(TopicRepresentative).order_by(col(TopicRepresentative.representative_number))
        seats = list(await session.exec(by_number))
    assert [seat.accepts for seat in seats] == [True, None, True]


async def test_a_resident_objects_once_a_step_and_reads_the_answer(town: Town) -> None:
    number = await topic(town, step=TopicStep.DISCUSS)
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        people = await get_or_add_identities(session, [("main", "o-resident")], town.clock.now)
        await put_residency(session, compound_id, people["main", "o-resident"].person_id, "3", town.clock.now)
    own = f"/h5/topics/{HERE}/{number}"
    browser = await town.as_resident()
    assert own in (await browser.get("/h5/topics")).text
    page = await browser.get(own)
    form = {"csrf": page.csrf, "key": key_of(page), "act": "object"}
    assert is_refused(await browser.post(own, {**form, "words": ""}), "topic.no_words")
    for _ in range(2):
        said = await browser.post(own, {**form, "words": "太吵"})
        assert said.location.endswith("told=topic_objected")
    # There is no form any more: what was typed is still there to be copied.
    second = await browser.post(own, {**form, "words": "还是太吵<b>"})
    assert is_refused(second, "topic.objected")
    assert '<p class="said">还是太吵&lt;b&gt;</p>' in second.text
    assert is_refused(await browser.post(own, {**form, "act": "sign"}), "topic.odd")
    office = Office(town, f"{TOPICS}/{number}")
    assert "太吵" in await office.page("committee")
    assert "太吵" not in await office.page("property")
    await office.press("committee", "answer", objection="1", accepted="no", words="十点后不让坐")
    shown = await browser.get(own)
    assert "没有采纳：十点后不让坐" in shown.text
    assert "提异议</button>" not in shown.text
    assert (await browser.get(f"/h5/topics/{THERE}/{number}")).status == 404


async def test_what_owners_decide_waits_for_their_vote(town: Town) -> None:
    number = await topic(town, step=TopicStep.DECIDE)
    office = Office(town, f"{TOPICS}/{number}")
    await office.press("committee", "require", item="9")
    await office.press(
        "community_worker",
        "decide",
        "topic.needs_vote",
        body="社区",
        on="2026-03-12",
        members="3",
        in_favour="3",
        words="同意",
    )
    await office.press("committee", "draft", "topic.not_yours", profile="national")
    await office.press("community_worker", "link", "topic.no_vote", vote="1001")
    await office.press("community_worker", "draft", profile="national")
    await office.press("community_worker", "advance", "topic.missing")
    row = await office.row()
    assert row.vote_number is not None
    assert f"/console/{HERE}/votes/{row.vote_number}" in await office.page()
    await office.press("community_worker", "back", "topic_moved", to="discuss", words="先再商量")
    await office.press("secretary", "skip", "topic_moved", words="上周商量过了")
    await office.press("community_worker", "link", "topic.vote_spent", vote=str(row.vote_number))
    assert "跳过了“商议”：上周商量过了" in await office.page()


async def test_a_form_that_is_refused_comes_back_as_it_was_typed_and_keeps_nothing(town: Town) -> None:
    work = {"milestones": [{"title": "装扶手", "due_on": "2026-03-20", "done_on": None, "words": ""}]}
    number = await topic(town, step=TopicStep.EXECUTE, work=work)
    page, secretary = f"{TOPICS}/{number}", await town.as_staff("secretary")

    async def send(path: str = page, **fields: str) -> str:
        shown = await secretary.get(page)
        refused = await secretary.post(path, {"csrf": shown.csrf, "key": key_of(shown), **fields})
        assert is_refused(refused, "topic.odd") or "请先选一份文件" in refused.text
        return refused.text

    finished = await send(act="finish", milestone="0", on="2026-03-13", words="明天装好")
    assert 'name="on" value="2026-03-13"' in finished
    assert 'maxlength="2000">明天装好</textarea>' in finished
    assert "<details open><summary>记一个节点完成" in finished
    planned = await send(act="plan", words="刷油漆", due="2125-01-01")
    assert 'name="words" maxlength="120" value="刷油漆"' in planned
    assert 'name="due" value="2125-01-01"' in planned
    assert "明天装好" not in planned
    elected = await send(act="elect", words="每层一位", on="2026-03-01", share="9/10")
    assert "每层一位</textarea>" in elected
    assert 'name="on" value="2026-03-01"' in elected
    await send(act="elect", words="每层一位", on="2026-03-20", share="3/4")
    kept = await send(act="elect", words="每层一位", on="2026-03-20", share="3/4")
    assert 'value="3/4" selected' in kept
    chosen = await send(f"{page}/documents", milestone="0", public="")
    assert '<option value="0" selected>装扶手' in chosen
    assert 'name="public" value="yes">' in chosen
    nothing = await secretary.get(page)
    assert " open><summary>记一个节点完成" not in nothing.text


async def test_a_task_an_answer_and_a_poll_come_back_each_in_its_own_form(town: Town) -> None:
    number = await topic(town, "renovation", step=TopicStep.DISCUSS)
    page, committee = f"{TOPICS}/{number}", await town.as_staff("committee")
    for words in ("怕吵", "怕贵"):
        shown = await committee.get(page)
        form = {"csrf": shown.csrf, "key": key_of(shown), "act": "object", "words": words}
        assert (await committee.post(page, form)).status == 303
    form = {"csrf": shown.csrf, "key": key_of(await committee.get(page))}
    answer = {**form, "act": "answer", "objection": "2", "accepted": "no", "words": "钱由补贴出"}
    back = (await committee.post(page, answer | {"accepted": "maybe"})).text
    assert back.count("钱由补贴出") == 1
    assert re.search(r'id="answer-2"[^>]*>钱', back)
    assert back.count('value="no" checked') == 0
    back = (await committee.post(page, answer | {"words": " "})).text
    assert back.count('value="no" checked') == 1
    assert back.index('id="answer-1"') < back.index('value="no" checked') < back.index('id="answer-2"')
    task = {**form, "act": "task", "task": "ask_design", "survey": "77", "words": "问过了"}
    back = (await committee.post(page, task)).text
    assert back.count(">问过了</textarea>") == 1
    assert re.search(r'id="words-ask_design"[^>]*>问过了', back)


def test_pages_have_a_word_for_everything_and_no_long_sentence(templates: Templates) -> None:
    tables = ("topic_states", "topic_needs", "topic_verbs", "topic_told", "topic_refused")
    words = {table: templates.words(table, "topic_words.html") for table in tables}
    assert set(words["topic_states"]) == set(TopicState)
    assert set(words["topic_needs"]) == {*Need, OBJECTIONS}
    assert set(words["topic_verbs"]) == set(TopicVerb)
    assert set(Code) <= set(words["topic_refused"])
    said = [text for table in words.values() for text in table.values()]
    for template in load_templates().values():
        said += [template.about, *(task.hint for task in template.tasks.values())]
    assert [each for text in said for each in re.split(r"[。；？！]", text) if len(each) > 60] == []
