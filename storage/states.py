"""The vocabulary of every stored state. Standard library only, so that rules may use it."""

from dataclasses import dataclass
from enum import StrEnum


class RegionLevel(StrEnum):
    """Levels above a compound: 区、街道、社区、片区."""

    DISTRICT = "district"
    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"
    PRECINCT = "precinct"


class PlaceLevel(StrEnum):
    """Levels inside a compound: 楼栋、单元、房屋、家庭."""

    BUILDING = "building"
    ENTRANCE = "entrance"
    UNIT = "unit"
    HOUSEHOLD = "household"


class Tenure(StrEnum):
    """小区类别 (seed 000): 商品房、房改房、公房、保障房、集资房."""

    COMMERCIAL = "commercial"
    REFORMED = "reformed"
    PUBLIC = "public"
    AFFORDABLE = "affordable"
    JOINT_FUNDED = "joint_funded"


class Stewardship(StrEnum):
    """物业覆盖“四个一批” (seed 000) and compounds nobody manages (seed 002)."""

    HIRED = "hired"
    COMMUNITY_RUN = "community_run"
    SELF_RUN = "self_run"
    STATE_BACKED = "state_backed"
    NONE = "none"


class Role(StrEnum):
    """What a person may be for a node of the tree."""

    SECRETARY = "secretary"
    COMMITTEE = "committee"
    PROPERTY = "property"
    COMMUNITY_WORKER = "community_worker"
    GRID_WORKER = "grid_worker"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"


class InboxState(StrEnum):
    """Life of a received message."""

    NEW = "new"
    DONE = "done"
    FAILED = "failed"


class OpinionState(StrEnum):
    """Life of an opinion (意见). Requests with owners and deadlines build on it."""

    FILED = "filed"
    WITHDRAWN = "withdrawn"


class OutboxState(StrEnum):
    """Life of an outgoing message."""

    PENDING = "pending"  # due at not_before, unless a lease holds it
    SENDING = "sending"  # handed to the platform, answer not yet recorded
    WAITING = "waiting"  # the person cannot be written to until they write again
    OFFERED = "offered"  # went out as the answer to the callback
    SENT = "sent"
    UNCERTAIN = "uncertain"  # at most once, and the platform did not answer: shown to staff, never sent again
    DEAD = "dead"
    CANCELLED = "cancelled"


class Promise(StrEnum):
    """What is kept when nobody knows whether the platform took a message."""

    AT_LEAST_ONCE = "at_least_once"
    AT_MOST_ONCE = "at_most_once"


class MessageClass(StrEnum):
    """Why a message goes out; its policy follows from it."""

    REPLY = "reply"
    RECEIPT = "receipt"
    ALERT = "alert"
    NOTICE = "notice"
    PROMPT = "prompt"
    DIGEST = "digest"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class Policy:
    """How a class of messages is treated.

    solicited: the person has just asked, so quiet hours do not hold it back while the answer is fresh.
    urgent:    goes out at any hour.
    """

    promise: Promise
    solicited: bool = False
    urgent: bool = False


POLICIES: dict[MessageClass, Policy] = {
    MessageClass.REPLY: Policy(Promise.AT_LEAST_ONCE, solicited=True),
    MessageClass.RECEIPT: Policy(Promise.AT_LEAST_ONCE, solicited=True),
    MessageClass.ALERT: Policy(Promise.AT_LEAST_ONCE, urgent=True),
    MessageClass.NOTICE: Policy(Promise.AT_LEAST_ONCE),
    MessageClass.PROMPT: Policy(Promise.AT_MOST_ONCE),
    MessageClass.DIGEST: Policy(Promise.AT_MOST_ONCE),
    MessageClass.REMINDER: Policy(Promise.AT_MOST_ONCE),
}


class WindowKind(StrEnum):
    """What a person did that lets the service account write to them for a while."""

    MESSAGE = "message"
    GESTURE = "gesture"  # followed, scanned a code, clicked a menu


@dataclass(frozen=True, slots=True)
class WindowRule:
    """How many messages a person may be sent within `seconds` of what they did (a platform's rule, per channel)."""

    kind: WindowKind
    seconds: int
    allowed: int
