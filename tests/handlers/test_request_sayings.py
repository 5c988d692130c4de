"""Residents answer in their own words: the bot does what they mean, and asks when it could be two things."""

from datetime import timedelta

import pytest

from handlers.numerals import in_figures, value_of
from handlers.requests.sayings import rating_of
from storage.states import Rating, RequestState
from storage.tables import Matter, Opinion, RequestRating
from tests.handlers.neighbours import told
from tests.handlers.orders import LAMP, NOISE, events_of, lamp, news, office, request, timeline
from tests.handlers.talk import Talk


@pytest.fixture
async def yard(talk: Talk) -> Talk:
    """新禾苑 with everybody in office."""
    await office(talk)
    return talk


async def finish(talk: Talk, number: int, how: str = "换好了") -> None:
    await told(talk, "shu", f"派单 {number} 物业", "")
    answer = await told(talk, "li", f"办结 {number} {how}", "")
    assert answer.outcome == "request.done", answer


async def done(talk: Talk, text: str = LAMP) -> int:
    number = await lamp(talk, text=text)
    await finish(talk, number)
    return number


async def given(talk: Talk) -> list[tuple[int, Rating]]:
    return [(row.number, row.rating) for row in await talk.rows(RequestRating)]


# The words alone


@pytest.mark.parametrize(
    ("rating", "words"),
    [
        (Rating.SATISFIED, "满意 很满意 非常满意 挺满意的 我很满意 满意了 都满意 好评 1 一 选1 第一个"),
        (Rating.FAIR, "基本满意 基本上满意 比较满意 还算满意 一般 还行吧 还可以 2 二"),
        (Rating.DISSATISFIED, "不满意 不太满意 很不满意 一点都不满意 不是很满意 不怎么满意 太不满意了 差评 3 三"),
        (Rating.BESIDE_THE_POINT, "答非所问 答非所问的 没答到点子上 文不对题 4 四"),
    ],
)  # fmt: skip
def test_what_is_a_rating(rating: Rating, words: str) -> None:
    assert {word: rating_of(word) for word in words.split()} == dict.fromkeys(words.split(), rating)


@pytest.mark.parametrize(
    "words", ["满意度", "不", "5", "五", "12", "满意吗", "谢谢", "好", "意见", "一共", ""]
)
def test_what_is_none(words: str) -> None:
    assert rating_of(words) is None


@pytest.mark.parametrize(
    ("said", "figures"),
    [
        ("评价 一千零一 满意", "评价 1001 满意"),
        ("一零零一还没好", "1001还没好"),
        ("幺零零三", "1003"),
        ("三号满意", "3号满意"),
        ("十二号满意", "12号满意"),
        ("补充 一共坏了三盏灯", "补充 一共坏了三盏灯"),
        ("三号楼电梯坏了", "三号楼电梯坏了"),
        ("一万一千", "一万一千"),
        ("一栋二单元", "一栋二单元"),
    ],
)
def test_numbers_of_receipts_in_characters(said: str, figures: str) -> None:
    assert in_figures(said) == figures


@pytest.mark.parametrize(
    ("numeral", "value"),
    [("一千零一", 1001), ("一千一", 1100), ("两千零五十", 2050), ("一千一百二十三", 1123), ("十", 10),
     ("一百零五", 105)],
)  # fmt: skip
def test_the_value_of_a_numeral(numeral: str, value: int) -> None:
    assert value_of(numeral) == value


# 评价


@pytest.mark.parametrize(
    ("words", "rating"),
    [
        ("1001满意", Rating.SATISFIED),
        ("1001号 非常满意！！", Rating.SATISFIED),
        ("１００１满意。", Rating.SATISFIED),
        ("满意 1001", Rating.SATISFIED),
        ("一千零一满意", Rating.SATISFIED),
        ("评价一千零一 满意", Rating.SATISFIED),
        ("评价 1001 很满意，谢谢师傅", Rating.SATISFIED),
        ("评价满意1001", Rating.SATISFIED),
        ("我要评价 1001 基本满意", Rating.FAIR),
        ("1号满意", Rating.SATISFIED),  # the end of 1001
        ("评价1号满意", Rating.SATISFIED),
        ("很满意[强][玫瑰]", Rating.SATISFIED),
        ("满意👍👍", Rating.SATISFIED),
        ("满意，谢谢", Rating.SATISFIED),
        ("1 满意", Rating.SATISFIED),
        ("1、满意", Rating.SATISFIED),
        ("1.", Rating.SATISFIED),
        ("一", Rating.SATISFIED),
        ("评价 2", Rating.FAIR),
        ("评价 还行", Rating.FAIR),
        ("好了谢谢", Rating.SATISFIED),
        ("修好了，谢谢师傅！", Rating.SATISFIED),
        ("1001好了谢谢", Rating.SATISFIED),
        ("已经修好了", Rating.SATISFIED),
        ("3、不满意", Rating.DISSATISFIED),
        ("不太满意，灯还是一闪一闪的", Rating.DISSATISFIED),
        ("1001不满意 还是不亮", Rating.DISSATISFIED),
    ],
)
async def test_one_question_is_answered_in_many_ways(yard: Talk, words: str, rating: Rating) -> None:
    number = await done(yard)
    assert number == 1001
    answer = await yard.hear("o-zhao", words)
    assert answer.outcome == ("request.reopened" if rating is Rating.DISSATISFIED else "request.rated"), (
        answer
    )
    assert await given(yard) == [(1001, rating)]
    assert len(await yard.rows(Opinion)) == 1


