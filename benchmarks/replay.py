"""Stored opinions read again per second, beside `jieba.lcut` over the same words; and the bot answering meanwhile.

`read_again` tries a change on the archive, `replayed` keeps it, with one opinion in eight read otherwise than before.
`answer_p50` and `answer_p99` are how long callbacks took that came in at 40 a second, while the replay ran in a process
of its own on the same database and the same two cores; their reference are the same callbacks without a replay.
`memory` is the most that the replay's process held, beside what it held when the first opinions were read. SQLite with
synchronous=FULL.
"""

import asyncio
import contextlib
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from benchmarks.callbacks import CallbackSource, write_config
from benchmarks.intake import enrol
from benchmarks.load import drive
from benchmarks.servers import running
from nlp.reader import Reader
from nlp.segment import jieba_segmenter

_MESSAGES = Path(__file__).with_name("chat_mix.txt")
_OTHERWISE = 8
_PER_SECOND = 40
_REFUSED = float("inf")
_SOURCE = CallbackSource(seed=7)
_ROOT = Path(__file__).parents[1]


def run(quick: bool) -> Iterator[dict[str, object]]:
    """Yields one row per metric. value and reference: opinions/s, and milliseconds."""
    count = 4000 if quick else 1_000_000
    texts = _MESSAGES.read_text(encoding="utf-8").splitlines()
    reference = round(_lcut_rate(texts))
    with tempfile.TemporaryDirectory(prefix="yishi") as folder:
        config = write_config(Path(folder), passive_reply=True)
        enrol(config)
        _fill(config.with_suffix(".db"), texts, count)
        tried = _retag(config, "--dry-run")
        yield _rate("read_again", tried, reference)
        with running(str(config)) as server, server.awake():
            _answers(server.address, 2)  # what only the first answers pay
            alone = _answers(server.address, 5 if quick else 30)
            replay = subprocess.Popen(
                [sys.executable, "-m", "bot", "retag", "--config", str(config)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=_ROOT,
            )  # fmt: skip
            _wait_until_begun(config.with_suffix(".db"), replay)
            at_first = _megabytes(replay.pid)
            meanwhile, most = [], at_first
            while replay.poll() is None:  # the bot answers to the end, not only in the beginning
                meanwhile += _answers(server.address, 2)
                most = max(most, _megabytes(replay.pid))
            out, said = replay.communicate()
            if replay.returncode:
                raise RuntimeError(f"the replay ended with {replay.returncode}: {said.decode()[-2000:]}")
        yield _rate("replayed", json.loads(out.splitlines()[-1]), reference)
        for metric, share in (("answer_p50", 0.5), ("answer_p99", 0.99)):
            figure = _figure(metric, 1000 * _slowest(meanwhile, share), "ms", 1000 * _slowest(alone, share))
            yield figure | {"answers": len(meanwhile), "refused": meanwhile.count(_REFUSED)}
        yield _figure("memory", most, "MB", at_first)


def _figure(metric: str, value: float, unit: str, reference: float) -> dict[str, object]:
    return {
        "bench": "replay",
        "metric": metric,
        "value": round(value, 1),
        "unit": unit,
        "reference": round(reference, 1),
        "ratio": round(value / reference, 2),
    }


def _megabytes(pid: int) -> float:
    """What a process holds; 0 for one that has ended."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def _rate(metric: str, told: dict[str, Any], reference: int) -> dict[str, object]:
    return {
        "bench": "replay",
        "metric": metric,
        "value": told["per_second"],
        "unit": "opinions/s",
        "reference": reference,
        "ratio": round(told["per_second"] / reference, 3),
        "opinions": told["read"],
        "changed": told["changed"],
    }


def _lcut_rate(texts: list[str]) -> float:
    lcut = jieba_segmenter(hmm=True)
    lcut("议事")
    started = time.perf_counter()
    for _ in range(5):
        for text in texts:
            lcut(text)
    return 5 * len(texts) / (time.perf_counter() - started)


def _retag(config: Path, *arguments: str) -> dict[str, Any]:
    out = subprocess.run(
        [sys.executable, "-m", "bot", "retag", "--config", str(config), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_ROOT, check=True,
    ).stdout  # fmt: skip
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told


def _fill(database: Path, texts: list[str], count: int) -> None:
    """An archive as the reader in use would have tagged it, but for one in eight."""
    reader = Reader.load()
    rows = []
    for text in texts:
        tagged = reader.tag(text)
        categories = json.dumps([category._asdict() for category in tagged.categories])
        rows.append((text, categories, tagged.urgency))
    at = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d %H:%M:%S.%f}"  # recent: nothing is blanked meanwhile
    stored = (
        (
            1, 1_000_001 + number, 1_000_000_001 + number, at, at, rows[number % len(rows)][0],
            rows[number % len(rows)][1] if number % _OTHERWISE else '[{"id": "peitao.xuewei", "score": 0.5}]',
            "[]", rows[number % len(rows)][2], "old", 0, "filed",
        )
        for number in range(count)
    )  # fmt: skip
    with sqlite3.connect(database) as connection:
        connection.executemany(
            "INSERT INTO opinions (compound_id, number, inbox_id, said_at, filed_at, text, categories, hits, urgency, "
            "lexicon_version, echo, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            stored,
        )
        # The nightly clean-up writes the whole file anew, which is not what is measured here.
        connection.executemany(
            "INSERT INTO claims (job, period, owner, claimed_at) VALUES ('retention', ?, '', ?)",
            [(f"{datetime.now(UTC) + timedelta(days=day):%Y-%m-%d}", at) for day in (-1, 0, 1)],
        )
    connection.close()


def _wait_until_begun(database: Path, replay: subprocess.Popen[bytes]) -> None:
    """Until the first opinions are read again: what is answered before that was answered alone."""
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
        while replay.poll() is None:
            if connection.execute("SELECT 1 FROM replays WHERE done > 0").fetchone():
                return
            time.sleep(0.02)


def _answers(address: str, seconds: float) -> list[float]:
    """How long each answer took, in seconds."""
    requests = _SOURCE.make(address, int(seconds * _PER_SECOND))
    return asyncio.run(_paced(address, requests))


async def _paced(address: str, requests: list[bytes]) -> list[float]:
    async def one(request: bytes) -> float:
        started = time.perf_counter()
        try:
            await drive(address, [request], 1)
        except RuntimeError:  # 503: the platform will ask again
            return _REFUSED
        return time.perf_counter() - started

    tasks = []
    for request in requests:
        tasks.append(asyncio.create_task(one(request)))
        await asyncio.sleep(1 / _PER_SECOND)
    return list(await asyncio.gather(*tasks))


def _slowest(took: list[float], share: float) -> float:
    """So much of them took no longer."""
    return sorted(took)[int((len(took) - 1) * share)]
