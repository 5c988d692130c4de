import pytest

from bot.channels.wire import MAX_DEPTH, WireFormat, as_list, parse, text_of
from tests.channels.by_hand import refusal


def test_xml_and_json_give_the_same_shape() -> None:
    xml = "<xml><A><![CDATA[甲]]></A><B><List><T>1</T></List><List><T>2</T></List></B><C/></xml>"
    json_ = '{"A": "甲", "B": {"List": [{"T": "1"}, {"T": "2"}]}, "C": ""}'
    assert parse(xml.encode())[1] == parse(json_.encode())[1]
    assert (parse(xml.encode())[0], parse(json_.encode())[0]) == (WireFormat.XML, WireFormat.JSON)


def test_words_keep_their_spaces_and_line_ends() -> None:
    assert parse("<xml><Content><![CDATA[ 一\n 二 ]]></Content></xml>".encode())[1] == {
        "Content": " 一\n 二 "
    }


@pytest.mark.parametrize(
    "start", ["", "\n  ", '<?xml version="1.0" encoding="UTF-8"?>\n', '<?xml version="1.0"?>']
)
def test_an_xml_declaration_and_white_space_may_stand_before_the_root(start: str) -> None:
    if start.startswith("\n"):
        assert parse(f"{start}<xml><A>1</A></xml>".encode())[1] == {"A": "1"}
    assert parse(f"{start}<xml ><A>1</A></xml>".encode())[1] == {"A": "1"}


BOMB = """<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><Content>&c;</Content></xml>"""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (BOMB, "format"),
        ('<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><A/></xml>', "format"),
        ("<!-- x --><!DOCTYPE xml><xml/>", "format"),
        ("<?xml version='1.0'?><?pi?><!DOCTYPE xml><xml><A/></xml>", "format"),
        ('<xml><!DOCTYPE xml [<!ENTITY a "b">]><A>&a;</A></xml>', "xml"),
        ('<xml><!ENTITY a "b"><A>&a;</A></xml>', "xml"),
        ("<xml><A>&nbsp;</A></xml>", "xml"),
        ("<xml><A></xml>", "xml"),
        ("<xml>", "xml"),
        ("<xml><A>\x00</A></xml>", "xml"),
        ("<xml><A>\x0b</A></xml>", "xml"),
        ("<xml><A>&#0;</A></xml>", "xml"),
        ("<xml><A>&#xD800;</A></xml>", "xml"),
        ("<xml><A>1</A></xml><xml/>", "xml"),
        ("<xmlx/>", "format"),
        ("<html></html>", "format"),
        ("", "format"),
        ("success", "format"),
        ("[]", "format"),
        ('"x"', "format"),
        ("{", "json"),
        ("{} x", "json"),
        ('{"a": NaN}', "json"),
        ('{"a": -Infinity}', "json"),
        ('{"a": ' + "9" * 5000 + "}", "json"),
        ('{"a": ' + "[" * 50000 + "]" * 50000 + "}", "depth"),
        ('{"a": ' * 20 + "1" + "}" * 20, "depth"),
        ("<xml>" + "<a>" * 20 + "x" + "</a>" * 20 + "</xml>", "depth"),
        ("<xml>" + "<a>" * 9000 + "x" + "</a>" * 9000 + "</xml>", "depth"),
    ],
)
def test_what_is_no_body_of_the_platform_is_refused(body: str, reason: str) -> None:
    assert refusal(lambda: parse(body.encode())) == reason


@pytest.mark.parametrize(
    "body", [b"\xff", "<xml><A>电</A></xml>".encode("gbk"), b"\xed\xa0\x80", b"<xml>\xc0\x80</xml>"]
)
def test_only_strict_utf8_is_read(body: bytes) -> None:
    assert refusal(lambda: parse(body)) == "utf8"


def test_another_encoding_in_the_declaration_changes_nothing() -> None:
    body = '<?xml version="1.0" encoding="gbk"?><xml><A>电梯</A></xml>'.encode()
    assert parse(body)[1] == {"A": "电梯"}


def test_a_resident_may_write_markup() -> None:
    body = "<xml><Content><![CDATA[<!DOCTYPE html> <!ENTITY x>]]></Content></xml>"
    assert parse(body.encode())[1] == {"Content": "<!DOCTYPE html> <!ENTITY x>"}


def test_what_a_database_cannot_store_is_replaced() -> None:
    body = rb'{"a": "x\u0000y\ud83dz", "b": ["\udc00"], "ok": "\ud83d\ude00"}'
    assert parse(body)[1] == {"a": "x\ufffdy\ufffdz", "b": ["\ufffd"], "ok": "😀"}


def test_depth_up_to_the_limit_is_read() -> None:
    deep = '{"a": ' * (MAX_DEPTH - 1) + '{"b": "x"}' + "}" * (MAX_DEPTH - 1)
    parse(deep.encode())


def test_a_number_may_stand_where_text_is_fine() -> None:
    fields = {"MsgId": 1234567890123456, "Location_X": 23.5, "Content": None}
    assert text_of(fields, "MsgId") == "1234567890123456"
    assert text_of(fields, "Location_X") == "23.5"
    assert text_of(fields, "Content") == text_of(fields, "Nothing") == ""


@pytest.mark.parametrize("value", [True, [], ["x"], {"x": "y"}])
def test_other_types_are_refused(value: object) -> None:
    assert refusal(lambda: text_of({"A": value}, "A")) == "type"


def test_one_or_several_is_a_list() -> None:
    assert as_list({"a": 1}) == [{"a": 1}]
    assert as_list([{"a": 1}]) == [{"a": 1}]
    assert as_list("") == as_list(None) == []
