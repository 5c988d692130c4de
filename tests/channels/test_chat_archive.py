"""The chat archive's wire: keys by version, what is sealed wrong, and every shape of a plain message."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.archive_simulated import SimulatedSeal
from bot.channels.chat_archive import (
    ArchiveKeyError,
    PrivateKeys,
    Sealed,
    Unreadable,
    UnreadableError,
    key_of,
    parse,
    read_page,
)
from bot.playground.archive import ArchiveFeed, new_key
from handlers.groups.entries import Dropped, Revoked, Said
from handlers.inbound import InboundKind
from storage.states import Tombstone

NOON = datetime(2026, 3, 12, 4, 0, tzinfo=UTC)
ROOM, ZHAO = "wrVcDaCwAA7TgGvxHyNpz0o1Qm2", "wmVcDaCwAA7TgGvxHyNpz0o1Qm2"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "wechat" / "wxjava" / "msgaudit"


@pytest.fixture(scope="module")
def keys() -> dict[int, rsa.RSAPrivateKey]:
    return {1: new_key(), 2: new_key()}


@pytest.fixture
def decryptor() -> SimulatedSeal:
    return SimulatedSeal()


def items(feed: ArchiveFeed) -> list[Sealed]:
    return [Sealed(**item.fields) for item in feed.items]


def plain(**fields: Any) -> dict[str, Any]:
    return {
        "msgid": "7_1_external",
        "action": "send",
        "from": ZHAO,
        "tolist": [],
        "roomid": ROOM,
        "msgtime": int(NOON.timestamp() * 1000) + 250,
    } | fields


def said(**fields: Any) -> Said:
    entry = parse(1, "outer", plain(**fields))
    assert isinstance(entry, Said)
    return entry


# Seals


def test_messages_open_with_the_key_of_their_version(
    keys: dict[int, rsa.RSAPrivateKey], decryptor: SimulatedSeal
) -> None:
    feed = ArchiveFeed({1: keys[1]}, clock=lambda: NOON)
    feed.text(ROOM, ZHAO, "钥匙换之前")
    assert feed.rotate(keys[2]) == 2
    feed.text(ROOM, ZHAO, "钥匙换之后")
    page = read_page(items(feed)[::-1], PrivateKeys(keys), decryptor)
    assert [entry.text for entry in page.entries if isinstance(entry, Said)] == ["钥匙换之前", "钥匙换之后"]
    page = read_page(items(feed), PrivateKeys({2: keys[2]}), decryptor)
    assert page.entries[0] == Dropped(1, Tombstone.UNREADABLE)
    assert page.unreadable == [Unreadable(1, 1, "no_key")]


def test_what_is_damaged_is_said_of_that_message_only(
    keys: dict[int, rsa.RSAPrivateKey], decryptor: SimulatedSeal
) -> None:
    feed = ArchiveFeed({1: keys[1]}, clock=lambda: NOON)
    feed.text(ROOM, ZHAO, "好的")
    good = items(feed)[0]
    feed.append(["not an object"])
    feed.append(plain(roomid="no room/"))
    cut = good.encrypt_chat_msg[:-8] + "AAAAAAA="
    page = read_page(
        [
            good,
            good._replace(seq=11, encrypt_random_key="?"),
            good._replace(seq=12, encrypt_random_key=""),
            good._replace(seq=13, encrypt_chat_msg=cut),
            good._replace(seq=14, encrypt_chat_msg="short"),
            good._replace(seq=15, encrypt_chat_msg=""),
            # Sealed for somebody else: PKCS#1 v1.5 gives no error that can be relied on.
            good._replace(seq=16, publickey_ver=2),
            *items(feed)[1:],
        ],
        PrivateKeys(keys),
        decryptor,
    )
    assert isinstance(page.entries[0], Said)
    assert {entry.seq for entry in page.entries if isinstance(entry, Dropped)} == {2, 3, *range(11, 17)}
    reasons = {item.seq: item.reason for item in page.unreadable}
    assert reasons.pop(16) in ("random_key", "seal")
    assert reasons == {
        2: "shape", 3: "shape", 11: "random_key", 12: "random_key", 13: "seal", 14: "seal", 15: "seal"
    }  # fmt: skip


def test_key_files_are_read_and_bad_ones_named(
    keys: dict[int, rsa.RSAPrivateKey], tmp_path: Path, no_blocking: Any
) -> None:
    feed = ArchiveFeed(dict(keys))
    files = feed.write_keys(tmp_path)
    assert files.keys() == {"1", "2"}
    PrivateKeys.load(files)
    curve = tmp_path / "curve.pem"
    curve.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    text = tmp_path / "text.pem"
    text.write_text("no key")
    bad = [("1", curve), ("1", text), ("1", tmp_path / "missing.pem"), ("one", files["1"])]
    for version, path in bad:
        with pytest.raises(ArchiveKeyError, match=path.name):
            PrivateKeys.load({version: path})


# Plain messages


def test_a_text_says_who_where_and_when() -> None:
    entry = said(msgtype="text", text={"content": "楼道灯\u0000坏了\ud800"})
    assert entry == Said(
        1,
        "a:7_1_external",
        ROOM,
        ZHAO,
        NOON.replace(microsecond=250_000),
        InboundKind.TEXT,
        "楼道灯坏了",
    )


MIXED = {
    "item": [
        {"type": "text", "content": '{"content":"门口"}'},
        {"type": "image", "content": '{"md5sum":"0","filesize":1,"sdkfileid":"x"}'},
        {"type": "text", "content": {"content": "有积水"}},
        {"type": "text", "content": "not json"},
        {"type": "chatrecord", "content": '{"title":"t","item":[{"type":"text","content":"别人的话"}]}'},
        "odd",
    ]
}


@pytest.mark.parametrize(
    ("msgtype", "fields", "kind", "text"),
    [
        ("mixed", {"mixed": MIXED}, InboundKind.TEXT, "门口\n有积水"),
        ("mixed", {"mixed": {"item": MIXED["item"][0]}}, InboundKind.TEXT, "门口"),
        ("image", {"image": {"sdkfileid": "x"}}, InboundKind.IMAGE, ""),
        ("voice", {"voice": {"play_length": 9}}, InboundKind.VOICE, ""),
        ("video", {"video": {"play_length": 9}}, InboundKind.VIDEO, ""),
        ("file", {"file": {"filename": "名单.docx"}}, InboundKind.OTHER, ""),
        (
            "link",
            {"link": {"title": "停水", "description": "明天", "link_url": "http://x", "image_url": "y"}},
            InboundKind.LINK,
            "停水\n明天\nhttp://x",
        ),
        (
            "location",
            {"location": {"title": "东门", "address": "河沿路1号", "latitude": 39.9, "zoom": 15}},
            InboundKind.LOCATION,
            "东门\n河沿路1号",
        ),
        ("markdown", {"info": {"content": "**停水**"}}, InboundKind.TEXT, "**停水**"),
        ("markdown", {"markdown": {"content": "**停水**"}}, InboundKind.TEXT, "**停水**"),
        (
            "news",
            {"info": {"item": [{"title": "停水", "description": "明天"}]}},
            InboundKind.TEXT,
            "停水\n明天",
        ),
        ("text", {"text": {"content": " \n"}}, None, ""),
        ("text", {"text": "odd"}, None, ""),
        ("chatrecord", {"chatrecord": {"title": "聊天记录", "item": []}}, None, ""),
        ("emotion", {"emotion": {"type": 1}}, None, ""),
        ("redpacket", {"redpacket": {"wish": "恭喜"}}, None, ""),
        ("agree", {"agree": {"userid": ZHAO}}, None, ""),
        ("something_new", {"something_new": {"content": "话"}}, None, ""),
        ("", {}, None, ""),
    ],
)
def test_every_kind_gives_its_words_or_none(
    msgtype: str, fields: dict[str, Any], kind: InboundKind | None, text: str
) -> None:
    entry = said(msgtype=msgtype, **fields)
    assert (entry.kind, entry.text) == (kind, text)


def test_a_revocation_names_the_message_it_takes_back() -> None:
    revoke = plain(action="recall", msgtype="revoke", revoke={"pre_msgid": "7_1_external"})
    assert parse(9, "outer", revoke) == Revoked(9, "a:7_1_external", ROOM)
    assert parse(9, "outer", revoke | {"roomid": ""}) == Revoked(9, "a:7_1_external", "")
    for broken in (None, {}, {"pre_msgid": ""}, [1]):
        with pytest.raises(UnreadableError):
            parse(9, "outer", revoke | {"revoke": broken})


def test_a_switch_has_no_sender() -> None:
    entry = parse(3, "x", {"msgid": "x", "action": "switch", "time": 1554119421840, "user": "XuJinSheng"})
    assert entry == Dropped(3, Tombstone.NOT_WORDS)


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (0, False),
        (None, False),
        ("", False),
        (-1, False),
        (10**17, False),
        ("1773288000250", True),
        (1.5, False),
    ],
)
def test_times_are_numbers_or_strings_and_may_be_missing(value: Any, known: bool) -> None:
    entry = said(msgtype="text", text={"content": "话"}, msgtime=value)
    assert (entry.sent_at is not None) is known


def test_ids_that_do_not_fit_a_key_are_hashed_the_same_way_by_everybody() -> None:
    long = "x" * 400
    assert key_of("7") == "a:7"
    assert len(key_of(long)) < 200
    revoke = parse(1, "o", plain(action="recall", msgtype="revoke", revoke={"pre_msgid": long}))
    assert isinstance(revoke, Revoked)
    assert revoke.key == said(msgid=long, msgtype="text", text={"content": "话"}).key


@pytest.mark.parametrize(
    "fields",
    [
        {"from": ""},
        {"from": None},
        {"from": "a b"},
        {"from": "x" * 65},
        {"roomid": "x" * 65},
        {"msgid": "有"},
    ],
)
def test_what_no_row_could_hold_is_unreadable(fields: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        parse(1, "outer", plain(msgtype="text", text={"content": "话"}) | fields)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["text", "mixed", "link", "location", "markdown", "news", "revoke", "image", "x"])


@given(
    TYPES,
    JSON,
    st.dictionaries(
        st.sampled_from(["action", "from", "roomid", "msgtime", "msgid", "revoke", "info"]), JSON, max_size=3
    ),
)
def test_no_message_breaks_the_reader(msgtype: str, body: Any, odd: dict[str, Any]) -> None:
    try:
        entry = parse(1, "outer", plain(msgtype=msgtype) | {msgtype: body} | odd)
    except UnreadableError:
        return
    if isinstance(entry, Said):
        assert "\x00" not in entry.text
        entry.text.encode()


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the team's data folder is not beside the checkout")
def test_the_platforms_samples_are_all_read() -> None:
    kinds = {}
    for path in sorted(SHARED.glob("*.json")):
        entry = parse(1, "outer", json.loads(path.read_text("utf-8")))
        kinds[path.stem] = entry.kind if isinstance(entry, Said) else type(entry)
    assert len(kinds) > 20
    assert kinds["text"] is InboundKind.TEXT
    assert kinds["location"] is InboundKind.LOCATION
    assert kinds["markDown"] is InboundKind.TEXT
