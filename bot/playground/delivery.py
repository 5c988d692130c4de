"""One message or event on its way to the bot: up to three tries, as the platform makes them."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp

from bot.playground.counters import Counters
from bot.playground.faults import Faults
from bot.playground.wire import BadReply, CallbackWire, Fields, Reply

TRIES = 3
SERVICE_FAULT = "该公众号提供的服务出现故障，请稍后再试"


@dataclass(frozen=True, slots=True)
class Try:
    """One POST. status: None when no answer came in time; problem: why it did not count, empty when it did."""

    at: datetime
    seconds: float
    status: int | None
    body: bytes
    problem: str = ""


@dataclass
class Delivery:
    """What became of a message or event.

    msg_id: the MsgId as text; an event has none on the wire and gets FROM:TIME:EVENT:KEY here.
    fields: as sent, MsgType and so on.
    reply:  the passive reply that the person saw, None when there was none; stream: see Reply.
    fault:  what the person saw instead, empty when nothing was wrong.
    tries:  in the order they were answered; a duplicate is a try of its own.
    """

    msg_id: str
    openid: str
    fields: Fields
    tries: list[Try] = field(default_factory=list)
    reply: str | None = None
    stream: str = ""
    fault: str = ""
    _finished: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def finished(self) -> bool:
        """Whether the platform is done with it (a held one is not)."""
        return self._finished.is_set()

    @property
    def accepted(self) -> bool:
        """Whether the bot took it."""
        return self.finished and not self.fault

    async def wait(self) -> None:
        """Wait until it is finished."""
        await self._finished.wait()

    def finish(self) -> None:
        """Note that the platform is done with it."""
        self._finished.set()


@dataclass(frozen=True, slots=True)
class _Outcome:
    made: Try
    reply: Reply | None = None


class Courier:
    """Carries deliveries to the callback address. A try is cut off after `cut_seconds`, none begins after `closing`.

    fault: what the person sees when the bot did not answer.
    """

    def __init__(
        self,
        wire: CallbackWire,
        faults: Faults,
        counters: Counters,
        clock: Callable[[], datetime],
        closing: asyncio.Event,
        cut_seconds: float,
        fault: str = SERVICE_FAULT,
    ) -> None:
        self.cut_seconds = cut_seconds
        self._fault = fault
        self._wire = wire
        self._faults = faults
        self._counters = counters
        self._clock = clock
        self._closing = closing
        self._session: aiohttp.ClientSession | None = None

    async def carry(self, delivery: Delivery, url: str) -> None:
        """Try until the bot answers, three times at most; fills in the delivery except `finish`."""
        copies = 2 if self._faults.take("duplicate") else 1
        lose_answer = self._faults.take("force_retry")
        self._counters.deliveries += 1
        for _ in range(TRIES):
            if self._closing.is_set():
                break
            outcomes = await asyncio.gather(*(self._post(delivery, url) for _ in range(copies)))
            copies = 1
            delivery.tries.extend(outcome.made for outcome in outcomes)
            if lose_answer:
                lose_answer = False
                continue
            answered = [outcome for outcome in outcomes if outcome.made.status == 200]
            if answered:
                good = [outcome for outcome in answered if not outcome.made.problem]
                reply = next((outcome.reply for outcome in good if outcome.reply is not None), None)
                if reply is not None:
                    delivery.reply, delivery.stream = reply.text, reply.stream
                # An answer that makes no sense is shown to the person as a fault, it is not asked for again.
                delivery.fault = "" if good else self._fault
                return
        delivery.fault = self._fault

    async def get(self, url: str, query: dict[str, str]) -> tuple[int, bytes]:
        """Fetch an address with the same cut-off; raises TimeoutError and aiohttp.ClientError."""
        async with (
            asyncio.timeout(self.cut_seconds),
            self._open_session().get(url, params=query, allow_redirects=False) as response,
        ):
            return response.status, await response.read()

    async def close(self) -> None:
        """Close connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None),
                connector=aiohttp.TCPConnector(force_close=True, limit=0),
                headers={"User-Agent": "Mozilla/4.0", "Pragma": "no-cache"},
            )
        return self._session

    async def _post(self, delivery: Delivery, url: str) -> _Outcome:
        loop = asyncio.get_running_loop()
        at, started = self._clock(), loop.time()
        nonce = str(secrets.randbelow(9 * 10**9) + 10**9)
        query, body = self._wire.sign_and_seal(
            self._wire.render(delivery.fields), int(at.timestamp()), nonce, delivery.openid
        )
        self._counters.callback_posts += 1
        try:
            async with asyncio.timeout(self.cut_seconds):
                await asyncio.sleep(self._faults.slow_seconds)
                async with self._open_session().post(
                    url,
                    params=query,
                    data=body,
                    headers={"Content-Type": self._wire.content_type},
                    allow_redirects=False,
                ) as response:
                    status, answer = response.status, await response.read()
        except TimeoutError:
            return _Outcome(Try(at, loop.time() - started, None, b"", "no answer in time"))
        except aiohttp.ClientError as error:
            return _Outcome(
                Try(at, loop.time() - started, None, b"", f"no connection: {type(error).__name__}")
            )
        seconds = loop.time() - started
        if status != 200:
            return _Outcome(Try(at, seconds, status, answer, f"status {status}"))
        try:
            reply = self._wire.open_reply(answer, delivery.openid, nonce)
        except BadReply as error:
            return _Outcome(Try(at, seconds, status, answer, str(error)))
        return _Outcome(Try(at, seconds, status, answer), reply)
