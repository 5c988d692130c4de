"""What the speaker did not say: quoted messages and @names, blanked so that positions stay.

A mention leaves "@", a mention of those in charge leaves "@@" (a cue of the lexicon): the name itself must not
count as a word of the message, or 物业小王 would complain about the 物业.
"""

import re

# A quote arrives as text in front of the answer. The first shape is the message archive's (sample text.json:
# 这是一条引用/回复消息："…"\n------\n…), the second what a WeChat client copies (「name：…」 and a rule of dashes).
_ARCHIVED = r"这是一条引用/回复消息[：:].*?\n-{6}[ \t]*(?:\n|$)"
_COPIED = r"「[^」\n：:]{1,24}[：:][^」]*」[ \t]*\n(?:(?:- ?){3,}\n)?"
_QUOTE = re.compile(rf"\s*(?:{_ARCHIVED}|{_COPIED})", re.DOTALL)

# A client ends a chosen name with a blank; a typed @物业 runs on into the sentence, so that only the role is cut.
_STOPS = "@，。！？,.!?：:"
_IN_CHARGE = rf"@(?:物业|管家|客服|社区|居委|业委|物管|网格|工程|保安)(?:[^\s{_STOPS}]{{1,4}}(?=\s))?"
_MENTION = re.compile(rf"(?P<charge>{_IN_CHARGE})|@[^\s{_STOPS}]{{1,20}}(?=[\s，,：:]|$)")

# What is inside of either shape: with the name of whoever said it, or without.
_INSIDE = re.compile(
    r"\s*(?:这是一条引用/回复消息[：:]\s*[\"“”「]?(?P<archived>.*?)[\"“”」]?\s*\n-{6}|「(?P<copied>[^」]*)」)",
    re.DOTALL,
)
_NAMED = re.compile(r"[^\n：:，。！？]{1,24}[：:]\s*(?=\S)")

# The platform puts the name that was called in front: "@RobotA hello" (wechat.md 2.2).
_CALLED = re.compile(rf"@[^\s{_STOPS}]{{1,32}}(?:[\s，,：:]+|$)")


# Without one of these a text has neither quote nor mention.
SIGNS = "@「引"


def addressed(text: str) -> str:
    """What was said to the one who was called: without the quote in front and the names at either end."""
    quote = _QUOTE.match(text)
    words = text[quote.end() :].strip() if quote is not None else text.strip()
    while (called := _CALLED.match(words)) is not None:
        words = words[called.end() :]
    while (at := words.rfind("@")) > 0 and words[at - 1].isspace() and _CALLED.fullmatch(words, at):
        words = words[:at].rstrip()
    return words


def quoted_words(text: str) -> str:
    """The words that a text answers to, without the name of who said them; empty when it answers to none."""
    if _QUOTE.match(text) is None or (inside := _INSIDE.match(text)) is None:
        return ""
    words = (inside["archived"] if inside["archived"] is not None else inside["copied"]).strip()
    return _NAMED.sub("", words, count=1) if _NAMED.match(words) else words


def spoken(text: str) -> str:
    """The text with quotes and mentioned names turned into blanks; same length, same positions."""
    if "「" in text or "引用" in text:
        quote = _QUOTE.match(text)
        if quote is not None:
            text = " " * quote.end() + text[quote.end() :]
    if "@" in text:
        text = _MENTION.sub(_blank, text)
    return text


def _blank(mention: re.Match[str]) -> str:
    return ("@@" if mention["charge"] else "@").ljust(len(mention[0]))
