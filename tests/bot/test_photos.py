"""Fetching photos: once, in time, whatever the platform does and whoever dies; and nothing hostile is kept."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from sqlmodel import select
from structlog.testing import capture_logs

from bot.channels.archive_simulated import SimulatedSource
from bot.channels.base import ChannelError, MediaSource, MediaTooLarge, Verdict
from bot.channels.official_account import OfficialAccount
from bot.config import OfficialAccountSettings
from bot.photos import AGAIN_AFTER, BATCH, LEASE, PhotoFetcher
from bot.pictures import LIMIT_BYTES
from bot.playground.account import Account
from bot.playground.archive import SLICE, ArchiveFeed, new_key
from bot.playground.faults import ALWAYS
from bot.playground.platform import Platform
from bot.telemetry import Metrics
from handlers.context import Services
from handlers.opinions.withdraw import withdraw_opinion
from handlers.people.enrol import enrol_compound
from storage.blobs import find_blob
from storage.database import Database
from storage.queries.photos import Place, put_photo
from storage.states import PhotoState
from storage.tables import Blob, InboxMessage, Opinion, Photo
from tests.bot.fakes import Clock
from tests.bot.shots import GPS, HTML, phone_shot, shot
from tests.channels.by_hand import APP_ID, KEY, TOKEN
from tests.handlers.talk import compound

SECRET = "the-app-secret-of-tests"
MEDIA = "/cgi-bin/media/get"


class House:
    """A compound with one opinion, a platform that has pictures, and replicas that fetch them."""

    def __init__(self, database: Database, services: Services, clock: Clock, platform: Platform) -> None:
        self.database, self.services, self.clock, self.platform = database, services, clock, platform
        self.metrics = Metrics()
        self.source: MediaSource | None = None

    def replica(self, source: MediaSource | None = None) -> PhotoFetcher:
        source = source or self.source
        assert source is not None
        return PhotoFetcher(self.database, self.services.sealer, {"main": source}, self.metrics, self.clock)

    async def want(self, content: bytes | None = None, kind: str = "image/jpeg", media_id: str = "") -> int:
        """A picture that belongs to the opinion; its inbox_id."""
        media_id = media_id or self.platform.media.add(phone_shot() if content is None else content, kind)
        async with self.database.write() as session:
            message = InboxMessage(
                account="main", message_key=f"m:{media_id}", kind="image", sender="o-zhao", sent_at=self.clock.now,
                text="", scene="", media_id=media_id, received_at=self.clock.now, lease_owner="",
                lease_until=self.clock.now,
            )  # fmt: skip
            session.add(message)
            await session.flush()
            await put_photo(
                session, 1, f"inbox:{message.inbox_id}:0", Place(1001), self.clock.now,
                person_id=None, said_at=self.clock.now, message=message, media_id=media_id,
            )  # fmt: skip
        assert message.inbox_id is not None
        return message.inbox_id

    async def photos(self) -> list[Photo]:
        async with self.database.read() as session:
            return list((await session.exec(select(Photo).order_by(Photo.number))).all())  # type: ignore[arg-type]

    async def states(self) -> list[PhotoState]:
        return [photo.state for photo in await self.photos()]

    async def blobs(self) -> int:
        async with self.database.read() as session:
            return len((await session.exec(select(Blob.address))).all())

    @property
    def asked(self) -> int:
        return self.platform.counters.api_calls[MEDIA]

    def counted(self, outcome: str) -> float:
        return (
            self.metrics.registry.get_sample_value(
                "yishi_photos_total", {"account": "main", "outcome": outcome}
            )
            or 0.0
        )


@pytest.fixture
async def house(database: Database, services: Services, clock: Clock) -> AsyncIterator[House]:
    async with database.write() as session:
        compound_id = await enrol_compound(session, services.sealer, compound(), clock.now)
        session.add(
            Opinion(
                compound_id=compound_id,
                number=1001,
                inbox_id=10**6,
                said_at=clock.now,
                filed_at=clock.now,
                text="电梯坏了",
                urgency=1,
                lexicon_version="test",
            )
        )
    platform = Platform(Account(APP_ID, SECRET, TOKEN, KEY, "gh_7f083739789a"), clock=clock)
    settings = {
        "kind": "official_account", "app_id": APP_ID, "app_secret": SECRET, "token": TOKEN,
        "encoding_aes_key": KEY, "api_base": await platform.start(),
    }  # fmt: skip
    async with aiohttp.ClientSession() as http:
        house = House(database, services, clock, platform)
        house.source = OfficialAccount(
            "main", OfficialAccountSettings.model_validate(settings), http, time.monotonic
        )
        yield house
    await platform.stop()


async def test_a_photo_is_fetched_cleaned_and_sealed(house: House) -> None:
    await house.want()
    fetcher = house.replica()
    assert await fetcher.has_work()
    await fetcher.step()
    [photo] = await house.photos()
    assert (photo.state, photo.media_id) == (PhotoState.KEPT, "")
    assert photo.address is not None
    async with house.database.read() as session:
        kept = await find_blob(session, house.services.sealer, 1, photo.address)
        [blob] = (await session.exec(select(Blob))).all()
    assert kept is not None
    content, media_type = kept
    assert (media_type, content[:2], GPS in content) == ("image/jpeg", b"\xff\xd8", False)
    assert content not in blob.sealed
    assert not await fetcher.has_work()
    assert (house.counted("kept"), house.asked) == (1, 1)


async def test_more_than_a_batch_and_one_picture_twice(house: House) -> None:
    for number in range(BATCH + 1):
        await house.want(shot(20 + number))
    await house.want(shot(20))
    fetcher = house.replica()
    while await fetcher.step():
        pass
    assert await house.states() == [PhotoState.KEPT] * (BATCH + 2)
    assert await house.blobs() == BATCH + 1


async def test_two_replicas_fetch_each_photo_once(house: House) -> None:
    for number in range(6):
        await house.want(shot(20 + number))
    replicas = [house.replica() for _ in range(3)]
    await asyncio.gather(*(replica.step() for replica in replicas))
    for replica in replicas:
        await replica.step()
    assert await house.states() == [PhotoState.KEPT] * 6
    assert house.asked == 6


class Slow:
    """A source that gives the picture when it is told to."""

    media_kept = timedelta(days=3)

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def fetch_media(self, media_id: str, limit_bytes: int) -> bytes:
        self.asked.set()
        await self.go.wait()
        return self.content


async def test_who_dies_between_fetching_and_keeping_is_made_up_for_and_one_blob_is_kept(
    house: House,
) -> None:
    await house.want()
    slow = Slow(shot(33))
    dying = asyncio.create_task(house.replica(slow).step())
    await slow.asked.wait()
    dying.cancel()
    other = house.replica()
    assert not await other.has_work()  # the lease holds
    house.clock.forward(LEASE.total_seconds() + 1)
    await other.step()
    assert (await house.states(), await house.blobs()) == ([PhotoState.KEPT], 1)


async def test_who_was_only_slow_keeps_nothing_after_another(house: House) -> None:
    await house.want()
    slow = Slow(shot(33))
    late = asyncio.create_task(house.replica(slow).step())
    await slow.asked.wait()
    house.clock.forward(LEASE.total_seconds() + 1)
    await house.replica().step()
    [before] = await house.photos()
    slow.go.set()
    await late
    [after] = await house.photos()
    assert (after.address, await house.blobs()) == (before.address, 1)
    assert house.counted("kept") == 1


async def test_what_was_taken_back_meanwhile_is_not_kept(house: House) -> None:
    await house.want()
    slow = Slow(shot(33))
    late = asyncio.create_task(house.replica(slow).step())
    await slow.asked.wait()
    async with house.database.write() as session:
        opinion = await session.get_one(Opinion, (1, 1001))
        await withdraw_opinion(session, house.services, opinion, house.clock.now, actor_id=1)
    slow.go.set()
    await late
    assert (await house.photos(), await house.blobs()) == ([], 0)


# What the platform says


@pytest.mark.parametrize("fault", ["busy", "http_500", "rate_limited", "ip_not_whitelisted"])
async def test_what_passes_is_tried_again(house: House, fault: str) -> None:
    house.platform.faults.api_path = MEDIA
    await house.want()
    setattr(house.platform.faults, fault, 1)
    fetcher = house.replica()
    with capture_logs():
        await fetcher.step()
    [photo] = await house.photos()
    assert (photo.state, photo.attempts) == (PhotoState.WANTED, 1)
    assert not await fetcher.has_work()
    house.clock.forward(2 * 3600)
    await fetcher.step()
    assert await house.states() == [PhotoState.KEPT]
    assert house.counted("again") == 1


async def test_an_expired_token_is_renewed_within_the_attempt(house: House) -> None:
    house.platform.faults.api_path = MEDIA
    house.platform.faults.token_expired = 1
    await house.want()
    await house.replica().step()
    assert (await house.states(), house.asked) == ([PhotoState.KEPT], 2)


async def test_waiting_grows_and_ends_when_the_platform_has_forgotten(house: House) -> None:
    house.platform.faults.api_path = MEDIA
    house.platform.faults.http_500 = ALWAYS
    await house.want()
    fetcher = house.replica()
    gaps = []
    with capture_logs() as logs:
        while PhotoState.WANTED in await house.states():
            await fetcher.step()
            [photo] = await house.photos()
            gap = photo.next_at - house.clock.now
            gaps.append(gap)
            house.clock.now = max(photo.next_at, house.clock.now + timedelta(seconds=1))
            assert len(gaps) < 50
    assert gaps[: len(AGAIN_AFTER)] == list(AGAIN_AFTER)
    assert await house.states() == [PhotoState.GONE]
    assert len(gaps) == house.asked + 1  # after three days nobody is asked any more
    assert [log["event"] for log in logs] == ["photos.gone"]


@pytest.mark.parametrize("how", ["fault", "unknown"])
async def test_expired_is_the_end(house: House, how: str) -> None:
    house.platform.faults.media_expired = int(how == "fault")
    await house.want(media_id="" if how == "fault" else "media-of-last-year")
    fetcher = house.replica()
    with capture_logs() as logs:
        await fetcher.step()
    assert await house.states() == [PhotoState.GONE]
    assert logs == [
        {"event": "photos.gone", "log_level": "warning", "photo": 1001, "attempts": 1, "errcode": 40007}
    ]
    assert (house.counted("gone"), await fetcher.has_work()) == (1, False)


async def test_an_account_that_is_refused_is_left_alone(house: House) -> None:
    house.platform.faults.ip_not_whitelisted = ALWAYS
    for number in range(BATCH * 2):
        await house.want(shot(20 + number))
    fetcher = house.replica()
    with capture_logs() as logs:
        for _ in range(4):
            await fetcher.step()
    assert [log["event"] for log in logs] == ["photos.not_told"]
    assert await house.states() == [PhotoState.WANTED] * (BATCH * 2)


@pytest.mark.parametrize(
    "content", [HTML, b"\xff\xd8\xff" + HTML, shot(600, 400)[:-300], shot(kind="BMP")], ids=range(4)
)
async def test_what_is_no_picture_is_refused(house: House, content: bytes) -> None:
    await house.want(content)
    with capture_logs() as logs:
        await house.replica().step()
    assert (await house.states(), await house.blobs()) == ([PhotoState.REFUSED], 0)
    assert [log["event"] for log in logs] == ["photos.refused"]


# On the wire

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def fetched_from(answer: Answer) -> bytes:
    """What a channel makes of a platform that answers a request for a medium so."""

    async def token(_request: web.Request) -> web.Response:
        return web.json_response({"access_token": "t" * 40, "expires_in": 7200})

    app = web.Application()
    app.router.add_post("/cgi-bin/stable_token", token)
    app.router.add_get(MEDIA, answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    settings = {
        "kind": "official_account", "app_id": APP_ID, "app_secret": SECRET, "token": TOKEN,
        "encoding_aes_key": KEY, "api_base": f"http://127.0.0.1:{runner.addresses[0][1]}",
    }  # fmt: skip
    try:
        async with aiohttp.ClientSession() as http:
            channel = OfficialAccount(
                "main", OfficialAccountSettings.model_validate(settings), http, time.monotonic
            )
            return await channel.fetch_media("media-1", LIMIT_BYTES)
    finally:
        await runner.cleanup()


async def test_a_gigabyte_is_not_read() -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
        await response.prepare(request)
        for _ in range(16384):
            await response.write(b"\0" * 65536)
            sent += 65536
        return response

    with pytest.raises(MediaTooLarge):
        await fetched_from(endless)
    assert sent < LIMIT_BYTES * 2


async def test_what_says_it_is_too_large_is_not_read_at_all() -> None:
    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(10**9), "Content-Type": "image/jpeg"})
        await response.prepare(request)
        return response

    with pytest.raises(MediaTooLarge):
        await fetched_from(large)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "image/jpeg"])
async def test_a_refusal_is_known_whatever_it_calls_itself(kind: str) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        body = b'{"errcode":40007,"errmsg":"invalid media_id rid: 66f3bd4d-25a283a9"}'
        return web.Response(body=body, content_type=kind)

    with pytest.raises(ChannelError) as raised:
        await fetched_from(refuse)
    assert (raised.value.result.verdict, raised.value.result.errcode) == (Verdict.REFUSED, 40007)


@pytest.mark.parametrize(
    ("body", "status"), [(b'{"video_url":"http://x"}', 200), (b"<html>", 200), (b"", 302), (b"x", 502)]
)
async def test_other_answers_are_tried_again(body: bytes, status: int) -> None:
    async def odd(_request: web.Request) -> web.Response:
        return web.Response(body=body, status=status, content_type="text/html")

    with pytest.raises(ChannelError) as raised:
        await fetched_from(odd)
    assert raised.value.result.verdict is not Verdict.REFUSED


async def test_the_archives_pictures_come_in_slices() -> None:
    feed = ArchiveFeed({1: new_key()})
    whole = bytes(range(256)) * (SLICE // 100)
    body = feed.image(whole)
    app = web.Application()
    app.add_routes(feed.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as http:
        source = SimulatedSource(f"http://127.0.0.1:{runner.addresses[0][1]}", http)
        assert isinstance(source, MediaSource)
        assert await source.fetch_media(body["sdkfileid"], LIMIT_BYTES) == whole
        with pytest.raises(MediaTooLarge):
            await source.fetch_media(body["sdkfileid"], SLICE)
        with pytest.raises(ChannelError) as raised:
            await source.fetch_media("none", LIMIT_BYTES)
        assert raised.value.result.verdict is Verdict.REFUSED
    await runner.cleanup()
