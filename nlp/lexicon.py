"""The complaint taxonomy: two levels of categories, the terms that betray them and the cues around them.

Read from a TOML file whose shape is checked to the last key, because the file is edited by people who do not
read code. All terms are kept in the spelling of `nlp.normalise`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nlp.normalise import normalise

DEFAULT_PATH = Path(__file__).parent / "data" / "taxonomy.toml"

CUES = (
    "problem",  # somebody wants something done
    "context",  # where it is or who is in charge; enough for a weak term, not for a suspicion
    "danger",  # life or limb: urgency 3 whatever the leaf
    "chatter",  # a lone weak term means nothing beside one of these
    "trade",  # buying, selling, renting
    "thanks",  # politeness at the end, good news at the start
    "praise",  # compliments
    "notice",  # how announcements open
    "notice_closing",  # how announcements end
    "question",  # asking how something is done, not that it be done
    "answer",  # somebody in charge reports what is being done
    "resolved",  # the trouble is over
    "unresolved",  # looks like resolved and is not
    "relapse",  # it came back
    "negation",  # right before a trouble: there is none of it
    "trouble",  # what a negation makes good
)
_TOP_KEYS = {"id", "name", "dispatch", "refs", "wecom_name", "leaf"}
_LEAF_KEYS = {"id", "name", "urgency", "gives_way", "strong", "pair", "weak", "deny"}
_META_KEYS = {"version", "pair_window", "match_on"}
_VERSION_LIMIT = 24  # it stands with the model's beside every opinion
_NAME_LIMIT = 30  # category_name of WeCom resident reports (its document 94536)

Side = tuple[str, ...]


class LexiconError(ValueError):
    """The taxonomy file does not hold; the message names the leaf (or section) and the key."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A category that can be reported.

    urgency: 1 routine, 2 normal, 3 safety. gives_way: "top" for a catch-all, left out beside a named leaf of its
    top category; "all" for a leaf that tells how a matter was handled and comes after what the matter is; or "".
    """

    id: str
    name: str
    urgency: int
    strong: tuple[str, ...]
    pairs: tuple[tuple[Side, Side], ...]
    weak: tuple[str, ...]
    deny: tuple[str, ...]
    gives_way: Literal["", "top", "all"]


@dataclass(frozen=True, slots=True)
class Top:
    """A group of leaves and the body that answers for it."""

    id: str
    name: str
    dispatch: str
    refs: str
    wecom_name: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The whole taxonomy. Leaf ids are `top.leaf`; maps keep the order of the file."""

    version: str
    pair_window: int
    tops: Mapping[str, Top]
    leaves: Mapping[str, Leaf]
    cues: Mapping[str, tuple[str, ...]]

    def name(self, category_id: str) -> str:
        """The Chinese name of a leaf or a top category. KeyError when there is none."""
        if category_id in self.leaves:
            return self.leaves[category_id].name
        return self.tops[category_id].name

    def top_name(self, category_id: str) -> str:
        """The Chinese name of the top category of a leaf. KeyError when there is none."""
        return self.tops[top_of(category_id)].name

    def dispatch(self, category_id: str) -> str:
        """Who answers for a leaf or a top category. KeyError when there is none."""
        return self.tops[top_of(category_id)].dispatch


def top_of(category_id: str) -> str:
    """`dianti` for `dianti.kunren` and for `dianti`."""
    return category_id.partition(".")[0]


