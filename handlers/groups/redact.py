"""Pure: taking someone's words out of texts that quote them, also cut ones."""

from collections.abc import Iterable
from typing import Any

SHORTEST = 6  # characters in a row that are a quotation and no accident


class Quoted:
    """Words that must go. `mark` stands where they were."""

    def __init__(self, words: Iterable[str], mark: str) -> None:
        self._mark = mark
        # By length: a text that is shorter than a quotation goes only as a whole.
        self._runs: dict[int, set[str]] = {}
        # Answers and digests quote in one line: 20 characters of a text, or all of it.
        for word in {form for text in words for form in (text.strip(), " ".join(text.split()))}:
            if len(word) < 4:  # 着火, 谢谢: too short to be anybody's own
                continue
            length = min(SHORTEST, len(word))
            self._runs.setdefault(length, set()).update(
                word[start : start + length] for start in range(len(word) - length + 1)
            )

    def redact(self, text: str) -> str:
        """The text with every run of the words replaced; the same text when it has none."""
        for length, runs in sorted(self._runs.items(), reverse=True):
            text = self._without(text, length, runs)
        return text

    def _without(self, text: str, length: int, runs: set[str]) -> str:
        kept: list[str] = []
        at = start = 0
        while at <= len(text) - length:
            if text[at : at + length] not in runs:
                at += 1
                continue
            end = at + length
            while end < len(text) and text[end - length + 1 : end + 1] in runs:
                end += 1
            kept += (text[start:at], self._mark)
            at = start = end
        return "".join(kept) + text[start:] if kept else text

    def redact_json(self, value: Any) -> Any:
        """The same for every string in a JSON value; keys stay."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, list):
            return [self.redact_json(item) for item in value]
        if isinstance(value, dict):
            return {key: self.redact_json(item) for key, item in value.items()}
        return value
