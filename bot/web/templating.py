"""Pages from templates: everything is escaped, and all templates are read before the first visitor comes."""

import hashlib
from datetime import UTC, date, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from handlers.local_time import LOCAL, full_moment, month_day, month_day_time

BAR_STEPS = 20
_KINDS = {
    "css": "text/css",
    "svg": "image/svg+xml",
    "js": "text/javascript",
}  # what else lies there is for readers


class Templates:
    """The templates and the files they point at. Reads from disk: make it in a thread."""

    def __init__(self) -> None:
        root = files("bot.web")
        self.assets = {
            path: (body, _KINDS[name.rpartition(".")[2]])
            for name, body in _files(root / "static").items()
            if name.rpartition(".")[2] in _KINDS
            for path in [f"/static/{hashlib.sha256(body).hexdigest()[:12]}-{name.rpartition('/')[2]}"]
        }
        self._environment = Environment(
            loader=DictLoader({name: body.decode() for name, body in _files(root / "templates").items()}),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["asset"] = {path.partition("-")[2]: path for path in self.assets}
        self._environment.globals["bar"] = bar
        self._environment.filters |= {
            "moment": month_day_time,
            "full_moment": full_moment,
            "day": day,
            "input_date": input_date,
            "input_time": input_time,
        }
        for name in self._environment.list_templates():
            self._environment.get_template(name)

    def render(self, name: str, **values: Any) -> str:
        """A page; a name that the template uses and `values` lacks is an error."""
        return self._environment.get_template(name).render(values)

    def words(self, table: str, page: str = "words.html") -> dict[str, str]:
        """A table of a template: what an enum's values are called."""
        found: dict[str, str] = getattr(self._environment.get_template(page).module, table)
        return found


def bar(count: int, most: int) -> str:
    """The CSS class of a bar: w0 to w20; anything above nothing can be seen."""
    return f"w{max(int(count > 0), count * BAR_STEPS // most)}" if most > 0 else "w0"


def day(value: datetime | date | str) -> str:
    """A date as people say it: 3月12日; of a time, the day it is in Shanghai."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
        value = value if value.tzinfo else value.replace(tzinfo=LOCAL)
    return month_day(value)


def input_date(at: datetime) -> str:
    """The local day as a form's field has it."""
    return f"{at.astimezone(LOCAL):%Y-%m-%d}"


def input_time(at: datetime) -> str:
    """The local time of day as a form's field has it."""
    return f"{at.astimezone(LOCAL):%H:%M}"


def local_midnight(on: date) -> datetime:
    """When a day begins in Shanghai, in UTC."""
    return datetime(on.year, on.month, on.day, tzinfo=LOCAL).astimezone(UTC)


def _files(folder: Traversable, prefix: str = "") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _files(entry, f"{prefix}{entry.name}/")
        else:
            found[f"{prefix}{entry.name}"] = entry.read_bytes()
    return found