def load_lexicon(path: Path = DEFAULT_PATH) -> Lexicon:
    """Read and check a taxonomy file. LexiconError when it cannot be read or does not hold."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LexiconError(f"{path.name}: {error}") from error
    return parse_lexicon(data)


def parse_lexicon(data: Mapping[str, object]) -> Lexicon:
    """Check the parsed TOML: sections [meta], [cues] and [[category]] with [[category.leaf]]."""
    _known(data, {"meta", "cues", "category"}, "file")
    meta = _table(data, "meta", "file")
    _known(meta, _META_KEYS, "meta")
    if len(_text(meta, "version", "meta")) > _VERSION_LIMIT:
        raise LexiconError(f"meta: version: longer than {_VERSION_LIMIT} characters")
    tops: dict[str, Top] = {}
    leaves: dict[str, Leaf] = {}
    for entry in _tables(data, "category", "file"):
        top = _top(entry)
        if top.id in tops:
            raise LexiconError(f"{top.id}: id: used twice")
        tops[top.id] = top
        for leaf_entry in _tables(entry, "leaf", top.id):
            leaf = _leaf(leaf_entry, top.id)
            if leaf.id in leaves:
                raise LexiconError(f"{leaf.id}: id: used twice")
            leaves[leaf.id] = leaf
    return Lexicon(
        version=_text(meta, "version", "meta"),
        pair_window=_integer(meta, "pair_window", "meta", range(1, 101)),
        tops=tops,
        leaves=leaves,
        cues=_cues(_table(data, "cues", "file")),
    )


def _top(entry: Mapping[str, object]) -> Top:
    where = _text(entry, "id", "category")
    _known(entry, _TOP_KEYS, where)
    if "." in where:
        raise LexiconError(f"{where}: id: a top category has no dot")
    return Top(
        id=where,
        name=_name(entry, "name", where),
        dispatch=_text(entry, "dispatch", where),
        refs=_text(entry, "refs", where),
        wecom_name=_name(entry, "wecom_name", where),
    )


def _leaf(entry: Mapping[str, object], top: str) -> Leaf:
    where = _text(entry, "id", f"{top}: leaf")
    _known(entry, _LEAF_KEYS, where)
    head, dot, tail = where.partition(".")
    if head != top or not dot or not tail or "." in tail:
        raise LexiconError(f"{where}: id: must be {top}.<leaf>")
    strong = _terms(entry, "strong", where)
    deny = _terms(entry, "deny", where, optional=True)
    both = sorted(set(strong) & set(deny))
    if both:
        raise LexiconError(f"{where}: deny: {both[0]} is strong as well")
    return Leaf(
        id=where,
        name=_name(entry, "name", where),
        urgency=_integer(entry, "urgency", where, range(1, 4)),
        strong=strong,
        pairs=_pairs(entry, where),
        weak=_terms(entry, "weak", where, optional=True),
        deny=deny,
        gives_way=_gives_way(entry, where),
    )


def _gives_way(entry: Mapping[str, object], where: str) -> Literal["", "top", "all"]:
    match entry.get("gives_way"):
        case None:
            return ""
        case "top":
            return "top"
        case "all":
            return "all"
        case _:
            raise LexiconError(f'{where}: gives_way: must be "top" or "all"')


def _cues(table: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    _known(table, set(CUES), "cues")
    return {group: _terms(table, group, "cues") for group in CUES}


def _pairs(entry: Mapping[str, object], where: str) -> tuple[tuple[Side, Side], ...]:
    raw = entry.get("pair", [])
    if not isinstance(raw, list):
        raise LexiconError(f"{where}: pair: must be a list of [left, right]")
    pairs = []
    for pair in raw:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(side, str) for side in pair):
            raise LexiconError(f'{where}: pair: each must be ["A|B", "C|D"]')
        left, right = (_spelled(side.split("|"), "pair", where) for side in pair)
        pairs.append((left, right))
    return tuple(pairs)


def _terms(entry: Mapping[str, object], key: str, where: str, *, optional: bool = False) -> tuple[str, ...]:
    if optional and key not in entry:
        return ()
    raw = entry.get(key)
    if not isinstance(raw, list) or not raw or not all(isinstance(term, str) for term in raw):
        raise LexiconError(f"{where}: {key}: must be a list of terms, not empty")
    return _spelled(raw, key, where)


def _spelled(terms: list[str], key: str, where: str) -> tuple[str, ...]:
    """Spelled as texts are; two spellings that fall together count once."""
    spelled = dict.fromkeys(normalise(term) for term in terms)
    if "" in spelled:
        raise LexiconError(f"{where}: {key}: holds an empty term")
    return tuple(spelled)


def _name(entry: Mapping[str, object], key: str, where: str) -> str:
    name = _text(entry, key, where)
    if len(name) > _NAME_LIMIT:
        raise LexiconError(f"{where}: {key}: longer than {_NAME_LIMIT} characters")
    return name


def _text(entry: Mapping[str, object], key: str, where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise LexiconError(f"{where}: {key}: must be a text")
    return value


def _integer(entry: Mapping[str, object], key: str, where: str, allowed: range) -> int:
    value = entry.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
        raise LexiconError(f"{where}: {key}: must be {allowed.start} to {allowed.stop - 1}")
    return value


def _table(entry: Mapping[str, object], key: str, where: str) -> Mapping[str, object]:
    value = entry.get(key)
    if not isinstance(value, dict):
        raise LexiconError(f"{where}: {key}: the section is missing")
    return value


def _tables(entry: Mapping[str, object], key: str, where: str) -> list[Mapping[str, object]]:
    value = entry.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise LexiconError(f"{where}: {key}: must be [[tables]], at least one")
    return value


def _known(entry: Mapping[str, object], keys: set[str], where: str) -> None:
    unknown = sorted(set(entry) - keys)
    if unknown:
        raise LexiconError(f"{where}: {unknown[0]}: unknown key")
