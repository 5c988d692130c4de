"""`./run verify --zipapp FILE`: the verifier as one file, for people who have Python, cryptography and rfc8785."""

import ast
import tempfile
import zipapp
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

_ROOT = Path(__file__).parents[2]
_ENTRY = "bot.cli.verify"
_OURS = ("bot", "handlers", "nlp", "storage")


def write_verifier(target: str, err: TextIO) -> int:
    """Write the file; returns 0, or 2 when it cannot be written."""
    with tempfile.TemporaryDirectory() as folder:
        for name in sorted(modules_of(_ENTRY)):
            source = _source(name)
            copy = Path(folder) / source.relative_to(_ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
        try:
            zipapp.create_archive(folder, target, "/usr/bin/env python3", f"{_ENTRY}:main", compressed=True)
        except OSError as error:
            err.write(f"verify: {target}: {error.strerror or error}\n")
            return 2
    err.write(
        f"{target}: needs Python 3.11 or newer with cryptography and rfc8785; python3 {target} BUNDLE\n"
    )
    return 0


def modules_of(name: str) -> set[str]:
    """A module of ours with all that it imports of ours, by name, packages included."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        waiting += _imports(current)
        if "." in current:
            waiting.append(current.rpartition(".")[0])
    return found


def _imports(name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(_source(name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = [f"{node.module}.{each.name}" for each in node.names]
            named = [node.module, *(each for each in below if _is_module(each))]
        else:
            continue
        yield from (each for each in named if each.partition(".")[0] in _OURS)


def _source(name: str) -> Path:
    path = _ROOT.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _is_module(name: str) -> bool:
    return name.partition(".")[0] in _OURS and _source(name).is_file()
