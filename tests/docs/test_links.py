"""What the pages point to is there."""

import re

import pytest

from tests.docs.pages import PAGES, ROOT

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FILE = re.compile(r"(?<![\w/.-])(?:bot|handlers|nlp|storage|tests|benchmarks|docs)/[\w./-]*[\w/]")
_NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


@pytest.mark.parametrize("name", _NAMES)
def test_relative_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for link in _LINK.findall(page.read_text("utf-8")):
        if "://" not in link:
            path = link.partition("#")[0]
            assert (page.parent / path).exists(), f"{name} links to {link}"


@pytest.mark.parametrize("name", _NAMES)
def test_files_that_are_named_exist(name: str) -> None:
    for path in sorted(set(_FILE.findall((ROOT / name).read_text("utf-8")))):
        assert (ROOT / path).exists(), f"{name} names {path}"


def test_every_page_of_the_documentation_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for page in _NAMES:
        assert page == "README.md" or page in readme
