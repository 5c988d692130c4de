import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.normalise import normalise
from nlp.notations import BUILDINGS, ENTRANCES, ROOMS, Notation, any_of
from nlp.place import NOWHERE, Place, find_place
from nlp.quotes import spoken


def place_in(text: str) -> Place:
    return find_place(normalise(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3栋2单元501", ("3", "2", "501")),
        ("３栋２单元５０１", ("3", "2", "501")),
        ("3 栋 2 单元 501 漏水", ("3", "2", "501")),
        ("3號樓漏水", ("3", None, None)),
        ("3#", ("3", None, None)),
        ("3#2单元", ("3", "2", None)),
        ("3＃楼502室", ("3", None, "502")),
        ("三栋二单元五楼", ("3", "2", None)),
        ("三栋二单元五零一", ("3", "2", "501")),
        ("十二栋", ("12", None, None)),
        ("二十一号楼", ("21", None, None)),
        ("3-2-501门口", ("3", "2", "501")),
        ("３－２－５０１", ("3", "2", "501")),
        ("我5-1-1203去年交的", ("5", "1", "1203")),
        ("5-1203漏水", ("5", None, "1203")),
        ("5栋-2-301", ("5", "2", "301")),
        ("3栋2-501", ("3", "2", "501")),
        ("3幢", ("3", None, None)),
        ("第3栋", ("3", None, None)),
        ("B座电梯坏了", ("B", None, None)),
        ("A3栋502", ("A3", None, "502")),
        ("二单元右边那部电梯", (None, "2", None)),
        ("1502室", (None, None, "1502")),
        ("应该是1604，昨天看见的", (None, None, "1604")),
        ("203窗户下来的线", (None, None, "203")),
        ("一栋二单元", ("1", "2", None)),
        ("3栋停电了，2单元的也停了", ("3", "2", None)),
        ("我家厨房有煤气味，3栋1单元1502", ("3", "1", "1502")),
    ],
)
def test_addresses_as_people_write_them(
    text: str, expected: tuple[str | None, str | None, str | None]
) -> None:
    assert place_in(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "3-5天就好",
        "2026-03-15",
        "10:30在门口集合",
        "13812345678",
        "028-85123456",
        "物业费1202元",
        "买了1202块钱的菜",
        "500多户人家",
        "12楼的灯坏了",
        "21号修好",
        "一栋楼的人都听见了",
        "打110或者119",
        "2012年交的房",
        "坐302路公交",
        "车牌尾号305",
        "房价12-15万",
        "今天天气真好",
        "",
    ],
)
def test_dates_prices_and_telephones_are_no_place(text: str) -> None:
    assert place_in(text) == NOWHERE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("叁号楼没水了", ("3", None, None)),
        ("三幢贰单元停电", ("3", "2", None)),
        ("八號樓門口積水", ("8", None, None)),
        ("８座１２０３室漏水", ("8", None, "1203")),
        ("A1栋地下室进水", ("A1", None, None)),
        ("C3栋1502", ("C3", None, "1502")),
        ("A塔大堂的灯不亮", ("A", None, None)),
        ("3号栋在刷墙", ("3", None, None)),
        ("二期12号楼2单元电梯", ("12", "2", None)),
        ("3号院2号楼1单元", ("2", "1", None)),
        ("12栋B单元301", ("12", "B", "301")),
        ("七号楼丙单元501", ("7", "丙", "501")),
        ("3号楼1单元1203室", ("3", "1", "1203")),
        # doors and stairs, Beijing and Tianjin, Guangdong, Hubei
        ("3号楼2门501", ("3", "2", "501")),
        ("6号楼三门洞的灯", ("6", "3", None)),
        ("3门洞灯不亮", (None, "3", None)),
        ("三门栋的灯坏了", (None, "3", None)),
        ("3门301家里跑水", (None, "3", "301")),
        ("A栋2门没关", ("A", "2", None)),
        ("5栋2梯停了", ("5", "2", None)),
        ("1梯1205吵架", (None, "1", "1205")),
        ("3栋2单501", ("3", "2", "501")),
        # 座 with a numeral, Guangdong and Hong Kong
        ("二座大堂冇冷气", ("2", None, None)),
        ("十二座楼上滴水", ("12", None, None)),
        ("一座大堂地板湿滑", ("1", None, None)),
        ("8座12A有人嘈", ("8", None, "12A")),
        ("7B室漏水", (None, None, "7B")),
        # 号 as the building, Shanghai
        ("36弄12号502漏水", ("12", None, "502")),
        ("5号202空调外机响", ("5", None, "202")),
        ("9号2单元没电", ("9", "2", None)),
        ("22号三门有人放鞭炮", ("22", "3", None)),
        ("16号门口的灯", ("16", None, None)),
        ("阿拉11号也停脱了", ("11", None, None)),
        # dashes of all kinds
        ("5—1—302没水", ("5", "1", "302")),
        ("3杠2杠501没水", ("3", "2", "501")),
        ("三杠二杠五零一没水", ("3", "2", "501")),
        ("5/2/601漏水", ("5", "2", "601")),
        ("18-3-2702-1", ("18", "3", "2702")),
        ("3栋-2单元-501", ("3", "2", "501")),
        ("3#-2-501", ("3", "2", "501")),
        ("A-1203吵", ("A", None, "1203")),
        ("9-2单元的感应灯", ("9", "2", None)),
        ("12-2的电梯停了", ("12", "2", None)),
        # written out
        ("我家五零一，水管爆了", (None, None, "501")),
        ("我住幺零二", (None, None, "102")),
        ("十二栋一单元一五零二", ("12", "1", "1502")),
        # the room or the entrance first
        ("501，3栋的，厕所堵了", ("3", None, "501")),
        ("1203那家，9号楼，半夜蹦迪", ("9", None, "1203")),
        ("2单元（4栋）没电", ("4", "2", None)),
        ("402的狗叫一宿，三单元的", (None, "3", "402")),
        ("802天天在家打球", (None, None, "802")),
        ("4705的窗户关不上", (None, None, "4705")),
        # several: the first, with what is said of it
        ("3栋和5栋都停水了", ("3", None, None)),
        ("3、5栋停水", ("3", None, None)),
        ("3栋停电了，5栋2单元也停", ("3", None, None)),
        ("12栋1802和1803", ("12", None, "1802")),
        # what dictation makes of 号楼 and 栋
        ("三号漏的电梯坏了", ("3", None, None)),
        ("3动2单元", ("3", "2", None)),
        ("三洞门口有积水", ("3", None, None)),
        ("5号搂的灯", ("5", None, None)),
        # storeys, quantities and telephones beside a place
        ("二单元三楼堆了纸箱", (None, "2", None)),
        ("3栋2单元15楼东户", ("3", "2", None)),
        ("3栋2单元五楼502", ("3", "2", "502")),
        ("3栋300多户", ("3", None, None)),
        ("3栋，120到了", ("3", None, None)),
        ("3栋两梯四户等半天", ("3", None, None)),
        ("3号楼车位203", ("3", None, None)),
        ("还有5栋也没水", ("5", None, None)),
        ("所有4栋1单元的下楼", ("4", "1", None)),
    ],
)
def test_notations_from_all_over_the_country(
    text: str, expected: tuple[str | None, str | None, str | None]
) -> None:
    assert place_in(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("7楼的灯坏了", "整栋停电", "东边单元没有灯", "这一栋楼都没水", "有三栋楼没电", "小区一共12栋楼"),
        *("同一单元的", "一栋楼的人都在骂", "两梯四户", "3户", "100户签字了", "300户都签了"),
        *(
            "15号交物业费",
            "7号修好的，9号又坏",
            "12月3号停水",
            "下周三号停电",
            "8:30-11:30停水",
            "二零二五年",
        ),
        *("3号门岗没人", "3号线过来", "302路公交", "搭101去菜场", "电梯3号梯坏了", "3号窗口", "3号车位"),
        *("5号电池", "92#汽油", "2.5平方的线", "502胶水", "V3.2.501版本", "系统报502 bad gateway"),
        *(
            "血压135",
            "今天35度",
            "比分21-19",
            "3-2赢了",
            "还差120票",
            "车位费涨到1201",
            "押金1001",
            "1203次列车",
        ),
        *("沪A12305挡路", "尾号1203的车", "b108车位", "B3-117车位借你", "订单1203", "编号1203"),
        *("1-6栋停水", "3到5栋停水", "1至4单元没暖", "1—4号楼停水", "1-3单元停水"),
        *(
            "一座桥",
            "三座大山",
            "七座的车占了两个位",
            "7座商务车挡路",
            "一门心思",
            "三门课",
            "0动作",
            "一动不动",
        ),
        *("202教室", "302病房", "三零一医院", "119到了没", "打120"),
    ],
)
def test_what_only_looks_like_a_place_is_none(text: str) -> None:
    assert place_in(text) == NOWHERE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@3-2-501小李 你家车挡路了", NOWHERE),
        ("@12栋502王姐 帮忙看下", NOWHERE),
        ("@5-1-301老周 我是6栋的，借个梯子", Place("6")),
        ("@物业 5-2-601漏水", Place("5", "2", "601")),
        ("「3栋502老赵：谁家漏水」\n- - - - - -\n我5栋也漏", Place("5")),
    ],
)
def test_somebody_elses_name_and_words_are_not_where_the_message_is_about(text: str, expected: Place) -> None:
    assert place_in(spoken(text)) == expected


