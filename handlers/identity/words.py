"""Units, owners and ways of proof as people say them."""

from handlers.roll.sealed import NAME
from storage.sealing import Sealer
from storage.states import BindingState, Capacity, UnitKind
from storage.tables import OwnerBinding, RollOwner, RollUnit, VoteUnit

CAPACITIES = {Capacity.OWNER: "业主本人", Capacity.GUARDIAN: "监护人", Capacity.COMPANY: "单位授权人"}
STATES = {
    BindingState.PENDING: "等两位工作人员当面核对",
    BindingState.BOUND: "已确认",
    BindingState.CONTESTED: "有人提出异议，暂停使用",
    BindingState.REVOKED: "已解除",
}


def unit_name(unit: RollUnit | VoteUnit) -> str:
    """3栋2单元501; 车位B1-023; 商铺3栋1-2."""
    building = f"{unit.building}栋" if unit.building else ""
    entrance = f"{unit.entrance}单元" if unit.entrance else ""
    if unit.kind is UnitKind.PARKING:
        return f"{building}车位{unit.room or unit.unit_code.removeprefix('P-')}"
    if not unit.room:
        return unit.unit_code
    shop = "商铺" if unit.kind is UnitKind.SHOP and unit.unit_code.startswith("S-") else ""
    return f"{shop}{unit.room}" if shop else f"{building}{entrance}{unit.room}"


def owner_name(sealer: Sealer, owner: RollOwner) -> str:
    """The name in the roll."""
    return sealer.open(owner.name_sealed, NAME).decode()


def proof(binding: OwnerBinding) -> str:
    """By what somebody proved it."""
    if binding.knowledge == "in_person":
        return "开通码和两位工作人员当面核对"
    if binding.knowledge is None:
        return "开通码"
    return "开通码和证件号"
