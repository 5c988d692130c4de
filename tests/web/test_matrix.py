"""Every route, for everybody: what they get. A route that is missing here fails the test."""

from collections.abc import Mapping

import pytest

from bot.web.pages import ROUTES
from tests.web.assemblies import drafted
from tests.web.hall import Hall, open_hall, vote
from tests.web.orders import matter, photo
from tests.web.paper_town import open_vote, received
from tests.web.test_canvass import hold
from tests.web.test_consultations import announced
from tests.web.test_polls import poll
from tests.web.test_surveys import survey
from tests.web.test_topics import topic
from tests.web.test_visits import plan
from tests.web.town import HERE, RESIDENTS, STAFF, WEEK, Browser, Town, episode, here_id, week_row

OK, GO, NO, GONE, ODD = 200, 303, 403, 404, 405
NOBODY = "nobody"
EVERYBODY = (NOBODY, *RESIDENTS, *STAFF)
OUTSIDE = {NOBODY: GO, **dict.fromkeys(RESIDENTS, GO)}  # a resident's session is worth nothing in the console
ELSEWHERE = dict.fromkeys(
    ("neighbour_secretary", "neighbour_district", "neighbour_community", "neighbour_building_steward"), GONE
)
ABOVE = ("precinct_secretary", "community_secretary", "subdistrict_secretary", "district_secretary")


def staff(status: int, **others: int) -> dict[str, int]:
    """All staff alike, but for some."""
    return {**OUTSIDE, **dict.fromkeys(STAFF, status), **others}


def here(*allowed: str, status: int = OK) -> dict[str, int]:
    """A page of the compound: for these roles there and those above it; 404 from elsewhere, 403 for the others."""
    granted = dict.fromkeys((*allowed, *ABOVE), status)
    # One of the operators also holds the other compound, which changes nothing here.
    return {**OUTSIDE, **dict.fromkeys(STAFF, NO), **ELSEWHERE, **granted}


def all_alike(status: int) -> dict[str, int]:
    return dict.fromkeys(EVERYBODY, status)


def residents(status: int, **others: int) -> dict[str, int]:
    return {**all_alike(GO), **dict.fromkeys(RESIDENTS, status), **others}


def watching(status: int, **others: int) -> dict[str, int]:
    """What has a place: also for the stewards of buildings and entrances."""
    return {**here(*WATCH, *STEWARDS, status=status), **others}


def in_three(*allowed: str, status: int = OK) -> dict[str, int]:
    """What lies in building 3: also for its steward and secretary; it does not exist for those beside it."""
    beside = dict.fromkeys(("entrance_steward", "next_building_steward"), GONE)
    return here(*allowed, "building_steward", "building_secretary", status=status) | beside


def dispatching(status: int) -> dict[str, int]:
    """For those who decide whose it is."""
    return here("secretary", "community_worker", "building_secretary", status=status)


def officers(status: int) -> dict[str, int]:
    """For the two who were named for a vote."""
    return {**OUTSIDE, **dict.fromkeys(STAFF, NO), **ELSEWHERE, "secretary": status, "committee": status}


