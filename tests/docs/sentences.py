"""The sentences that people read, out of catalogues, templates, papers, code and pages.

Where a sentence is filled in, VALUE stands for what will be there; of several branches the longest is read in its
place and the others by themselves.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from jinja2 import Environment, nodes

VALUE = "〇" * 6  # as long as what usually stands there: a number, a date, a name
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LINE = re.compile(r"\n|\s·\s")
_SENTENCE = re.compile(r"[^。！？]+(?:[。！？]+[”’」』）]*)?")
_FIELD = re.compile(r"\{[a-z_]+\}")
_PATTERN = re.compile(r"\(\?|\[\^|\\[dsbw]|\)[*+?]|\]\{|[^\s|]\|[^\s|]")  # what only a regular expression has
_INLINE = {"a", "b", "code", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "time"}
_SHOWN = {"alt", "aria-label", "placeholder", "title"}
_TYPST_VALUE = re.compile(
    r"#[a-z][a-z0-9_.-]*(?:\((?:[^()]|\([^()]*\))*\)(?:\.[a-z]+)*)*(?=[^\[a-z0-9_.(-]|$)"
)


def sentences(text: str) -> list[str]:
    """What ends with 。！？ or its line, and each of several facts in a row with · between them; no blanks.

    Those without Chinese are left out.
    """
    found = ("".join(each.split()) for line in _LINE.split(text) for each in _SENTENCE.findall(line))
    return [each for each in found if _CHINESE.search(each)]


def texts_of(path: Path) -> list[str]:
    """All texts of a file by its kind: .toml, .html, .typ, .py or .md. Raises ValueError for another kind."""
    readers = {".toml": _of_toml, ".html": _of_page, ".typ": _of_paper, ".py": _of_code, ".md": _of_markdown}
    reader = readers.get(path.suffix)
    if reader is None:
        raise ValueError(f"nobody reads {path.suffix}")
    return [text for text in reader(path.read_text("utf-8")) if _CHINESE.search(text)]


def _of_toml(source: str) -> Iterator[str]:
    def inside(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield _FIELD.sub(VALUE, value)
        elif isinstance(value, dict):
            for each in value.values():
                yield from inside(each)
        elif isinstance(value, list):
            for each in value:
                yield from inside(each)

    yield from inside(tomllib.loads(source))


def _of_page(source: str) -> Iterator[str]:
    tree = Environment().parse(source)
    aside: list[str] = []
    for html in [_page(tree, aside), *aside]:
        page = _Page()
        page.feed(html)
        page.close()
        yield from page.texts()
    for const in tree.find_all(nodes.Const):
        if isinstance(const.value, str):
            yield const.value


def _page(node: nodes.Node, aside: list[str]) -> str:
    """The HTML below a node; what stands there only sometimes goes `aside`."""
    if isinstance(node, nodes.TemplateData):
        return node.data
    if isinstance(node, nodes.Expr):
        return _shown(node)
    if isinstance(node, nodes.If):
        bodies = [node.body, *(each.body for each in node.elif_), node.else_]
        branches = sorted(("".join(_page(each, aside) for each in body) for body in bodies), key=_length)
        aside.extend(branches[:-1])
        return branches[-1]
    if isinstance(node, (nodes.Macro, nodes.CallBlock, nodes.AssignBlock)):
        aside.append("".join(_page(each, aside) for each in node.body))
        return ""
    if isinstance(node, (nodes.Assign, nodes.FromImport, nodes.Import, nodes.Extends, nodes.Include)):
        return ""
    return "".join(_page(each, aside) for each in node.iter_child_nodes() if not _is_head(node, each))


def _shown(node: nodes.Expr) -> str:
    """What an expression puts there, as far as the template says it."""
    if isinstance(node, nodes.Const):
        return str(node.value)
    if isinstance(node, nodes.CondExpr):
        return max(_shown(node.expr1), _shown(node.expr2) if node.expr2 else "", key=len)
    if isinstance(node, (nodes.Add, nodes.Concat)):
        return "".join(_shown(each) for each in node.iter_child_nodes())  # type: ignore[arg-type]
    return VALUE


def _is_head(node: nodes.Node, child: nodes.Node) -> bool:
    return isinstance(node, nodes.For) and child in (node.target, node.iter, node.test)


def _length(html: str) -> int:
    return len("".join(re.sub(r"<[^>]*>", "", html).split()))


class _Page(HTMLParser):
    """What can be seen of HTML, a text for each block and for each attribute that is shown."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks = [""]
        self._attributes: list[str] = []

    def texts(self) -> list[str]:
        return [" ".join(block.split()) for block in self._blocks] + self._attributes

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes += [value for name, value in attrs if name in _SHOWN and value]
        if tag not in _INLINE:
            self._blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self._blocks.append("")

    def handle_data(self, data: str) -> None:
        self._blocks[-1] += data


def _of_paper(source: str) -> Iterator[str]:
    """Of typst what stands in quotes and in brackets, up to the next of them."""
    for line in re.sub(r"(?m)//.*$", "", source).splitlines():
        yield from re.split(r'[\[\]"{}]', _TYPST_VALUE.sub(VALUE, line))


def _of_code(source: str) -> Iterator[str]:
    """Of code every string but docstrings and regular expressions."""

    def inside(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(each.value) if isinstance(each, ast.Constant) else VALUE for each in node.values
            )
            for each in node.values:
                if isinstance(each, ast.FormattedValue):
                    yield from inside(each.value)
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                yield _FIELD.sub(VALUE, node.value)
        else:
            for child in ast.iter_child_nodes(node):
                yield from inside(child)

    yield from (text for text in inside(ast.parse(source)) if not _PATTERN.search(text))


def _of_markdown(source: str) -> Iterator[str]:
    """Of markdown each paragraph, item and cell; no blocks of code."""
    block = ""
    for line in [*re.sub(r"(?ms)^```.*?^```$|\*\*", "", source).splitlines(), ""]:
        opens = re.match(r"\s*(?:#+ |[-*] |\d+\. |> ?|\|)", line)
        if opens or not line.strip():
            yield block
            block = ""
        if line.startswith("|"):
            yield from line.split("|")
        else:
            block += re.sub(r"\]\([^)]*\)|[\[`]", "", line[opens.end() :] if opens else line)
