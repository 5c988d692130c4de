"""Chinese word boundaries. The only importer of jieba, and of rjieba, its twin, which takes half of the memory.

Both run without the hidden Markov model: they then agree to the letter, and a boundary never depends on which
of the two is there.
"""

import importlib
import logging
import os
import stat
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

Segmenter = Callable[[str], list[str]]

_SILENT = logging.CRITICAL + 1
_REACH = 6  # characters each side: longer than a word, shorter than a message


def words(text: str) -> list[str]:
    """Cut a text into words; joined again they are the text. The first call loads the dictionary (about 1 s)."""
    return _segmenter()(text)


def warm() -> None:
    """Load the dictionary now rather than inside the first message that needs it."""
    words("议事")


def on_boundaries(text: str, start: int, end: int) -> bool:
    """Does text[start:end] begin and end where a word does? Looks at the neighbourhood, not the message."""
    position = max(0, start - _REACH)
    edges = {position}
    for word in words(text[position : end + _REACH]):
        position += len(word)
        edges.add(position)
    return start in edges and end in edges


@cache
def _segmenter() -> Segmenter:
    try:
        return rjieba_segmenter()
    except ImportError:
        return jieba_segmenter()


@cache
def rjieba_segmenter() -> Segmenter:
    """The Rust twin. ImportError when it is not installed."""
    cut = importlib.import_module("rjieba").cut
    return lambda text: list(cut(text, hmm=False))


@cache
def jieba_segmenter(*, hmm: bool = False) -> Segmenter:
    """jieba itself, whatever else is installed; with `hmm` it is `jieba.lcut`, the benchmarks' reference."""
    with warnings.catch_warnings():
        # 0.42.1: invalid escapes when compiled for the first time, pkg_resources where setuptools is there
        for category in (DeprecationWarning, SyntaxWarning, UserWarning):
            warnings.simplefilter("ignore", category)
        jieba = importlib.import_module("jieba")
    jieba.setLogLevel(_SILENT)
    tokenizer = jieba.Tokenizer()
    cache_dir = _cache_dir()
    if cache_dir is not None:
        tokenizer.tmp_dir = str(cache_dir)
        tokenizer.initialize()
    else:
        # Nowhere to keep it: jieba fails to write there, says nothing and goes on without.
        tokenizer.tmp_dir = f"{os.devnull}/none"
        tokenizer.initialize()
    lcut: Callable[..., list[str]] = tokenizer.lcut
    return lambda text: lcut(text, HMM=hmm)


def _cache_dir() -> Path | None:
    """A folder for jieba's marshalled dictionary that nobody else can write: jieba loads what it finds there."""
    try:
        path = (
            Path(tempfile.gettempdir()) / f"yishi-jieba-{os.getuid()}"
        )  # raises when no folder can be written
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return path if private else None