REQUEST = "/console/{compound}/requests/{number}"
VOTE = "/h5/votes/{compound}/{number}"
SEE = ("secretary", "committee", "property", "community_worker", "grid_worker", "supervisor")
HANDLE = ("secretary", "property", "community_worker", "grid_worker")
CORRECT = ("secretary", "committee", "community_worker", "grid_worker")
BALLOTS = "/console/{compound}/votes/{number}"
MERGE = ("secretary", "committee", "community_worker")
STEWARDS = ("building_steward", "building_secretary", "entrance_steward", "next_building_steward")
PAPERS = "/console/{compound}/votes/{number}/papers"
PAPER = f"{PAPERS}/{{serial}}"
ENTER = ("secretary", "committee", "community_worker")
WATCH = ("secretary", "property", "community_worker", "grid_worker", "duty")
ROLL = "/console/{compound}/roll"
VOTES = "/console/{compound}/votes"
TOPICS = "/console/{compound}/topics"
SURVEYS = "/console/{compound}/surveys"
SURVEY = f"{SURVEYS}/{{number}}"
ONE_VOTE = "/console/{compound}/votes/{number}"
RUN = ("secretary", "community_worker")
ROUND = ("secretary", "community_worker", "grid_worker", *STEWARDS)
CAMPAIGN_PLACES = "/console/{compound}/campaigns/{number}/places"
MONTHS = "/console/{compound}/consultations"
SEE_VOTES = (*RUN, "committee", "supervisor")
DECIDE = (*RUN, "committee")
OF_SOME_COMPOUND = (
    *(*MERGE, "supervisor", *ABOVE),
    *("neighbour_secretary", "neighbour_district", "neighbour_community"),
)
MATRIX: Mapping[tuple[str, str], Mapping[str, int]] = {
    ("GET", "/console/sign-in"): all_alike(OK),
    ("POST", "/console/sign-in"): all_alike(NO),  # nobody has the password
    ("GET", "/console/sign-in/{account}"): all_alike(GO),
    ("GET", "/console/sign-in/{account}/back"): all_alike(NO),  # nobody has been away
    ("GET", "/console/link/{token}"): all_alike(GONE),
    ("POST", "/console/link/{token}"): all_alike(GONE),
    ("POST", "/console/sign-out"): staff(GO),
    ("POST", "/console/sign-out-everywhere"): staff(GO),
    ("GET", "/console"): staff(OK),
    ("GET", "/console/outbox"): staff(NO, operator=OK),
    **{
        ("GET", f"/console/scorecards{page}"): staff(NO, **dict.fromkeys(OF_SOME_COMPOUND, status))
        for page, status in (("", OK), ("/{month}", GONE), ("/{month}/sheet", GONE))  # no month is over yet
    },
    # Those with a role on a region; of compounds below none of them sees more than before.
    ("GET", "/console/weeks"): staff(
        NO, **dict.fromkeys((*ABOVE, "neighbour_district", "neighbour_community"), OK)
    ),
    ("GET", "/console/weeks/{region}/{week}"): staff(
        GONE, **dict.fromkeys(("subdistrict_secretary", "district_secretary"), OK), operator=NO
    ),
    ("GET", "/console/{compound}"): here(
        *("secretary", "committee", "property", "community_worker", "grid_worker", "supervisor"),
        *(*STEWARDS, "building_committee"),
    ),
    **{
        ("GET", f"/console/{{compound}}/digest/{{week}}{page}"): here(
            "secretary", "committee", "community_worker", "supervisor"
        )
        for page in ("", "/board")
    },
    ("GET", "/console/{compound}/alerts"): watching(OK, committee=OK, building_committee=OK),
    # The alert is building 3's, and nobody knows at which entrance.
    ("POST", "/console/{compound}/alerts/{number}"): watching(
        GO, entrance_steward=GONE, next_building_steward=GONE
    ),
    ("GET", "/console/{compound}/requests"): here(*SEE, *STEWARDS, "building_committee"),
    # The matter is building 3's, and nobody knows at which entrance.
    ("GET", REQUEST): in_three(*SEE, "building_committee"),
    **{
        ("POST", f"{REQUEST}/{action}"): here(*MERGE, status=GO)
        for action in ("confirm", "dismiss", "merge", "part")
    },
    ("POST", f"{REQUEST}/dispatch"): dispatching(GO),
    **{
        ("POST", f"{REQUEST}/{action}"): in_three(*HANDLE, status=GO)
        for action in ("accept", "decline", "help", "finish", "reply", "note")
    },
    # Whoever reads who was party to it records it; nobody filled anything in.
    ("POST", f"{REQUEST}/mediate"): in_three("secretary", "community_worker", "grid_worker", status=GO),
    ("GET", "/console/{compound}/worklist"): here(*CORRECT, *STEWARDS, "building_committee"),
    ("POST", "/console/{compound}/worklist"): here(*CORRECT, *STEWARDS, "building_committee", status=GO),
    ("POST", f"{REQUEST}/photos"): in_three(*HANDLE, status=GO),
    # It is a resident's: for those who may read the words, too.
    ("GET", f"{REQUEST}/photos/{{photo}}"): in_three(*HANDLE),
    ("GET", "/console/{compound}/rules"): dispatching(OK),
    ("POST", "/console/{compound}/rules"): dispatching(GO),
    ("POST", "/console/{compound}/rules/drop"): dispatching(GO),
    ("GET", "/console/{compound}/polls"): here(*MERGE),
    ("POST", "/console/{compound}/polls"): here(*MERGE),  # the form again: nothing is filled in
    ("GET", "/console/{compound}/polls/{number}"): here(*MERGE),
    ("POST", "/console/{compound}/polls/{number}/end"): here(*MERGE, status=GO),
    ("GET", "/console/{compound}/hazards"): here(*ROUND),
    ("POST", "/console/{compound}/hazards"): here(*ROUND, status=GO),
    ("POST", "/console/{compound}/hazards/weekly"): here(*RUN, status=GO),
    ("GET", "/console/{compound}/hazards/{item}"): here(*ROUND),
    # The building is not the other steward's: what was typed comes back.
    ("POST", "/console/{compound}/hazards/{item}"): here(*ROUND, status=GO) | {"next_building_steward": OK},
    # Only whoever goes there, and the community's head, whom this town has not: it does not exist for others.
    ("GET", "/console/{compound}/visits"): staff(GONE, grid_worker=OK),
    ("GET", "/console/{compound}/visits/{number}"): staff(GONE, grid_worker=OK),
    ("POST", "/console/{compound}/visits/{number}/visited"): staff(GONE, grid_worker=OK),  # nothing is typed
    **{
        ("POST", f"/console/{{compound}}/visits{action}"): staff(GONE)
        for action in ("", "/{number}/change", "/{number}/end")
    },
    ("GET", "/console/{compound}/stewards"): here(
        *("secretary", "committee", "property", "community_worker", "grid_worker", "supervisor"),
        *(*STEWARDS, "building_committee"),
    ),
    ("POST", "/console/{compound}/stewards"): here() | dict.fromkeys(ABOVE, NO),  # none of them is called so
    ("GET", "/console/{compound}/points"): here(*RUN),
    ("POST", "/console/{compound}/points"): here(*RUN, status=GO),
    ("GET", "/h5/points"): residents(OK),
    ("GET", "/console/{compound}/oversight"): here(*MERGE, "supervisor"),
    ("POST", "/console/{compound}/oversight"): here(*RUN, status=GO),
    ("GET", MONTHS): here(*MERGE, "supervisor"),
    ("POST", MONTHS): here(*MERGE),  # the page again, with what was typed
    ("GET", f"{MONTHS}/{{month}}"): here(*MERGE, "supervisor"),
    ("POST", f"{MONTHS}/{{month}}"): here(*MERGE),
    ("POST", f"{MONTHS}/{{month}}/items/{{item}}"): here(*MERGE),
    ("GET", f"{MONTHS}/{{month}}/minutes"): here(*MERGE, "supervisor", status=GONE),  # not out yet
    ("GET", "/h5/consultations"): residents(OK),
    # The one lives there, the other nowhere that is known.
    ("POST", "/h5/consultations/{compound}"): residents(OK, snapshot=NO),
    ("GET", "/h5/consultations/{compound}/{month}"): residents(OK, snapshot=GONE),
    ("POST", "/h5/consultations/{compound}/{month}"): residents(GO, snapshot=NO),
    ("GET", TOPICS): here(*SEE),
    # Who may press which button is for the rules: the others are told so on the page.
    ("POST", TOPICS): here(*SEE),  # the form again, with why
    ("GET", f"{TOPICS}/{{number}}"): here(*SEE),
    ("POST", f"{TOPICS}/{{number}}"): here(*SEE),
    ("POST", f"{TOPICS}/{{number}}/documents"): here(*SEE),
    ("GET", f"{TOPICS}/{{number}}/documents/{{document}}"): here(*SEE, status=GONE),
    ("GET", "/h5/topics"): residents(OK),
    ("GET", "/h5/topics/{compound}/{number}"): residents(OK, snapshot=GONE),
    ("POST", "/h5/topics/{compound}/{number}"): residents(OK, snapshot=NO),  # nothing is filled in
    ("GET", "/h5/topics/{compound}/{number}/documents/{document}"): residents(GONE),
    **{
        ("GET", page): here(*MERGE, "supervisor", "grid_worker")
        for page in (SURVEYS, SURVEY, f"{SURVEY}/{{round}}")
    },
    # The form again, with what is missing.
    **{("POST", page): here(*MERGE) for page in (SURVEYS, SURVEY, f"{SURVEY}/{{round}}")},
    # Of all who may go from door to door the one who was named.
    **{
        (method, f"{SURVEY}/{{round}}/doors"): here() | dict.fromkeys(ABOVE, NO) | {"grid_worker": OK}
        for method in ("GET", "POST")
    },
    ("GET", "/console/{compound}/doors"): here(*MERGE, "grid_worker", *STEWARDS, "building_committee"),
    ("GET", "/h5/surveys"): residents(OK),
    # The one lives there, the other nowhere that is known.
    ("GET", "/h5/surveys/{compound}/{number}"): residents(OK, snapshot=GONE),
    ("POST", "/h5/surveys/{compound}/{number}"): residents(OK, snapshot=NO),  # nothing is ticked
    ("GET", "/console/{compound}/campaigns"): here(*MERGE, "supervisor", "grid_worker"),
    ("POST", "/console/{compound}/campaigns"): here(*RUN),
    # Nothing is typed; there is none.
    **{
        ("GET", page): here(*MERGE, "supervisor", "grid_worker", status=GONE)
        for page in (
            "/console/{compound}/campaigns/{number}",
            f"{CAMPAIGN_PLACES}/{{place}}/{{side}}",
        )
    },
    ("POST", CAMPAIGN_PLACES): here(*RUN, "grid_worker", status=GONE),
    ("POST", f"{CAMPAIGN_PLACES}/{{place}}"): here(*RUN, "grid_worker", status=GONE),
    ("POST", f"{CAMPAIGN_PLACES}/{{place}}/drop"): here(*RUN, status=GONE),
    ("GET", "/h5/campaigns"): residents(OK),
    ("GET", "/console/communities"): staff(NO, **dict.fromkeys(OF_SOME_COMPOUND, OK)),
    ("GET", "/console/property"): staff(NO, **dict.fromkeys(OF_SOME_COMPOUND, OK)),
    ("GET", "/console/{compound}/property"): here(*MERGE, "supervisor", "property"),
    ("GET", "/console/{compound}/property/{quarter}"): here(*MERGE, "supervisor", "property"),
    ("POST", "/console/{compound}/property/switch"): here(*RUN, status=GO),
    ("POST", "/console/{compound}/property/contract"): here(*RUN, status=GO),
    # What the company says is the company's alone.
    ("POST", "/console/{compound}/property/{quarter}/statement"): here("property") | dict.fromkeys(ABOVE, NO),
    ("GET", "/h5/polls"): residents(OK),
    # The one lives there, the other nowhere that is known.
    ("GET", "/h5/polls/{compound}/{number}"): residents(OK, snapshot=GONE),
    ("POST", "/h5/polls/{compound}/{number}"): residents(GO, snapshot=NO),
    # Of those who see votes, the two who were named, and nobody above them.
    ("GET", f"{BALLOTS}/canvass"): officers(OK),
    ("POST", f"{BALLOTS}/canvass"): officers(GO),
    ("GET", f"{BALLOTS}/officers"): here("secretary", "community_worker"),
    ("POST", f"{BALLOTS}/officers"): here("secretary", "community_worker", status=GO),
    **{
        ("GET", f"{PAPERS}{page}"): here(*ENTER)
        for page in ("", "/print", "/reception", "/entry", "/{serial}", "/{serial}/decide")
    },
    ("GET", f"{PAPERS}/sheets"): here(*ENTER, status=GO),  # all came back: there is nothing to print
    ("GET", f"{PAPER}/scan"): here(*ENTER, status=GONE),  # there is none
    ("POST", f"{PAPERS}/reception"): here(*ENTER),
    **{
        ("POST", f"{PAPERS}/{action}"): here(*ENTER, status=GO)
        for action in ("print", "reprint", "batch", "call")
    },
    ("POST", f"{PAPER}/enter"): here(*ENTER),  # a question is not filled in
    **{("POST", f"{PAPER}/{action}"): here(*ENTER, status=GO) for action in ("void", "scan", "decide")},
    ("GET", VOTES): here(*SEE_VOTES),
    ("GET", f"{VOTES}/new"): here(*RUN),
    ("GET", f"{VOTES}/new/{{template}}"): here(*RUN),
    ("POST", f"{VOTES}/new/{{template}}"): here(*RUN, status=GO),
    ("GET", ONE_VOTE): here(*SEE_VOTES),
    ("GET", f"{ONE_VOTE}/edit/{{part}}"): here(*RUN),
    ("POST", f"{ONE_VOTE}/edit/{{part}}"): here(*RUN, status=GO),
    ("GET", f"{ONE_VOTE}/launch"): here(*RUN, status=GO),  # it is not complete
    **{
        ("POST", f"{ONE_VOTE}/{action}"): here(*RUN, status=GO)
        for action in ("launch", "count", "publish", "extend", "revoke")
    },
    # A draft: most of this is for later.
    ("GET", f"{ONE_VOTE}/attachments"): here(*RUN),
    ("POST", f"{ONE_VOTE}/attachments"): here(*RUN, status=GO),
    ("POST", f"{ONE_VOTE}/attachments/{{document}}/drop"): here(*RUN, status=GO),
    ("GET", f"{ONE_VOTE}/official"): here(*ENTER, status=GO),
    ("POST", f"{ONE_VOTE}/official"): here(*ENTER, status=GO),
    ("GET", f"{ONE_VOTE}/turnout"): here(*SEE_VOTES, status=GO),
    ("GET", f"{ONE_VOTE}/result"): here(*SEE_VOTES, status=GO),
    ("GET", f"{ONE_VOTE}/documents"): here(*SEE_VOTES),
    ("GET", f"{ONE_VOTE}/documents/{{document}}"): here(*SEE_VOTES, status=GONE),
    ("GET", f"{ONE_VOTE}/cases"): here(*DECIDE),
    ("GET", f"{ONE_VOTE}/cases/{{case}}"): here(*DECIDE, status=GONE),
    ("POST", f"{ONE_VOTE}/cases/{{case}}"): here(*DECIDE, status=GONE),
    ("GET", f"{ONE_VOTE}/objections"): here(*SEE_VOTES),
    ("POST", f"{ONE_VOTE}/objections"): here(*RUN, status=GO),
    ("POST", f"{ONE_VOTE}/objections/{{objection}}"): here(*RUN, status=GONE),
    ("GET", f"{ONE_VOTE}/evidence"): here(*SEE_VOTES),
    ("POST", f"{ONE_VOTE}/evidence/public"): here(*SEE_VOTES, status=GO),
    # Whoever runs votes, in the compound or above it, opens no ballot.
    ("POST", f"{ONE_VOTE}/evidence/sealed"): here("supervisor", status=GO) | dict.fromkeys(ABOVE, NO),
    ("GET", ROLL): here(*RUN),
    ("POST", f"{ROLL}/objections"): here(*RUN, status=GO),
    ("POST", f"{ROLL}/objections/{{number}}"): here(*RUN, status=GO),
    ("POST", f"{ROLL}/uploads"): here(*RUN, status=GO),
    ("GET", f"{ROLL}/uploads/{{upload}}"): here(*RUN, status=GO),  # there is none
    **{
        ("POST", f"{ROLL}/uploads/{{upload}}/{action}"): here(*RUN, status=GO)
        for action in ("columns", "import", "drop")
    },
    ("GET", "/console/{compound}/profile"): here(*RUN),
    ("POST", "/console/{compound}/profile"): here(*RUN, status=GO),
    ("GET", "/console/{compound}/card"): here(*RUN),
    ("POST", "/console/{compound}/card"): here(*RUN, status=GONE),  # it names none of the five
    ("GET", "/h5/compound"): residents(OK),
    ("GET", "/console/{compound}/grid"): here(*RUN, "grid_worker"),
    ("POST", "/console/{compound}/grid/cells"): here(*RUN, status=GO),
    ("POST", "/console/{compound}/grid/upload"): here(*RUN, status=GO),
    ("GET", "/console/{compound}/grid/upload"): here(*RUN, status=GO),  # there is none
    ("POST", "/console/{compound}/grid/upload/import"): here(*RUN, status=GO),
    ("POST", "/console/{compound}/grid/upload/drop"): here(*RUN, status=GO),
    ("GET", "/console/{compound}/owners"): here(*ENTER),
    ("POST", "/console/{compound}/owners"): here(*ENTER, status=GO),
    ("POST", "/console/{compound}/owners/codes"): here(*ENTER),  # shown once, in the answer
    ("GET", "/h5/owner"): residents(OK),
    ("POST", "/h5/owner"): residents(422, snapshot=NO),  # the form names no unit
    ("POST", "/h5/owner/{compound}/{number}/leave"): residents(GONE, snapshot=NO),  # there is none
    ("POST", "/h5/owner/{compound}/{number}/contest"): residents(GONE, snapshot=NO),
    ("GET", "/h5/sign-in"): all_alike(GO),
    ("GET", "/h5/sign-in/{account}"): all_alike(GO),
    ("GET", "/h5/sign-in/{account}/back"): all_alike(NO),
    ("GET", "/h5/privacy"): all_alike(OK),
    ("GET", "/h5/weeks/{compound}/{week}"): all_alike(OK),
    ("POST", "/h5/sign-out"): residents(GO),
    ("POST", "/h5/sign-out-everywhere"): residents(GO, snapshot=NO),
    ("GET", "/h5"): residents(OK),
    ("GET", "/h5/mine"): residents(OK),
    ("GET", "/h5/mine/{number}"): residents(OK, snapshot=GONE),  # it is the other one's
    **{
        ("POST", f"/h5/mine/{{number}}/{action}"): residents(GO, snapshot=NO)
        for action in ("confirm", "disclaim", "rate", "supplement", "reopen", "withdraw", "photos")
    },
    ("GET", "/h5/mine/{number}/photos/{photo}"): residents(OK, snapshot=GONE),
    ("POST", "/h5/large"): all_alike(GO),
    ("GET", "/h5/votes"): residents(OK),
    # The one is an owner there, the other has nothing to do with the compound.
    ("GET", VOTE): residents(OK, snapshot=GONE),
    ("GET", f"{VOTE}/eligible"): residents(OK, snapshot=GONE),
    ("POST", f"{VOTE}/seen"): residents(GO, snapshot=NO),
    # Nobody may cast what this names: on to the page that says why.
    ("GET", f"{VOTE}/ballot/{{ref}}"): residents(GO, snapshot=GONE),
    ("POST", f"{VOTE}/ballot/{{ref}}"): residents(GO, snapshot=GONE),
    ("POST", f"{VOTE}/ballot/{{ref}}/cast"): residents(GO, snapshot=NO),
    ("GET", f"{VOTE}/papers"): residents(OK, snapshot=GONE),
    # It is not theirs; somebody else cast it.
    ("GET", f"{VOTE}/papers/{{serial}}"): residents(GONE),
    ("GET", f"{VOTE}/receipts/{{ballot}}"): residents(GONE),
    ("GET", f"{VOTE}/receipts/{{ballot}}/download"): residents(GONE),
    ("GET", f"{VOTE}/documents/{{document}}"): residents(OK, snapshot=GONE),
    ("GET", f"{VOTE}/result"): residents(GONE),  # there is none yet
    ("GET", f"{VOTE}/roll"): residents(OK, snapshot=GONE),
    ("GET", f"{VOTE}/roll/download"): residents(OK, snapshot=GONE),
    ("GET", f"{VOTE}/log"): all_alike(OK),
    ("GET", f"{VOTE}/bundle"): all_alike(GO),  # to the log: people are still voting
    ("GET", "/h5/check"): all_alike(OK),
}
FIELDS = {
    "key": "k" * 16,
    "words": "好",
    "number": "1002",
    "party": "property",
    "category": "*",
    "building": "3",
    "rating": "satisfied",
    "profile": "national",
}
ASSETS = {("GET", "/static/{name}"), ("GET", "/wechat/main/callback")}


