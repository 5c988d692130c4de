"""Who owns a unit, as a cell says it: one name, several, shares, a company, the developer's rest. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from handlers.roll.cells import CellError, phone_in
from handlers.roll.documents import is_credit_code, is_identity_number, is_minor
from storage.states import OwnerKind

BUILDER = "建设单位"  # the developer where no name is given
_SHORTEST_COMPANY = 4
_SEPARATORS_OF_COMPANIES = re.compile(r"[、,/;|\n]")
_SEPARATORS = re.compile(r"[、,/;|\n&+]|(?<=[\u4e00-\u9fff]{2})[和与及](?=[\u4e00-\u9fff]{2})")
_NOTE = re.compile(r"[(\[【][^()\[\]【】]*[)\]】]")
_SHARE = re.compile(
    r"(?:占|各|份额|按份|共有|产权|比例)*(?:\d{1,3}(?:\.\d+)?%|\d{1,3}/\d{1,3}|[一二三四五]分之[一二三四五]|一半)?"
    r"|业主|产权人|共有人|共同共有|按份共有|本人|户主|夫|妻|夫妻|配偶|丈夫|妻子|父|母|父亲|母亲|子|女|儿子|女儿"
)
_COMPANY = re.compile(
    r"公司|企业|合作社|银行|医院|学校|中心|委员会|[局厂厅社]$|政府|集团|事务所|协会|基金会|工会|办事处"
)
_DEVELOPER_NAME = re.compile(r"(?:地产|置业|开发|置地|城投|城建).*公司")
_UNSOLD = re.compile(
    r"(?:未售|未出售|待售|尾房|开发商|建设单位|开发单位)(?:自持|保留|所有|未售|名下)*(?:房源?)?"
)
_MORE = re.compile(r"等\d*[一二三四五六七八九两]?[人户位名]|等$|等人")
_MASKED = re.compile(r"[*×✕某]|(?<=[\u3400-\u9fff])X", re.IGNORECASE)
_TWO_SIGNS = frozenset(  # surnames
    re.findall(
        "..",
        "欧阳司马上官诸葛夏侯皇甫尉迟公孙慕容令狐东方司徒长孙宇文端木独孤南宫申屠"
        "钟离闻人万俟濮阳淳于单于太叔公冶宗政轩辕赫连澹台",
    )
)
_HAN = r"[\u3400-\u9fff·]"
_NAME = re.compile(rf"{_HAN}{{1,20}}|[A-Z][A-Z .'-]{{1,59}}", re.IGNORECASE)
_COMPANY_NAME = re.compile(r"[\u3400-\u9fffA-Z0-9()·.&\-]{4,60}", re.IGNORECASE)
_OTHER_DOCUMENT = re.compile(r"[A-Z0-9()]{5,20}")


@dataclass(frozen=True, slots=True)
class SheetOwner:
    """One owner as a row names them. document, phone: "" where the row has none. minor: by the document."""

    name: str
    kind: OwnerKind = OwnerKind.PERSON
    document: str = ""
    phone: str = ""
    minor: bool = False


def owners_of(
    names: str,
    documents: str,
    phones: str,
    *,
    document_type: str = "",
    developers: Collection[str] = (),
    today: date,
) -> tuple[tuple[SheetOwner, ...], tuple[str, ...]]:
    """The owners that a row names, and warnings; raises CellError.

    The cells' text, spelled alike. Documents and phones belong to the names in their order. developers: companies'
    names that are the developer's. None at all for an empty cell.
    """
    warnings: list[str] = []
    if not names:
        if documents:
            raise CellError("document.without_owner")
        return (), ()
    if _UNSOLD.fullmatch(re.sub(r"\s|[()]", "", names)):
        return (SheetOwner(BUILDER, OwnerKind.DEVELOPER),), ()
    found = split_names(names)
    if len(set(found)) < len(found) and not documents:
        found = list(dict.fromkeys(found))
        warnings.append("owner.twice")
    papers = [part for part in re.split(r"[、,/;|\s]+", documents) if part]
    if papers and len(papers) != len(found):
        raise CellError("document.count")
    called = _phones(phones, len(found), warnings)
    owners = []
    for place, name in enumerate(found):
        kind = _kind(name, developers)
        document = papers[place] if papers else ""
        if document and not _is_valid(kind, document, document_type, warnings):
            raise CellError("document.credit_code" if kind is not OwnerKind.PERSON else "document.identity")
        minor = kind is OwnerKind.PERSON and is_identity_number(document) and is_minor(document, today)
        if minor:
            warnings.append("owner.minor")
        owners.append(SheetOwner(name, kind, document, called[place], minor))
    return tuple(dict.fromkeys(owners)), tuple(dict.fromkeys(warnings))


def split_names(text: str) -> list[str]:
    """The names in a cell; raises CellError where it could be read in two ways, or says more than names."""
    if _MASKED.search(text):
        raise CellError("owner.masked")
    if _MORE.search(text):
        raise CellError("owner.more")
    names: list[str] = []
    bare = _without_shares(text)
    for part in (_SEPARATORS_OF_COMPANIES if _COMPANY.search(bare) else _SEPARATORS).split(bare):
        names += _apart(part.strip())
    if not names:
        raise CellError("owner.unreadable")
    return names


def is_developer_like(name: str) -> bool:
    """Whether this is a company that builds and sells, by its name."""
    return bool(_DEVELOPER_NAME.search(name))


def _without_shares(text: str) -> str:
    """Shares and who is whose husband go, and part the names: 张三(50%)李四(50%). Others' notes are refused."""

    def part(found: re.Match[str]) -> str:
        note = re.sub(r"\s", "", found[0][1:-1])
        if _SHARE.fullmatch(note):
            return "、"
        rest = text[found.end() :]
        if re.match(r"[\u3400-\u9fffA-Z]*(?:公司|企业|银行|中心|合伙)", rest):
            return found[0]  # 四川(成都)置业有限公司
        if re.search(r"(?:公司|企业)$", text[: found.start()]) and note in ("有限合伙", "普通合伙"):
            return found[0]
        raise CellError("owner.note")

    text = re.sub(r"(?<=[\u3400-\u9fff])\s*(?:各?\d{1,3}(?:\.\d+)?%|\d{1,2}/\d{1,2}(?!\d))", "、", text)
    return _NOTE.sub(part, text)


