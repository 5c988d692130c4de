"""./run vote papers, receive, enter: a ballot on paper, by script."""

import pytest

from bot.config import ConfigError, Settings
from handlers.voting.clock import advance_votes
from handlers.voting.signing import Signer
from storage.database import Database
from tests.bot.test_vote_command import KEY, Script, no_blocking, script, settings  # noqa: F401
from tests.voting.votes import at


@pytest.fixture
async def opened(script: Script, settings: Settings) -> Script:  # noqa: F811
    await script.noticed()
    database = Database(settings.database.url.get_secret_value())
    await advance_votes(database, Signer(KEY), at(20))
    await database.close()
    return script


async def test_a_paper_from_print_to_ballot(opened: Script) -> None:
    printed = await opened("papers", now=at(20))
    assert await opened("papers", now=at(21)) == printed
    serial = printed["papers"][0]["serial"]
    assert printed["papers"][0]["units"] == ["3-101"]
    grouped = f"{serial[:3]}-{serial[3:6]}-{serial[6:]}".lower()
    received = await opened("receive", now=at(21), given={"serials": [grouped, "X"]})
    assert [one["refused"] for one in received["received"]] == [None, "paper.not_found"]
    keyed = {"serial": grouped, "marks": {"q1": "agree"}}
    once = await opened("enter", now=at(21), given=keyed)
    assert (once["state"], once["ballot"]) == ("entered", None)
    alone = await opened("enter", now=at(21), given=keyed | {"marks": {"q1": "against"}})
    assert (alone, opened.code) == ({"refused": "paper.same_person"}, 1)
    twice = await opened("enter", now=at(21), given=keyed, by="zhuren")
    assert (twice["state"], twice["rejected"], opened.code) == ("matched", {}, 0)
    assert twice["ballot"]


async def test_a_box_is_signed_by_two_accounts(opened: Script) -> None:
    counted = {"batch": "1号箱", "papers": 3}
    assert not (await opened("receive", now=at(21), given=counted))["signed"]
    assert (await opened("receive", now=at(21), given=counted, by="zhuren"))["signed"]


async def test_odd_input_is_one_line(opened: Script) -> None:
    with pytest.raises(ConfigError, match="serials"):
        await opened("receive", given={"serials": "all"})
    with pytest.raises(ConfigError, match="needs --input"):
        await opened("enter")
    with pytest.raises(ConfigError, match="q1"):
        printed = await opened("papers", now=at(20))
        serial = printed["papers"][0]["serial"]
        await opened("receive", now=at(21), given={"serials": [serial]})
        await opened("enter", now=at(21), given={"serial": serial, "marks": {"q1": "perhaps"}})