def parts(path: str) -> dict[str, str]:
    account = "main" if path.startswith("/h5") else "corp"
    number = "1" if "alerts" in path or path.startswith(VOTE) else "1001"
    if path.endswith(("/canvass", "/officers")):
        number = "77"
    if "/polls" in path:
        number = "78"
    if "/topics" in path:
        number = "901"
    return {
        "ref": "0" * 16,
        "ballot": "0" * 32,
        "account": account,
        "token": "t" * 43,
        "compound": HERE,
        "region": "4401990",  # the subdistrict
        "week": WEEK,
        "month": "2026-03",
        "quarter": "2026Q1",
        "number": number,
        "photo": "1001",
        "template": "other",
        "part": "checked",
        "item": "passage" if "hazards" in path else "1001",
        "upload": "1001",
        "document": "1",
        "case": "1",
        "place": "1001",
        "side": "before",
        "objection": "1",
        "round": "1",
    }


async def ballot_of_another(hall: Hall) -> str:
    """A ballot that is there, and none of theirs."""
    answer = await vote(await hall.as_owner(2))
    return answer.location.rpartition("/")[2]


async def browser_of(town: Town, who: str) -> Browser:
    if who in STAFF:
        return await town.as_staff(who)
    return await town.as_resident(who) if who in RESIDENTS else town.browser()


