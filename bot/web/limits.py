"""How many may do something expensive at the same time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class TooMany(Exception):  # noqa: N818  an answer, not an error
    """Come back in a moment."""


class Turnstile:
    """Lets `inside` through at a time and `waiting` wait; whoever comes then is sent away with TooMany."""

    def __init__(self, inside: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(inside)
        self._most = inside + waiting
        self._here = 0

    @asynccontextmanager
    async def pass_through(self) -> AsyncIterator[None]:
        """Wait for a place and hold it for the block."""
        if self._here >= self._most:
            raise TooMany
        self._here += 1
        try:
            async with self._free:
                yield
        finally:
            self._here -= 1
