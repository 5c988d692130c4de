"""Processes of the system tests, forked from one that has imported everything: imports are most of what a start costs.

What is forked has opened, connected and started nothing yet, so that a process shares nothing with another one.
"""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.system.served", "tests.system.archive_child"])


class Forked:
    """A process that runs `main` with these arguments, and ends with what it returns; output goes to `log`.

    It has the methods of subprocess.Popen that the tests use.
    """

    def __init__(self, main: Callable[..., int], arguments: tuple[object, ...], log: Path) -> None:
        self._process = _CONTEXT.Process(target=_begin, args=(main, arguments, log), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()

    def wait(self, timeout: float) -> int:
        """The exit code, negative for a signal; raises TimeoutError."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
        return self._process.exitcode


def _begin(main: Callable[..., int], arguments: tuple[object, ...], log: Path) -> None:
    threading.Thread(target=_end_with_the_test, daemon=True).start()
    with log.open("ab") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    for name in list(os.environ):
        if name.startswith("YISHI_"):
            del os.environ[name]
    sys.exit(main(*arguments))


def _end_with_the_test() -> None:
    """Nobody is left to kill this process when the tests are killed themselves."""
    tests = multiprocessing.parent_process()
    assert tests is not None
    tests.join()
    os._exit(1)
