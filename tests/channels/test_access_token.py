import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from pydantic import SecretStr

from bot.channels.access_token import BLOCKED_SECONDS, FORCES_A_DAY, AccessToken, CorpTokens, StableTokens
from bot.channels.base import ChannelError, SendResult, Verdict
from tests.channels.by_hand import APP_ID
from tests.channels.stub_platform import TOKEN_PATH, Answer, Scene, failed, granted, scene

SECRET = "the-app-secret-of-tests"
CORP_PATH = "/cgi-bin/gettoken"
CORP_GRANT = {"access_token": "CORP-1", "expires_in": 7200}


def token_of(stage: Scene, base: str = "") -> AccessToken:
    source = StableTokens(stage.http, base or stage.platform.base, APP_ID, SecretStr(SECRET))
    return AccessToken(source, stage.clock)


async def refused(token: AccessToken) -> SendResult:
    with pytest.raises(ChannelError) as caught:
        await token.get()
    assert SECRET not in str(caught.value) and SECRET not in repr(caught.value.result)
    return caught.value.result


async def test_the_request_is_the_documented_one() -> None:
    async with scene() as stage:
        assert await token_of(stage).get() == "TOKEN-1"
        assert stage.platform.requests[0].body == {
            "grant_type": "client_credential",
            "appid": APP_ID,
            "secret": SECRET,
            "force_refresh": False,
        }
        assert stage.platform.requests[0].query == {}


async def test_many_who_wait_make_one_request() -> None:
    async with scene() as stage:
        stage.platform.delay_seconds = 0.05
        token = token_of(stage)
        assert set(await asyncio.gather(*(token.get() for _ in range(50)))) == {"TOKEN-1"}
        assert len(stage.platform.requests) == 1


async def test_who_gives_up_does_not_take_the_others_token_along() -> None:
    async with scene() as stage:
        stage.platform.delay_seconds = 0.05
        token = token_of(stage)
        first, second = asyncio.create_task(token.get()), asyncio.create_task(token.get())
        await asyncio.sleep(0.01)
        first.cancel()
        assert await second == "TOKEN-1"
        with suppress(asyncio.CancelledError):
            await first
        assert len(stage.platform.requests) == 1


async def test_a_token_is_kept_until_shortly_before_it_expires() -> None:
    async with scene(token=[granted("A", 7200), granted("B", 7200)]) as stage:
        token = token_of(stage)
        assert await token.get() == "A"
        stage.clock.seconds += 7200 - 121
        assert await token.get() == "A"
        stage.clock.seconds += 2
        assert await token.get() == "B"


async def test_a_token_of_few_seconds_is_kept_for_half_of_them() -> None:
    async with scene(token=[granted("A", 100), granted("B", 100)]) as stage:
        token = token_of(stage)
        assert await token.get() == "A"
        stage.clock.seconds += 49
        assert await token.get() == "A"
        stage.clock.seconds += 2
        assert await token.get() == "B"


async def test_a_failed_token_is_asked_for_once_however_many_failed_with_it() -> None:
    async with scene(token=[granted("A"), granted("B"), granted("C")]) as stage:
        token = token_of(stage)
        assert await token.get() == "A"
        for _ in range(10):
            token.invalidate("A")
        assert set(await asyncio.gather(*(token.get() for _ in range(10)))) == {"B"}
        token.invalidate("A")  # one that failed earlier and comes late
        assert await token.get() == "B"
        assert stage.platform.forced() == [False, False]


async def test_when_the_failed_token_comes_again_a_new_one_is_forced_once() -> None:
    async with scene(token=[granted("A"), granted("A"), granted("B")]) as stage:
        token = token_of(stage)
        token.invalidate(await token.get())
        assert await token.get() == "B"
        assert stage.platform.forced() == [False, False, True]


async def test_forcing_is_thirty_seconds_apart() -> None:
    answers: list[Answer] = [
        granted("A"),
        granted("A"),
        granted("B"),
        granted("B"),
        granted("B"),
        granted("C"),
    ]
    async with scene(token=answers) as stage:
        token = token_of(stage)
        token.invalidate(await token.get())
        token.invalidate(await token.get())  # B, forced, fails at once
        stage.clock.seconds += 10
        result = await refused(token)
        assert (result.verdict, result.wait_seconds) == (Verdict.RETRY, 20)
        asked = len(stage.platform.requests)
        assert (await refused(token)).verdict is Verdict.RETRY
        assert len(stage.platform.requests) == asked
        stage.clock.seconds += 21
        assert await token.get() == "C"
        assert stage.platform.forced() == [False, False, True, False, False, True]


async def test_when_even_forcing_brings_the_failed_token_it_is_not_used() -> None:
    async with scene(token=[granted("A")]) as stage:
        token = token_of(stage)
        token.invalidate(await token.get())
        result = await refused(token)
        assert (result.verdict, result.wait_seconds) == (Verdict.RETRY, 30)
        assert stage.platform.forced() == [False, False, True]


async def test_forcing_ends_before_the_days_quota_does() -> None:
    async with scene(token=[granted("A")]) as stage:
        token = token_of(stage)
        token.invalidate(await token.get())
        for _ in range(40):
            await refused(token)
            stage.clock.seconds += 301
        assert sum(stage.platform.forced()) == FORCES_A_DAY
        stage.clock.seconds += 86400
        await refused(token)
        assert sum(stage.platform.forced()) == FORCES_A_DAY + 1


