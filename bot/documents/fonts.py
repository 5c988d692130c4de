"""Which Chinese font documents are set in: one of the system's, or an error that says what to install."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typst import Fonts

# The first that is there. Debian: fonts-noto-cjk, fonts-wqy-microhei, fonts-wqy-zenhei. The others are those of
# developers' machines.
FAMILIES = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Serif CJK SC",
    "PingFang SC",
    "Microsoft YaHei",
)
PACKAGE = "fonts-noto-cjk"


class FontMissing(Exception):  # noqa: N818  what is missing, as the operator reads it
    """There is no Chinese font. A document would be full of empty boxes, so none is made."""

    def __init__(self) -> None:
        super().__init__(f"no Chinese font is installed (Debian: apt-get install {PACKAGE})")


@cache
def system_fonts() -> "Fonts":
    """All fonts of the system, looked for once."""
    from typst import Fonts

    return Fonts()


def family_of(families: Iterable[str]) -> str:
    """The family that documents are set in; raises FontMissing."""
    there = set(families)
    for family in FAMILIES:
        if family in there:
            return family
    raise FontMissing


def chinese_family() -> str:
    """The system's; raises FontMissing."""
    return family_of(system_fonts().families())


def look_again() -> None:
    """See what was installed since: called when something could not be set."""
    system_fonts.cache_clear()
