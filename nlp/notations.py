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
_FORMAL = "壹贰叁肆伍陆柒捌玖"
_COUNTED = rf"{DIGITS}十廿{_FORMAL}拾"
_SIGNS = rf"a-z\d{_COUNTED}甲乙丙丁零〇幺"
_DASH = r"[\-—–杠]"  # 三杠二杠五零一 is how a dash is spoken
_DASH_BEFORE = rf"(?:{_DASH}|一(?=\d))"  # 3栋一501 is a dash mistyped
_DASHES = r"[\-—–杠/]{1,2}"  # what phones make of one dash
_APART = r"[~～.·_一 ]"  # instead of dashes, twice the same: 3.2.501

# What dictation and hasty typing make of 单元 and 栋: words that sound the same.
_STAIRS = r"[单丹](?:[元园圆缘]|员(?!工)|原(?![价来路味])|源(?!头))"
_MISHEARD = "[动洞冻懂董]"
_MISHEARD_WORD = "[东撞状]"  # these mean too much of their own: only in front of 单元

# Not the tail of a longer number, a day, a time or a range (1—4号楼 is four buildings).
_FREE = rf"(?<![\d:零百周])(?<!星期)(?<![\da-z{_COUNTED}][\-—–~至到])"
_ALSO = "[、和跟及与/]"
# Not how many there are: 有三栋, 这一栋. But 还有三栋 and 所有三栋一单元的 name one.
_NAMED = r"(?<![整这那哪同每另共几某何前后头])(?<!(?<![所还只没])有)"

_SMALL = rf"(?:\d{{1,2}}|[{_COUNTED}]{{1,3}})"
_HUNDRED = rf"[{DIGITS}]百(?:零[{DIGITS}]|[{DIGITS}]十[{DIGITS}]?)"
_NUMBER = rf"(?:\d{{1,3}}|{_HUNDRED}|[{_COUNTED}]{{1,3}})"
_LETTER = r"(?<![a-z])[a-mo-w]"  # N栋 and X栋X单元 are blanks to be filled in
_LETTER_OR_NUMBER = rf"\d{{1,2}}[a-h]|{_NUMBER}|{_LETTER}\d{{0,2}}|[甲乙丙丁]"
_ROOM = r"(?:[1-9]|[1-5]\d)(?:0[1-9]|1[0-2])"
_ROOM_OF_MANY = r"[1-9]\d?(?:0[1-9]|[1-3]\d)"  # twelve doors on a floor at most, or up to 39 where it is said
_TEENS = rf"[二三]?十[{DIGITS}]?"
_LETTERED_ROOM = r"\d{1,2}[a-eg-h](?![a-z\d])"  # 25F is a storey
# 五零一, 十二零三 (12 and 03), 六百零二, 5零1
_SPOKEN_ROOM = (
    rf"(?:[{DIGITS}零〇幺{_FORMAL}]{{3,4}}|{_TEENS}零[{DIGITS}]|[{DIGITS}]百零[{DIGITS}]|[1-9]零[1-9])"
    rf"(?!{_STAIRS})"
)
_SPOKEN_ALONE = (
    rf"(?<![{_COUNTED}零〇百.])(?:[{DIGITS}幺]{{1,2}}[零〇]|{_TEENS}零|[1-9]零)[{DIGITS}幺1-9]"
    rf"(?![{_COUNTED}\d零〇后落])"
)
_STOREY = rf"(?:\d{{1,2}}|[{DIGITS}十]{{1,3}})楼"

