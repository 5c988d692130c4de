"""What the record of a topic shows, and to whom."""

import re

from handlers.topics.objections import object_to_topic
from storage.states import TopicStep
from storage.tables import Compound
from tests.web.test_topics import TOPICS, Office, topic
from tests.web.town import Town, here_id


async def test_who_objected_is_not_named_although_they_are_in_office(town: Town) -> None:
    number = await topic(town, step=TopicStep.DISCUSS)
    office = Office(town, f"{TOPICS}/{number}")
    await office.press("committee", "task", task="talk", words="商量过")
    async with town.site.database.write() as session:
        compound = await session.get_one(Compound, await here_id(town))
        what = (town.site.services, compound, number, "太吵", town.clock.now)
        await object_to_topic(session, *what, key="o", person_id=town.people["committee"])
    text = await office.page("property")
    line = re.search(r"<b>有人提了异议</b>.*?</p>", text, re.S)
    assert line is not None
    assert "姓committee" not in line[0]
    assert "姓committee" in text  # what they did in their office has their name


async def test_a_number_that_no_representative_has_is_refused(town: Town) -> None:
    number = await topic(town, "lift", step=TopicStep.EXECUTE, lawful=False)
    office = Office(town, f"{TOPICS}/{number}")
    await office.press("committee", "paper", "topic.odd", representative="9999999999", accepts="yes")


async def test_who_writes_what_residents_read_is_told_so(town: Town) -> None:
    number = await topic(town, "lift", step=TopicStep.DISCUSS)
    shown = await Office(town, f"{TOPICS}/{number}").page("committee")
    assert shown.count("居民会看到，别写谁家") == 3  # each task of the step
