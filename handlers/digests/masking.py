"""Taking out of somebody's words what would tell who said them. Pure; the building stays, nothing closer does.

Two stages, because no list of patterns is complete: `mask` takes out what it knows, `is_anonymous` then refuses
whatever still looks like a number, a name or an address. A quote is never needed badly enough to be doubtful.
"""

import re
import unicodedata
from functools import lru_cache

UNIT = "某户"
ENTRANCE = "某单元"
STOREY = "某层"
MOST_FIGURES = 6  # a telephone number in pieces has more

_FIGURE = r"[0-9零〇一二三四五六七八九十两百千幺]"
_COUNT = rf"{_FIGURE}{{1,4}}"
# What people put between the parts of a number. Not 的 or 到, which join words.
_GAP = r"[\s\-–—_.·・,，、/\\~～*+:：|()（）\[\]【】#]{0,3}"
_ROOM = rf"(?:{_FIGURE}{_GAP}){{2,4}}"
_ROOM_MARK = r"(?:号?[室房户])"

# 3-2-501, 3栋2单元501, 2单元五零一, 12#1502: what follows the building goes, with whatever marks it.
_DASHED = re.compile(
    rf"(?<![0-9])(\d{{1,3}})\s*[-–—]\s*(?:\d{{1,2}}\s*[-–—]\s*)?\d{{3,4}}(?!\d){_ROOM_MARK}?"
)
_ENTRANCE_UNIT = re.compile(
    rf"(?:{_FIGURE}{{1,3}}|[A-Za-z甲乙丙丁东西南北中])\s*(?:号)?(?:单[元员圆园原]|梯位|梯口|号门|门洞)"
    rf"{_GAP}的?{_GAP}{_ROOM}{_ROOM_MARK}?"
)
_ENTRANCE = re.compile(rf"(?:{_FIGURE}{{1,3}}|[A-Za-z甲乙丙丁])\s*号?(?:单[元员圆园原]|梯口|门洞)")
_AFTER_BUILDING = re.compile(rf"([栋幢座#]|号楼){_GAP}的?{_GAP}{_ROOM}{_ROOM_MARK}?(?![0-9多几个年月天])")
_MARKED_UNIT = re.compile(rf"{_ROOM}{_ROOM_MARK}|\d{{3,4}}号(?![楼栋幢座门线])")
_STOREY = re.compile(rf"(?<![了着厚薄每])(?:第|负)?(?:{_FIGURE}{{1,3}}|顶|底)\s*[楼层](?![栋道梯])")
_DOUBLED = re.compile(rf"(?:(?:{ENTRANCE}|{STOREY}|{UNIT}){_GAP}的?){{2,}}")

# 我叫张伟, 我是3栋的李阿姨: the clause goes, for nobody knows where the name ends.
_INTRODUCTION = re.compile(
    r"(?:我(?:的)?(?:名字)?(?:就|也)?(?:是|叫做?|姓|名叫)|[俺咱](?:是|叫)|本人|鄙人|敝姓|免贵姓?|这里是|在下|名字叫?|姓名|户主|业主名)"
    r"[^，。,.!！?？;；\n]*[，。,.!！?？;；\n]*"
)

_DIGITS = re.compile(rf"(?:\d{_GAP}){{3,}}")
_HAN_DIGITS = re.compile(
    rf"(?:[零〇○一二三四五六七八九十廿卅两百千万幺洞拐勾壹贰叁肆伍陆柒捌玖拾佰仟0-9]{_GAP}){{3,}}"
)
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_\-]+|[A-Za-z]\d{2,}")
_PLAIN_LATIN = frozenset(
    {"app", "wifi", "led", "ok", "pvc", "ppr", "ktv", "atm", "gps", "tv", "wc", "am", "pm", "vs"}
    | {"co", "co2", "pm25", "kg", "km", "cm", "mm", "4g", "5g"}
)
_PLATE = re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼港澳使领]\s*[A-Za-z]")
_CONTACT = re.compile(
    r"[@「」]|://|www|\.c(?:om|n)|电话|手机|座机|来电|微信|v信|薇信|威信|扣扣|企鹅号|加我|私我|私聊|联系|号码|邮箱|"
    r"身份证|证件|证号|车牌|车号|尾号|牌照|驾照|银行卡|卡号|账号|帐号|户口|工号|住址|门牌|单位是|在.{1,8}上班"
)
_SIDE = re.compile(
    r"[东西南北中左右]边?[户侧]|对门|对户|门对门|隔壁那|隔壁家|楼上那|楼下那|边户|把头|靠近?电梯口?那"
)
_SENSITIVE = re.compile(
    r"癌|肿瘤|残疾|瘫痪|透析|化疗|精神病|抑郁|艾滋|肝炎|糖尿病|心脏病|中风|偏瘫|聋|盲人|怀孕|孕妇|流产|离婚|家暴|"
    r"低保|吸毒|坐牢|刑满|信访|独居|孤寡|失独|轮椅|植物人|自杀"
)

