"""Who owns it, as cells say it."""

from datetime import date

import pytest

from handlers.roll.cells import CellError, spelled
from handlers.roll.owners import owners_of
from storage.states import OwnerKind
from tests.roll.sheets import credit_code, identity

TODAY = date(2026, 3, 2)


def names(text: str) -> list[str]:
    return [owner.name for owner in owners_of(spelled(text), "", "", today=TODAY)[0]]


@pytest.mark.parametrize(
    "text",
    [
        "张三、李四",
        "张三，李四",
        "张三/李四",
        "张三；李四",
        "张三\n李四",
        "张三 李四",
        "张三和李四",
        "张三(50%)、李四（50%）",
        "张三50%李四50%",
        "张三（夫）李四（妻）",
        "张三(1/2) 李四(1/2)",
    ],
)
def test_two_owners(text: str) -> None:
    assert names(text) == ["张三", "李四"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("张　三", "张三"),
        ("欧 阳 锋", "欧阳锋"),
        ("欧阳 锋", "欧阳锋"),
        ("和平", "和平"),
        ("张三（50%）", "张三"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("John Smith", "John Smith"),
        ("四川（成都）置业有限公司", "四川(成都)置业有限公司"),
    ],
)
def test_one_owner(text: str, name: str) -> None:
    assert names(text) == [name]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("张 三 李 四", "owner.ambiguous"),
        ("李四 王", "owner.ambiguous"),
        ("张三等3人", "owner.more"),
        ("张*", "owner.masked"),
        ("张某", "owner.masked"),
        ("张三（已故）", "owner.note"),
        ("张三13800000001", "owner.unreadable"),
        ("、", "owner.unreadable"),
    ],
)
def test_names_that_could_be_others_are_refused(text: str, code: str) -> None:
    with pytest.raises(CellError) as refused:
        names(text)
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["未售", "开发商", "开发商（未售）", "待售房源", "建设单位"])
def test_the_developers_rest(text: str) -> None:
    (owner,), _ = owners_of(spelled(text), "", "", today=TODAY)
    assert owner.kind is OwnerKind.DEVELOPER


def test_documents_and_phones_go_with_the_names_in_their_order() -> None:
    found, warned = owners_of(
        "张三、李四", f"{identity(1)} {identity(2)}", "13800000001/13800000002", today=TODAY
    )
    assert [(owner.name, owner.document, owner.phone) for owner in found] == [
        ("张三", identity(1), "13800000001"),
        ("李四", identity(2), "13800000002"),
    ]
    assert warned == ()


def test_one_document_for_two_owners_is_nobodys() -> None:
    with pytest.raises(CellError, match=r"document\.count"):
        owners_of("张三、李四", identity(1), "", today=TODAY)


def test_one_phone_for_two_owners_is_the_first_ones() -> None:
    found, warned = owners_of("张三、李四", "", "13800000001", today=TODAY)
    assert [owner.phone for owner in found] == ["13800000001", ""]
    assert warned == ("phone.fewer",)


def test_a_company_has_a_companys_code() -> None:
    (owner,), _ = owners_of("春风商贸有限公司", credit_code(1), "", today=TODAY)
    assert owner.kind is OwnerKind.COMPANY
    for name, document, code in (
        ("春风商贸有限公司", identity(1), "document.credit_code"),
        ("张三", credit_code(1), "document.identity"),
        ("张三", identity(1)[:15], "document.identity"),
    ):
        with pytest.raises(CellError) as refused:
            owners_of(name, document, "", today=TODAY)
        assert refused.value.code == code


def test_a_passport_is_taken_where_a_column_says_so_and_warned_of() -> None:
    _, warned = owners_of("John Smith", "E12345678", "", document_type="护照", today=TODAY)
    assert warned == ("document.unchecked",)


def test_a_child_is_marked() -> None:
    (owner,), warned = owners_of("张小三", identity(1, "20200101"), "", today=TODAY)
    assert owner.minor
    assert warned == ("owner.minor",)
