import asyncio

import pytest

from bot.pump import Pump


@pytest.mark.parametrize("trouble", [ZeroDivisionError(), KeyError("x"), OSError("away")])
async def test_no_fault_ends_a_pump(trouble: Exception) -> None:
    worked = asyncio.Event()
    troubles = [trouble]

    async def step() -> bool:
        if troubles:
            raise troubles.pop()
        worked.set()
        return False

    async def has_work() -> bool:
        return True

    pump = Pump("test", step, has_work)
    running = asyncio.create_task(pump.run())
    pump.wake()
    async with asyncio.timeout(5):
        await worked.wait()
        pump.stop()
        await running