def _apart(part: str) -> list[str]:
    """One name, or several with blanks between them: 张三 李四, but 张 三 is one."""
    if not part:
        return []
    if _is_company(part):
        name = re.sub(r"\s", "", part)
        if not _COMPANY_NAME.fullmatch(name):
            raise CellError("owner.unreadable")
        return [name]
    words = part.split()
    if all(re.fullmatch(r"[A-Z.'-]+", word, re.IGNORECASE) for word in words):
        words = [" ".join(words)]
    elif _is_spread(words):
        words = ["".join(words)]
    elif len(words) > 1 and any(len(word) == 1 or word in _TWO_SIGNS for word in words):
        raise CellError("owner.ambiguous")
    if any(not _NAME.fullmatch(word) for word in words):
        raise CellError("owner.unreadable")
    return words


def _is_spread(words: Sequence[str]) -> bool:
    """张 三, 张 小明, 欧 阳 锋, 欧阳 锋: one name, spread so that it is as wide as the others."""
    lengths = [len(word) for word in words]
    return lengths in ([1, 1], [1, 2], [1, 1, 1]) or (
        len(words) == 2 and words[0] in _TWO_SIGNS and lengths[1] <= 2
    )


def _is_company(name: str) -> bool:
    return len(name) >= _SHORTEST_COMPANY and bool(_COMPANY.search(name))


def _kind(name: str, developers: Collection[str]) -> OwnerKind:
    if name in developers:
        return OwnerKind.DEVELOPER
    return OwnerKind.COMPANY if _is_company(name) else OwnerKind.PERSON


def _is_valid(kind: OwnerKind, document: str, document_type: str, warnings: list[str]) -> bool:
    if document_type and not re.search("身份证|信用代码|营业执照", document_type):
        warnings.append(
            "document.unchecked"
        )  # passports and permits have no check digit that we could work out
        return bool(_OTHER_DOCUMENT.fullmatch(document))
    return is_identity_number(document) if kind is OwnerKind.PERSON else is_credit_code(document)


def _phones(text: str, owners: int, warnings: list[str]) -> Sequence[str]:
    """A phone for each owner. One for several is the first one's: a code sent there proves nothing of the others."""
    read = []
    for part in re.split(r"[、,/;|\n]+|\s{1,}(?=1\d{10}|\+?86)", text):
        if part.strip():
            try:
                read.append(phone_in(part))
            except CellError as error:
                warnings.append(error.code)
    if "phone.unreadable" in warnings:
        return [""] * owners  # whose the others are is not sure either
    if len(read) > owners:
        warnings.append("phone.more")
    elif 0 < len(read) < owners:
        warnings.append("phone.fewer")
        read = read[:1]
    return [*read[:owners], *[""] * (owners - len(read))]
