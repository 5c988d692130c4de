"""Profile and card: kept on pages, read by residents on theirs, used where a vote is drafted."""

from sqlmodel import select

from storage.queries.people import get_or_add_identities, put_residency
from storage.tables import CardEntry, Vote
from tests.web.town import HERE, Town, here_id

PROFILE, CARD = f"/console/{HERE}/profile", f"/console/{HERE}/card"
FIELDS = {
    "tenure": "reformed",
    "kind": "unmanaged",
    "stewardship": "none",
    "convening": "property_committee",
    "households": "4100",
    "residents": "12000",
    "company": "",
    "since": "",
}
PARTY = {
    "kind": "party",
    "name": "新禾苑小区党支部",
    "holder": "穆兰舟",
    "phone": "028-8123456",
    "office": "yes",
    "words": "每周三晚上在党群服务站",
}


async def live_there(town: Town) -> None:
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        people = await get_or_add_identities(session, [("main", "o-resident")], town.clock.now)
        await put_residency(session, compound_id, people["main", "o-resident"].person_id, "3", town.clock.now)


async def test_a_profile_is_kept_and_the_draft_of_a_vote_begins_with_what_follows(town: Town) -> None:
    browser = await town.as_staff("secretary")
    odd = await browser.submit(PROFILE, PROFILE, FIELDS | {"residents": "一万多", "since": "2999-01-01"})
    assert odd.status == 422
    assert 'value="一万多"' in odd.text
    assert odd.text.count('role="alert"') == 2
    for _ in range(2):
        kept = await browser.submit(PROFILE, PROFILE, FIELDS)
        assert kept.location == f"{PROFILE}?told=profile_kept"
    page = await browser.get(kept.location)
    assert "物业管理委员会" in page.text
    assert "按网格看" in page.text
    choose = await browser.get(f"/console/{HERE}/votes/new")
    assert choose.text.index("votes/new/select_company") < choose.text.index("votes/new/bylaws")
    assert choose.text.count("常用") == 4  # select_company, elect_committee, rebuild, spend_fund
    form = await browser.get(f"/console/{HERE}/votes/new/other")
    await browser.post(
        f"/console/{HERE}/votes/new/other", {"csrf": form.csrf, "key": "k" * 16, "profile": "national"}
    )
    async with town.site.database.read() as session:
        [vote] = list(await session.exec(select(Vote)))
    assert vote.convener["body"] == "物业管理委员会"


async def test_the_card_shows_nobody_who_did_not_agree_and_no_private_phone(town: Town) -> None:
    await live_there(town)
    staff, resident = await town.as_staff("community_worker"), await town.as_resident()
    refused = await staff.submit(CARD, CARD, PARTY | {"office": ""})
    assert refused.status == 422
    assert "穆兰舟" in refused.text  # nothing that was typed is lost
    async with town.site.database.read() as session:
        assert list(await session.exec(select(CardEntry))) == []
    assert (await staff.submit(CARD, CARD, PARTY)).location.endswith("card_kept")
    assert "党支部" not in (await resident.get("/h5/compound")).text
    await staff.submit(CARD, CARD, PARTY | {"agreed": "yes"})
    shown = (await resident.get("/h5/compound")).text
    assert "穆兰舟" in shown
    assert "028-8123456" in shown
    assert "每周三晚上" in shown
    # The tick was given for somebody else, also when the button is pressed twice.
    for told in ("card_ask_again", "card_kept"):
        other = {"agreed": "yes", "agreed_by": "穆兰舟", "holder": "叶知秋"}
        assert (await staff.submit(CARD, CARD, PARTY | other)).location.endswith(told)
        assert "叶知秋" not in (await resident.get("/h5/compound")).text
    await staff.submit(CARD, CARD, PARTY | {"agreed": "yes", "holder": "叶知秋"})
    assert "叶知秋" in (await resident.get("/h5/compound")).text
    for _ in range(2):
        assert (await staff.submit(CARD, CARD, {"kind": "party", "action": "drop"})).location.endswith(
            "dropped"
        )
    assert "叶知秋" not in (await resident.get("/h5/compound")).text
    async with town.site.database.read() as session:
        assert list(await session.exec(select(CardEntry))) == []


async def test_who_lives_nowhere_is_asked_where(town: Town) -> None:
    assert "绑定" in (await (await town.as_resident()).get("/h5/compound")).text
