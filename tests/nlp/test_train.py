"""Training on a handful of sentences: what comes out knows them, and is the same each time."""

import pytest

from nlp.chats import Conversation, Phrase, parse_chats
from nlp.lexicon import parse_lexicon
from nlp.model import Model, Weights
from nlp.reader import Reader
from nlp.tagger import Tagger, Verdict
from nlp.train import fingerprint, train
from tests.nlp.small import small_taxonomy

_WATER = ("水龙头又滴了", "天花板滴水下来", "墙角一直返潮", "水管子接头在淌水", "卫生间地上全是水")
_FIRE = ("快来人火烧起来了", "楼道里烟好大", "电线烧着了快跑", "厨房起火了救命", "阳台火苗窜上来了")
_CHATTER = (
    "早上好呀",
    "今晚吃什么",
    "谢谢大家",
    "孩子作业写完了",
    "周末去爬山",
    "球赛几点",
    "草莓到货了",
    "收到",
    "生日快乐",
    "晚安",
)


def _conversations() -> list[Conversation]:
    lines = []
    for day in range(6):
        lines.append(f"== 群 | 2026-01-{day + 10}")
        for number, (water, fire) in enumerate(zip(_WATER, _FIRE, strict=True)):
            lines.append(f"甲|8:0{number}|water.leak|2|//|-|{water}，第{day}次")
            lines.append(f"乙|9:0{number}|none|-|//|-|{_CHATTER[(number + day) % 10]}")
            lines.append(f"丙|9:3{number}|fire.smoke|3|//|-|{fire}！")
            lines.append(f"丁|9:4{number}|none|-|//|-|{_CHATTER[(number + day + 5) % 10]}")
    return parse_chats(lines, "small")


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger(parse_lexicon(small_taxonomy()))


@pytest.fixture(scope="module")
def weights(tagger: Tagger) -> Weights:
    return train(tagger, _conversations(), [Phrase("water.qita", "水声"), Phrase("fire.smoke", "浓烟")], "t1")


def test_it_knows_what_it_was_taught(tagger: Tagger, weights: Weights) -> None:
    reader = Reader(tagger, Model(weights))
    heard = reader.tag("墙角又返潮，滴水")
    assert heard.categories[0].id.startswith("water")
    danger = reader.tag("火烧起来了，烟好大")
    assert (danger.categories[0].id, danger.urgency) == ("fire.smoke", 3)
    assert reader.tag("今晚吃什么呀").verdict is not Verdict.MATTER


def test_the_same_texts_give_the_same_bytes(tagger: Tagger, weights: Weights) -> None:
    again = train(
        tagger, _conversations(), [Phrase("water.qita", "水声"), Phrase("fire.smoke", "浓烟")], "t1"
    )
    assert again.pack() == weights.pack()
    assert all(0 not in row for row in weights.rows.values())


def test_a_fingerprint_changes_with_a_label() -> None:
    chats = _conversations()
    assert fingerprint(chats, []) == fingerprint(_conversations(), [])
    assert fingerprint(chats, []) != fingerprint(chats[1:], [])
