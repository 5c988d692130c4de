"""What residents write, with our lexicon: original messages, the leaf that must come first, urgency and place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.tagger import Tagger, Verdict

SOMEWHERE: tuple[None, None, None] = (None, None, None)

MATTERS = [
    ("3栋2单元电梯又坏了，老人下不来楼", "dianti.guzhang", 2, ("3", "2", None)),
    ("楼上天天半夜装修，吵得睡不着", "zaoyin.zhuangxiu", 2, SOMEWHERE),
    ("5栋楼下消防通道被车堵死了", "xiaofang.tongdao", 3, ("5", None, None)),
    ("我家厨房闻到很重的煤气味，3栋1单元1502", "shuidian.qi", 3, ("3", "1", "1502")),
    ("小区大门口路灯坏了一个月没人修", "sheshi.zhaoming", 1, SOMEWHERE),
    ("垃圾桶满了三天没人清，臭得很", "laji.qingyun", 2, SOMEWHERE),
    ("2栋1单元电梯困人了！！里面有小孩", "dianti.kunren", 3, ("2", "1", None)),
    ("遛狗不牵绳，昨天把我孩子吓哭了", "chongwu.busheng", 2, SOMEWHERE),
    ("下水道堵了，污水都冒到一楼来了", "paishui.xiashui", 2, SOMEWHERE),
    ("飞线充电，从6楼拉线下来给电动车充电", "diandong.feixian", 3, SOMEWHERE),
    ("頂樓漏水幾個月了冇人理", "loushui.wuding", 2, SOMEWHERE),
    ("７號樓頂樓漏雨，報修三次都冇人來", "loushui.wuding", 2, ("7", None, None)),
    ("一号楼二单元电梯卡在半空，里面有人", "dianti.kunren", 3, ("1", "2", None)),
    ("电梯咯噔咯噔响，坐着心慌", "dianti.yixiang", 2, SOMEWHERE),
    ("楼道里有人给电动车充电，都冒烟了", "xiaofang.zhaohuo", 3, SOMEWHERE),
    ("有人把电瓶车推进电梯，6#1单元", "diandong.shanglou", 3, ("6", "1", None)),
    ("充电桩坏了三个，车没法充", "diandong.zhuangbuzu", 2, SOMEWHERE),
    ("楼上往下扔烟头，把被子烧了个洞", "zhian.gaokong", 3, SOMEWHERE),
    ("刚才一个花盆从楼上掉下来，4幢门口", "zhian.gaokong", 3, ("4", None, None)),
    ("门口的快递被偷了，这周第二回", "zhian.daoqie", 3, SOMEWHERE),
    ("单元门锁坏了，谁都能进来", "zhian.menjin", 2, SOMEWHERE),
    ("灭火器过期两年了没人换", "xiaofang.sheshi", 3, SOMEWHERE),
    ("9栋三楼着火了快来人", "xiaofang.zhaohuo", 3, ("9", None, None)),
    ("流浪狗把我儿子咬了，在8栋花园", "chongwu.yaoren", 3, ("8", None, None)),
    ("草坪上全是狗屎，下不去脚", "chongwu.fenbian", 1, SOMEWHERE),
    ("隔壁的狗叫了一晚上", "chongwu.jiao", 2, SOMEWHERE),
    ("物业费又涨了，凭什么", "shoufei.wuyefei", 2, SOMEWHERE),
    ("停车费一个月涨到四百，凭什么涨", "shoufei.tingchefei", 2, SOMEWHERE),
    ("装修押金半年了还不退，乱收费", "shoufei.luanshoufei", 2, SOMEWHERE),
    ("我的车位又被人占了，打电话也不接", "tingche.zhanwei", 2, SOMEWHERE),
    ("晚上回来根本没车位，转半小时", "tingche.chewei", 2, SOMEWHERE),
    ("道闸坏了，进小区堵车", "tingche.daozha", 2, SOMEWHERE),
    ("有人私装地锁，占公共车位", "tingche.disuo", 2, SOMEWHERE),
    ("广场舞音响开到十点，孩子没法写作业", "zaoyin.guangchangwu", 2, SOMEWHERE),
    ("工地半夜打桩，整栋楼都在抖", "zaoyin.shigong", 2, SOMEWHERE),
    ("水泵房嗡嗡响，一夜没睡", "zaoyin.shebei", 2, SOMEWHERE),
    ("楼道里堆满杂物，走路侧着身", "huanwei.loudaodui", 2, SOMEWHERE),
    ("楼道贴满小广告", "huanwei.xiaoguanggao", 1, SOMEWHERE),
    ("地库里老鼠到处跑", "huanwei.chongshu", 1, SOMEWHERE),
    ("装修垃圾在楼下堆了半个月", "laji.dajian", 1, SOMEWHERE),
    ("卫生间一直漏水，漏到我家，12栋1单元", "loushui.loushang", 2, ("12", "1", None)),
    ("飘窗渗水，墙皮都鼓包了", "loushui.waiqiang", 2, SOMEWHERE),
    ("水管爆了，水喷得到处都是", "loushui.shuiguan", 2, SOMEWHERE),
    ("停水一天了，也没个通知", "shuidian.shui", 2, SOMEWHERE),
    ("又跳闸了，一周停电三回", "shuidian.dian", 2, SOMEWHERE),
    ("暖气不热，屋里只有十五度", "shuidian.nuan", 2, SOMEWHERE),
    ("地下车库积水到小腿了", "paishui.jishui", 3, SOMEWHERE),
    ("井盖松动，车一过就响", "sheshi.daolu", 2, SOMEWHERE),
    ("楼顶有人私搭阳光房", "weijian.weizhang", 2, SOMEWHERE),
    ("装修的把承重墙砸了，3号楼1单元301", "weijian.zhuangxiu", 3, ("3", "1", "301")),
    ("群租房住了十几个人", "weijian.qunzu", 2, SOMEWHERE),
    ("有人毁绿种菜还浇大粪", "lvhua.huilv", 2, SOMEWHERE),
    ("树枝挡光，修剪一下吧", "lvhua.xiujian", 1, SOMEWHERE),
    ("业委会到期了不换届", "yeweihui.chengli", 2, SOMEWHERE),
    ("公共收益从来不公开", "yeweihui.shouyi", 2, SOMEWHERE),
    ("楼下烧烤油烟熏得不敢开窗", "wuran.youyan", 2, SOMEWHERE),
    ("物业前台态度恶劣", "wuye.taidu", 2, SOMEWHERE),
    ("保安睡觉，岗亭没人", "wuye.bafei", 2, SOMEWHERE),
    ("加装电梯一楼不同意，能不能协调", "dianti.jiazhuang", 2, SOMEWHERE),
]

CHATTER = [
    "谢谢物业，水管修好了",
    "大家早上好",
    "物业费在哪里交？",
    "停车费在哪里交",
    "物业费怎么交，可以微信交吗",
    "电梯终于修好了谢谢",
    "明日9点停水检修",
    "【通知】明天上午9点到12点停水检修，请提前储水",
    "通知：明日9点停水检修",
    "尊敬的业主：因线路检修，本周六停电，带来不便敬请谅解",
    "【温馨提示】请勿高空抛物，严禁飞线充电",
    "今天倒是不吵了",
    "没有漏水，放心吧",
    "不漏了，谢谢师傅",
    "路灯亮了，辛苦了",
    "垃圾都清走了，点个赞",
    "来水了来水了",
    "收到，马上安排师傅过去看电梯",
    "团购橙子，明天到货自提，3-2-501",
    "车位出租，三百一个月，有意私聊",
    "转让婴儿车一辆，九成新",
    "门禁卡在哪里办？要带什么材料",
    "谁家孩子要一起学跳绳",
    "刚才吃的臭豆腐味道不错",
    "手机没电了，先不说了",
    "生日快乐",
    "哈哈哈",
    "+1",
    "",
    "「王阿姨：3栋电梯又坏了，没人修」\n哈哈",
    '这是一条引用/回复消息："楼上漏水，没人管"\n------\n收到',
]

STILL_A_MATTER = [
    ("电梯修好了没两天又坏了", "dianti.guzhang"),
    ("什么时候来水啊，停水一天了", "shuidian.shui"),
    ("有没有漏水的，我家楼上漏水", "loushui.loushang"),
    ("谢谢大家关心，可是电梯又坏了没人管", "dianti.guzhang"),
    ("楼上能不能小点声，半夜跳绳，谢谢", "zaoyin.loushang"),
    ("物业费怎么交都行，可凭什么涨物业费", "shoufei.wuyefei"),
    ("@物业小王 电梯又停了", "dianti.guzhang"),
    ("@物业电梯又停了没人修", "dianti.guzhang"),
    ("「王阿姨：大家早上好」\n3栋电梯又坏了", "dianti.guzhang"),
]


def first(tagger: Tagger, text: str) -> str | None:
    categories = tagger.tag(text).categories
    return categories[0].id if categories else None


@pytest.mark.parametrize(("text", "leaf", "urgency", "place"), MATTERS)
def test_a_complaint_is_heard_right(
    tagger: Tagger, text: str, leaf: str, urgency: int, place: tuple[str | None, str | None, str | None]
) -> None:
    tagged = tagger.tag(text)
    assert tagged.verdict is Verdict.MATTER
    assert (tagged.categories[0].id, tagged.urgency, tagged.place) == (leaf, urgency, place)


@pytest.mark.parametrize("text", CHATTER)
def test_thanks_notices_offers_and_questions_are_not_complaints(tagger: Tagger, text: str) -> None:
    tagged = tagger.tag(text)
    assert (tagged.categories, tagged.urgency, tagged.verdict) == ((), 1, Verdict.CHATTER)


@pytest.mark.parametrize(("text", "leaf"), STILL_A_MATTER)
def test_a_complaint_in_polite_or_answering_words_is_still_one(tagger: Tagger, text: str, leaf: str) -> None:
    assert first(tagger, text) == leaf


@pytest.mark.parametrize(
    ("text", "urgency"), [("太离谱了，到底谁来管", 1), ("救命啊快来人", 3), ("太过分了，没素质", 1)]
)
def test_a_cry_without_a_subject_is_for_a_person_to_look_at(tagger: Tagger, text: str, urgency: int) -> None:
    tagged = tagger.tag(text)
    assert (tagged.categories, tagged.verdict, tagged.urgency) == ((), Verdict.UNSURE, urgency)


def test_danger_raises_any_category_to_safety(tagger: Tagger) -> None:
    assert tagger.tag("路灯坏了").urgency == 1
    assert tagger.tag("路灯坏了，灯杆漏电").urgency == 3


def test_several_matters_in_one_message_are_all_named(tagger: Tagger) -> None:
    tagged = tagger.tag("路灯坏了，垃圾桶也满了好几天，狗屎到处都是")
    assert {category.id.split(".")[0] for category in tagged.categories} == {"sheshi", "laji", "chongwu"}


def test_what_no_number_names_has_no_place(tagger: Tagger) -> None:
    assert tagger.tag("电梯又坏了").place == (None, None, None)


def test_chatter_may_still_name_a_place(tagger: Tagger) -> None:
    assert tagger.tag("我在3栋2单元门口等你").place == ("3", "2", None)


def test_a_span_points_into_the_original_behind_quote_name_and_blanks(tagger: Tagger) -> None:
    text = "「小北：早」\n@物业小王 ３ 栋 電 梯 又壞了"
    hits = tagger.tag(text).hits
    assert hits
    assert {text[hit.start : hit.end] for hit in hits} == {"電 梯 又壞"}


ANY_TAGGER = Tagger.load()
ALPHABET = "3栋2單元电梯又坏了漏水楼上吵谢谢没不修好垃圾。，！?\n @「：」-#①Ａ\u200b\ud800🙏"


@given(st.one_of(st.text(max_size=200), st.text(ALPHABET, max_size=80)))
def test_no_text_upsets_the_tagger_and_every_span_lies_inside(text: str) -> None:
    tagged = ANY_TAGGER.tag(text)
    assert tagged.urgency in (1, 2, 3)
    assert (tagged.verdict is Verdict.MATTER) == bool(tagged.categories)
    assert len({category.id for category in tagged.categories}) == len(tagged.categories) <= 3
    assert all(0 < category.score <= 1 for category in tagged.categories)
    assert {category.id for category in tagged.categories} <= {hit.leaf for hit in tagged.hits}
    for hit in tagged.hits:
        assert 0 <= hit.start < hit.end <= len(text)


@given(st.sampled_from(MATTERS), st.sampled_from(["", "各位邻居，", "😡", "物业 "]))
def test_the_same_text_in_full_width_and_spaced_is_the_same_matter(
    matter: tuple[str, str, int, tuple[str | None, str | None, str | None]], opening: str
) -> None:
    text = opening + matter[0]
    spaced = " ".join(text) if not any(char.isdigit() for char in text) else text
    wide = spaced.translate({code: code + 0xFEE0 for code in range(0x30, 0x3A)})
    assert ANY_TAGGER.tag(wide).categories == ANY_TAGGER.tag(text).categories


def test_a_pasted_document_is_read_only_at_its_head(tagger: Tagger) -> None:
    tagged = tagger.tag("漏水了" * 100_000)
    assert tagged.categories[0].id == "loushui.shuiguan"
    assert max(hit.end for hit in tagged.hits) <= 2000


def test_the_residents_words_are_not_in_the_repr(tagger: Tagger) -> None:
    assert "李老师" not in repr(tagger.tag("李老师家漏水"))
