"""A day and a half in the chat of building 3: sixty invented messages of the story's third chapter, and who says them.

Noise on purpose: small talk, group buys, thanks and questions lie between what somebody has to see to, and what that is
is said by several households in words of their own.
"""

from dataclasses import dataclass

from bot.playground.account import Persona
from bot.playground.cast import CHEN, COMPOUND_CODE, WANG, ZHAO
from handlers.people.rules import scene_of


def _neighbour(number: int, nickname: str, about: str, place_code: str) -> Persona:
    return Persona(
        f"oDemoNeighbour{number:02}0000000000000", nickname, about, scene_of(COMPOUND_CODE, place_code)
    )


SUN = _neighbour(1, "孙工", "3栋2单元，爱算账", "3-2-602")
MA = _neighbour(2, "小马妈妈", "3栋2单元，孩子五岁", "3-2-802")
DA_LIU = _neighbour(3, "大刘", "3栋3单元，球迷", "3-3-301")
FANG = _neighbour(4, "团长阿芳", "3栋1单元，什么都能团", "3-1-201")
WU = _neighbour(5, "吴爷爷", "3栋1单元，退休电工", "3-1-1002")
SAO = _neighbour(6, "周二嫂", "3栋3单元，家里有快递点", "3-3-1201")
MEI = _neighbour(7, "小梅", "3栋3单元，租户", "3-3-502")
QIANG = _neighbour(8, "阿强", "3栋1单元，送货", "3-1-702")
ZHENG = _neighbour(9, "老郑", "3栋2单元，只在群里", "3-2-1103")  # follows no service account
NEIGHBOURS = (SUN, MA, DA_LIU, FANG, WU, SAO, MEI, QIANG, ZHENG)

# Who has scanned the code at their own door; 陈老师 lives in another building, 老郑 only chats.
BOUND = (
    (WANG, "3-2-1501"),
    (ZHAO, "3-1-1502"),
    (SUN, "3-2-602"),
    (MA, "3-2-802"),
    (DA_LIU, "3-3-301"),
    (FANG, "3-1-201"),
    (WU, "3-1-1002"),
    (SAO, "3-3-1201"),
    (MEI, "3-3-502"),
    (QIANG, "3-1-702"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody writes in the group. quote: the words that are answered to."""

    who: Persona
    text: str
    quote: str = ""


_LIFT = "3栋2单元的电梯又坏了，我是走上来的"
_BINS = "3单元楼下的垃圾桶三天没人清了，满得到处都是，味道熏得开不了窗"

MORNING = (
    Line(CHEN, "各位邻居早上好，今天降温，出门多穿点"),
    Line(MA, "早～有没有去南门市场拼车的？"),
    Line(DA_LIU, "昨晚的球看了没？最后一分钟绝杀！"),
    Line(WANG, _LIFT),
    Line(DA_LIU, "看了看了，喊得我嗓子都哑了"),
    Line(ZHENG, "2单元那部一直停在六楼，灯都不亮"),
    Line(SUN, "+1，我家也是"),
    Line(FANG, "【接龙】土鸡蛋一板30个28元，要的往下接。1. 阿芳 1板"),
    Line(DA_LIU, "2. 大刘 两板"),
    Line(SAO, "3. 二嫂 一板，谢谢阿芳"),
    Line(MA, "我抱着孩子走了八层楼梯，电梯到底什么时候修"),
    Line(CHEN, "鸡蛋帮我记一板"),
    Line(WU, "1单元门口的路灯不亮，我昨晚差点摔一跤"),
    Line(QIANG, "是的，黑漆漆的，我送货都拿手机照着走"),
    Line(FANG, "鸡蛋下午四点到，在3栋大厅取"),
    Line(ZHAO, "路灯坏了好些天了，天一黑我就不敢下楼"),
    Line(DA_LIU, "门口那条马路早上又堵车，上班迟到二十分钟"),
    Line(WANG, "有人知道物业费几号交吗？"),
    Line(SUN, "月底前都行，手机上就能交"),
    Line(WANG, "谢谢孙工"),
)

NOON = (
    Line(SAO, _BINS),
    Line(MEI, "桶边上堆了一圈垃圾袋，苍蝇都来了"),
    Line(DA_LIU, "我们单元也是"),
    Line(MA, "谁家有儿童自行车转让？孩子五岁"),
    Line(SUN, "我家有一辆，晚上拿下来给你看"),
    Line(MA, "太好了，谢谢"),
    Line(ZHENG, _BINS),
    Line(MEI, "楼上半夜两点还在拖桌子，根本睡不着"),
    Line(FANG, "有没有要赣南脐橙的，十斤装，满二十箱就发车"),
    Line(QIANG, "来两箱"),
    Line(WU, "甜不甜？"),
    Line(FANG, "不甜包退"),
    Line(SAO, "3单元门禁坏了，推销的随便进"),
    Line(DA_LIU, "单元门关不上好几天了，家里有老人真不放心"),
    Line(CHEN, "下周三活动室有义诊，量血压测血糖，老人家可以来"),
    Line(ZHAO, "好的，谢谢陈老师"),
)

EVENING = (
    Line(QIANG, "脐橙到了没？"),
    Line(FANG, "明天到，别急"),
    Line(MEI, "刚回来，3单元楼道里一股臭鸡蛋味，越往上越重，闻着头晕"),
    Line(SAO, "是不是谁家鸡蛋放坏了哈哈"),
    Line(MEI, "不像，我家灶关着的，楼道里味道更大"),
    Line(DA_LIU, "我也闻到了，别开灯，先开窗"),
    Line(MA, "孩子发烧了，附近哪个诊所晚上还开？"),
    Line(SUN, "北门那家开到十点"),
    Line(MA, "收到，谢谢"),
)

NEXT_MORNING = (
    Line(CHEN, "早，昨晚大家都没事吧"),
    Line(SAO, "没事，四楼灶没关紧，师傅来看过了"),
    Line(WANG, "还是走楼梯，老寒腿受不了", quote=_LIFT),
    Line(ZHENG, "还是没人管", quote=_LIFT),
    Line(FANG, "脐橙到了，3栋大厅，带袋子来"),
    Line(QIANG, "橙子收到，个头不小"),
    Line(WU, "路灯今天还是不亮"),
    Line(DA_LIU, "晚上有人打球吗？三缺一"),
    Line(SUN, "打篮球还是打麻将？"),
    Line(DA_LIU, "都行"),
)

AFTERNOON = (
    Line(WANG, "电梯能坐了，师傅换了门机"),
    Line(MA, "好了，谢谢物业", quote=_LIFT),
    Line(SUN, "辛苦师傅"),
    Line(ZHAO, "大家早点回家，晚上有雨"),
    Line(CHEN, "周末大扫除，有空的一起来"),
)

TOTAL = sum(len(part) for part in (MORNING, NOON, EVENING, NEXT_MORNING, AFTERNOON))