# Behind a house, so that what follows is in it: 三栋的二门.
_IN_HOUSE = "(?:(?<=[栋幢楼#座号])|(?<=[栋幢楼#座][的,，]))"
_PART_OF_HOUSE = r"楼(?:[上下道梯顶门脚底]|[一二1-9]单元)"
# 一栋楼的人, 三栋楼都: how many. 一栋楼下, 第三栋楼, 3栋楼: which one.
_NO_HOUSE = (
    rf"(?!(?<=一[栋幢])(?:别墅|公寓|房))(?!(?<=[{_COUNTED}][栋幢])(?<!第.[栋幢])楼)|(?={_PART_OF_HOUSE})"
)
_SEATS = r"车|的车|商务|suv|越野|面包"  # 七座的车
_SITES = (
    rf"[桥塔城房庙坟岛亭院寺]|大?山|楼(?![上下道梯顶])|大[厦楼桥]|雕|假山|天桥|公园|小区|建筑|仓|{_SEATS}"
)
_FIRST = rf"地下|大堂|门口|走廊|天台|电梯|{_PART_OF_HOUSE}|顶楼|[前后旁平]|\d|{_STOREY}|业主|架空"
_MACHINES = r"电池|线|机|[柴汽]油|钢|电?梯|岗|门(?![口洞])"
_ABOUT_HOUSE = (
    rf"[,，。!！?？、]|$|门[口洞]|{_PART_OF_HOUSE}|的|电梯|那|前|后|旁|边|对面|\d{{3}}|{_SMALL}{_STAIRS}"
    rf"|{_STOREY}"
)
_ABOUT_HOUSE_NUMBER = (
    r"\d{3,4}(?![\d元块路])|\d-\d{3,4}(?!\d)|门[口洞]|[前后]门|后院|前头|楼道|楼梯|扶手|窗(?!口)|阳台|天井|晒台|屋顶|顶楼|外?墙|门头|弄口|灶|电[闸表]|底下|里(?!程)|居民|民居"
    r"|住户|业主|邻居|阿姨|爷叔|老伯|老太|阿婆|那(?:家|户|把|排|边|里|只|扇|堆|位老|个老)|拐角|拐弯|转角|隔壁|对面|旁边"
    rf"|加梯|加装|{_STOREY}|{_SMALL}(?:{_STAIRS}|门)|的(?=扶手|排水|楼|大?门|窗|邻居|居民|阿姨|住户|人家|下水|墙|走廊|过道|信箱)|也(?=是|没|停)"
)

BUILDINGS = (
    Notation(
        "3栋 三幢 A3栋 3号栋",
        rf"{_NAMED}({_LETTER_OR_NUMBER})号?[栋幢楝](?:{_NO_HOUSE})",
        "一栋楼的人 有三栋 三栋楼都 X栋",
    ),
    Notation(
        "3号楼 3号搂 3号漏 3好楼", rf"{_NAMED}({_LETTER_OR_NUMBER})(?:[号好][楼搂]|号漏(?!水))", "三好学生"
    ),
    Notation("3号和5号楼", rf"({_NUMBER})号(?={_ALSO}{_NUMBER}号楼)"),
    Notation("3座 B座", rf"(?<![栋幢楼#])({_LETTER_OR_NUMBER})(?<![{_COUNTED}])座(?!{_SEATS})", "7座车"),
    Notation("A塔", rf"({_LETTER})塔"),
    Notation(
        "3# 3#楼", rf"(?<!梯)(?!9[258]#)({_NUMBER}|{_LETTER})#(?!{_MACHINES}|{_STAIRS})", "5#电池 92# 2#单元"
    ),
    Notation("三座", rf"{_NAMED}(?!一座)([{_COUNTED}]{{1,3}})座(?!{_SITES})", "三座桥 一座"),
    Notation("一座大堂", rf"(一)座(?={_FIRST})", "一座亭子"),
    Notation(
        "三洞门口 3动2单元 三懂二单园 三东二单元",
        rf"{_NAMED}(?<![栋幢楼座#])(?!一{_MISHEARD})({_SMALL})(?:{_MISHEARD}(?={_ABOUT_HOUSE})|{_MISHEARD_WORD}(?={_SMALL}{_STAIRS}))",
        "3动作 一动不动",
    ),
    Notation(
        "3楼2单元 三楼二门 3楼2-501",
        rf"{_NAMED}(?<![栋幢楼座元#])({_NUMBER})楼(?={_SMALL}(?:{_STAIRS}|门(?!诊))|\d-\d{{3}})",
    ),
    Notation("C3底商 C3楼上", r"((?<![a-z])[ac-mo-w]\d{1,2})(?=底商|楼[上下道梯顶])", "B1楼梯"),
    Notation("36弄12号", rf"(?<=弄)({_NUMBER})号"),
    Notation(
        "12号502 7号门口",
        rf"(?<![月周期第尾末栋幢楼座#])({_SMALL})号(?={_ABOUT_HOUSE_NUMBER})",
        "7号修好 12月3号门口",
    ),
)

