"""The English and the Chinese README say the same, section by section."""

import re

from tests.docs.pages import code_lines, read

ENGLISH, CHINESE = read("README.md"), read("README.zh-CN.md")


def _shape(text: str) -> list[dict[str, object]]:
    """For each section: its level, and how much of what stands in it."""
    inside = False
    sections: list[dict[str, object]] = []
    lines: list[list[str]] = []
    for line in text.splitlines():
        inside ^= line.startswith("```")
        if not inside and (heading := re.match(r"#+(?= )", line)):
            sections.append({"level": len(heading[0])})
            lines.append([])
        else:
            lines[-1].append(line)
    for section, body in zip(sections, lines, strict=True):
        section["rows"] = sum(line.startswith("|") for line in body)
        section["steps"] = sum(bool(re.match(r"\d+\. ", line)) for line in body)
        section["blocks"] = sum(line.startswith("```") for line in body)
        section["paragraphs"] = sum(bool(line) and not line.startswith(("|", "```")) for line in body)
        section["links"] = [
            link for link in re.findall(r"\]\(([^)]+)\)", "\n".join(body)) if not link.startswith("README")
        ]
    return sections


def test_sections_are_the_same() -> None:
    assert _shape(ENGLISH) == _shape(CHINESE)


def test_code_is_the_same() -> None:
    def commands(text: str) -> list[str]:
        return [line.partition("#")[0].strip() for line in code_lines(text) if line.startswith("./run")]

    assert commands(ENGLISH) == commands(CHINESE)


def test_each_points_to_the_other() -> None:
    assert "(README.zh-CN.md)" in ENGLISH
    assert "(README.md)" in CHINESE
