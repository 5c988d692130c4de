"""`./run mutants`: whether the tests notice mistakes in the count of a vote.

The mistakes are data (tests/voting/mutants.toml): a file, a text that stands in it once, and what somebody could have
written instead. Each is made in a copy of the tree, where the fast tests of votes must then fail.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from compileall import compile_dir
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import Queue
from typing import Any, TextIO

ROOT = Path(__file__).parents[2]
LIST = "tests/voting/mutants.toml"
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "data", "*.db")
_SECONDS = 300
_FAILED = 1  # what pytest returns when tests ran and some failed; anything else is no verdict
_BAD_USAGE = 2


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake. file: relative to the tree."""

    name: str
    file: str
    old: str
    new: str

    def applied(self, text: str) -> str:
        """The file with the mistake; raises ValueError unless `old` stands in it once."""
        if (count := text.count(self.old)) != 1:
            raise ValueError(f"{self.name}: stands {count} times in {self.file}")
        return text.replace(self.old, self.new)


def read_mutants(root: Path = ROOT) -> tuple[list[str], list[Mutant]]:
    """The tests that must notice, fast ones first, and the mistakes."""
    listed = tomllib.loads((root / LIST).read_text("utf-8"))
    return listed["tests"], [Mutant(**each) for each in listed["mutant"]]


def run(words: Sequence[str], out: TextIO, err: TextIO, only: Sequence[str] = ()) -> int:
    """Print a JSON line for each mutant whose name has one of the words, or for all. only: tests instead of the listed.

    Returns 0; 1 when one survived or gave no verdict; 2 when the tests fail by themselves or the list does not fit.
    """
    listed, mutants = read_mutants()
    tests = only or listed
    chosen = [each for each in mutants if not words or any(word in each.name for word in words)]
    try:
        for each in chosen:
            each.applied((ROOT / each.file).read_text("utf-8"))
    except (OSError, ValueError) as error:
        err.write(f"mutants: {error}\n")
        return _BAD_USAGE
    trees: Queue[Path] = Queue()
    with tempfile.TemporaryDirectory(prefix="yishi-mutants-") as folder:
        tree = Path(folder) / "0"
        shutil.copytree(ROOT, tree, ignore=_LEFT_OUT)
        # By its contents: a mutant may be as long as the original, and as old by the clock.
        for name in ("handlers", "storage"):
            compile_dir(tree / name, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        for number in range(1, min(os.cpu_count() or 1, len(chosen))):
            trees.put(Path(shutil.copytree(tree, Path(folder) / str(number))))
        code, said = _run_tests(tree, tests)
        trees.put(tree)
        if code:
            err.write(f"mutants: the tests fail without any mutant:\n{said}\n")
            return _BAD_USAGE
        survived = 0
        with ThreadPoolExecutor(trees.qsize()) as pool:
            for line in pool.map(lambda each: _tried(each, trees, tests), chosen):
                survived += line["result"] != "killed"
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
                out.flush()
    return 1 if survived else 0


def _tried(mutant: Mutant, trees: Queue[Path], tests: Sequence[str]) -> dict[str, Any]:
    """What the tests make of a mutant, in a tree that nobody else uses meanwhile."""
    tree = trees.get()
    path = tree / mutant.file
    text, started = path.read_text("utf-8"), time.monotonic()
    path.write_text(mutant.applied(text), "utf-8")
    code, said = _run_tests(tree, tests)
    path.write_text(text, "utf-8")
    trees.put(tree)
    by = re.search(r"^FAILED (\S+)", said, re.MULTILINE)
    return {
        "mutant": mutant.name,
        "file": mutant.file,
        "result": {0: "survived", _FAILED: "killed"}.get(code, "no verdict"),
        "by": by[1] if by else None,
        "seconds": round(time.monotonic() - started, 1),
    }


def _run_tests(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """The exit code and the words of pytest."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        return _FAILED, "FAILED by-taking-too-long"
    return done.returncode, done.stdout + done.stderr