@pytest.mark.parametrize("notation", [*BUILDINGS, *ENTRANCES, *ROOMS], ids=lambda notation: notation.written)
def test_a_notation_reads_its_examples_and_nothing_else(notation: Notation) -> None:
    pattern = any_of([notation])
    for example in notation.written.split():
        assert pattern.search(normalise(example)), example
    for example in notation.unlike.split():
        assert not pattern.search(normalise(example)), example


PIECES = [
    "1",
    "1-",
    "3栋",
    "一",
    "十",
    "号楼",
    "—",
    "1—",
    "a",
    "a1-",
    "单元",
    "零一",
    "1、",
    "3号楼2门",
    "（1单元",
    "3、",
    "3 2 ",
    "3一2一",
    "三百零",
    "我家3-",
]


@pytest.mark.parametrize(
    "piece", [*PIECES, "3栋，", "3#", "5-1", "9/9/", "1.", "3座2梯", "12号", "二一零", "3门"]
)
def test_a_long_hostile_text_takes_time_in_proportion(piece: str) -> None:
    started = time.process_time()
    find_place((piece * 20_000)[:20_000] + "!")
    assert time.process_time() - started < 1  # a tenth of it is usual; backtracking would take minutes


@given(
    st.text(
        "0123456789一二三十零百拾廿壹〇幺a-—/#.:、，栋幢座号楼单元门梯室户洞动弄杠之我住第个好东层@ ",
        max_size=60,
    )
)
def test_any_text_is_read_and_parts_are_plain(text: str) -> None:
    for part in place_in(text):
        assert part is None or part


@given(
    building=st.integers(1, 99), entrance=st.integers(1, 9), floor=st.integers(1, 33), room=st.integers(1, 8)
)
def test_every_complete_address_is_read_in_full(building: int, entrance: int, floor: int, room: int) -> None:
    unit = f"{floor}{room:02}"
    expected = Place(str(building), str(entrance), unit)
    for text in (
        f"{building}栋{entrance}单元{unit}漏水",
        f"我是{building}号楼{entrance}单元{unit}室的",
        f"{building}-{entrance}-{unit}没水",
    ):
        assert place_in(text) == expected
