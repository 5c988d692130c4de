"""The result of the government's platform on pages: keyed in by two, published, read by residents; both databases."""

from io import BytesIO

import pytest

from bot.vote_documents import VoteDocuments
from bot.web.console.votes.official_form import Unreadable, field_of, read_figures, sheets_of, values_of
from handlers.voting.bundle import read_bundle
from handlers.voting.official import Figures
from handlers.voting.terms import Sums, area_of
from handlers.voting.verify import verify
from storage.queries.people import put_residency
from storage.queries.votes import list_documents
from storage.tables import VoteQuestion
from tests.voting.assembly import SIGNER
from tests.web.assemblies import drafted, enrolled, here
from tests.web.hall import CHOICE, person_of
from tests.web.orders import text_of
from tests.web.test_vote_drafts import CONTACT, complete, save, seen
from tests.web.test_vote_pages import BASE, at, press
from tests.web.town import Browser, Town

FORM = f"{BASE}/official"
FIELDS = {
    "name": "市业主决策平台",
    "on": "2026年4月16日",
    "where": "https://example.gov.cn/7",
    "q1-total-n": "２４",
    "q1-total-a": "2,153.52 平方米",
    "q1-part-n": "20",
    "q1-part-a": "1794.60",
    "q1-c0-n": "15",
    "q1-c0-a": "1345.95",
    "q1-c1-n": "5",
    "q1-c1-a": "448.65",
    "q1-c2-n": "",
    "q1-word": "0",
}


@pytest.fixture
async def closed(town: Town) -> tuple[Town, dict[str, Browser]]:
    """24 owners of 89.73 square metres each; the platform's voting is over."""
    await enrolled(town)
    await drafted(town)
    secretary = await town.as_staff("secretary")
    await complete(secretary)
    there = CONTACT | {"mode": "official_platform", "platform": "市业主决策平台"}
    assert (await save(secretary, "contact", there)).status == 303
    shown = await secretary.get(f"{BASE}/launch")
    form = {"csrf": shown.csrf, "sure": "yes", "seen": seen(shown)}
    assert (await secretary.post(f"{BASE}/launch", form)).location == f"{BASE}?told=vote_launched"
    people = {who: await town.as_staff(who) for who in ("secretary", "community_worker", "committee")}
    assert (await secretary.get(FORM)).location == f"{BASE}?told=vote.wrong_state"
    await at(town, "opens_at", people, hours=1)
    await at(town, "closes_at", people, hours=1)
    return town, people


async def test_two_key_it_in_without_seeing_each_other_and_owners_read_whose_it_is(
    closed: tuple[Town, dict[str, Browser]],
) -> None:
    town, people = closed
    secretary, worker, _committee = people.values()
    assert "录平台的结果" in (await secretary.get(BASE)).text
    assert (await (await town.as_staff("supervisor")).get(FORM)).status == 403
    assert await press(secretary, "/official", "/official", **FIELDS) == "?told=official_entered"
    assert await press(secretary, "/official", "/official", **FIELDS) == "?told=official_entered"
    assert 'value="1345.95"' in (await secretary.get(FORM)).text
    second = await worker.get(FORM)
    assert "前一位同事已经录好了" in second.text
    assert "1345.95" not in second.text
    assert "https://example.gov.cn/7" in second.text
    slip = await worker.post(FORM, {"csrf": second.csrf, **FIELDS, "q1-c0-n": "16"})
    assert slip.status == 422
    assert "和前一位录的不一样" in slip.text
    assert 'id="fault-q1-c0"' in slip.text
    assert 'id="fault-q1-c1"' not in slip.text
    assert 'value="16"' in slip.text
    assert await press(worker, "/official", "/official", **FIELDS) == "/result?told=official_taken"
    shown = await secretary.get(f"{BASE}/result")
    assert "不是在这里计的" in shown.text
    assert await press(secretary, "/result", "/publish", sure="yes") == "?told=vote_published"

    resident = await town.as_resident(openid="o-resident")
    compound = await here(town)
    assert compound.compound_id is not None
    async with town.site.database.write() as session:
        person_id = await person_of_here(town)
        await put_residency(session, compound.compound_id, person_id, "3", town.clock.now)
    page = text_of(await resident.get("/h5/votes/XH-1/1001/result"))
    for words in (
        "不是在这里计的",
        "市业主决策平台",
        "2026年4月16日",
        "平台的结论：通过。",
        "15",
        "1,345.95",
    ):
        assert words in page, words
    assert "对不上" not in page
    assert "收到的票" not in page

    maker = VoteDocuments(town.site.database, town.sealer, SIGNER.key_id, "https://yishi.example.org")
    assert await maker.step(town.clock.now) == 2
    async with town.site.database.read() as session:
        documents = await list_documents(session, compound.compound_id, 1001)
    assert {"结果公告.pdf", "会议纪要.pdf"} <= {each.name for each in documents}

    csrf = (await secretary.get(f"{BASE}/evidence")).csrf
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in secretary.cookies.items())}
    async with town.http.post(
        f"{town.base}{BASE}/evidence/public", data={"csrf": csrf}, headers=cookies
    ) as response:
        report = verify(read_bundle(BytesIO(await response.read())))
    assert any("counted, not this system" in line for line in report.not_checked)


async def test_the_committee_keys_in_too_and_publishes_nothing(
    closed: tuple[Town, dict[str, Browser]],
) -> None:
    _town, people = closed
    secretary, _worker, committee = people.values()
    await press(secretary, "/official", "/official", **FIELDS)
    assert "录平台的结果" in (await committee.get(BASE)).text
    assert await press(committee, "/official", "/official", **FIELDS) == "/result?told=official_taken"
    assert "公布结果" not in (await committee.get(f"{BASE}/result")).text
    csrf = (await committee.get(BASE)).csrf
    assert (await committee.post(f"{BASE}/publish", {"csrf": csrf, "sure": "yes"})).status == 403