@pytest.mark.parametrize("errcode", [40001, 40013, 40125, 40164, 40243, 41002, 41004, 89503])
async def test_a_blocked_account_is_not_asked_again_for_some_minutes(errcode: int) -> None:
    async with scene(token=[failed(errcode, f"invalid ip 203.0.113.9 {SECRET}"), granted("A")]) as stage:
        token = token_of(stage)
        for _ in range(5):
            result = await refused(token)
            assert (result.verdict, result.errcode) == (Verdict.ACCOUNT_BLOCKED, errcode)
            assert result.detail
        stage.clock.seconds += BLOCKED_SECONDS - 1
        assert (await refused(token)).wait_seconds == 1
        assert len(stage.platform.requests) == 1
        stage.clock.seconds += 1
        assert await token.get() == "A"


async def test_all_who_wait_share_one_failure() -> None:
    async with scene(token=[failed(40125)]) as stage:
        stage.platform.delay_seconds = 0.05
        token = token_of(stage)
        results = await asyncio.gather(*(token.get() for _ in range(20)), return_exceptions=True)
        assert all(isinstance(result, ChannelError) for result in results)
        assert len(stage.platform.requests) == 1


@pytest.mark.parametrize(
    ("answer", "wait_seconds"),
    [
        (failed(-1), 5),
        (failed(45011), 60),
        (failed(45009), 3600),
        (failed(99999), 60),
        (failed(40003), 2),
        (granted(""), 2),
        (granted("a b"), 2),
        (granted("电"), 2),
        (granted("A", 0), 2),
        (granted("A", "7200"), 2),
        (granted("A", True), 2),
        (granted("A", 10**9), 2),
        ({}, 2),
        (lambda _: web.Response(status=502, text="<html>"), 2),
        (lambda _: web.Response(text="<html>"), 2),
        (lambda _: web.Response(status=302, headers={"Location": "/elsewhere"}), 2),
    ],
)
async def test_other_failures_pass_after_a_pause(answer: Answer, wait_seconds: float) -> None:
    async with scene(token=[answer, granted("A")]) as stage:
        token = token_of(stage)
        result = await refused(token)
        assert (result.verdict, result.wait_seconds) == (Verdict.RETRY, wait_seconds)
        await refused(token)
        assert len(stage.platform.requests) == 1
        stage.clock.seconds += wait_seconds
        assert await token.get() == "A"


async def test_a_platform_that_cannot_be_reached_is_tried_later() -> None:
    async with scene() as stage:
        result = await refused(token_of(stage, f"http://127.0.0.1:{unused_port()}"))
        assert (result.verdict, result.errcode) == (Verdict.RETRY, None)


async def test_neither_secret_nor_token_is_in_a_repr() -> None:
    async with scene(token=[granted("TOKEN-X")]) as stage:
        token = token_of(stage)
        await token.get()
        shown = f"{token!r} {vars(token)!r} {vars(token._source)!r}"
        assert SECRET not in shown and "TOKEN-X" not in shown
        assert stage.platform.asked(TOKEN_PATH)


# WeCom's tokens go through the same class: what differs is the request, and that nothing can be forced.


def corp_token_of(stage: Scene) -> AccessToken:
    return AccessToken(CorpTokens(stage.http, stage.platform.base, "ww1", SecretStr(SECRET)), stage.clock)


@pytest.fixture
async def corp() -> AsyncIterator[tuple[Scene, AccessToken]]:
    async with scene() as stage:
        stage.platform.answers[CORP_PATH] = [{"errcode": 0, "errmsg": "ok", **CORP_GRANT}]
        yield stage, corp_token_of(stage)


async def test_many_who_wait_for_wecom_make_one_request(corp: tuple[Scene, AccessToken]) -> None:
    stage, token = corp
    stage.platform.delay_seconds = 0.05
    assert set(await asyncio.gather(*(token.get() for _ in range(50)))) == {"CORP-1"}
    request = stage.platform.requests[0]
    assert len(stage.platform.requests) == 1
    assert (request.path, request.query, request.raw) == (
        CORP_PATH,
        {"corpid": "ww1", "corpsecret": SECRET},
        b"",
    )


async def test_wecom_is_asked_again_after_a_failure_but_cannot_be_forced(
    corp: tuple[Scene, AccessToken],
) -> None:
    stage, token = corp
    token.invalidate(await token.get())
    result = await refused(token)
    assert (result.verdict, result.wait_seconds) == (Verdict.RETRY, 30)
    await refused(token)
    assert len(stage.platform.requests) == 2
    stage.clock.seconds += 31
    stage.platform.answers[CORP_PATH] = [{"errcode": 0, "access_token": "CORP-2", "expires_in": 7200}]
    assert await token.get() == "CORP-2"


@pytest.mark.parametrize("errcode", [40001, 40013, 40091, 41004, 60020])
async def test_a_blocked_corp_is_not_asked_again_for_some_minutes(
    corp: tuple[Scene, AccessToken], errcode: int
) -> None:
    stage, token = corp
    stage.platform.answers[CORP_PATH] = [failed(errcode, f"invalid credential {SECRET}")]
    for _ in range(5):
        assert (await refused(token)).verdict is Verdict.ACCOUNT_BLOCKED
    assert len(stage.platform.requests) == 1
    shown = f"{token!r} {vars(token)!r} {vars(token._source)!r}"
    assert SECRET not in shown
