"""Templates and data in, PDF and PNG out, by typst within this process. The only place that compiles.

Data goes in as JSON beside the template and is never part of its source, so that whatever somebody wrote is text and
nothing else. Templates see the files of their own folder only.

A PDF is PDF/A-2u, which is made to be kept: it holds its fonts, its text can be searched, and typst refuses to write
one with a character that no font has.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

from bot.documents.clean import clean
from bot.documents.fonts import chinese_family, system_fonts
from handlers.voting.documents import Fault

TEMPLATES = Path(str(files("bot.documents") / "templates"))
MOST_IMAGE_BYTES = 2 * 1024 * 1024  # what the platform takes as one picture
PHONE_WIDTH_POINTS = 360
PHONE_PPI = 216  # 1080 pixels wide
PHONE_PAGE_POINTS = 2000  # of one picture of several, when one alone would be too large
T = TypeVar("T")
_STANDARD: Literal["a-2u"] = "a-2u"
_UNKNOWN = re.compile(r'the text `"(.).*"` could not be displayed')
# One, so that a crowd of requests costs time and no memory.
_thread = ThreadPoolExecutor(1, thread_name_prefix="documents")


class DocumentError(Exception):
    """The document cannot be made; says why. fault: for pages, with the character that no font has, else ""."""

    def __init__(self, why: str, fault: tuple[Fault, str] = (Fault.OTHER, "")) -> None:
        super().__init__(why)
        self.fault = fault


async def in_thread(make: Callable[..., T], *arguments: Any) -> T:
    """What `make` makes, away from the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_thread, partial(make, *arguments))


def pdf(template: str, data: Mapping[str, Any], made_at: datetime, *, tagged: bool = True) -> bytes:
    """A4 pages. tagged: with its structure, for screen readers. Raises DocumentError and FontMissing.

    The same data, fonts and moment give the same bytes.
    """
    stamp = made_at.replace(microsecond=0)  # a PDF knows seconds
    pages = _compile(template, {**data, "phone": False}, format="pdf", timestamp=stamp, pdf_tags=tagged)
    assert isinstance(pages, bytes)
    return pages


def pictures(template: str, data: Mapping[str, Any], made_at: datetime) -> list[bytes]:
    """PNGs of 1080 pixels' width for group messages, each as small as the platform wants it; mostly one."""
    pdf(template, data, made_at)  # refuses what cannot be shown, which a picture would not
    whole = _png(template, {**data, "phone": True, "height": 0})
    if len(whole) == 1 and len(whole[0]) <= MOST_IMAGE_BYTES:
        return whole
    parts = _png(template, {**data, "phone": True, "height": PHONE_PAGE_POINTS})
    if any(len(part) > MOST_IMAGE_BYTES for part in parts):
        why = f"a picture of {template} is larger than {MOST_IMAGE_BYTES} bytes"
        raise DocumentError(why, (Fault.TOO_LARGE, ""))
    return parts


def _png(template: str, data: Mapping[str, Any]) -> list[bytes]:
    made = _compile(template, data, format="png", ppi=PHONE_PPI)
    return [made] if isinstance(made, bytes) else made


def _compile(template: str, data: Mapping[str, Any], **how: Any) -> bytes | list[bytes]:
    _refuse_in_event_loop()
    # 7 MB that only who makes papers needs
    from typst import Compiler, TypstError

    compiler = Compiler(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=system_fonts(),
        sys_inputs={"data": json.dumps(clean({**data, "family": chinese_family()}), ensure_ascii=False)},
    )
    try:
        made = compiler.compile(pdf_standards=[_STANDARD] if how["format"] == "pdf" else [], **how)
    except TypstError as error:
        unknown = _UNKNOWN.search(error.message)
        fault = (Fault.NO_CHARACTER, unknown[1]) if unknown else (Fault.OTHER, "")
        raise DocumentError(f"{template}: {error.message}", fault) from error
    assert made is not None
    return made


def _refuse_in_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("documents are made in a thread: render.in_thread")
