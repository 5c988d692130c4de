"""The sample compound's staff, groups and WeCom corp: what a demo is furnished and configured with."""

import secrets
import string
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bot.playground.account import Persona
from bot.playground.cast import CAST, CHEN, LI, LIU, WANG, ZHANG, ZHAO, ZHOU
from bot.playground.platform import Platform
from bot.playground.wecom.corp import AiBot, Corp, Customer, Member
from bot.playground.wecom.rooms import RoomKind
from handlers.groups.register import GroupEntry
from storage.states import GroupKind

CORP_ACCOUNT, BOT_ACCOUNT, WEBHOOK_ACCOUNT, ARCHIVE_ACCOUNT = "corp", "helper", "duty-group", "archive"

SECRETARY = Member("ZhouHui", "周书记", "小区党支部书记")
CHAIR = Member("HeWeiDong", "何主任", "业委会主任")
MANAGER = Member("MaJingLi", "马经理", "物业经理")
GRID_WORKER = Member("LuoXiaoJun", "罗小军", "网格员")
DUTY = Member("ZhiBan", "值班室", "24 小时值班")
STAFF = (SECRETARY, CHAIR, MANAGER, GRID_WORKER, DUTY)

BUILDING_3 = "wrDemoBuilding3_000000000000000"
BUILDING_5 = "wrDemoBuilding5_000000000000000"
EVERYONE = "wrDemoEveryone_0000000000000000"
STAFF_ROOM = "wrkDemoStaff_000000000000000000"

_CUSTOMER_GROUPS: tuple[tuple[str, str, Member, tuple[Persona, ...]], ...] = (
    (BUILDING_3, "3栋业主群", GRID_WORKER, (WANG, ZHAO, CHEN)),
    (BUILDING_5, "5栋业主群", GRID_WORKER, (ZHANG, LIU)),
    (EVERYONE, "全小区通知群", MANAGER, (WANG, LI, ZHANG, ZHAO, CHEN, LIU, ZHOU)),
)

ROOM_PHRASES: Mapping[RoomKind, tuple[str, ...]] = {
    RoomKind.CUSTOMER: (
        "3栋2单元电梯又困人了",
        "楼道灯坏了一个星期了",
        "垃圾桶满了没人收",
        "大家早上好",
        "别记我",
    ),
    RoomKind.INTERNAL: ("@议事 本周", "@议事 待办", "@议事 进度 1001", "@议事 帮助"),
    RoomKind.APP: ("本周", "待办", "帮助"),
}

GROUP_ENTRIES = (
    *(
        GroupEntry(
            ARCHIVE_ACCOUNT,
            room,
            GroupKind.CUSTOMER,
            name,
            speaks_through=CORP_ACCOUNT,
            owner=owner.userid,
            welcomes=True,
        )
        for room, name, owner, _ in _CUSTOMER_GROUPS
    ),
    GroupEntry(BOT_ACCOUNT, STAFF_ROOM, GroupKind.INTERNAL, "幸福家园工作群", speaks_through=WEBHOOK_ACCOUNT),
)


def external_id(persona: Persona) -> str:
    """The id under which the corp knows a resident."""
    return f"wm{persona.openid[1:]}"


def union_id(persona: Persona) -> str:
    """The id that joins a resident of the service account with the corp's."""
    return f"u{persona.openid[1:]}"


def make_corp() -> Corp:
    """A corp with new secrets."""
    return Corp(f"ww{secrets.token_hex(8)}", 1000002, secrets.token_hex(20), secrets.token_hex(8), _aes_key())


def make_aibot() -> AiBot:
    """A robot with new secrets."""
    return AiBot(f"aib{secrets.token_hex(8)}", "议事", secrets.token_hex(8), _aes_key())


def furnish(platform: Platform) -> str:
    """Bring in staff, residents and groups, and give the new webhook's key."""
    wecom = platform.wecom
    wecom.add_members(STAFF)
    _introduce(platform, CAST)
    for room, name, owner, people in _CUSTOMER_GROUPS:
        wecom.add_customer_group(room, name, owner.userid, [external_id(persona) for persona in people])
    wecom.add_internal_group(
        STAFF_ROOM, "幸福家园工作群", SECRETARY.userid, [member.userid for member in STAFF[1:]]
    )
    key = secrets.token_hex(16)
    wecom.add_webhook(STAFF_ROOM, key)
    return key


async def move_in(platform: Platform, room: str, personas: Iterable[Persona]) -> None:
    """Let new residents join a customer group by its code; its welcome tells them that the bot listens."""
    _introduce(platform, personas := tuple(personas))
    for persona in personas:
        await platform.wecom.user_joins(room, external_id(persona))


def _introduce(platform: Platform, personas: Iterable[Persona]) -> None:
    """Make residents known to the service account's platform and to the corp."""
    for persona in personas:
        platform.names[persona.openid] = persona.nickname
        platform.union_ids[persona.openid] = union_id(persona)
        platform.wecom.add_customers(
            [
                Customer(
                    external_id(persona),
                    persona.nickname,
                    persona.about,
                    f"oCorp{persona.openid[1:]}",
                    union_id(persona),
                )
            ]
        )


def channel_settings(
    platform: Platform, webhook_key: str, private_keys: Mapping[str, Path]
) -> dict[str, dict[str, Any]]:
    """The [channels] tables of the corp's accounts, for a demo whose platform is started."""
    wecom, api_base = platform.wecom, platform.base_url
    corp, aibot = wecom.corp, wecom.aibot
    assert aibot is not None
    return {
        CORP_ACCOUNT: {
            "kind": "wecom_app",
            "corp_id": corp.corp_id,
            "agent_id": corp.agent_id,
            "secret": corp.secret,
            "token": corp.token,
            "encoding_aes_key": corp.encoding_aes_key,
            "api_base": api_base,
            "authorize_base": api_base,
        },
        BOT_ACCOUNT: {
            "kind": "aibot",
            "token": aibot.token,
            "encoding_aes_key": aibot.encoding_aes_key,
            "corp": CORP_ACCOUNT,
            "api_base": api_base,
        },
        WEBHOOK_ACCOUNT: {
            "kind": "group_webhook",
            "key": webhook_key,
            "corp": CORP_ACCOUNT,
            "api_base": api_base,
        },
        ARCHIVE_ACCOUNT: {
            "kind": "chat_archive",
            "corp": CORP_ACCOUNT,
            "private_keys": {version: str(path) for version, path in private_keys.items()},
            "decryptor": "simulator",
            "api_base": api_base,
        },
    }


def set_callbacks(platform: Platform, bot_address: str) -> None:
    """Tell the platform where the bot listens: http://127.0.0.1:PORT."""
    platform.wecom.app_callback_url = f"{bot_address}/wechat/{CORP_ACCOUNT}/callback"
    platform.wecom.archive_callback_url = platform.wecom.app_callback_url
    platform.wecom.bot_callback_url = f"{bot_address}/wechat/{BOT_ACCOUNT}/callback"


def _aes_key() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(43))
