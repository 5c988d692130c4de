"""Photos on pages: who sees which, adding some, and forms that are hostile."""

import asyncio
from io import BytesIO

import aiohttp
import pytest
from PIL import Image
from sqlmodel import select

from bot.pictures import LIMIT_BYTES, cleaned
from bot.web.uploads import MOST_PHOTOS
from handlers.requests.commands import Accept, Actor, Dispatch, Finish, Party
from storage.states import PhotoState, Role
from storage.tables import AuditEvent, Blob, OutboxMessage, Photo, RequestEvent
from tests.bot.shots import GPS, HTML, phone_shot, png_of_size, shot
from tests.web.orders import act, fields_of, matter, photo, text_of
from tests.web.town import HERE, THERE, Browser, Page, Town, here_id

PROPERTY = Dispatch(Party(Role.PROPERTY))


async def send(browser: Browser, page: str, *contents: bytes, action: str = "photos", **fields: str) -> Page:
    """Press the button of the page's form with photos."""
    return await post(
        browser, f"{page}/{action}", fields_of(await browser.get(page), action) | fields, *contents
    )


async def post(browser: Browser, address: str, fields: dict[str, str], *contents: bytes) -> Page:
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    for content in contents:
        form.add_field("photo", BytesIO(content), filename="IMG_1.jpg", content_type="image/jpeg")
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    async with browser.http.post(
        browser.base + address, data=form, headers=cookies, allow_redirects=False
    ) as response:
        return Page(response.status, await response.text(), response.headers)


async def fetch(browser: Browser, address: str) -> tuple[int, bytes, dict[str, str]]:
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    async with browser.http.get(browser.base + address, headers=cookies, allow_redirects=False) as response:
        return response.status, await response.read(), dict(response.headers)


async def photos_of(town: Town) -> list[Photo]:
    async with town.site.database.read() as session:
        return list((await session.exec(select(Photo).order_by(Photo.number))).all())  # type: ignore[arg-type]


async def in_hand(town: Town, *openids: str) -> int:
    number = await matter(town, *openids)
    actor = Actor(town.people["property"], frozenset({Role.PROPERTY}))
    await act(town, number, PROPERTY, Accept(actor), who="property")
    return number


async def done(town: Town, *openids: str) -> int:
    number = await in_hand(town, *openids)
    actor = Actor(town.people["property"], frozenset({Role.PROPERTY}))
    await act(town, number, Finish(actor, "灯换好了"), who="property")
    return number


async def test_an_answer_with_a_photo_has_the_right_headers(town: Town) -> None:
    number = await matter(town)
    content = cleaned(phone_shot())
    photo_number = await photo(town, number, content)
    for browser, page in (
        (await town.as_staff("property"), f"/console/{HERE}/requests/{number}"),
        (await town.as_resident(), f"/h5/mine/{number}"),
    ):
        address = f"{page}/photos/{photo_number}"
        assert f'src="{address}"' in (await browser.get(page)).text
        status, body, headers = await fetch(browser, address)
        assert (status, body) == (200, content)
        assert headers["Content-Type"] == "image/jpeg"
        assert headers["Cache-Control"].startswith("private, ")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "script-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Content-Disposition"].startswith("inline")
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_a_reporter_sees_their_own_photos_and_not_a_neighbours(town: Town) -> None:
    number = await in_hand(town, "o-lin", "o-zhao")
    of_lin = await photo(town, number, b"of lin", "o-lin")
    of_zhao = await photo(town, number + 1, b"of zhao", "o-zhao")
    lin, zhao = await town.as_resident(openid="o-lin"), await town.as_resident(openid="o-zhao")
    for browser, own, mine, others in ((lin, number, of_lin, of_zhao), (zhao, number + 1, of_zhao, of_lin)):
        page = await browser.get(f"/h5/mine/{own}")
        assert f"/photos/{mine}" in page.text
        assert f"/photos/{others}" not in page.text
        assert (await fetch(browser, f"/h5/mine/{own}/photos/{mine}"))[0] == 200
        for number_of in (number, number + 1):
            assert (await fetch(browser, f"/h5/mine/{number_of}/photos/{others}"))[0] == 404
    property_page = await (await town.as_staff("property")).get(f"/console/{HERE}/requests/{number}")
    assert all(f"/photos/{each}" in property_page.text for each in (of_lin, of_zhao))
    committee = await (await town.as_staff("committee")).get(f"/console/{HERE}/requests/{number}")
    assert "/photos/" not in committee.text