# The usual ones, without those that are everyday words in complaints (管, 车, 应).
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛范彭郎鲁韦马苗凤方"
    "俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安乐于傅卞齐康伍余元顾孟黄穆萧尹姚邵湛汪祁毛禹狄贝臧戴"
    "宋庞熊纪舒屈项祝董梁杜阮蓝闵席季贾江童颜郭梅林刁钟徐邱骆高夏蔡田樊胡凌霍虞万柯卢莫宗丁宣"
    "邓洪包石崔吉龚程邢裴陆翁荀甄封储靳段巫焦巴牧山谷侯秋仲宫宁仇甘厉武符刘景詹龙叶司黎白蒲卓蔺乔"
    "向古易廖耿匡寇欧师聂关荆游竺权盖桓公肖闫邸覃冉佟覃游涂付代覃"
)
_SURNAME = f"[{''.join(sorted(set(_SURNAMES)))}]"
_HAN = r"[\u4e00-\u9fff]"
_TITLE = (
    r"(?:先生|女士|小姐|太太|阿姨|姨|大爷|大妈|大姐|大哥|大嫂|大伯|叔叔|叔|伯伯|伯|婶|嫂|师傅|老师|医生|大夫|护士|律师|"
    r"警官|姐|哥|妹|弟|奶奶|爷爷|婆婆|爹|爸|妈|主任|书记|经理|队长|科长|处长|局长|校长|会长|站长|组长|楼长|总(?![是在要会算])|工(?![程作人地具资])|某)"
)
_AFTER_NAME = r"(?=[^\u4e00-\u9fff]|家|说|的|他|她|每|天天|又|把|在|老是|总|养|停|装|开|不|$)"
_NAMED = re.compile(
    rf"{_SURNAME}{_HAN}?{_TITLE}|欧阳|司马|上官|诸葛|姓"
    rf"|[老阿]{_SURNAME}|小(?![区高广路黄金白花包石])" + _SURNAME
)
_INTRODUCED = re.compile(
    rf"(?:业主|住户|租户|租客|房东|户主|叫做?|名叫|名为|人称){_SURNAME}{_HAN}"
    rf"|(?:邻居|物业的?|保安|保洁|楼[上下]|隔壁|家住|住着|有[个位]|[是找问让跟和被给请栋幢座户层元、:：]|——|--)"
    rf"{_SURNAME}{_HAN}{{1,2}}{_AFTER_NAME}"
    rf"|(?<!{_HAN}){_SURNAME}{_HAN}{{1,2}}"
    r"(?:家(?![里门长])|说|反映|投诉|他|她|这人|同志|亲自|的(?:老婆|老公|爱人|儿子|女儿|孩子|狗|车))"
)
# Surnames that stand for nothing else in what people complain about, but for these words: wherever one is left,
# somebody may be called by their name, whatever stands around it.
_NOTHING_ELSE = "赵刘陈吴郑冯蒋沈韩朱秦吕曹魏邹潘彭袁薛郝邓郭邱蔡卢崔龚邵孟尹姚宋谭廖聂覃李王张孙董杨徐贾罗"
_ELSE = re.compile(
    rf"[这那每整半几多全紧开纸扩嚣夸主慌铺贴夹拿拎要{_FIGURE[1:-1]}][了住着]?张|张[着嘴口开贴罗望纸椅床桌票卡沙]|包罗|罗[列威]|孙悟空|黄杨|"
    r"外孙|孙[子女儿辈]|杨[树梅絮桃]|行李|王[八牌]|陈[旧年列述]|古董|董事|郑重|徐徐|韩[国式]|宋体|姚明|朱红|重蹈"
)
_SURNAMED = re.compile(rf"[{_NOTHING_ELSE}]")
_CALLED = re.compile(
    # Whom somebody names when they accuse, ask or tell of them; in the same place stand words that are no names.
    r"(?:主任|书记|经理|会长|队长|站长|组长|女儿|儿子|闺女|老公|老婆|媳妇|丈夫|妻子|举报|投诉|管管|找一下|找下|通知|都怪)"
    r"(?!高[空层楼]|金属|石材|万科|安[装全保]|方便|广场|常|时|路[灯面口]|水|黄色|白[天色]|花|单元|温度|包[裹括]|夏天|农|丰巢|全|"
    r"明[天确]|平|满|何时|于|任何|应|成|后|乐)"
    rf"{_SURNAME}{_HAN}"
    r"|[A-Za-z](?:先生|女士|小姐|姐|哥|总(?![是在要会算])|某(?![户单层]))|阿(?![姨拉婆达公伯嬷嫲妈爸爷])"
    + _HAN
    + r"|小[明红刚丽芳军伟敏静娟磊杰](?!鞋)"
    r"|慕容|令狐|尉迟|司徒|皇甫|公孙|端木|独孤|南宫|夏侯|长孙|宇文|轩辕|淳于|申屠|东郭|百里|呼延|澹台"
    r"|古丽|古力|买买提|艾力|阿依|扎西|卓玛|次仁|才让|格桑|多吉|木江|买提|热娜|巴图|其其格"
)
# Somebody who is told by what they drive, do or went through.
_DESCRIBED = re.compile(
    r"开(?:着|辆|的)?.{0,4}(?:宝马|奔驰|奥迪|特斯拉|路虎|保时捷|大众|丰田|本田|比亚迪|理想|问界|奥拓|五菱).{0,6}的|寡妇|鳏夫|光棍|"
    r"开.{1,6}(?:馆|店|铺|部|摊|厅)的|(?:隔壁|楼上|楼下|对面)(?:住着?的?那|的?那个[男女老小人]|的?小两口|的?夫妻)"
)
_CLAUSE = re.compile(r"[^\u4e00-\u9fff]+")
_NAME_ALONE = re.compile(rf"{_SURNAME}{_HAN}{{1,3}}")
_ODD = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Mc"})