ENTRANCES = (
    Notation(
        "2单元 B单元 甲单元 2#单元 二单园",
        rf"{_NAMED}({_SMALL}|{_LETTER}|[甲乙丙丁])[号#]?{_STAIRS}(?!测|考|作业|练习|复习)",
        "二单员工 第三单元测试",
    ),
    Notation("第三个单元 第三个门洞", rf"(?<=第)({_SMALL})个(?:单元|门洞)", "第三个门"),
    Notation("2单501 2单五零一", rf"({_SMALL})单(?=\d{{3}}|{_SPOKEN_ROOM})"),
    Notation("3栋2单 3号楼的二单", rf"{_IN_HOUSE}({_SMALL})单(?![位人独价身子据数号凑生])", "3栋2单身"),
    Notation("3栋A座", rf"(?<=[栋幢楼#])({_LETTER})座"),
    Notation("3栋1,2单元", rf"(?<=[栋幢楼座#])({_SMALL})[,，](?={_SMALL}{_STAIRS})"),
    Notation("3栋2洞", rf"(?<=[栋幢楼座#])({_SMALL})洞"),
    Notation("3门洞 三门栋", rf"({_SMALL})号?门[洞栋]"),
    Notation("3号楼2门 3栋的2门", rf"{_IN_HOUSE}({_SMALL})号?门"),
    Notation("9座1梯", rf"(?<=[栋幢楼#座])({_SMALL})梯(?![\d{_COUNTED}两]户)", "3栋2梯4户"),
    Notation("2门301 一门那家", rf"({_SMALL})门(?=那[个家]|楼[道梯]|[1-9]\d{{2}}|[{DIGITS}]楼)", "一门心思"),
    Notation(
        "咱三门没水 我们二门的灯",
        rf"(?<=[咱们])({_SMALL})门(?=$|的|没|停|这|里|口|也|都|电梯|[,，。!！?？])",
        "咱一门心思 我们三门课",
    ),
    Notation(
        "二门的邻居", rf"(?<![东南西北区])({_SMALL})门(?=的(?:邻居|电梯|住户|业主|楼[道梯]|灯))", "二门的冰箱"
    ),
    Notation("1梯1205", rf"({_SMALL})梯(?=[1-9]\d{{2}})"),
)

_MEASURED = r"\d.:%年月日点时分秒元块毛米平㎡人个次斤公里万千百多度瓦路份袋条件票只张本岁周克升吨比胶版届床班"
_MEASURED_BEHIND = _MEASURED.translate(dict.fromkeys(map(ord, "张周")))  # 3栋502张姐
_ALONE = (
    rf"(?![{_MEASURED}户\-~～车夜弄巷街]|/(?!{_ROOM})|天(?!天)| ?[a-z]|号[线文]|号?车位|国道|一个?月|年?级|中学"
    r"|教室|病房|包[间厢]|会议室|医院|错误|页面)"
)
_NO_ROOM_BEFORE = (
    r"(?<![a-z.区第￥¥号共约近花位码数库柜架箱牌搭乘坐路交减价金费收付赔罚单比×*+=])(?<![a-z] )"
    r"(?<!日期|涨到|加到|降到|调到|教室|病房|包间|包厢|诊室|花了|交了|付了|收了|考了|每月|工资|心率|年级|酒店)(?<!会议室)"
)
_CALLED = r"1(?:1[029]|2[02])(?!\d)"  # 110, 119, 120

ROOMS = (
    Notation("1502室 502房 五零一室", rf"(\d{{3,4}}|{_SPOKEN_ROOM})(?:室|号?房(?![租贷价]))", "1500房租"),
    Notation("501户", rf"(?<![有共约近])({_ROOM}|{_SPOKEN_ROOM})户(?!型)", "300户 有302户"),
    Notation("7B室 7B个阿伯", r"(\d{1,2}[a-h])(?:室|(?=[个间嘅]|楼[上下]))"),
    Notation("房号801 门牌号：1502", r"(?:(?<=[房室间牌]号)|(?<=[房室间牌]号[:：]))(\d{3,4})"),
    Notation("1502那家", rf"{_NO_ROOM_BEFORE}(?!{_CALLED})({_ROOM}){_ALONE}", "1502元 尾号1502 119"),
    Notation(
        "楼上1315 住1315",
        rf"(?:(?<=住)|(?<=楼上|楼下|隔壁|对门))(?!{_CALLED})({_ROOM_OF_MANY}){_ALONE}",
        "楼上1315元 住1300多",
    ),
    Notation(
        "1315业主", rf"{_NO_ROOM_BEFORE}([1-9]\d(?:0[1-9]|[1-3]\d))(?=业主|住户|邻居|租客|房东)", "1200业主"
    ),
    Notation("五零一那家", rf"({_SPOKEN_ALONE}){_ALONE}", "二零二五年"),
)

# Right behind building or entrance less is asked of a room; past a comma it has to look like one.
_FOLLOWING = (
    rf"楼?[的/:：·.(（]?{_DASH_BEFORE}?(?:(?P<entrance>{_SMALL}|[a-h]){_DASH_BEFORE})?(?!1(?:19|20))"
    rf"(?P<unit>\d{{3,4}}|{_LETTERED_ROOM}|{_SPOKEN_ROOM})(?![{_MEASURED_BEHIND}]|/(?!{_ROOM})|天(?!天)|户[^的])"
)
# 12楼A, 15楼03户: the room 12A, 1503
_FOLLOWING_STOREY = r"(?P<storey>\d{1,2})[楼层](?P<flat>[a-h](?![a-z])|0[1-9](?=[室户])|[1-9](?=室))"
_FOLLOWING_APART = rf"楼?[,，](?!{_CALLED})(?P<apart>{_ROOM}|{_SPOKEN_ROOM})(?![{_MEASURED}户]|天(?!天))"

