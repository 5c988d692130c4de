"""A small closed-loop HTTP client on raw sockets: cheap enough not to be what is measured."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import urlsplit


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last one is complete."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None], answers: list[bytes]) -> None:
        self._requests = requests
        self._done = done
        self._answers = answers
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
        else:
            self._done.set_result(None)
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._done.set_exception(RuntimeError(head.partition(b"\r\n")[0].decode()))
            self._transport.close()
            return
        self._answers.append(body)
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionResetError())


def post_bytes(address: str, path: str, body: bytes) -> bytes:
    """One request as it goes over the wire."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def drive(address: str, requests: Sequence[bytes], connections: int) -> tuple[float, list[bytes]]:
    """Send all requests over keep-alive connections; returns answers per second and the answers' bodies.

    Raises RuntimeError for any answer but 200.
    """
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert parts.port is not None
    loop = asyncio.get_running_loop()
    queue, answers = iter(requests), list[bytes]()
    started = time.perf_counter()
    finished = []
    for _ in range(connections):
        done = loop.create_future()
        await loop.create_connection(partial(_Connection, queue, done, answers), parts.hostname, parts.port)
        finished.append(done)
    await asyncio.gather(*finished)
    return len(requests) / (time.perf_counter() - started), answers
