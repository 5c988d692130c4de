"""The verifier as one file: it runs without anything of ours beside it, and with two libraries only."""

import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.verifier import modules_of, write_verifier
from handlers.voting.bundle import write_bundle
from tests.voting.evidence_by_hand import SIGNER, evidence

# Only what the verifier may import can be: everything else that is installed is refused.
GUARD = """
import runpy, sys
class Guard:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in ("pydantic", "sqlalchemy", "sqlmodel", "aiohttp", "structlog", "nlp", "alembic"):
            raise ImportError(f"the verifier imports {name}")
sys.meta_path.insert(0, Guard())
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    ours = {name for name in sys.modules if name.partition(".")[0] in ("bot", "handlers", "storage")}
    outside = {name for name in ours if sys.argv[0] not in (getattr(sys.modules[name], "__file__", "") or "")}
    foreign = {
        name.partition(".")[0]
        for name, module in sys.modules.items()
        if "site-packages" in (getattr(module, "__file__", "") or "")
    }
    print(sorted(outside), sorted(foreign), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("verifier") / "verify.pyz"
    with (file.parent / "told").open("w", encoding="utf-8") as told:
        assert write_verifier(str(file), told) == 0
    return file


def call(verifier: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # -I: no environment, no folder of ours on the path; what is installed is what the libraries need.
    return subprocess.run(
        [sys.executable, "-I", "-c", GUARD, str(verifier), *arguments],
        cwd=verifier.parent,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_it_verifies_with_nothing_but_two_libraries(verifier: Path) -> None:
    bundle = verifier.parent / "bundle.zip"
    bundle.write_bytes(write_bundle(evidence()))
    result = call(verifier, str(bundle), "--key", SIGNER.key_id)
    assert result.returncode == 0, result.stderr
    assert '"anchored": true' in result.stdout
    outside, _, foreign = result.stderr.strip().splitlines()[-1].partition("] ")
    assert outside == "["
    assert set(foreign.strip("[]").replace("'", "").split(", ")) <= {
        "cryptography",
        "rfc8785",
        "_cffi_backend",
    }


def test_it_names_what_was_altered(verifier: Path) -> None:
    good = evidence()
    assert good.result is not None
    altered = verifier.parent / "altered.zip"
    altered.write_bytes(write_bundle(replace(good, result={**good.result, "ballots": 1})))
    result = call(verifier, str(altered))
    assert result.returncode == 1
    assert '"broken": "result.json"' in result.stdout


def test_it_holds_only_what_it_needs(verifier: Path) -> None:
    with zipfile.ZipFile(verifier) as archive:
        names = {name for name in archive.namelist() if name.endswith(".py")}
    assert len(names) == len(modules_of("bot.cli.verify")) + 1
    assert not any(name.startswith(("storage/tables", "storage/queries", "nlp/")) for name in names)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    told = (tmp_path / "told").open("w", encoding="utf-8")
    with told:
        assert write_verifier(str(tmp_path / "none" / "verify.pyz"), told) == 2
    assert "verify.pyz" in (tmp_path / "told").read_text("utf-8")