def test_the_matrix_has_every_registered_route_and_everybody(town: Town) -> None:
    registered = {
        (route.method, route.resource.canonical)
        for route in town.application.router.routes()
        if route.resource is not None
    }
    assert registered - ASSETS == set(MATRIX)
    assert {(route.method, route.path) for route in ROUTES} == set(MATRIX)
    for route, statuses in MATRIX.items():
        assert set(statuses) == set(EVERYBODY), route


LOOKS = sorted(path for method, path in MATRIX if method == "GET")
ABOUT_BALLOTS = [path for path in LOOKS if path.startswith(VOTE)]
ABOUT_PAPERS = [path for path in LOOKS if path.startswith(PAPERS)]
ABOUT_ALL_ELSE = [path for path in LOOKS if not path.startswith((VOTE, PAPERS))]


@pytest.mark.parametrize(
    "paths", [ABOUT_BALLOTS, ABOUT_PAPERS, ABOUT_ALL_ELSE], ids=["ballots", "papers", "all else"]
)
async def test_everybody_sees_what_is_theirs(town: Town, paths: list[str]) -> None:
    """Looking changes nothing, so one town does for many pages."""
    there = await furnish(town, paths[0])
    browsers = {who: await browser_of(town, who) for who in EVERYBODY}
    for path in paths:
        got = {}
        for who, browser in browsers.items():
            page = await browser.get(path.format(**{**parts(path), **there}))
            got[who] = page.status
            assert page.headers["Content-Security-Policy"].startswith("default-src 'self'"), (path, who)
        assert (path, got) == (path, MATRIX["GET", path])


