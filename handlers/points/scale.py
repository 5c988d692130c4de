"""What taking part is worth (scale.toml)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from handlers.points.rules import Worth
from storage.states import PointKind

SCALE: Mapping[PointKind, Worth] = {
    PointKind(kind): Worth(**values)
    for kind, values in tomllib.loads(Path(__file__).with_name("scale.toml").read_text("utf-8")).items()
}