async def test_another_tenant_and_another_matter_have_no_such_photo(town: Town) -> None:
    number, other = await matter(town), await matter(town, "o-other")
    there = await photo(town, number)
    secretary = await town.as_staff("secretary")
    assert (await fetch(secretary, f"/console/{HERE}/requests/{number}/photos/{there}"))[0] == 200
    for address in (
        f"/console/{HERE}/requests/{other}/photos/{there}",
        f"/console/{THERE}/requests/{number}/photos/{there}",
        f"/console/{HERE}/requests/{number}/photos/{there + 1}",
        f"/console/{HERE}/requests/{number}/photos/0",
        f"/console/{HERE}/requests/{number}/photos/x",
    ):
        assert (await fetch(secretary, address))[0] == 404
    neighbour = await town.as_staff("neighbour_secretary")
    assert (await fetch(neighbour, f"/console/{HERE}/requests/{number}/photos/{there}"))[0] == 404


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PhotoState.WANTED, "照片正在取"),
        (PhotoState.GONE, "过期了，没有取到"),
        (PhotoState.REFUSED, "打不开"),
    ],
)
async def test_what_is_not_there_is_said_in_words(town: Town, state: PhotoState, words: str) -> None:
    number = await matter(town)
    there = await photo(town, number)
    async with town.site.database.write() as session:
        row = await session.get_one(Photo, (await here_id(town), there))
        row.state, row.address = state, None
    browser = await town.as_resident()
    assert words in text_of(await browser.get(f"/h5/mine/{number}"))
    assert (await fetch(browser, f"/h5/mine/{number}/photos/{there}"))[0] == 404


async def test_staff_show_the_finished_work_to_those_who_raised_it(town: Town) -> None:
    number = await done(town, "o-lin", "o-zhao")
    staff, page = await town.as_staff("property"), f"/console/{HERE}/requests/{number}"
    answer = await send(staff, page, phone_shot(), shot(), **{"for": "residents", "words": "换了新灯"})
    assert answer.location.endswith("?told=photo_added")
    first, second = await photos_of(town)
    assert "照片加上了" in text_of(shown := await staff.get(answer.location))
    assert shown.text.count(f'/photos/{first.number}"') == 2  # link and picture
    async with town.site.database.read() as session:
        [event] = (
            await session.exec(select(RequestEvent).where(RequestEvent.verb == "request.replied"))
        ).all()
        [audit] = (await session.exec(select(AuditEvent).where(AuditEvent.verb == "photo.added"))).all()
    assert (event.text, event.public) == ("换了新灯（附照片 2 张）", True)
    assert (first.event_seq, first.request_number, first.opinion_number) == (event.seq, number, None)
    assert (audit.subject, audit.details) == (f"request:{number}", {"photos": 2})
    for openid, own in (("o-lin", number), ("o-zhao", number + 1)):
        resident = await town.as_resident(openid=openid)
        assert "换了新灯" in text_of(await resident.get(f"/h5/mine/{own}"))
        for each in (first, second):
            status, body, _headers = await fetch(resident, f"/h5/mine/{own}/photos/{each.number}")
            assert status == 200
            assert GPS not in body
            assert dict(Image.open(BytesIO(body)).getexif()) == {}
    committee = await town.as_staff("committee")  # sees the request, and what staff did
    assert (await fetch(committee, f"{page}/photos/{first.number}"))[0] == 200


async def test_what_is_for_colleagues_stays_among_them(town: Town) -> None:
    number = await in_hand(town)
    staff, page = await town.as_staff("property"), f"/console/{HERE}/requests/{number}"
    await send(staff, page, shot(), **{"for": "colleagues"})
    [kept] = await photos_of(town)
    resident = await town.as_resident()
    assert "/photos/" not in (await resident.get(f"/h5/mine/{number}")).text.replace(f'{number}/photos"', "")
    assert (await fetch(resident, f"/h5/mine/{number}/photos/{kept.number}"))[0] == 404
    assert "附照片 1 张" in text_of(await staff.get(page))


async def test_a_resident_adds_a_photo_for_those_who_handle_it(town: Town) -> None:
    number = await in_hand(town, "o-lin", "o-zhao")
    lin, path = await town.as_resident(openid="o-lin"), f"/h5/mine/{number}"
    answer = await send(lin, path, shot(), words="现在成这样了")
    assert answer.location == f"{path}?told=photo_added"
    [kept] = await photos_of(town)
    assert (kept.opinion_number, kept.request_number) == (number, number)
    assert f"/photos/{kept.number}" in (await lin.get(path)).text
    zhao = await town.as_resident(openid="o-zhao")
    assert "现在成这样了" not in (await zhao.get(f"/h5/mine/{number + 1}")).text
    assert (await fetch(zhao, f"/h5/mine/{number + 1}/photos/{kept.number}"))[0] == 404
    staff = await (await town.as_staff("property")).get(f"/console/{HERE}/requests/{number}")
    assert "现在成这样了（附照片 1 张）" in text_of(staff)
    assert f"/photos/{kept.number}" in staff.text


async def test_a_photo_of_what_is_still_to_be_confirmed(town: Town) -> None:
    number = await matter(town, is_confirmed=False)
    resident, path = await town.as_resident(), f"/h5/mine/{number}"
    assert (await send(resident, path, shot())).location == f"{path}?told=photo_added"
    [kept] = await photos_of(town)
    assert (kept.opinion_number, kept.event_seq) == (number, None)