_ABOUT_ENTRANCE = (
    r"单元|门[洞口]|的?电梯|里[面头]|楼[道梯]|的(?:邻居|住户|业主|水|电|灯)"
    r"|[左右]边|那[边个家部]|[没停][水电]"
)
# Where a parcel or a car is: 取件码3-2-1203, 车位A-203.
_NO_SHELF = "(?<![码架位柜箱])(?<![码架位柜箱][:：])"
# Who lives there: then 3-2 is no range.
_AT_HOME = r"(?:(?<=[我住家们咱])|(?<=我是))"
_DASHED = (
    # 3-2-501 A-2-501 5—1—302 3--2--501 3/2/501 三杠二杠五零一 3.2.501 3-2的501
    rf"(?P<building>(?<![a-z])[a-z]?\d{{1,2}}|{_LETTER}|[{_COUNTED}]{{1,3}})(?:{_DASHES}|(?P<between>{_APART}))"
    rf"(?P<entrance>{_SMALL})(?(between)(?P=between)|(?:{_DASHES}|[ 的]))"
    rf"(?P<unit>0?{_ROOM_OF_MANY}|{_SPOKEN_ROOM})(?:-\d)?{_ALONE}",
    # 12-501 A-1203, no B3-117: that is where a car stands
    rf"(?P<house>(?<![a-z])[ac-m]?\d{{1,2}}|{_LETTER}){_DASH}{{1,2}}(?P<room>(?:[1-9]|[1-3]\d)(?:0[1-9]|1\d)){_ALONE}",
    # 我家3-2 我是1-3的
    rf"{_AT_HOME}(?P<home>\d{{1,2}})-(?P<door>[1-9])(?=$|[,，。!！?？]|的(?!比)|这|也|没|停)",
    # 8-1单元门口, no 1-3单元: that is several
    rf"(?<![a-z])(?P<block>\d{{1,2}})-(?P<stairs>[1-9]\d?)(?={_ABOUT_ENTRANCE})",
    # 三杠二: nobody says a range like that
    rf"(?P<tower>{_SMALL})(?:杠|之(?={_SMALL}单元))(?P<stair>{_SMALL})",
)


def any_of(notations: Sequence[Notation]) -> re.Pattern[str]:
    """One expression for all of them, that begins only where a number begins.

    Each alternative begins with a sign of a number, so that one look at the next character spares the look back.
    """
    return re.compile(rf"(?=[{_SIGNS}]){_FREE}(?:{'|'.join(notation.pattern for notation in notations)})")


# Every place has a number or letter with one of these behind it; most messages end here.
WORTH_A_LOOK = re.compile(
    rf"[{_SIGNS}](?:[\d#栋幢楝座号单丹门梯塔动洞冻懂董零〇室房\-—–杠/]"
    rf"|个单元|个门洞|好楼|[东撞状](?=[\d{DIGITS}])|(?<=\d)[a-h](?![a-z]))"
)
# Each begins with one class of characters, so that a text without any of them is passed over at once.
MAY_NAME_BUILDING = re.compile(
    r"[#栋幢楝座号塔动洞冻懂董东撞状楼好商](?:(?<![东撞状楼好商])|.{1,3}[单丹门\-]|(?<=好)[楼搂]|(?<=\d楼)[上下道梯顶]|(?<=\d底商))"
)
MAY_NAME_ENTRANCE = re.compile(r"[单丹门梯座洞]")
MAY_NAME_ROOM = re.compile(r"[\d零〇室房户](?:(?<!\d)|\d\d|[a-h])")
MAY_BE_DASHED = re.compile(r"[\-—–杠/~～·_之.一 ](?:(?<![.一 ])|(?<=\d.)(?=\d))")

BUILDING = any_of(BUILDINGS)
ENTRANCE = any_of(ENTRANCES)
ROOM = any_of(ROOMS)
DASHED = re.compile(rf"(?=[{_SIGNS}]){_FREE}{_NO_SHELF}(?:{'|'.join(_DASHED)})")
FOLLOWING = re.compile(rf"{_FOLLOWING}|{_FOLLOWING_APART}|{_FOLLOWING_STOREY}")
# The beginning of 3、5栋 and 一和二单元: the first counts.
LISTED = re.compile(
    rf"(?<![\d{_COUNTED}周期月])(?:({_NUMBER})|(?<![a-z])([a-z])){_ALSO}(?:(?:{_NUMBER}|[a-z]){_ALSO}){{0,5}}$"
)