# Roles are asked of the same code on either database, and the pages' own tests press their buttons on both.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", sorted(path for method, path in MATRIX if method == "POST"))
async def test_everybody_does_what_is_theirs(town: Town, path: str) -> None:
    there = await furnish(town, path)
    got = {}
    for who in EVERYBODY:
        browser = await browser_of(town, who)
        form = await form_of(browser, path)
        page = await browser.post(path.format(**{**parts(path), **there}), FIELDS | {"csrf": form})
        got[who] = page.status
        assert page.headers["Content-Security-Policy"].startswith("default-src 'self'"), who
    assert got == MATRIX["POST", path]


async def furnish(town: Town, path: str) -> dict[str, str]:
    """What there is to see or do, of votes where the path is about them. Returns parts of paths that chance made."""
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add(episode(compound_id, 1, town.clock.now))
        session.add(week_row(compound_id, town.clock.now))
    assert [await matter(town), await matter(town, "o-other")] == [1001, 1002]
    await photo(town, 1001)
    there = {"serial": "222222222"}
    if path.startswith(VOTE):
        hall = await open_hall(town)
        there["ballot"] = await ballot_of_another(hall)
        await hall.as_owner(1, "o-resident")
        await hall.document(b"%PDF-1.7", "application/pdf", "方案.pdf")
    elif path.startswith(PAPERS):
        serials = list((await open_vote(town)).values())
        await received(town, *serials)
        there["serial"] = serials[0]
    else:
        await hold(town)
        assert await drafted(town) == 1001
        await poll(town)
        assert await plan(town) == 1001
        await announced(town)
        await topic(town)
        await survey(town)
    return there