@pytest.mark.parametrize(
    "words",
    ["满意", "很满意", "好了谢谢", "3号满意", "三号满意", "3满意",
     "评价 满意", "不满意", "还没修好", "撤回", "补充 还有一盏"],
)  # fmt: skip
async def test_with_two_that_are_possible_the_bot_asks_and_does_nothing(yard: Talk, words: str) -> None:
    for text in (LAMP, NOISE):
        await lamp(yard, text=text)
    if words != "撤回":
        for number in (1001, 1002):
            await finish(yard, number)
    answer = await yard.hear("o-zhao", words)
    assert answer.outcome in ("request.asked", "opinion.asked"), answer
    assert "1001" in answer.text and "1002" in answer.text
    assert "路灯" in answer.text  # nobody knows their things by number
    assert await given(yard) == []
    assert len(await yard.rows(Opinion)) == 2


async def test_a_number_behind_the_word_is_that_ones_and_no_comment(yard: Talk) -> None:
    first, second = await done(yard), await done(yard, NOISE)
    await yard.say("o-zhao", f"满意 {first}")
    assert await given(yard) == [(first, Rating.SATISFIED)]
    await yard.say("o-zhao", f"{second % 1000}号不满意")
    assert (await given(yard))[1:] == [(second, Rating.DISSATISFIED)]


async def test_tapped_twice_it_is_said_once(yard: Talk) -> None:
    number = await done(yard)
    for _ in range(2):
        answer = await yard.hear("o-zhao", "满意")
        assert (answer.outcome, str(number) in answer.text) == ("request.rated", True)
    assert "之前已经记下" in answer.text
    assert "之前已经记下" in await yard.say("o-zhao", "1")
    assert not (await yard.hear("o-zhao", "2")).outcome.startswith(
        "request."
    )  # a figure is no second thought
    assert (await timeline(yard, number)).count("rated") == 1
    assert (await yard.hear("o-zhao", "不满意")).outcome == "request.reopened"  # a word is
    for words in ("不满意", "还没好", "还没修好！"):
        answer = await yard.hear("o-zhao", words)
        assert (answer.outcome, "已经在重新办理" in answer.text) == ("request.reopened", True), words
    assert (await timeline(yard, number)).count("reopened") == 1
    assert len(await yard.rows(Opinion)) == 1  # no number for a second tap


async def test_a_figure_and_a_word_that_differ_are_asked_about(yard: Talk) -> None:
    await done(yard)
    answer = await yard.hear("o-zhao", "1 不满意")
    assert (answer.outcome, "评价 1001 不满意" in answer.text) == ("request.asked", True)
    assert await given(yard) == []


async def test_what_was_not_asked_is_no_rating(yard: Talk) -> None:
    await lamp(yard)
    for words in ("很满意", "三", "3号满意", "一般", "好了谢谢", "3号还没修好"):
        assert not (await yard.hear("o-zhao", words)).outcome.startswith("request."), words
    assert (await yard.hear("o-zhao", "1001满意")).outcome == "request.not_done"
    assert await given(yard) == []


async def test_mended_before_anybody_said_so_is_noted_for_whoever_has_it(yard: Talk) -> None:
    number = await lamp(yard)
    answer = await yard.hear("o-zhao", "已经修好了，谢谢师傅")
    assert (answer.outcome, str(number) in answer.text) == ("request.said_solved", True)
    assert (await yard.rows(Matter))[0].solved_at is not None
    assert (await request(yard, number)).state is RequestState.RAISED
    assert (await yard.hear("o-zhao", "1001好了")).outcome == "request.said_solved"


async def test_what_is_said_to_be_over_must_be_what_was_raised(yard: Talk) -> None:
    lamp_, noise = await done(yard), await done(yard, NOISE)
    assert not (await yard.hear("o-zhao", "来水了，谢谢")).outcome.startswith("request.")
    assert await given(yard) == []
    assert (await yard.hear("o-zhao", "灯修好了，谢谢")).outcome == "request.rated"
    assert await given(yard) == [(lamp_, Rating.SATISFIED)]
    assert (await yard.hear("o-zhao", "好了谢谢")).outcome == "request.rated"
    assert [number for number, _rating in await given(yard)] == [lamp_, noise]


# 还没好


