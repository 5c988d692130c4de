"""Both stages together, on sentences that are in no training text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.chats import UNSEEN, load_chats
from nlp.evaluate import alone, in_context, measure
from nlp.lexicon import top_of
from nlp.model import Scores
from nlp.reader import Reader
from nlp.tagger import Verdict


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load()


@pytest.mark.parametrize(
    ("text", "top"),
    [
        ("5栋那台电梯今早又趴窝，我妈坐轮椅下不来", "dianti"),
        ("厨房下水口往上冒黑水，堵得死死的", "paishui"),
        ("对门把纸箱子鞋柜全码在走道，走路得侧身", "huanwei"),
        ("小区门口划线车位全让外面的车占了", "tingche"),
        ("隔壁半夜搓麻将哗啦哗啦，没法睡", "zaoyin"),
        ("物业费说涨就涨，账目从来没见过", "shoufei"),
        ("一楼那家在花坛里种上葱了", "lvhua"),
        ("没拴绳的大黄狗追着小孩跑", "chongwu"),
    ],
)
def test_complaints_are_heard_and_sorted(reader: Reader, text: str, top: str) -> None:
    tagged = reader.tag(text)
    assert tagged.verdict is Verdict.MATTER
    assert top in {category.id.partition(".")[0] for category in tagged.categories}


@pytest.mark.parametrize(
    "text",
    [
        "着火了快来人",
        "厨房一股子煤气味，我不敢开灯",
        "老爷子摔地上叫不应",
        "电梯里关着俩孩子一直哭",
        "电表箱噼啪打火星子",
    ],
)  # fmt: skip
def test_danger_is_heard(reader: Reader, text: str) -> None:
    assert reader.tag(text).urgency == 3


@pytest.mark.parametrize(
    "text",
    [
        "早啊各位", "周末谁去爬山", "草莓到货了，要的接龙", "谢谢师傅，灯亮了", "停车费在哪里交", "笑死我了哈哈哈",
        "今晚球赛几点开始", "我家电饭锅九成新，五十出", "孩子作业写到十点", "收到",
    ],
)  # fmt: skip
def test_small_talk_is_left_alone(reader: Reader, text: str) -> None:
    tagged = reader.tag(text)
    assert (tagged.verdict is Verdict.MATTER, tagged.urgency) == (False, 1)


def test_what_was_said_before_is_what_it_is_about(reader: Reader) -> None:
    said = "我家三楼也是，刚接了一盆，底下全是沙"
    before: list[Scores] = [
        reader.score(text) for text in ("自来水怎么是黄的", "水龙头出来一股铁锈味，没法做饭")
    ]
    assert reader.tag(said, before).categories[0].id.startswith("shuidian")


def test_every_tag_says_why(reader: Reader) -> None:
    for text in ("3栋2单元电梯坏了", "又趴窝了，爬了十七层腿都软了"):
        tagged = reader.tag(text)
        assert tagged.categories
        assert {category.id for category in tagged.categories} <= {hit.leaf for hit in tagged.hits}
        assert all(0 <= hit.start < hit.end <= len(text) for hit in tagged.hits)
        assert tagged.version == reader.version


def test_no_text_is_too_strange(reader: Reader) -> None:
    @given(st.text(max_size=400))
    def read(text: str) -> None:
        tagged = reader.tag(text)
        assert tagged.urgency in (1, 2, 3)
        assert bool(tagged.categories) == (tagged.verdict is Verdict.MATTER)
        assert all(0 <= hit.start < hit.end <= len(text) for hit in tagged.hits)

    read()


def test_the_shipped_model_reads_what_nobody_trained_on(reader: Reader) -> None:
    """The floors are those below which nothing may be shipped (issue of the second stage), by 0.02 above them."""
    chats = load_chats(UNSEEN)
    for read, top in ((alone(reader.tag), 0.64), (in_context(reader), 0.69)):
        figures = measure(chats, read)
        assert (figures.complaint_f1 or 0) >= 0.88
        assert (figures.top_macro_f1 or 0) >= top
        assert (figures.urgent_recall or 0) >= 0.87
        assert (figures.urgent_precision or 0) >= 0.65
        assert (figures.place_exact or 0) >= 0.96


@pytest.mark.parametrize(
    "text", ["电梯又坏了，老人下不来楼", "楼上半夜装修吵得睡不着", "垃圾桶满了三天没人清"]
)
def test_a_guess_is_what_a_sure_reading_would_put_first(reader: Reader, text: str) -> None:
    assert top_of(reader.guess(text)) == top_of(reader.tag(text).categories[0].id)


@pytest.mark.parametrize("text", ["这个真的不行啊", "", "🙂", "哈哈哈"])
def test_something_is_guessed_of_anything(reader: Reader, text: str) -> None:
    assert reader.guess(text) in reader.lexicon.leaves
