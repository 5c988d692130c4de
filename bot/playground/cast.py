"""The residents of the sample compound, and what they say in the first chapter of the story."""

from dataclasses import dataclass
from typing import Literal

from bot.playground.account import Persona
from handlers.people.rules import scene_of

COMPOUND_CODE = "XFJY"
Action = Literal["follow", "scan", "say", "speak", "say_twice"]


def _at(place_code: str) -> str:
    return scene_of(COMPOUND_CODE, place_code)


WANG = Persona("oDemoWang00000000000000000001", "王阿姨", "3栋2单元，退休，带孙子", _at("3-2"))
LI = Persona("oDemoLi0000000000000000000002", "小李", "2栋1单元，租户，上夜班", _at("2-1"))
ZHANG = Persona("oDemoZhang0000000000000000003", "张师傅", "5栋，开货车", _at("5-1"))
ZHAO = Persona("oDemoZhao00000000000000000004", "赵奶奶", "3栋1单元，82岁，只会发语音", _at("3-1"))
CHEN = Persona("oDemoChen00000000000000000005", "陈老师", "1栋1单元，热心人", _at("1-1"))
LIU = Persona("oDemoLiu000000000000000000006", "刘姐", "6栋，开早餐店", _at("6-1"))
ZHOU = Persona("oDemoZhou00000000000000000007", "老周", "2栋2单元，顶楼，写繁体", _at("2-2"))
CAST = (WANG, LI, ZHANG, ZHAO, CHEN, LIU, ZHOU)

PHRASES = (
    "3栋2单元电梯又坏了，老人下不来楼",
    "我家厨房闻到很重的煤气味",
    "楼上天天半夜装修，吵得睡不着",
    "垃圾桶满了三天没人清，臭得很",
    "谢谢物业，水管修好了",
    "绑定 幸福家园 3栋2单元1501",
    "进度",
    "我的小区",
    "帮助",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a resident does. `speak` is a voice message that the platform turned into text; `say_twice` is
    delivered twice by the platform, as it does when an answer got lost."""

    who: Persona
    action: Action
    text: str = ""
    note: str = ""


CHAPTER_ONE = (
    Step(WANG, "follow", WANG.scene, "扫楼道里的码关注，楼栋单元就绑定了"),
    Step(WANG, "say", "3栋2单元电梯又坏了，老人下不来楼"),
    Step(LI, "follow", "", "没有扫码，直接关注"),
    Step(LI, "say", "楼上天天半夜装修，吵得睡不着", "还不知道他住哪：先记下，不丢"),
    Step(LI, "scan", LI.scene, "扫码后，刚才的话补登记"),
    Step(ZHANG, "follow", ZHANG.scene),
    Step(ZHANG, "say_twice", "5栋楼下消防通道被车堵死了", "平台重复投递，只登记一次"),
    Step(ZHAO, "follow", ZHAO.scene),
    Step(ZHAO, "speak", "我家厨房闻到很重的煤气味，3栋1单元1502", "语音，平台转成文字"),
    Step(CHEN, "follow", CHEN.scene),
    Step(CHEN, "say", "谢谢物业，水管修好了", "道谢不是投诉，不登记"),
    Step(CHEN, "say", "小区大门口路灯坏了一个月没人修"),
    Step(CHEN, "say", "遛狗不牵绳，昨天把我孩子吓哭了"),
    Step(LIU, "follow", LIU.scene),
    Step(LIU, "say", "垃圾桶满了三天没人清，臭得很"),
    Step(LIU, "say", "下水道堵了，污水都冒到一楼来了"),
    Step(ZHOU, "follow", ZHOU.scene),
    Step(ZHOU, "say", "頂樓漏水幾個月了冇人理", "繁体也听得懂"),
    Step(ZHOU, "say", "飞线充电，从6楼拉线下来给电动车充电"),
    Step(WANG, "say", "进度 1001", "随时能查"),
    Step(LI, "say", "进度 1001", "别人的编号查不到"),
    Step(LIU, "say", "我的小区"),
    Step(LIU, "say", "退订"),
)
