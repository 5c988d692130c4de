"""What changes about who acts for an owner is told to everybody who is bound to the owner's units, with how to object.

No one-time words and no names: only which unit, what, by which proof, and where to say that it was not them.
"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.identity.words import unit_name
from handlers.local_time import month_day_time
from handlers.reach.fields import Facts, NoticeKind
from handlers.reach.notify import MUST_BE_READ, Notice, notify_person
from handlers.texts import say
from storage.queries.bindings import list_persons_bound_to, list_units_of_owners
from storage.states import MessageClass
from storage.tables import Compound

PAGE = "/h5/owner"
_NAMED = 3  # units that one message names


class Told(StrEnum):
    """What happened, as it is said."""

    ASKED = "有人拿开通码用微信认证业主，等两位工作人员当面核对"
    OWNER = "有一个微信被确认为业主本人，可以在手机上投票"
    GUARDIAN = "有一个微信被登记为业主的监护人，可以代为投票"
    COMPANY = "有一个微信被登记为单位业主的授权人，可以代为投票"
    DECLINED = "业主身份的申请没有通过当面核对"
    CONTESTED = "有人说一个微信绑定不是业主本人，已经暂停，等两位工作人员核对"
    CONTESTED_LATE = "有人说一个已经解除的微信绑定不是业主本人，它投过的票交两位工作人员裁定"
    DISOWNED = "两位工作人员核对过，一个微信绑定不是业主本人，已经解除，它投过的票再另外裁定"
    RESTORED = "两位工作人员核对过，暂停的微信绑定恢复使用"
    REVOKED = "两位工作人员解除了一个微信绑定"
    LEFT = "一个微信绑定由本人解除了"
    SOLD = "清册上的产权变了，原来的微信绑定解除了"
    REPRESENTATIVE = "登记了共有人的投票代表，从下一次公告的表决起有效"
    REPRESENTATIVE_ENDED = "共有人的投票代表撤销了，从下一次公告的表决起有效"
    PROXY = "登记了一份委托，受托人可以在这一次表决中代投"
    PROXY_ENDED = "一份委托被撤销了"


async def announce(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    owner_number: int,
    key: str,
    told: Told,
    now: datetime,
    *,
    also: Collection[int] = (),
) -> int:
    """Queue a notice for each identity of the owner's units, and for those in `also`; returns for how many.

    key: of what happened, so that each is told once.
    """
    compound_id = compound.compound_id
    assert compound_id is not None
    units = (await list_units_of_owners(session, compound_id, [owner_number])).get(owner_number, [])
    people = set(await list_persons_bound_to(session, compound_id, [unit.unit_code for unit in units]))
    names = "、".join(unit_name(unit) for unit in units[:_NAMED])
    if len(units) > _NAMED:
        names = f"{names}等{len(units)}处"
    where = f"{compound.name}{names}"
    link = f"{services.public_url}{PAGE}" if services.public_url else ""
    text = say("identity.told", where=where, what=told.value, when=month_day_time(now))
    text += "\n" + (say("identity.object_there", link=link) if link else say("identity.object"))
    notice = Notice(
        MessageClass.RECEIPT,
        text,
        f"identity:{compound_id}:{key}",
        facts=Facts(
            NoticeKind.RECEIPT,
            what="业主身份",
            state=_STATES.get(told, "有变动"),
            at=now,
            compound=compound.name,
            place=names,
            todo="不是您，请告诉社区",
            link=link,
        ),
        expires_at=now + MUST_BE_READ,
    )
    for person_id in sorted(people | set(also)):
        await notify_person(session, services, person_id, notice, now)
    return len(people | set(also))


_STATES = {
    Told.ASKED: "待核对",
    Told.OWNER: "已确认",
    Told.GUARDIAN: "已登记",
    Told.COMPANY: "已登记",
    Told.CONTESTED: "有异议",
    Told.CONTESTED_LATE: "有异议",
    Told.DISOWNED: "已解除",
    Told.REVOKED: "已解除",
    Told.LEFT: "已解除",
    Told.SOLD: "已解除",
    Told.REPRESENTATIVE: "已登记",
    Told.REPRESENTATIVE_ENDED: "已撤销",
    Told.PROXY: "已登记",
    Told.PROXY_ENDED: "已撤销",
}
