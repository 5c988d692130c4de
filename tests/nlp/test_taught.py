"""What is learned from private messages: only what several people wrote."""

import pytest

from nlp.chats import Conversation, Labelled, Phrase
from nlp.evaluate import Figures, worse
from nlp.features import features, named_tops
from nlp.model import Model
from nlp.place import NOWHERE
from nlp.tagger import Tagger
from nlp.train import train

TEXTS = {
    "dianti.guzhang": "电梯又停了",
    "loushui.loushang": "天花板在滴水",
    "zaoyin.loushang": "楼上半夜拖椅子",
}


def _said(text: str, *labels: str, speaker: str = "a", urgency: int = 2) -> Conversation:
    message = Labelled(speaker, "", labels, urgency if labels else 0, NOWHERE, "", text)
    return Conversation(text, "", (message,))


@pytest.fixture(scope="module")
def written() -> list[Conversation]:
    chats = [_said(f"{text}{number}栋", leaf) for leaf, text in TEXTS.items() for number in range(12)]
    chats += [_said(f"早上好啊{number}") for number in range(12)]
    chats += [_said(f"着火了快来{number}", "xiaofang.zhaohuo", urgency=3) for number in range(12)]
    return chats


def test_a_feature_of_corrections_needs_three_people_and_three_messages(
    tagger: Tagger, written: list[Conversation]
) -> None:
    taught = [
        _said(f"翟墨轩家{words}", "zaoyin.loushang", speaker="one") for words in ("吵", "闹", "响", "炸")
    ]
    taught += [_said("邬彤彤停车", "tingche.luanting", speaker=who) for who in "abcd"]  # one text, copied
    taught += [_said(f"瓯柑树{words}", "lvhua.xiujian", speaker=words) for words in ("长", "高", "挡")]
    phrases = [Phrase("dianti.guzhang", "电梯停运"), Phrase("loushui.loushang", "楼上漏水")]
    weights = train(tagger, written, phrases, "c1", taught)
    features = set(weights.rows)
    assert not [feature for feature in features if set(feature) & set("翟墨轩邬彤")]
    assert {"瓯柑", "柑树"} <= features
    assert weights.pack() == train(tagger, written, phrases, "c1", taught).pack()


def _figures(**changed: float | None) -> Figures:
    return Figures(*[0.9] * len(Figures._fields))._replace(**changed)  # type: ignore[arg-type]


def test_worse_is_what_is_lower_by_more_than_the_margin() -> None:
    assert worse(_figures(), _figures(), 0.01) == []
    assert worse(_figures(complaint_f1=0.895), _figures(), 0.01) == []
    assert worse(_figures(complaint_f1=0.88, urgent_recall=0.5), _figures(), 0.01) == [
        "complaint_f1",
        "urgent_recall",
    ]
    assert worse(_figures(chatter_tagged=0.95), _figures(), 0.01) == ["chatter_tagged"]
    assert worse(_figures(top_macro_f1=None), _figures(), 0.01) == ["top_macro_f1"]
    assert worse(_figures(), _figures(urgent_recall=None), 0.01) == []


@pytest.mark.parametrize(("shipped", "top"), [(3, "tingche"), (12, "zaoyin")])
def test_a_correction_outweighs_a_shipped_text_and_gives_way_to_many(
    tagger: Tagger, written: list[Conversation], shipped: int, top: str
) -> None:
    text = "瓯柑树那边还是那样"
    says = [_said(text, "zaoyin.loushang") for _ in range(shipped)]
    says += [_said(f"车子乱放{number}", "tingche.luanting") for number in range(12)]  # as often as the others
    taught = [_said(text, "tingche.luanting", speaker="a") for _ in range(2)]
    phrases = [Phrase("dianti.guzhang", "电梯停运"), Phrase("loushui.loushang", "楼上漏水")]
    weights = train(tagger, [*written, *says], phrases, "c1", taught)
    tagged = tagger.tag(text)
    scores = Model(weights).score(features(tagged), named_tops(tagged)).tops
    assert max(zip(scores, weights.tops, strict=True))[1] == top