async def form_of(browser: Browser, path: str) -> str:
    """The token of a form on a page that everybody may open in this area."""
    if path.startswith("/console"):
        return (await browser.get("/console/sign-in")).csrf
    page = await browser.get("/h5")
    if page.status == OK:
        return page.csrf
    # Nobody is signed in here: a form for a browser without a session of this area.
    fresh = Browser(browser.http, browser.base)
    shown = await fresh.get("/console/sign-in")
    browser.cookies |= fresh.cookies
    return shown.csrf


async def test_what_is_not_there_is_the_same_as_what_is_elsewhere(town: Town) -> None:
    browser = await town.as_staff("neighbour_secretary")
    there, nowhere = [await browser.get(f"/console/{code}/alerts") for code in (HERE, "NO-9")]
    assert (there.status, there.text) == (nowhere.status, nowhere.text) == (GONE, there.text)


@pytest.mark.parametrize(
    "path",
    [
        "/console/XH-1%00",
        "/console/%F0%9F%9A%A8",
        "/console/XH-1/digest/2026-03-0x",
        "/console/XH-1/alerts/1",
        "/console/'--",
        "/console/XH-1/digest/9999-99-99",
        "/console/nothing/here/at/all",
        "/h5/nothing",
        "/static/none.css",
        "/static/..%2f..%2fconfig.toml",
    ],
)
async def test_odd_paths_are_a_plain_404(town: Town, path: str) -> None:
    page = await (await town.as_staff("secretary")).get(path)
    assert page.status == (ODD if path.endswith("alerts/1") else GONE)
    assert page.headers["Cache-Control"] == "no-store"
