"""The loop around a step: run it while there is work, sleep until woken, look again every second."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

IDLE_SECONDS = 1.0  # how soon work is seen that another replica, or the clock, made due

log = structlog.get_logger()


class Pump:
    """Calls `step` while it returns True. `has_work` is a cheap look before each step nobody asked for."""

    def __init__(
        self, name: str, step: Callable[[], Awaitable[bool]], has_work: Callable[[], Awaitable[bool]]
    ) -> None:
        self._name = name
        self._step = step
        self._has_work = has_work
        self._woken = asyncio.Event()
        self._stopping = False
        self._failing = False

    def wake(self) -> None:
        """There is work."""
        self._woken.set()

    def stop(self) -> None:
        """Return from `run` after the step under way."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Work until stopped. What goes wrong is logged once, and once when it is over."""
        while not self._stopping:
            try:
                await self._turn()
            except Exception as error:  # whatever it is: a pump that ends would leave everything lying
                if not self._failing:
                    away = isinstance(error, SQLAlchemyError | OSError | TimeoutError)
                    event = "pump.database_away" if away else "pump.failed"
                    log.error(event, pump=self._name, error=type(error).__name__)
                self._failing = True
                await asyncio.sleep(IDLE_SECONDS)
            else:
                if self._failing:
                    log.info("pump.database_back", pump=self._name)
                self._failing = False

    async def _turn(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), IDLE_SECONDS)
        except TimeoutError:
            if not await self._has_work():
                return
        self._woken.clear()
        while await self._step() and not self._stopping:
            pass
