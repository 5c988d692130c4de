"""Pure: taking someone's words out of texts that quote them, also cut ones."""

from collections.abc import Iterable
from typing import Any

SHORTEST = 6  # characters in a row that are a quotation and no accident


class Quoted:
    """Words that must go. `mark` stands where they were."""

    def __init__(self, words: Iterable[str], mark: str) -> None:
        # Answers and digests quote in one line: 20 characters of a text, or all of it.
        self._words = {form for text in words for form in (text.strip(), " ".join(text.split()))}
        self._mark = mark
        self._length = min([SHORTEST, *(len(word) for word in self._words if len(word) >= 4)])
        self._runs = {
            word[start : start + self._length]
            for word in self._words
            for start in range(len(word) - self._length + 1)
            if len(word) >= 4  # 着火, 谢谢: too short to be anybody's own
        }

    def redact(self, text: str) -> str:
        """The text with every run of the words replaced; the same text when it has none."""
        if not self._runs:
            return text
        kept: list[str] = []
        at = start = 0
        while at <= len(text) - self._length:
            if text[at : at + self._length] not in self._runs:
                at += 1
                continue
            end = at + self._length
            while end < len(text) and text[end - self._length + 1 : end + 1] in self._runs:
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