async def test_a_mistake_of_somebody_who_is_away_does_not_hold_the_result_up(
    closed: tuple[Town, dict[str, Browser]],
) -> None:
    _town, people = closed
    secretary, worker, committee = people.values()
    await press(secretary, "/official", "/official", **FIELDS | {"q1-c0-n": "16"})
    assert "replaces" not in (await worker.get(FORM)).text
    slip = await worker.post(FORM, {"csrf": (await worker.get(FORM)).csrf, **FIELDS})
    assert slip.status == 422
    assert 'name="replaces"' in slip.text
    sure = FIELDS | {"replaces": "yes"}
    assert await press(worker, "/official", "/official", **sure) == "?told=official_entered"
    # Theirs are as good as the first's: they wait for a second one, and nobody seconds themselves.
    assert await press(worker, "/official", "/official", **sure) == "?told=official_entered"
    assert "1345.95" not in (await committee.get(FORM)).text
    assert await press(committee, "/official", "/official", **FIELDS) == "/result?told=official_taken"


async def person_of_here(town: Town) -> int:
    return await person_of(town, "o-resident")


async def test_what_does_not_fit_is_said_to_staff_and_owners_and_not_put_right(
    closed: tuple[Town, dict[str, Browser]],
) -> None:
    _town, people = closed
    odd = FIELDS | {"q1-total-n": "25", "q1-c0-n": "10", "q1-c1-n": "9"}
    for browser in (people["secretary"], people["community_worker"]):
        await press(browser, "/official", "/official", **odd)
    page = text_of(await people["secretary"].get(f"{BASE}/result"))
    for words in (
        "平台写的是 25 人",
        "冻结的名册是 24 人",
        "加起来是 19 人",
        "结论对不上：平台的结论：通过。按平台的数字核对是“未形成有效决定”。",
    ):
        assert words in page, words
    # Put right by two, in the other order.
    assert await press(people["community_worker"], "/official", "/official", **FIELDS) == (
        "?told=official_entered"
    )
    assert "要另一位同事也照平台录一遍" in (await people["secretary"].get(BASE)).text
    assert await press(people["secretary"], "/result", "/publish", sure="yes") == "?told=vote.tally_again"
    assert await press(people["secretary"], "/official", "/official", **FIELDS) == (
        "/result?told=official_taken"
    )
    assert "对不上" not in text_of(await people["secretary"].get(f"{BASE}/result"))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"q1-part-n": ""}, "q1-part"),
        ({"q1-part-a": "一千"}, "q1-part"),
        ({"q1-c2-n": "3"}, "q1-c2"),
        ({"q1-c0-n": "1.5"}, "q1-c0"),
        ({"q1-word": ""}, "q1-word"),
        ({"q1-word": "7"}, "q1-word"),
        ({"on": "去年"}, "on"),
        ({"on": "2026-13-01"}, "on"),
        ({"where": ""}, "where"),
        ({"q1-total-n": "0"}, "q1-total"),
    ],
)
async def test_what_cannot_be_read_is_told_beside_the_field_and_nothing_is_lost(
    closed: tuple[Town, dict[str, Browser]], change: dict[str, str], fault: str
) -> None:
    secretary = closed[1]["secretary"]
    csrf = (await secretary.get(FORM)).csrf
    answer = await secretary.post(FORM, {"csrf": csrf, **FIELDS, **change})
    assert answer.status == 422
    assert f'id="fault-{fault}"' in answer.text
    assert 'value="1345.95"' in answer.text


def figures(**change: str) -> Figures:
    values = FIELDS | {"q1-c2-n": "1", "q1-c2-a": "0.5", "q2-word": "1", "q3-word": "said", "q3-t0": "yes"}
    for line in (line for sheet in sheets_of(CHOICE) for line in sheet.lines if line.required):
        values.setdefault(f"{line.field}-n", "3")
        values.setdefault(f"{line.field}-a", "30.25")
    return read_figures(CHOICE, values | change)


def test_a_form_says_every_kind_of_question_and_shows_it_again() -> None:
    read = figures()
    assert [row.word for row in read.questions] == [("agree",), ("乙公司",), ("丁一",)]
    assert read.questions[0].choices["abstain"] == Sums(1, area_of("0.5"))
    assert read.questions[1].choices == {
        "甲公司": Sums(3, area_of("30.25")),
        "乙公司": Sums(3, area_of("30.25")),
    }
    assert read_figures(CHOICE, values_of(CHOICE, read)) == read
    for word in ("none", "unsaid"):
        said = figures(**{"q1-word": word, "q2-word": word, "q3-word": word, "q3-t0": ""})
        assert [row.word for row in said.questions] == [() if word == "none" else None] * 3
        assert read_figures(CHOICE, values_of(CHOICE, said)) == said


@pytest.mark.parametrize("change", [{"q3-t0": ""}, {"q3-word": "none"}, {"q3-word": "unsaid"}])
def test_names_are_ticked_exactly_where_somebody_was_elected(change: dict[str, str]) -> None:
    with pytest.raises(Unreadable) as found:
        figures(**change)
    assert list(found.value.faults) == ["q3-word"]


def test_each_part_of_the_figures_has_a_field() -> None:
    rows: tuple[VoteQuestion, ...] = CHOICE
    assert field_of(rows, "source.on") == "on"
    assert field_of(rows, "q2.neither") == "q2-c2"
    assert field_of(rows, "q3.word") == "q3-word"
