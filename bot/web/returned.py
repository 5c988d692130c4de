"""A form that was refused comes back as it was typed, on the page with what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Returned:
    """Which form of a page came back, by its `do` and what it is about (0 for nothing), and what was typed in it."""

    do: str = ""
    item: int | str = 0
    typed: Mapping[str, str] = field(default_factory=dict)

    def holds(self, do: str, item: int | str = 0) -> bool:
        """Whether it is this form."""
        return bool(self.do) and (self.do, self.item) == (do, item)

    def value(self, name: str, stands: object, do: str, item: int | str = 0) -> object:
        """What a field shows: what was typed, or what stands where this form did not come back."""
        return self.typed.get(name, "") if self.holds(do, item) else stands


NOTHING = Returned()
