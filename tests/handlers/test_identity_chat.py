"""我是业主, said to the service account."""

from dataclasses import replace

import pytest

from tests.handlers.talk import Talk


@pytest.mark.parametrize("words", ["我是业主", "我是这里的业主", "业主认证", "确认业主身份"])
async def test_who_says_that_they_are_an_owner_is_told_where_to_prove_it(talk: Talk, words: str) -> None:
    talk.services = replace(talk.services, public_url="https://yishi.example.org")
    answered = await talk.hear("o-zhao", words)
    assert answered.outcome == "owner.page_told"
    assert "https://yishi.example.org/h5/owner" in answered.text
    assert "开通码" in answered.text


async def test_without_pages_they_are_told_where_to_go(talk: Talk) -> None:
    answered = await talk.hear("o-zhao", "我是业主")
    assert answered.outcome == "owner.page_unknown"
    assert "http" not in answered.text


async def test_what_an_owner_complains_of_is_no_proof(talk: Talk) -> None:
    await talk.bind("o-zhao")
    answered = await talk.hear("o-zhao", "我是业主，楼下垃圾堆了三天没人收")
    assert answered.outcome not in ("owner.page_told", "owner.page_unknown")
