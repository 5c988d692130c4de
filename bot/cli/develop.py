"""./run test, check, bench, lock: for those who work on Yishi."""

import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LOCKS = {"requirements.lock": [], "requirements-dev.lock": ["--group", "dev"]}
BENCHMARKS = ("intake", "dialogue", "tag", "replay", "urgent", "votes", "ballots", "warnings", "cycles")


def _run(*command: str) -> int:
    print("$", " ".join(command), file=sys.stderr, flush=True)
    return subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, check=False).returncode  # noqa: S603


def run_tests(arguments: Sequence[str]) -> int:
    """The suite, on SQLite and PostgreSQL."""
    # It starts hundreds of processes, which must not compile everything anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return _run("python", "-m", "pytest", *arguments)


def run_checks() -> int:
    """Everything that can be said about the tree without running it; all of it, even after a first failure."""
    results = [
        _run("ruff", "check", "."),
        _run("ruff", "format", "--check", "."),
        _run("mypy"),
        _run("lint-imports", "--no-cache"),
        check_locks(),
    ]
    return 1 if any(results) else 0


def check_locks() -> int:
    """The locks hold every direct dependency, are hashed, and name no address."""
    faults = []
    for name, groups in LOCKS.items():
        text = (ROOT / name).read_text("utf-8")
        if "://" in text:
            faults.append(f"{name} names an address")
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        faults += [f"{name}: no hash for {pin}" for pin in pins if not pin.endswith("\\")]
        locked = {re.split(r"[^a-z0-9-]", pin.lower())[0] for pin in pins}
        faults += [f"{name} does not hold {wanted}" for wanted in _direct(groups) if wanted not in locked]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _direct(groups: Sequence[str]) -> list[str]:
    """The names that pyproject.toml asks for, as locks spell them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = list(project["project"]["dependencies"])
    if groups:
        wanted += project["dependency-groups"]["dev"]
    return [
        re.split(r"[^A-Za-z0-9._-]", each)[0].lower().replace("_", "-").replace(".", "-") for each in wanted
    ]


def run_benchmarks(names: Sequence[str], *, quick: bool) -> int:
    """Print the figures of the named benchmarks, or of all."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(
            f"yishi: no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}",
            file=sys.stderr,
        )
        return 2
    for name in names or BENCHMARKS:
        for figure in importlib.import_module(f"benchmarks.{name}").run(quick):
            print(json.dumps(figure, ensure_ascii=False), flush=True)
    return 0


def write_locks() -> int:
    """Resolve for every supported Python at once; addresses of registries stay out."""
    environment = {**os.environ, "UV_NO_CONFIG": "1"}
    for name, extra in LOCKS.items():
        command = [
            str(BIN / "uv"), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11",
            "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
            "pyproject.toml", *extra, "-o", name,
        ]  # fmt: skip
        if code := subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:  # noqa: S603
            return code
    return check_locks()