async def test_a_form_acts_once_and_other_photos_in_an_old_page_are_new(town: Town) -> None:
    number = await in_hand(town)
    browser, path = await town.as_resident(), f"/h5/mine/{number}"
    fields = fields_of(await browser.get(path), "photos")
    for _ in range(2):
        await post(browser, f"{path}/photos", fields, shot(30))
    assert len(await photos_of(town)) == 1
    await post(browser, f"{path}/photos", fields, shot(31))
    assert len(await photos_of(town)) == 2


@pytest.mark.parametrize(
    ("contents", "told", "words"),
    [
        ((), "photo_missing", "请先选照片"),
        ((b"",), "photo_missing", "请先选照片"),
        ((HTML,), "photo_no_picture", "不是能用的照片"),
        ((shot(600, 400)[:-300],), "photo_broken", "坏了"),
        ((png_of_size(60_000, 60_000),), "photo_too_many_pixels", "尺寸太大"),
        ((b"\xff\xd8" + b"\0" * LIMIT_BYTES,), "photo_too_large", "10 MB"),
        ((shot(),) * (MOST_PHOTOS + 1), "photo_too_many", "最多 3 张"),
        ((shot(), HTML), "photo_no_picture", "不是能用的照片"),
    ],
    ids=["none", "empty", "html", "cut", "bomb", "huge", "many", "one-bad"],
)
async def test_what_is_not_taken_is_said_plainly(
    town: Town, contents: tuple[bytes, ...], told: str, words: str
) -> None:
    number = await in_hand(town)
    for browser, page in (
        (await town.as_staff("property"), f"/console/{HERE}/requests/{number}"),
        (await town.as_resident(), f"/h5/mine/{number}"),
    ):
        answer = await send(browser, page, *contents, **{"for": "residents"})
        assert answer.location == f"{page}?told={told}"
        assert words in text_of(await browser.get(answer.location))
    async with town.site.database.read() as session:
        assert (await session.exec(select(Blob.address))).all() == []
        told_people = (await session.exec(select(OutboxMessage.text))).all()
    assert not any("附照片" in text for text in told_people)


async def test_a_form_that_is_not_ours_goes_no_further(town: Town) -> None:
    number = await in_hand(town)
    browser, path = await town.as_resident(), f"/h5/mine/{number}"
    fields = fields_of(await browser.get(path), "photos")
    for bad in ({"csrf": "0" * 64}, {"csrf": ""}):
        assert (await post(browser, f"{path}/photos", fields | bad, shot())).status == 403
    stranger = town.browser()
    assert (await post(stranger, f"{path}/photos", fields, shot())).status == 403
    snapshot = await town.as_resident("snapshot")
    token = (await snapshot.get("/h5")).csrf
    assert (await post(snapshot, f"{path}/photos", fields | {"csrf": token}, shot())).status == 403
    assert await photos_of(town) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"--x\r\n\r\n", 400),
        (b"--x--\r\n", 403),
        (b"no boundary at all", 400),
        (
            b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n' + b"a" * 20_000 + b"\r\n--x--\r\n",
            413,
        ),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 60 + b"--x--\r\n", 400),
        (b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n--x--\r\n", 400),
    ],
    ids=["nothing", "cut", "no-parts", "no-boundary", "long-field", "many-fields", "nested"],
)
async def test_odd_forms_get_a_plain_answer(town: Town, body: bytes, status: int) -> None:
    number = await in_hand(town)
    browser = await town.as_resident()
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    headers = cookies | {"Content-Type": "multipart/form-data; boundary=x"}
    async with browser.http.post(
        f"{browser.base}/h5/mine/{number}/photos", data=body, headers=headers, allow_redirects=False
    ) as response:
        assert response.status == status


async def test_a_slow_phone_holds_up_nobody_else(town: Town) -> None:
    number = await in_hand(town)
    browser, path = await town.as_resident(), f"/h5/mine/{number}"
    fields = fields_of(await browser.get(path), "photos")
    gate = asyncio.Event()

    async def slowly() -> object:
        parts = [
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        yield b"".join(parts)
        yield b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
        await gate.wait()
        yield shot() + b"\r\n--x--\r\n"

    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    headers = cookies | {"Content-Type": "multipart/form-data; boundary=x"}
    sending = asyncio.create_task(
        browser.http.post(
            f"{browser.base}{path}/photos", data=slowly(), headers=headers, allow_redirects=False
        )
    )
    await asyncio.sleep(0.2)
    other = await town.as_resident(openid="o-other")  # writes a session: no transaction waits for the phone
    assert (await other.get("/h5")).status == 200
    gate.set()
    async with await sending as response:
        assert response.headers["Location"] == f"{path}?told=photo_added"
