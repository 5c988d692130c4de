"""The `run` script itself, in a copy of its folder with stubs instead of interpreters: nothing is installed."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")

# A stand-in for an interpreter. Its version, and what it has of pip and ensurepip, are in the environment of its
# own file; every call is written down. The virtual environments it makes hold a stand-in too.
STUB = """#!/bin/sh
echo "$(basename "$0") $*" >> "{log}"
case "$1 $2" in
    "-c "*) case "$2" in
        *version_info*) [ {minor} -ge 11 ] && [ {minor} -le 13 ] ;;
        *) exit 0 ;;
    esac ;;
    "-m pip") {has_pip} || exit 1 ;;
    "-m venv")
        for folder; do :; done
        mkdir -p "$folder/bin"
        cp "{venv_python}" "$folder/bin/python"
        case "$*" in *--without-pip*) exit 0 ;; esac
        {has_ensurepip} || exit 1 ;;
    "-m bot") echo "bot: $*" ;;
esac
"""


@dataclass(frozen=True)
class Copy:
    """A folder with the script and its locks, and a PATH with nothing on it but stubs and the common tools."""

    folder: Path
    path: Path

    @property
    def log(self) -> Path:
        return self.folder.parent / "calls"

    def calls(self) -> list[str]:
        return self.log.read_text("utf-8").splitlines() if self.log.exists() else []

    def add_python(self, name: str, minor: int, *, pip: bool = True, ensurepip: bool = True) -> None:
        inner = self.folder.parent / "inner-python"
        for path, has_pip in ((inner, ensurepip), (self.path / name, pip)):
            path.write_text(
                STUB.format(
                    log=self.log,
                    minor=minor,
                    venv_python=inner,
                    has_pip=str(has_pip).lower(),
                    has_ensurepip=str(ensurepip).lower(),
                ),
                "utf-8",
            )
            path.chmod(0o755)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / "run"), *arguments],
            cwd=self.folder.parent,
            env={"PATH": str(self.path), **variables},
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=30,
        )


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    folder, path = tmp_path / "yishi", tmp_path / "bin"
    folder.mkdir()
    path.mkdir()
    for name in ("run", *LOCKS):
        shutil.copy2(ROOT / name, folder)
    for tool in ("sh", "dirname", "basename", "cmp", "cp", "mkdir", "rm"):
        found = shutil.which(tool)
        assert found is not None
        (path / tool).symlink_to(found)
    return Copy(folder, path)


def test_the_script_is_posix_sh() -> None:
    assert (ROOT / "run").read_text("utf-8").startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", ROOT / "run"], check=True, timeout=30)


def test_the_script_of_ci_is_bash() -> None:
    bash = shutil.which("bash")
    assert bash is not None
    subprocess.run([bash, "-n", ROOT / ".ci" / "run"], check=True, timeout=30)
    assert "\nset -euo pipefail\n" in (ROOT / ".ci" / "run").read_text("utf-8")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed; it is an extra")
def test_shellcheck_has_nothing_to_say() -> None:
    subprocess.run(["shellcheck", "run", ".ci/run"], cwd=ROOT, check=True, timeout=60)


def test_the_first_use_installs_the_hashed_lock_and_hands_over(copy: Copy) -> None:
    copy.add_python("python3", 12)
    result = copy.run("tag", "--explain", "a file.jsonl")
    assert result.returncode == 0, result.stderr
    assert result.stdout == "bot: -m bot tag --explain a file.jsonl\n"
    (install,) = [call for call in copy.calls() if " install " in call]
    assert install.startswith("python3 -m pip --python .venv/bin/python install ")
    assert "--require-hashes" in install
    assert "--no-deps" in install
    assert install.endswith("-r requirements.lock")


def test_the_second_use_installs_nothing(copy: Copy) -> None:
    copy.add_python("python3", 12)
    copy.run("tag")
    before = len(copy.calls())
    assert copy.run("tag").returncode == 0
    assert copy.calls()[before:] == ["python -m bot tag"]


def test_a_changed_lock_is_installed_again(copy: Copy) -> None:
    copy.add_python("python3", 12)
    copy.run("tag")
    lock = copy.folder / "requirements.lock"
    lock.write_text(lock.read_text("utf-8") + "# changed\n", "utf-8")
    before = len(copy.calls())
    assert copy.run("tag").returncode == 0
    assert [call for call in copy.calls()[before:] if " install " in call] != []


@pytest.mark.parametrize("command", ["test", "check", "lock", "bench", "mutants"])
def test_what_developers_use_takes_the_development_lock(copy: Copy, command: str) -> None:
    copy.add_python("python3", 11)
    copy.run(command)
    (install,) = [call for call in copy.calls() if " install " in call]
    assert install.endswith("-r requirements-dev.lock")


def test_an_installed_development_set_serves_every_command(copy: Copy) -> None:
    copy.add_python("python3", 11)
    copy.run("check")
    before = len(copy.calls())
    assert copy.run("tag").returncode == 0
    assert copy.calls()[before:] == ["python -m bot tag"]


def test_a_failed_installation_is_tried_again(copy: Copy) -> None:
    copy.add_python("python3", 12)
    (copy.folder / "requirements-dev.lock").unlink()  # the last step of an installation fails without it
    assert copy.run("check").returncode != 0
    shutil.copy2(ROOT / "requirements-dev.lock", copy.folder)
    before = len(copy.calls())
    assert copy.run("check").returncode == 0
    assert [call for call in copy.calls()[before:] if " install " in call] != []


@pytest.mark.parametrize("minor", [9, 10, 14])
def test_a_python_that_is_too_old_or_too_new_is_passed_over(copy: Copy, minor: int) -> None:
    copy.add_python("python3.13", 13)
    copy.add_python("python3", minor)
    copy.run("tag")
    assert [call for call in copy.calls() if " -m venv " in call] == [
        "python3.13 -m venv --without-pip --clear .venv"
    ]


@pytest.mark.parametrize("minor", [9, 10, 14])
def test_without_a_python_that_fits_it_says_which_one_is_needed(copy: Copy, minor: int) -> None:
    copy.add_python("python3", minor)
    result = copy.run("tag")
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Python 3.11, 3.12 or 3.13" in result.stderr
    assert "apt-get install python3 python3-pip" in result.stderr


def test_without_any_python_it_says_which_one_is_needed(copy: Copy) -> None:
    result = copy.run("demo", "--once")
    assert result.returncode == 2
    assert "Python 3.11, 3.12 or 3.13" in result.stderr


def test_the_variable_python_chooses_the_interpreter(copy: Copy) -> None:
    copy.add_python("python3", 11)
    copy.add_python("other", 12)
    copy.run("tag", PYTHON=str(copy.path / "other"))
    assert [call for call in copy.calls() if " -m venv " in call] == [
        "other -m venv --without-pip --clear .venv"
    ]


def test_a_python_without_pip_uses_the_one_of_its_environment(copy: Copy) -> None:
    copy.add_python("python3", 11, pip=False)
    result = copy.run("tag")
    assert result.returncode == 0, result.stderr
    (install,) = [call for call in copy.calls() if " install " in call]
    assert install.startswith("python -m pip install ")


def test_without_pip_and_ensurepip_it_says_what_to_install(copy: Copy) -> None:
    copy.add_python("python3", 11, pip=False, ensurepip=False)
    result = copy.run("tag")
    assert result.returncode == 2
    assert "apt-get install python3-pip" in result.stderr


def test_after_pip_was_installed_it_goes_on(copy: Copy) -> None:
    copy.add_python("python3", 11, pip=False, ensurepip=False)
    copy.run("tag")
    copy.add_python("python3", 11, pip=True, ensurepip=False)
    assert copy.run("tag").returncode == 0


def test_it_works_from_any_folder_and_through_its_whole_path(copy: Copy) -> None:
    copy.add_python("python3", 12)
    copy.run("tag")
    assert (copy.folder / ".venv" / "bin" / "python").exists()
    assert not (copy.folder.parent / ".venv").exists()


def test_the_exit_code_of_the_command_is_that_of_the_script(copy: Copy) -> None:
    copy.add_python("python3", 12)
    copy.run("tag")
    python = copy.folder / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\nexit 7\n", "utf-8")
    assert copy.run("tag").returncode == 7
