"""The evidence of a vote as one file, and reading it back. Pure.

A bundle is a ZIP of JSON Lines. The public one opens no ballot: it proves roll, log, heads and the published sums'
place in the log. The sealed one, for scrutineers, adds the roll's lines, the ballots with their nonces, and rulings.

    manifest.json      {"type", "kind", "origin", "public_key"}
    log.jsonl          {"index", "hash", "entry"}: entry is the text that was hashed
    checkpoints.jsonl  {"size", "root", "time", "key", "signature", "reason"}
    roll.jsonl         public: {"hash"}; sealed: {"line", "delivered"}, in the order of the tree
    ballots.jsonl      sealed: {"ballot", "nonce", "content"}
    rulings.jsonl      sealed: {"question", "person", "mark"}
    notice.json        what the owners read before they voted, in words
    result.json        what was published; absent before the tally
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

PUBLIC, SEALED = "public", "sealed"
TYPE = "yishi/bundle/1"
LARGEST_BYTES = 1 << 30  # of a part, unpacked: a vote of a million ballots has less
_ENCRYPTED = 0x1  # bit of a part's flags
_SAME_TIME = (2020, 1, 1, 0, 0, 0)  # the same evidence is the same file


class BundleError(ValueError):
    """Not a bundle, or one that cannot be read; the message says which part."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is in the file, as it is written there."""

    manifest: Mapping[str, Any]
    log: tuple[Mapping[str, Any], ...]
    checkpoints: tuple[Mapping[str, Any], ...]
    roll: tuple[Mapping[str, Any], ...]
    notice: Mapping[str, Any]
    ballots: tuple[Mapping[str, Any], ...] = ()
    rulings: tuple[Mapping[str, Any], ...] = ()
    result: Mapping[str, Any] | None = None

    @property
    def is_sealed(self) -> bool:
        """Whether the ballots are in it."""
        return bool(self.manifest["kind"] == SEALED)


def write_bundle(bundle: Bundle) -> bytes:
    """The file."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        _put(archive, "manifest.json", _text(bundle.manifest))
        for name, rows in _parts(bundle).items():
            _put(archive, name, "".join(_text(row) + "\n" for row in rows))
        _put(archive, "notice.json", _text(bundle.notice))
        if bundle.result is not None:
            _put(archive, "result.json", _text(bundle.result))
    return out.getvalue()


def read_bundle(source: BinaryIO) -> Bundle:
    """Read a file; raises BundleError."""
    try:
        with ZipFile(source) as archive:
            manifest = _json(_get(archive, "manifest.json"))
            if not isinstance(manifest, dict) or manifest.get("type") != TYPE:
                raise BundleError("manifest.json: not a bundle of a vote")
            if manifest.get("kind") not in (PUBLIC, SEALED) or not isinstance(manifest.get("origin"), str):
                raise BundleError("manifest.json: neither public nor sealed, or without origin")
            names = ["log.jsonl", "checkpoints.jsonl", "roll.jsonl"]
            if manifest["kind"] == SEALED:
                names += ["ballots.jsonl", "rulings.jsonl"]
            _refuse_other_parts(archive, {"manifest.json", "notice.json", "result.json", *names})
            rows = {name: _rows(archive, name) for name in names}
            notice = _json(_get(archive, "notice.json"))
            result = _json(_get(archive, "result.json")) if "result.json" in archive.namelist() else None
    except (BadZipFile, OSError, EOFError, NotImplementedError, zlib.error) as error:
        raise BundleError(f"not a bundle: {error}") from None
    except (ValueError, RecursionError) as error:
        raise error if isinstance(error, BundleError) else BundleError(f"not a bundle: {error}") from None
    return Bundle(
        manifest=manifest,
        log=rows["log.jsonl"],
        checkpoints=rows["checkpoints.jsonl"],
        roll=rows["roll.jsonl"],
        notice=notice,
        ballots=rows.get("ballots.jsonl", ()),
        rulings=rows.get("rulings.jsonl", ()),
        result=result,
    )


def _refuse_other_parts(archive: ZipFile, known: set[str]) -> None:
    """What is checked has to be all that somebody finds who unpacks the file."""
    names = archive.namelist()
    if len(set(names)) < len(names):
        raise BundleError("a part is there twice")
    if strange := sorted(set(names) - known):
        raise BundleError(f"{strange[0]}: no bundle has such a part")


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no key is there twice: readers differ about which one holds."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _parts(bundle: Bundle) -> dict[str, Iterable[Mapping[str, Any]]]:
    parts: dict[str, Iterable[Mapping[str, Any]]] = {
        "log.jsonl": bundle.log,
        "checkpoints.jsonl": bundle.checkpoints,
        "roll.jsonl": bundle.roll,
    }
    if bundle.is_sealed:
        parts |= {"ballots.jsonl": bundle.ballots, "rulings.jsonl": bundle.rulings}
    return parts


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _put(archive: ZipFile, name: str, text: str) -> None:
    info = ZipInfo(name, _SAME_TIME)
    info.compress_type = ZIP_DEFLATED
    archive.writestr(info, text)


def _get(archive: ZipFile, name: str) -> str:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise BundleError(f"{name} is missing") from None
    if info.file_size > LARGEST_BYTES:
        raise BundleError(f"{name} is too large")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise BundleError(f"{name} is packed in a way that no bundle is")
    try:
        return archive.read(info).decode()
    except UnicodeDecodeError:
        raise BundleError(f"{name} is not UTF-8") from None


def _rows(archive: ZipFile, name: str) -> tuple[Mapping[str, Any], ...]:
    rows = []
    # Not splitlines: what somebody wrote may hold U+2028 and U+0085, which JSON leaves as they are.
    for number, line in enumerate(_get(archive, name).removesuffix("\n").split("\n"), 1):
        if not line:
            continue
        try:
            row = _json(line)
        except (ValueError, RecursionError):
            raise BundleError(f"{name}, line {number}: not JSON") from None
        if not isinstance(row, dict):
            raise BundleError(f"{name}, line {number}: not an object")
        rows.append(row)
    return tuple(rows)