def clean(text: str) -> str:
    """One line; every figure and letter in its plain form, however it was written, and nothing invisible."""
    return " ".join("".join(map(_plain, text)).split())


@lru_cache(maxsize=8192)  # digests read the same few thousand characters again and again
def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category[0] == "Z":
        return " "
    if category in _ODD:
        return ""
    figure = unicodedata.digit(character, None)
    if figure is not None:
        return str(figure)
    folded = unicodedata.normalize("NFKC", character)
    if folded.isascii() and any(part.isalnum() or part in "-#@._" for part in folded):
        return folded
    number = unicodedata.numeric(character, None)
    if number is not None and category != "Lo" and number == int(number):
        return str(int(number))
    # A radical or a compatibility form is the character it looks like; full-width punctuation stays.
    return folded if unicodedata.category(folded[0])[0] in "LN" else character


def mask(text: str) -> str:
    """The words without introductions, entrances, storeys and units; the building stays."""
    masked = _INTRODUCTION.sub("", clean(text))
    masked = _DASHED.sub(rf"\1栋{UNIT}", masked)
    masked = _ENTRANCE_UNIT.sub(UNIT, masked)
    masked = _ENTRANCE.sub(ENTRANCE, masked)
    masked = _MARKED_UNIT.sub(UNIT, masked)
    masked = _AFTER_BUILDING.sub(rf"\1{UNIT}", masked)
    masked = _STOREY.sub(STOREY, masked)
    return _DOUBLED.sub(UNIT, masked).strip(" ，,。、;；:：")


def is_anonymous(masked: str) -> bool:
    """Whether nothing in masked words looks like a number, a name, a plate, an account or a door."""
    return not (
        sum(map(str.isdigit, masked)) > MOST_FIGURES
        or _DIGITS.search(masked)
        or _HAN_DIGITS.search(masked)
        or _PLATE.search(masked)
        or _CONTACT.search(masked.lower())
        or _SIDE.search(masked)
        or _SENSITIVE.search(masked)
        or _NAMED.search(masked)
        or _SURNAMED.search(_ELSE.sub("", masked))
        or _CALLED.search(masked)
        or _DESCRIBED.search(masked)
        or _INTRODUCED.search(masked)
        or any(word.group().lower() not in _PLAIN_LATIN for word in _LATIN.finditer(masked))
        or any(_NAME_ALONE.fullmatch(clause) for clause in _CLAUSE.split(masked))
    )
