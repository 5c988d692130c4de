"""The roll of the sample compound as somebody keeps it in a sheet: 612 units and whoever owns them, all invented.

Like real sheets it has a title above the header, full-width digits, owners who share a cell, one name on several
rooms, shops, a company, a minor, and flats that the developer has not sold.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import xlsxwriter

from bot.playground import cast_chat
from bot.playground.account import Persona
from bot.playground.cast import CHEN, LIU, WANG, ZHANG, ZHAO, ZHOU
from handlers.roll.documents import identity_check

HEADER = ("房号", "业主姓名", "证件号码", "建筑面积", "联系电话", "房屋性质")
DEVELOPER = "滨江置业有限公司"
COMPANY, COMPANY_CODE = "柳荫便民商业管理有限公司", "91000000000000001N"
MINOR_BORN = "20150607"
_TITLE = "幸福家园房屋及业主清册"
_ENTRANCES = {"1": 2, "2": 2, "3": 3, "5": 1, "6": 1}
_FLOORS = {"1": (1, 18), "2": (1, 18), "3": (1, 18), "5": (2, 18), "6": (2, 18)}
_AREAS = ("89.73", "112.46", "112.46", "89.73")  # square metres, by door
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "安宁静远明和顺平瑞祥文海云山春秋兰竹梅松柏晴朗雅清芳玉秀珍建国立新"


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner as the sheet names them; document: an identity number of a region that does not exist."""

    name: str
    document: str
    phone: str = ""

    @property
    def tail(self) -> str:
        """What only they know: the last six characters of their document."""
        return self.document[-6:]


def _identity(number: int, born: str = "19730415") -> str:
    stem = f"000000{born}{number % 1000:03}"
    return stem + identity_check(stem)


def _owner(number: int, name: str) -> Owner:
    return Owner(
        name, _identity(number, f"19{60 + number // 1000:02}0{1 + number % 9}15"), f"1990000{number:04}"
    )


# Those of the cast who own something, by their rooms.
HOMES: dict[Persona, tuple[str, ...]] = {
    WANG: ("3-2-1501",),
    CHEN: ("1-1-602", "1-1-603"),
    ZHAO: ("3-1-1502",),
    ZHOU: ("2-2-1801",),
    ZHANG: ("5-1-903",),
    LIU: ("6-1-1204", "S-601"),
    cast_chat.SUN: ("3-2-602",),
    cast_chat.MA: ("3-2-802",),
    cast_chat.DA_LIU: ("3-3-301",),
    cast_chat.FANG: ("3-1-201",),
    cast_chat.WU: ("3-1-1002",),
    cast_chat.SAO: ("3-3-1201",),
    cast_chat.QIANG: ("3-1-702",),
}
_NAMES = (
    "王桂芝",
    "陈立文",
    "赵玉兰",
    "周海山",
    "张建国",
    "刘春梅",
    "孙明远",
    "马静",
    "刘国平",
    "方芳",
    "吴祥",
    "周秀珍",
    "何顺",
)
OWNERS = {who: _owner(9001 + at, name) for at, (who, name) in enumerate(zip(HOMES, _NAMES, strict=True))}


def flats() -> Iterator[tuple[str, str]]:
    """(code, area) of every flat."""
    for building, entrances in _ENTRANCES.items():
        first, last = _FLOORS[building]
        for entrance in range(1, entrances + 1):
            for floor in range(first, last + 1):
                if floor != 14:
                    for door, area in enumerate(_AREAS, 1):
                        yield f"{building}-{entrance}-{floor}{door:02}", area


def sheet() -> bytes:
    """The roll as XLSX."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        page = book.add_worksheet("清册")
        page.merge_range(0, 0, 0, len(HEADER) - 1, _TITLE)
        for at, cells in enumerate((HEADER, *rows()), 1):
            for column, cell in enumerate(cells):
                page.write_string(at, column, cell)
    return content.getvalue()


def rows() -> Iterator[tuple[str, ...]]:
    """A unit each, in the order of the sheet's columns."""
    random = Random(278)
    known = {home: OWNERS[who] for who, homes in HOMES.items() for home in homes}
    last: Owner | None = None
    for number, (code, area) in enumerate(flats()):
        room = _as_written(code, number)
        if code in known:
            owners = [known[code]]
        elif number % 97 == 5:
            yield room, DEVELOPER, "", area, "", "未售"
            continue
        elif number == 200:
            owners = [Owner("许安", _identity(200, MINOR_BORN), "19900000200")]
        elif number % 41 == 7 and last is not None:
            owners = [last]  # somebody's second flat
        elif number % 13 == 4:
            owners = [_owner(number, _name(random)), _owner(number + 1000, _name(random))]
        else:
            owners = [_owner(number, _name(random))]
        last = owners[0]
        yield (
            room,
            "、".join(owner.name for owner in owners),
            "、".join(owner.document for owner in owners),
            area,
            owners[0].phone,
            "住宅",
        )
    for number in range(1, 8):
        yield f"5栋商铺{number}", COMPANY, COMPANY_CODE, f"{48 + number}.125", "", "商铺"
    yield "6栋商铺1", OWNERS[LIU].name, OWNERS[LIU].document, "41.60", OWNERS[LIU].phone, "商铺"


def _as_written(code: str, number: int) -> str:
    """Sheets are not written by one hand."""
    building, entrance, room = code.split("-")
    if number % 50 == 3:
        return f"{building}栋{entrance}单元{room}室".translate(
            str.maketrans("0123456789", "０１２３４５６７８９")
        )
    return f"{building}栋{entrance}单元{room}" if number % 2 else code


def _name(random: Random) -> str:
    return random.choice(_SURNAMES) + "".join(random.sample(_GIVEN, 2))