@pytest.mark.parametrize(
    "words",
    ["还没好", "还没修好", "没修好啊", "还没有修好！", "没解决", "还是不行", "又坏了", "还没弄好呢", "1001还没好",
     "还没修好 1001", "一千零一还没好", "1001 还没修好，一闪一闪的", "1号还没修好"],
)  # fmt: skip
async def test_not_solved_yet_in_many_ways(yard: Talk, words: str) -> None:
    number = await done(yard)
    assert (await yard.hear("o-zhao", words)).outcome == "request.reopened", words
    assert (await request(yard, number)).state is RequestState.REOPENED
    assert len(await yard.rows(Opinion)) == 1


async def test_of_one_that_is_open_and_one_that_is_done_the_bot_asks(yard: Talk) -> None:
    first = await done(yard)
    second = await lamp(yard, text=NOISE)
    answer = await yard.hear("o-zhao", "还没修好")
    assert (answer.outcome, str(first) in answer.text, str(second) in answer.text) == (
        "request.asked",
        True,
        True,
    )
    await told(yard, "shu", f"派单 {second} 物业", "")
    yard.now += timedelta(hours=3)
    answer = await yard.hear("o-zhao", f"{second}还没好")
    assert "还在办，我跟办理的人说了" in answer.text
    assert "还没好" in (await news(yard, "li"))[-1]
    assert (await request(yard, first)).state is RequestState.DONE


async def test_nobody_has_come_is_asked_about_too_when_it_may_be_two(yard: Talk) -> None:
    for text in (LAMP, NOISE):
        await lamp(yard, text=text)
    assert (await yard.hear("o-zhao", "还是没人管")).outcome == "request.asked"
    assert len(await yard.rows(Opinion)) == 2


# 补充, 撤回, 进度


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("补充 1001 还有一盏也不亮", "还有一盏也不亮"),
        ("补充：还有一盏也不亮", "还有一盏也不亮"),
        ("我要补充一下，还有一盏也不亮。", "还有一盏也不亮"),
        ("补充 3盏灯都不亮", "3盏灯都不亮"),
        ("1001补充：还有一盏", "还有一盏"),
        ("补充一千零一 还有一盏", "还有一盏"),
        ("补充１００１，还有一盏", "还有一盏"),
        ("补充 一共三盏", "一共三盏"),
    ],
)
async def test_a_supplement_needs_no_number_where_there_is_one_request(
    yard: Talk, words: str, kept: str
) -> None:
    number = await lamp(yard)
    for _ in range(2):  # tapped twice
        assert (await yard.hear("o-zhao", words)).outcome == "request.supplemented"
    assert [event.text for event in await events_of(yard.database, number) if event.text] == [kept]


async def test_without_a_request_there_is_nothing_to_add_to(yard: Talk) -> None:
    assert (await yard.hear("o-zhao", "补充 还有一盏")).outcome == "help.given"


@pytest.mark.parametrize(
    "words",
    ["撤回", "撤回1001", "1001撤回", "撤销 1001号", "取消1001", "一千零一撤回", "1001不用修了",
     "发错了", "发错了，撤回。", "我要撤回１００１"],
)  # fmt: skip
async def test_taking_back_in_many_ways(yard: Talk, words: str) -> None:
    number = await lamp(yard)
    assert (await yard.hear("o-zhao", words)).outcome == "opinion.withdrawn", words
    assert (await request(yard, number)).state is RequestState.CANCELLED
    assert (await yard.hear("o-zhao", f"撤回 {number}")).outcome == "opinion.withdrawn"


async def test_what_was_done_is_not_taken_back_without_its_number(yard: Talk) -> None:
    await done(yard)
    assert (await yard.hear("o-zhao", "撤回")).outcome == "help.given"


@pytest.mark.parametrize(
    "words",
    ["进度1001", "1001进度", "1001怎么样了", "1001修好了吗？", "查一下1001的进度", "一千零一到哪一步了", "１００１",
     "1001什么时候修好"],
)  # fmt: skip
async def test_asking_after_one(yard: Talk, words: str) -> None:
    await lamp(yard)
    answer = await yard.hear("o-zhao", words)
    assert (answer.outcome, "编号 1001" in answer.text) == ("progress.shown", True), words


@pytest.mark.parametrize(
    "words", ["进度", "我的进度", "查一下进度", "处理得怎么样了？", "什么时候修好", "修好了吗", "反映的问题怎么样了",
     "办到哪一步了"]
)  # fmt: skip
async def test_asking_after_all(yard: Talk, words: str) -> None:
    await lamp(yard)
    assert (await yard.hear("o-zhao", words)).outcome == "progress.listed", words


@pytest.mark.parametrize(
    "words",
    ["电梯什么时候修好", "3号楼的门还没修好", "物业不作为，很不满意他们的态度", "取消了班车，出行不便"],
)
async def test_a_complaint_is_none_of_these(yard: Talk, words: str) -> None:
    await yard.bind("o-zhao")
    assert (await yard.hear("o-zhao", words)).outcome == "opinion.filed", words
