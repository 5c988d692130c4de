"""How people write where: one table for each part of an address, with examples that are tested.

The patterns read normalised text; those of a table are the alternatives of one expression. Each has one group, the
part itself. Nothing in them repeats without a bound, so that no text takes long.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple


class Notation(NamedTuple):
    """One way of writing a part. written: examples, with blanks between; unlike: what it must not be taken for."""

    written: str
    pattern: str
    unlike: str = ""


DIGITS = "一二三四五六七八九"
_FORMAL = "壹贰叁肆伍陆柒捌玖拾"
_COUNTED = rf"{DIGITS}十{_FORMAL}"
_SIGNS = rf"a-z\d{_COUNTED}甲乙丙丁零〇幺"
_DASH = r"[\-—–杠]"  # 三杠二杠五零一 is how a dash is spoken
_DASH_OR_SLASH = r"[\-—–杠/]"

# Not the tail of a longer number, a date, a time or a range (1—4号楼 is four buildings).
_FREE = rf"(?<![\d.:零百])(?<![\da-z{_COUNTED}][\-—–~/至到])"
# Not how many there are: 有三栋, 这一栋. But 还有三栋 and 所有三栋一单元的 name one.
_NAMED = r"(?<![整这那哪同每另共几某])(?<!(?<![所还])有)"

_SMALL = rf"(?:\d{{1,2}}|[{_COUNTED}]{{1,3}})"
_NUMBER = rf"(?:\d{{1,3}}|[{_COUNTED}]{{1,3}})"
_LETTER = r"(?<![a-z])[a-z]"
_LETTER_OR_NUMBER = rf"{_NUMBER}|{_LETTER}\d{{0,2}}"
_ROOM = r"(?:[1-9]|[1-5]\d)(?:0[1-9]|1[0-2])"
_LETTERED_ROOM = r"\d{1,2}[a-h](?![a-z\d])"
_SPOKEN_ROOM = rf"[{DIGITS}零〇幺]{{3,4}}(?!单元)"
_SPOKEN_ALONE = rf"(?<![{_COUNTED}零〇百])[{DIGITS}幺]{{1,2}}[零〇][{DIGITS}幺](?![{_COUNTED}零〇后])"
_STOREY = rf"(?:\d{{1,2}}|[{DIGITS}十]{{1,3}})楼"

_PART_OF_HOUSE = r"楼[上下道梯顶]"
# 一栋楼的人: some house. 一栋楼下: the first one's.
_NO_HOUSE = rf"(?!(?<=一[栋幢])楼)|(?={_PART_OF_HOUSE})"
_SEATS = r"车|的车|商务|suv|越野|面包"  # 七座的车
_SITES = (
    rf"[桥塔城房庙坟岛亭院寺]|大?山|楼(?![上下道梯顶])|大[厦楼桥]|雕|假山|天桥|公园|小区|建筑|仓|{_SEATS}"
)
_FIRST = rf"地下|大堂|门口|走廊|天台|电梯|{_PART_OF_HOUSE}|顶楼|[前后旁平]|\d|{_STOREY}|业主|架空"
_MACHINES = r"电池|线|机|[柴汽]油|钢|电?梯|岗|门(?![口洞])"
_ABOUT_HOUSE = (
    rf"[,，。!！?？、]|$|门[口洞]|{_PART_OF_HOUSE}|的|电梯|那|前|后|旁|边|对面|\d{{3}}|{_SMALL}单元|{_STOREY}"
)
_ABOUT_HOUSE_NUMBER = (
    r"\d{3,4}(?![\d元块路])|门[口洞]|[前后]门|后院|前头|楼道|楼梯|扶手|窗(?!口)|阳台|天井|晒台|屋顶|顶楼|外?墙|门头|弄口|灶|电[闸表]|底下|里(?!程)|居民|民居"
    r"|住户|业主|邻居|阿姨|爷叔|老伯|老太|阿婆|那(?:家|户|把|排|边|里|只|扇|堆|位老|个老)|拐角|拐弯|转角|隔壁|对面|旁边"
    rf"|加梯|加装|{_STOREY}|{_SMALL}(?:单元|门)|的(?=扶手|排水|楼|大?门|窗|邻居|居民|阿姨|住户|人家|下水|墙|走廊|过道|信箱)|也(?=是|没|停)"
)

BUILDINGS = (
    Notation(
        "3栋 三幢 A3栋 3号栋", rf"{_NAMED}({_LETTER_OR_NUMBER})号?[栋幢](?:{_NO_HOUSE})", "一栋楼的人 有三栋"
    ),
    Notation("3号楼 3号搂 3号漏", rf"{_NAMED}({_LETTER_OR_NUMBER})号(?:[楼搂]|漏(?!水))"),
    Notation("3座 B座", rf"({_LETTER_OR_NUMBER})(?<![{_COUNTED}])座(?!{_SEATS})", "7座车"),
    Notation("A塔", rf"({_LETTER})塔"),
    Notation("3# 3#楼", rf"(?!9[258]#)({_NUMBER}|{_LETTER})#(?!{_MACHINES})", "5#电池 92#"),
    Notation("三座", rf"{_NAMED}(?!一座)([{_COUNTED}]{{1,3}})座(?!{_SITES})", "三座桥 一座"),
    Notation("一座大堂", rf"(一)座(?={_FIRST})", "一座亭子"),
    Notation(
        "三洞门口 3动2单元", rf"{_NAMED}(?!一[动洞冻])({_SMALL})[动洞冻](?={_ABOUT_HOUSE})", "3动作 一动不动"
    ),
    Notation("36弄12号", rf"(?<=弄)({_NUMBER})号"),
    Notation(
        "12号502 7号门口", rf"(?<![月周期第尾末])({_SMALL})号(?={_ABOUT_HOUSE_NUMBER})", "7号修好 12月3号门口"
    ),
)

ENTRANCES = (
    Notation("2单元 B单元 甲单元", rf"{_NAMED}({_SMALL}|{_LETTER}|[甲乙丙丁])号?单元"),
    Notation("2单501", rf"({_SMALL})单(?=\d{{3}})"),
    Notation("3门洞 三门栋", rf"({_SMALL})号?门[洞栋]"),
    Notation("3号楼2门", rf"(?<=[栋幢楼#座号])({_SMALL})门"),
    Notation("9座1梯", rf"(?<=[栋幢楼#座])({_SMALL})梯(?![\d{_COUNTED}两]户)", "3栋2梯4户"),
    Notation("2门301 一门那家", rf"({_SMALL})门(?=那[个家]|楼[道梯]|[1-9]\d{{2}}|[{DIGITS}]楼)", "一门心思"),
    Notation("1梯1205", rf"({_SMALL})梯(?=[1-9]\d{{2}})"),
)

_MEASURED = (
    r"\d.:/%年月日点时分秒元块毛米平㎡人个次斤公里万千百多度瓦路份袋条件票只张本岁周克升吨比胶版届床班"
)
_ALONE = rf"(?![{_MEASURED}户\-]|天(?!天)| ?[a-z]|号[线文]|教室|病房|包[间厢]|会议室|医院)"
_NO_ROOM_BEFORE = (
    r"(?<![a-z区第￥¥号共约近花位码数搭乘坐路交减价金费收付赔罚单比×*+=])(?<![a-z] )"
    r"(?<!日期|涨到|加到|降到|调到|教室|病房|包间|包厢|诊室)(?<!会议室)"
)
_CALLED = r"1(?:1[029]|2[02])(?!\d)"  # 110, 119, 120

ROOMS = (
    Notation("1502室 502房 五零一室", rf"(\d{{3,4}}|{_SPOKEN_ROOM})(?:室|号?房(?![租贷价]))", "1500房租"),
    Notation("501户", rf"({_ROOM}|{_SPOKEN_ROOM})户(?!型)", "300户"),
    Notation("7B室 7B个阿伯", r"(\d{1,2}[a-h])(?:室|(?=[个间嘅]|楼[上下]))"),
    Notation("1502那家", rf"{_NO_ROOM_BEFORE}(?!{_CALLED})({_ROOM}){_ALONE}", "1502元 尾号1502 119"),
    Notation("五零一那家", rf"({_SPOKEN_ALONE}){_ALONE}", "二零二五年"),
)

# Right behind building or entrance less is asked of a room; past a comma it has to look like one.
_FOLLOWING = (
    rf"楼?[的/]?{_DASH}?(?:(?P<entrance>\d{{1,2}}){_DASH})?(?!1(?:19|20))(?P<unit>\d{{3,4}}|{_LETTERED_ROOM}|{_SPOKEN_ROOM})"
    rf"(?![{_MEASURED}]|天(?!天)|户[^的])"
)
_FOLLOWING_APART = rf"楼?[,，](?!{_CALLED})(?P<apart>{_ROOM}|{_SPOKEN_ROOM})(?![{_MEASURED}户]|天(?!天))"

_ABOUT_ENTRANCE = (
    r"单元|门[洞口]|的?电梯|里[面头]|楼[道梯]|的(?:邻居|住户|业主|水|电|灯)"
    r"|[左右]边|那[边个家部]|[没停][水电]"
)
_DASHED = (
    # 3-2-501 A-2-501 5—1—302 3/2/501 三杠二杠五零一
    rf"(?P<building>(?<![a-z])[a-z]?\d{{1,2}}|{_LETTER}|[{_COUNTED}]{{1,3}}){_DASH_OR_SLASH}"
    rf"(?P<entrance>{_SMALL}){_DASH_OR_SLASH}"
    rf"(?P<unit>(?:[1-9]|[1-3]\d)(?:0[1-9]|[1-3]\d)|{_SPOKEN_ROOM})(?:-\d)?{_ALONE}",
    # 12-501 A-1203, no B3-117: that is where a car stands
    rf"(?P<house>(?<![a-z])\d{{1,2}}|{_LETTER}){_DASH}(?P<room>(?:[1-9]|[1-3]\d)(?:0[1-9]|1\d)){_ALONE}",
    # 8-1单元门口, no 1-3单元: that is several
    rf"(?<![a-z])(?P<block>\d{{1,2}})-(?P<stairs>\d{{1,2}})(?={_ABOUT_ENTRANCE})",
)


def any_of(notations: Sequence[Notation]) -> re.Pattern[str]:
    """One expression for all of them, that begins only where a number begins.

    Each alternative begins with a sign of a number, so that one look at the next character spares the look back.
    """
    return re.compile(rf"(?=[{_SIGNS}]){_FREE}(?:{'|'.join(notation.pattern for notation in notations)})")


# Every place has a number or letter with one of these behind it; most messages end here.
WORTH_A_LOOK = re.compile(
    rf"[{_SIGNS}](?:[\d#栋幢座号单门梯塔动洞冻零〇室房\-—–杠/]"
    r"|(?<=\d)[a-h](?![a-z]))"
)
MAY_NAME_BUILDING = re.compile(r"[#栋幢座号塔动洞冻]")
MAY_NAME_ENTRANCE = re.compile(r"[单门梯]")
MAY_BE_DASHED = re.compile(_DASH_OR_SLASH)

BUILDING = any_of(BUILDINGS)
ENTRANCE = any_of(ENTRANCES)
ROOM = any_of(ROOMS)
DASHED = re.compile(rf"(?=[{_SIGNS}]){_FREE}(?:{'|'.join(_DASHED)})")
FOLLOWING = re.compile(rf"{_FOLLOWING}|{_FOLLOWING_APART}")
# The beginning of 3、5栋 and 一和二单元: the first counts.
LISTED = re.compile(rf"(?<![\d{_COUNTED}周期月])({_NUMBER})[、和跟及]$")
