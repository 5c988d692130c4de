"""Pure rules about where people live."""

import re
import unicodedata
from dataclasses import dataclass

_SCENE = re.compile(r"(?P<compound>[A-Za-z0-9-]{1,40})(?:/(?P<place>[A-Za-z0-9-]{1,60}))?")

_HOME = re.compile(
    r"(?P<name>.+?)(?P<where>(?:\d+|[一二三四五六七八九十]+|[A-Za-z]\d*)(?:号?[栋幢座]|号楼|#).*)", re.DOTALL
)
_BRACKETS = str.maketrans("()", "（）")


@dataclass(frozen=True, slots=True)
class Scene:
    """What a QR code on the wall says: a compound's code, and a place in it or None."""

    compound_code: str
    place_code: str | None


def parse_scene(scene: str) -> Scene | None:
    """Read a QR scene "COMPOUND" or "COMPOUND/PLACE" (at most 64 characters by the platform's rule)."""
    found = _SCENE.fullmatch(scene)
    return Scene(found["compound"], found["place"]) if found else None


def scene_of(compound_code: str, place_code: str | None) -> str:
    """The scene of a QR code; raises ValueError when the codes are too long for one."""
    scene = compound_code if place_code is None else f"{compound_code}/{place_code}"
    if len(scene) > 64:
        raise ValueError(f"a QR scene has at most 64 characters: {scene}")
    return scene


def place_code_of(building: str | None, entrance: str | None) -> str | None:
    """The code of an entrance or building as people name it."""
    if building is None:
        return None
    return building if entrance is None else f"{building}-{entrance}"


def spellings(name: str) -> set[str]:
    """A compound's name as it was written and as a form may have it: full-width or half-width brackets and digits."""
    plain = unicodedata.normalize("NFKC", name)
    return {name, plain, plain.translate(_BRACKETS)}


def split_home(words: str) -> tuple[str, str | None]:
    """幸福家园3栋2单元 as the compound's name and the place in it; (words, None) when no building is named."""
    found = _HOME.fullmatch(words)
    return (found["name"], found["where"]) if found else (words, None)
