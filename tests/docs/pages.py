"""The documentation as text: pages, code in them, tables in them."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_UNTRACKED = {"data", "dist", "__pycache__"}


def read(name: str) -> str:
    """A page by its path in the repository."""
    return (ROOT / name).read_text("utf-8")


def code_lines(text: str) -> Iterator[str]:
    """Every inline code span, and every line of every code block."""
    outside, inside = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
        elif inside:
            yield line
        else:
            outside.append(line)
    yield from re.findall(r"`([^`\n]+)`", "\n".join(outside))


def rows(text: str, columns: int) -> Iterator[list[str]]:
    """Cells of table rows with this many columns, headings and rulers left out."""
    previous_was_row = False
    for line in text.splitlines():
        if not line.startswith("|"):
            previous_was_row = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        is_ruler = set(line) <= set("|-: ")
        if previous_was_row and not is_ruler and len(cells) == columns:
            yield cells
        previous_was_row = True


def repository_files() -> list[Path]:
    """What git tracks; without git, what looks as if it would be tracked."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=30
        ).stdout
        files = [ROOT / name for name in listed.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        files = [
            path
            for path in ROOT.rglob("*")
            if not any(
                part in _UNTRACKED or part.startswith(".") for part in path.relative_to(ROOT).parts[:-1]
            )
        ]
    return [path for path in files if path.is_file()]


def text_of(path: Path) -> str:
    """A file's text; empty for one that is not text."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""
