"""Quotes: whatever people write about themselves and each other, it does not leave with their words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.digests.build import without_identity
from handlers.digests.masking import clean, is_anonymous, mask

PLAIN = [
    "楼道里的灯坏了一个星期了，晚上老人下楼看不清台阶",
    "3栋门口的垃圾桶满了好几天，夏天味道特别大",
    "希望在花园里多放两张长椅，接孩子的时候有地方坐",
    "消防通道又被电动车堵了，请物业管一管",
    "A栋电梯一开门就咣当响，坐着心里发慌",
    "12号楼后面的下水道又返水了，味道很大",
    "投诉高空抛物，昨天又有人往下扔酒瓶子",
    "我带着孙子坐电梯，门口还贴着张通知说检修",
    "桌子坏了两张，杨树的杨絮飞得满院子都是",
    "通知水压不足已经一周了，洗澡都成问题",
    "阿姨们跳广场舞声音太大，孩子没法写作业",
]


@pytest.mark.parametrize("text", PLAIN)
def test_words_about_the_matter_stay_as_they_are(text: str) -> None:
    assert without_identity(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3栋2单元501漏水漏到楼下了，墙皮都掉了", "3栋某户漏水漏到楼下了，墙皮都掉了"),
        ("3栋2单元门禁坏了，谁都能进来", "3栋某单元门禁坏了，谁都能进来"),
        ("3-2-501 厨房下水堵了三天没人来", "3栋某户 厨房下水堵了三天没人来"),
        ("12号楼1502室楼上半夜装修，电钻响个不停", "12号楼某户楼上半夜装修，电钻响个不停"),
        ("３栋２单元五零一漏水，卫生间都不能用", "3栋某户漏水，卫生间都不能用"),
        ("5栋六楼走廊堆满纸箱，过不去人", "5栋某层走廊堆满纸箱，过不去人"),
        ("我是张伟，楼道灯坏了三天没人管", "楼道灯坏了三天没人管"),
        ("您好！我叫欧阳锋，地下车库一直在漏水。", "您好！地下车库一直在漏水"),
    ],
)
def test_the_building_stays_and_what_is_closer_goes(text: str, expected: str) -> None:
    assert without_identity(text) == expected


SECRETS = [
    # telephone numbers, however they are written
    "路灯坏了请打13812345678找我，一直没人来修",
    "路灯坏了，138 1234 5678，一直没人来修",
    "路灯坏了，１３８－１２３４－５６７８，一直没人来修",
    "路灯坏了，1 3 8 1 2 3 4 5 6 7 8，一直没人来修",
    "路灯坏了，一三八一二三四五六七八，一直没人来修",
    "路灯坏了，幺三八幺二三四五六拐八，一直没人来修",
    "路灯坏了，①③⑧①②③④⑤⑥⑦⑧，一直没人来修",
    "路灯坏了，1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣，没人来修",
    "路灯坏了，1\u200b3\u200b8\u200b1\u200b2345678，一直没人来修",
    "路灯坏了，١٣٨١٢٣٤٥٦٧٨，一直没人来修的",
    "路灯坏了，先13再81再23再45再67再8，没人来修",
    "路灯坏了，壹叁捌壹贰叁肆伍陆柒捌，一直没人来修",
    "座机020-81234567，路灯坏了一直没人来修",
    # accounts, plates, papers
    "路灯坏了加我微信zhangwei_88，一直没人来修",
    "路灯坏了，oABCD1234efgh5678ijkl，一直没人来修",
    "wxid_abc123def 说路灯坏了，一直没人来修",
    "川A·12345这辆车天天堵在消防通道上",
    "川A D12345堵在消防通道上，请挪一挪吧",
    "京A8K3这辆车天天堵在消防通道上面",
    "身份证号末尾是4432的那位把门禁卡丢了",
    "路灯坏了，给 zhang@example.com 发邮件也没人理",
    "详情看 http://a.example/3 这个链接，路灯坏了",
    # names
    "路灯坏了三天没人来修，张伟",
    "张伟：路灯坏了三天一直没有人来修",
    "路灯坏了三天没有人来修——李秀英",
    "路灯坏了三天没人来修 业主王建国代表大家说一声",
    "楼上的李阿姨每天早上六点就开始剁肉馅",
    "楼下王师傅说路灯的线早就断了没人管",
    "老钱差点在漫步机上摔倒，踏板早就掉了",
    "小孙的顾虑我已经转给设计院，别让这事凉了",
    "3栋张伟家的狗半夜一直叫，大家都睡不好",
    "张伟家的狗半夜一直在叫，大家都睡不好",
    "姓刘的那家人把自行车堆满了整个过道",
    "欧阳家的空调外机对着我家窗户一直滴水",
    "@物业小王 路灯坏了三天一直没有人来修",
    "「梅姐：你们好好说」 路灯坏了三天没人来修",
    # names without a title, wherever they stand
    "业委会主任赵国强贪污维修基金，账目一直不公开",
    "举报刘德华私搭乱建阳光房，城管一直没来",
    "投诉赵敏在楼道养鸽子，味道大得受不了",
    "管管周杰伦行不行，天天弹琴弹到半夜",
    "请物业找一下何炅让他把车挪走，堵着消防通道",
    "请通知黄晓明把花盆搬走，太危险了会砸到人",
    "都怪冯巩乱扔垃圾，楼道里全是蟑螂",
    "刘备关羽张飞三家都漏水了，一直没人来修",
    "我女儿李小萌在楼道里摔倒了，灯一直不亮",
    "王老五饭店油烟太大，熏得开不了窗户",
    "慕容复天天半夜唱歌，影响大家休息",
    "令狐冲晚上练剑，吵得人整夜睡不着",
    "买买提大叔的烤肉摊烟太大了，熏得不行",
    "扎西家的藏獒没有拴绳子，孩子不敢出门",
    "对面开小卖部的阿芳占道经营，没人管",
    "Z先生家的狗没栓绳，孩子不敢出门",
    "我们家小明被狗咬了，物业一直不管",
    # people told by what they drive or do
    "开黑色奥迪的那个人素质太差，天天堵路",
    "3栋开麻将馆的那家晚上太吵，睡不着觉",
    "四栋顶楼住着的寡妇家里漏水，没人管",
    "隔壁的小两口天天吵架摔东西，吵死人了",
    # doors
    "我家在501，楼上一直漏水漏到我家客厅",
    "五零一的住户天天半夜放音响，吵死人了",
    "一千五百零二那家半夜装修，吵死人了",
    "3栋东户的阳台上堆满了杂物，怕掉下来砸到人",
    "门牌三幺二的门口天天堆着快递箱子",
    "住对门那家天天在楼道里抽烟，呛死人了",
    # what nobody should know of a neighbour
    "独居老人没人管，楼道里连个扶手都没有",
    "我有心脏病爬不动楼，电梯停了半个月了",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_tells_who_somebody_is_is_never_quoted(text: str) -> None:
    quoted = without_identity(text)
    assert quoted is None or not re.search(r"[0-9一-九]{3}|张伟|李秀英|王建国|秀英|建国|zhang|oABC", quoted)
    assert quoted is None, quoted


DIGITS = [
    "0123456789",
    "０１２３４５６７８９",
    "零一二三四五六七八九",
    "〇壹贰叁肆伍陆柒捌玖",
    "⓪①②③④⑤⑥⑦⑧⑨",
    "٠١٢٣٤٥٦٧٨٩",
]
GAPS = st.sampled_from(["", " ", "-", "－", " . ", "、", "·", "，", "\u200b", "　", "/", "…"])


@given(
    st.lists(st.integers(0, 9), min_size=3, max_size=18),
    st.sampled_from(DIGITS),
    GAPS,
    st.sampled_from(
        ["路灯坏了三天没有人来修{}请快点来看看", "{}路灯坏了三天没有人来修", "路灯坏了三天没有人来修{}"]
    ),
)
def test_no_number_longer_than_two_figures_is_quoted(
    figures: list[int], alphabet: str, gap: str, frame: str
) -> None:
    number = gap.join(alphabet[figure] for figure in figures)
    quoted = without_identity(frame.format(number))
    if quoted is not None:
        left = re.sub(r"[^0-9零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖]", "", quoted.replace("三天", ""))
        assert len(left) <= 2, quoted


@given(
    st.integers(1, 40),
    st.integers(1, 6),
    st.integers(1, 33),
    st.integers(1, 8),
    st.sampled_from(
        [
            "{b}栋{e}单元{u}漏水漏到楼下了没人管",
            "{b}号楼{e}单元{u}室漏水漏到楼下了没人管",
            "{b}-{e}-{u}漏水漏到楼下了没人管",
            "{b}#{u}漏水漏到楼下了没人管啊",
            "{b}栋 {e} 单元 {u} 漏水漏到楼下了没人管",
            "{b}栋的{e}单元的{u}漏水漏到楼下了没人管",
            "家住{b}幢{u}房，漏水漏到楼下了没人管",
            "漏水漏到楼下了没人管，{b}栋{e}单元{u}",
            "{b}棟{e}單元{u}漏水漏到樓下了沒人管",
            "{b}懂{e}单员{u}漏水漏到楼下了没人管",
        ]
    ),
)
def test_no_door_is_quoted(building: int, entrance: int, floor: int, room: int, frame: str) -> None:
    unit = f"{floor}{room:02}"
    quoted = without_identity(frame.format(b=building, e=entrance, u=unit))
    if quoted is not None:
        assert unit not in quoted
        assert f"{entrance}单" not in quoted


@given(st.text(max_size=200))
def test_any_text_is_cleaned_into_one_line_of_whole_characters(text: str) -> None:
    cleaned = clean(text)
    assert "\n" not in cleaned
    assert clean(cleaned) == cleaned
    cleaned.encode()
    mask(text)
    is_anonymous(text)
