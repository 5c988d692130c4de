"""我的小区 and 联系人 in chat."""

from dataclasses import replace
from datetime import date

import pytest

from handlers.grid.card import CardRefused, keep_card_entry
from handlers.grid.rules import CardLine
from storage.queries.tree import find_compound
from storage.states import CardKind
from storage.tables import CardEntry
from tests.handlers.talk import Talk, compound


async def keep(talk: Talk, kind: CardKind, line: CardLine) -> None:
    async with talk.database.write() as session:
        there = await find_compound(session, "XH-1")
        assert there is not None
        await keep_card_entry(session, talk.services.sealer, there, kind, line, talk.now, actor_id=1)


async def test_my_compound_says_who_manages_it_and_whom_to_ask(talk: Talk) -> None:
    await talk.enrol(
        replace(compound(), property_company="安和物业服务有限公司", property_since=date(2021, 3, 1))
    )
    await talk.enrol(compound())  # a file that does not speak of it leaves it
    assert "联系人" not in await talk.say("o-zhao", "联系人")  # nobody knows where they live
    await talk.bind("o-zhao")
    await keep(talk, CardKind.LEADER, CardLine("包联领导", holder="穆兰舟", agreed=False))
    await keep(
        talk,
        CardKind.PARTNER,
        CardLine("区水务局", holder="叶知秋", phone="028-8123456", agreed=True, office=True),
    )
    with pytest.raises(CardRefused):
        await keep(talk, CardKind.PARTNER, CardLine("区水务局", phone="13812345678"))
    home = await talk.say("o-zhao", "我的小区")
    assert home.splitlines()[:3] == [
        "新禾苑3栋2单元",
        "物业：安和物业服务有限公司（2021年3月起）",
        "联系单位：区水务局 叶知秋 028-8123456",
    ]
    assert "业委会主任 欧阳秋实" in home
    contacts = await talk.say("o-zhao", "联系人")
    assert "区水务局" in contacts
    assert "穆兰舟" not in home + contacts
    [leader, partner] = await talk.rows(CardEntry)
    assert b"028" not in (partner.phone_sealed or b"")
    assert leader.agreed_at is None
