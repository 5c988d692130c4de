"""The bytes of the listener's answers, over real sockets."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.web.listener import Runner, acknowledgement, answer

HEAD = b"Host: a\r\nContent-Length: 2\r\n"


async def _express(request: web.Request) -> web.StreamResponse:
    body = request.content.read_nowait()
    if body == b"ha":
        return answer(text="ha", status=201)
    if body == b"!!":
        raise ZeroDivisionError
    return acknowledgement(request)


async def _routed(request: web.Request) -> web.StreamResponse:
    return web.Response(text=f"routed {(await request.read()).decode()}")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    application = web.Application()
    application.add_routes([web.post("/in", _routed), web.get("/in", _routed)])
    runner = Runner(application, 1.0, {"/in": _express})
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def talk(port: int, said: bytes) -> bytes:
    """What comes back until the server closes or is silent for a moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    heard = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(4096), 0.5):
            heard += chunk
    except TimeoutError:
        heard += b"<open>"
    writer.close()
    return heard


async def test_an_acknowledgement_is_empty_dated_and_keeps_the_connection(port: int) -> None:
    heard = await talk(port, b"POST /in?a=1 HTTP/1.1\r\n" + HEAD + b"\r\nhi")
    status, *headers = heard.split(b"\r\n")
    assert status == b"HTTP/1.1 200 OK"
    assert headers[0] == b"Content-Length: 0"
    assert headers[1].startswith(b"Date: ")
    assert headers[1].endswith(b" GMT")
    assert headers[2:] == [b"Server: yishi", b"", b"<open>"]


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1\r\nConnection: close"])
async def test_who_wants_to_close_is_closed(port: int, version: bytes) -> None:
    heard = await talk(port, b"POST /in " + version + b"\r\n" + HEAD + b"\r\nhi")
    assert b" 200 OK\r\n" in heard
    assert b"Server: yishi\r\n" in heard
    assert heard.endswith(b"\r\n\r\n")


async def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    one, other = (b"POST /in HTTP/1.1\r\n" + HEAD + b"\r\n" + body for body in (b"hi", b"ha"))
    heard = await talk(port, one + other + one)
    assert [part.split(b" ")[0] for part in heard.split(b"HTTP/1.1 ")[1:]] == [b"200", b"201", b"200"]


async def test_what_is_not_plain_goes_by_the_applications_routes(port: int) -> None:
    expecting = b"POST /in HTTP/1.1\r\n" + HEAD + b"Expect: 100-continue\r\n\r\nhi"
    heard = await talk(port, expecting)
    assert heard.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert b"routed hi" in heard
    assert b"routed" in await talk(port, b"POST http://a/in HTTP/1.1\r\n" + HEAD + b"\r\nhi")
    assert b"routed" in await talk(port, b"GET /in HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b" 404 " in await talk(port, b"POST /out HTTP/1.1\r\n" + HEAD + b"\r\nhi")


async def test_a_fault_is_answered_without_a_word_about_it(port: int) -> None:
    heard = await talk(port, b"POST /in HTTP/1.1\r\n" + HEAD + b"\r\n!!")
    assert heard.startswith(b"HTTP/1.1 500 ")
    assert b"Server: yishi\r\n" in heard
    assert b"Division" not in heard
