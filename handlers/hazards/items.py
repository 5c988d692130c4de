"""What is looked at (items.toml)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handlers.hazards.rules import Item
from storage.states import Stewardship, Tenure


def _item(item_id: str, values: dict[str, Any]) -> Item:
    return Item(
        item_id,
        values["ask"],
        values["leaf"],
        values["urgency"],
        frozenset(map(Tenure, values.get("tenure", ()))),
        frozenset(map(Stewardship, values.get("stewardship", ()))),
    )


ITEMS: Mapping[str, Item] = {
    item_id: _item(item_id, values)
    for item_id, values in tomllib.loads(Path(__file__).with_name("items.toml").read_text("utf-8")).items()
}
