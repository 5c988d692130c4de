"""What must not be in the repository, and what must."""

import hashlib
import re

from tests.docs.pages import ROOT, repository_files, text_of

# Put together here, so that this file does not hold what it forbids.
_MACHINE_PATHS = tuple(f"/{folder}/" for folder in ("work", "root", "home"))
_REGISTRIES = re.compile(
    r"https?://[\w.-]*(?:py"
    + r"pi|python"
    + r"hosted|npm"
    + r"js|mirror)[\w.-]*|--(?:extra-)?index-"
    + r"url[ =]h",
    re.IGNORECASE,
)
_APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_no_file_names_a_path_of_some_machine() -> None:
    for path in repository_files():
        text = text_of(path)
        for prefix in _MACHINE_PATHS:
            assert prefix not in text, f"{path.relative_to(ROOT)} has {prefix}"


def test_no_file_names_a_package_registry() -> None:
    for path in repository_files():
        found = _REGISTRIES.search(text_of(path))
        assert found is None, f"{path.relative_to(ROOT)} has {found[0] if found else ''}"


def test_locks_name_no_address_and_every_pin_has_a_hash() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text
        logical = text.replace("\\\n", " ").splitlines()
        pins = [line for line in logical if line.strip() and not line.lstrip().startswith("#")]
        assert pins
        assert [line.split()[0] for line in pins if "--hash=sha256:" not in line] == []


def test_the_development_lock_holds_the_runtime_lock() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9][^\s;\\]*", (ROOT / name).read_text("utf-8"), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_the_licence_is_the_whole_apache_licence() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == _APACHE_2


def test_entry_points_are_executable() -> None:
    for name in ("run", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111
