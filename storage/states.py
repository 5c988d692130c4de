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


class CompoundKind(StrEnum):
    """小区类型 (seed 002): 单位型、商品房、无人管理、城中村."""

    WORK_UNIT = "work_unit"
    COMMERCIAL = "commercial"
    UNMANAGED = "unmanaged"
    URBAN_VILLAGE = "urban_village"


class Convening(StrEnum):
    """Who calls the owners together there: 业主委员会、物业管理委员会、居民委员会."""

    OWNERS_COMMITTEE = "owners_committee"
    PROPERTY_COMMITTEE = "property_committee"
    RESIDENTS_COMMITTEE = "residents_committee"


class CardKind(StrEnum):
    """一小区一党组织、一方案、一责任领导、一联系单位、一志愿队伍 (seed 000): what a compound has one of."""

    PARTY = "party"
    PLAN = "plan"
    LEADER = "leader"
    PARTNER = "partner"
    VOLUNTEERS = "volunteers"


class Role(StrEnum):
    """What a person may be for a node of the tree."""

    SECRETARY = "secretary"
    COMMITTEE = "committee"
    PROPERTY = "property"
    COMMUNITY_WORKER = "community_worker"
    GRID_WORKER = "grid_worker"
    SUPERVISOR = "supervisor"
    DUTY = "duty"  # 值班: gets safety alerts at any hour
    OPERATOR = "operator"


class RoleSource(StrEnum):
    """What gave a role, and alone may take it away again."""

    IMPORT = "import"  # a contact of the compound's file
    STAFF = "staff"  # ./run staff add


class InboxState(StrEnum):
    """Life of a received message."""

    NEW = "new"
    DONE = "done"
    FAILED = "failed"


class OpinionState(StrEnum):
    """Life of an opinion (意见)."""

    FILED = "filed"
    WITHDRAWN = "withdrawn"


class MatterState(StrEnum):
    """Life of a matter (事项)."""

    CANDIDATE = "candidate"  # overheard; neither a resident nor staff nor enough voices have confirmed it
    CONFIRMED = "confirmed"  # has a request
    DISMISSED = "dismissed"  # staff: nothing to be done
    MERGED = "merged"


class RequestState(StrEnum):
    """Life of a request (诉求): 下单, 派单, 接单, 办结, 评单."""

    RAISED = "raised"
    DISPATCHED = "dispatched"
    REFUSED = "refused"  # not theirs: whoever dispatched it decides again
    ACCEPTED = "accepted"
    DONE = "done"  # waits to be rated
    REOPENED = "reopened"
    RATED = "rated"
    CLOSED = "closed"  # nobody rated it in time
    CANCELLED = "cancelled"  # taken back by all who raised it, dismissed, or merged


GOING_ON = (  # somebody has yet to see to it
    RequestState.RAISED,
    RequestState.DISPATCHED,
    RequestState.REFUSED,
    RequestState.ACCEPTED,
    RequestState.REOPENED,
)


class Ladder(StrEnum):
    """How far up a request has gone (小事不出小区、大事不出社区)."""

    COMPOUND = "compound"
    COMMUNITY = "community"
    SUBDISTRICT = "subdistrict"


class Rating(StrEnum):
    """评单 in four words (seed 001): 满意, 基本满意, 不满意, 答非所问."""

    SATISFIED = "satisfied"
    FAIR = "fair"
    DISSATISFIED = "dissatisfied"
    BESIDE_THE_POINT = "beside_the_point"


class MediationOutcome(StrEnum):
    """What came of a mediation (调解): 达成一致、没有谈成、转给别处."""

    AGREED = "agreed"
    NOT_AGREED = "not_agreed"
    REFERRED = "referred"


class PhotoState(StrEnum):
    """Life of a picture that somebody sent."""

    WANTED = "wanted"
    KEPT = "kept"
    GONE = "gone"  # the platform has it no longer
    REFUSED = "refused"  # no picture, or too large


class PhraseKind(StrEnum):
    """What a compound's own phrase is."""

    NAME = "name"
    PLACE = "place"


class ModelState(StrEnum):
    """Life of a trained second stage."""

    TRAINED = "trained"
    ACTIVE = "active"
    RETIRED = "retired"


class OutboxState(StrEnum):
    """Life of an outgoing message."""

    PENDING = "pending"  # due at not_before, unless a lease holds it
    SENDING = "sending"  # handed to the platform, answer not yet recorded
    WAITING = "waiting"  # the person cannot be written to until they write again
    AWAITING_OWNER = (
        "awaiting_owner"  # 企业群发: the platform has it, the group's owner must still tap to send it
    )
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


class Form(StrEnum):
    """How a message travels; each is a call of its own on the platform."""

    TEXT = "text"  # what the channel sends as a plain message: customer service, app message, webhook
    SUBSCRIBE = "subscribe"  # 订阅通知: one for each time the person accepted
    TEMPLATE = "template"  # 模板消息
    GROUP_TASK = "group_task"  # 企业群发 to a customer group; its owner must tap


class WindowKind(StrEnum):
    """What lets an account write to a recipient for a while, or holds it back for a moment."""

    MESSAGE = "message"
    GESTURE = "gesture"  # followed, scanned a code, clicked a menu
    SUBSCRIBE = "subscribe"  # accepted a 订阅通知: one message for each acceptance
    PACE = "pace"  # just written to: the next message keeps the platform's distance


@dataclass(frozen=True, slots=True)
class WindowRule:
    """How many messages a person may be sent within `seconds` of what they did (a platform's rule, per channel)."""

    kind: WindowKind
    seconds: int
    allowed: int


class ChannelKind(StrEnum):
    """The WeChat products a channel account can be."""

    OFFICIAL_ACCOUNT = "official_account"
    WECOM_APP = "wecom_app"
    AIBOT = "aibot"
    GROUP_WEBHOOK = "group_webhook"
    CHAT_ARCHIVE = "chat_archive"


class GroupKind(StrEnum):
    """Who sits in a chat group: residents and a member of staff (客户群), or staff only (内部群)."""

    CUSTOMER = "customer"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Capability:
    """What a channel can do in a kind of group. speak: None, or the form that reaches the group.

    picture: it may be sent one without asking for anything else first.
    """

    hear: bool
    speak: Form | None
    mention: bool
    picture: bool = False


# Ordinary WeChat groups have no official door at all (shared facts: no API hears or writes to one).
CAPABILITIES: dict[tuple[ChannelKind, GroupKind], Capability] = {
    (ChannelKind.CHAT_ARCHIVE, GroupKind.CUSTOMER): Capability(hear=True, speak=None, mention=False),
    (ChannelKind.WECOM_APP, GroupKind.CUSTOMER): Capability(hear=False, speak=Form.GROUP_TASK, mention=False),
    (ChannelKind.AIBOT, GroupKind.INTERNAL): Capability(hear=True, speak=Form.TEXT, mention=True),
    (ChannelKind.GROUP_WEBHOOK, GroupKind.INTERNAL): Capability(
        hear=False, speak=Form.TEXT, mention=True, picture=True
    ),
}


class Tombstone(StrEnum):
    """Why something in the chat archive left no text here."""

    PRIVATE = "private"  # a chat between two people
    UNKNOWN_ROOM = "unknown_room"
    NOT_TOLD = "not_told"
    REFUSED = "refused"
    STAFF = "staff"  # a member of staff or a robot: theirs are not residents' words
    NOT_WORDS = "not_words"  # a kind that carries nothing for us
    UNREADABLE = "unreadable"  # no key, or not what the platform documents
    REVOKED = "revoked"


class SessionKind(StrEnum):
    """Whose browser it is."""

    STAFF = "staff"
    RESIDENT = "resident"


class CycleStep(StrEnum):
    """Steps of a weekly collection, in their order."""

    OPEN = "open"
    PROMPT = "prompt"
    CLOSE = "close"
    DIGEST = "digest"


class OwnerKind(StrEnum):
    """What an owner in the roll is."""

    PERSON = "person"
    COMPANY = "company"  # votes by whoever brings its letter
    DEVELOPER = "developer"


class UnitKind(StrEnum):
    """What a unit of the roll is, as far as the tally cares."""

    RESIDENTIAL = "residential"
    SHOP = "shop"
    PARKING = "parking"
    UNSOLD = "developer_unsold"
    UNDELIVERED = "sold_undelivered"


class ObjectionState(StrEnum):
    """Life of an owner's objection to the roll."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class BindingState(StrEnum):
    """Life of the claim that a person is an owner of the roll."""

    PENDING = "pending"  # one of two factors
    BOUND = "bound"
    CONTESTED = "contested"  # another identity of the unit says that it was not them
    REVOKED = "revoked"


class Capacity(StrEnum):
    """As what somebody is bound to an owner of the roll."""

    OWNER = "owner"
    GUARDIAN = "guardian"  # of a minor, or of one who cannot act
    COMPANY = "company"  # authorised by its letter


class RegistrationKind(StrEnum):
    """What two operators enter about who may act for an owner."""

    REPRESENTATIVE = "representative"  # of co-owners, by a letter that all signed
    PROXY = "proxy"  # for one assembly
    REVOCATION = "revocation"  # of a binding
    RESTORATION = "restoration"  # of a binding that was contested
    DISOWNING = "disowning"  # of a binding that is not the owner's: it ends, and its ballots are ruled on


class RegistrationState(StrEnum):
    """Life of what two operators enter."""

    ENTERED = "entered"  # by one
    CONFIRMED = "confirmed"
    ENDED = "ended"  # taken back, or not confirmed


class VoteState(StrEnum):
    """Life of a vote (表决)."""

    DRAFT = "draft"
    LINTED = "linted"  # nothing unlawful was found in the draft as it stands
    NOTICED = "noticed"  # roll and rules are frozen
    OPEN = "open"
    CLOSED = "closed"
    TALLIED = "tallied"
    PUBLISHED = "published"  # objections may be made
    FINAL = "final"
    REVOKED = "revoked"


class VoteMode(StrEnum):
    """Where the binding ballots are cast."""

    HERE = "here"
    OFFICIAL_PLATFORM = (
        "official_platform"  # only the government's may host it: notice, reminders and its result
    )


class BallotChannel(StrEnum):
    """How a ballot came."""

    ONLINE = "online"
    PAPER = "paper"
    PHONE = "phone"  # recorded call or video


class PaperState(StrEnum):
    """Life of a ballot paper with a serial number."""

    PRINTED = "printed"
    RECEIVED = "received"  # in the box, counted before the close
    ENTERED = "entered"  # by one operator
    MATCHED = "matched"  # by a second one, with the same marks: it is a ballot
    MISMATCHED = "mismatched"  # with other marks: two deciders look
    VOIDED = "voided"


class PaperAct(StrEnum):
    """What owners are told of their paper; that it is a ballot they are told of the ballot."""

    RECEIVED = "received"
    REFUSED = "refused"  # too late, or it was void when it came
    VOIDED = "voided"  # by two, when it lay in the box


class CaseState(StrEnum):
    """Life of what no rule decides about a ballot."""

    OPEN = "open"
    RULED = "ruled"


class ContactState(StrEnum):
    """What came of knocking at a door (上门)."""

    REACHED = "reached"
    PAPER_GIVEN = "paper_given"
    REFUSED = "refused"
    MOVED = "moved"
    ABSENT = "absent"


class PointKind(StrEnum):
    """What residents get points for (社区信用积分). Nothing here is about a vote, nor ever may be."""

    REPORT = "report"  # what they reported was confirmed
    CONSULTATION = "consultation"  # they came to one
    RATING = "rating"  # they rated what was done, whatever they said


class VisitLevel(StrEnum):
    """How often somebody looks in at a home: 周必访、月必访、季必访、一般关注 (seed 001)."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    GENERAL = "general"


class PollKind(StrEnum):
    """What a poll of residents is for."""

    STRAW = "straw"
    SATISFACTION = "satisfaction"


class MeetingBy(StrEnum):
    """How the day of the monthly consultation (议事协商) is fixed."""

    DATE = "date"  # a day of the month
    WEEKDAY = "weekday"  # such as the third Thursday


class MeetingForm(StrEnum):
    """How people sit together: 板凳会、院落会、阳光议事会, or online."""

    BENCH = "bench"
    COURTYARD = "courtyard"
    SUNSHINE = "sunshine"
    ONLINE = "online"


class ItemSource(StrEnum):
    """What brought something onto an agenda."""

    MATTER = "matter"  # what residents say, by its weight
    RESIDENT = "resident"  # proposed by one
    COMMITTEE = "committee"
    PROMISE = "promise"  # decided on an earlier meeting


class ItemState(StrEnum):
    """Whether something is talked about."""

    PROPOSED = "proposed"  # by a resident: waits for the committee
    ON = "on"
    DROPPED = "dropped"  # with the reason


class ItemOutcome(StrEnum):
    """What a meeting made of an item."""

    ORDER = "order"  # a request
    TOPIC = "topic"
    MEDIATION = "mediation"
    ANSWERED = "answered"
    DEFERRED = "deferred"


class TopicStep(StrEnum):
    """五议工作法 (seed 000), in this order: 提议, 商议, 定议, 执行, 评议."""

    PROPOSE = "propose"
    DISCUSS = "discuss"
    DECIDE = "decide"
    EXECUTE = "execute"
    REVIEW = "review"


class TopicState(StrEnum):
    """Life of a topic (议题)."""

    OPEN = "open"
    DONE = "done"  # the last step was left
    ENDED = "ended"  # withdrawn, with a reason


class TopicVerb(StrEnum):
    """What an entry in a topic's record says."""

    PROPOSED = "proposed"
    ADVANCED = "advanced"
    SKIPPED = "skipped"
    WENT_BACK = "went_back"
    FINISHED = "finished"
    ENDED = "ended"
    TASK_DONE = "task_done"
    DOCUMENT_ADDED = "document_added"
    VOTE_REQUIRED = "vote_required"
    VOTE_LINKED = "vote_linked"
    VOTE_FAILED = "vote_failed"
    DECIDED = "decided"
    MILESTONE_PLANNED = "milestone_planned"
    MILESTONE_DONE = "milestone_done"
    ELECTED = "elected"  # how the representatives were elected, and the share that has to sign
    REPRESENTATIVE_NAMED = "representative_named"
    SIGNED = "signed"
    REFUSED = "refused"
    PAPER_ENTERED = "paper_entered"  # by one; it counts when a second one says the same
    OBJECTED = "objected"
    ANSWERED = "answered"
    POLL_STARTED = "poll_started"
    STATED = "stated"
    REMINDED = "reminded"
    OVERDUE = "overdue"


class ReviewRhythm(StrEnum):
    """How often residents are asked about their owners' committee (业委会履职评价)."""

    NEVER = "never"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


class SurveyPhase(StrEnum):
    """When every household is asked: 方案设计, 方案公示, 进场施工 (三问于民, seed 004), or at another time."""

    PLAN = "plan"
    NOTICE = "notice"
    WORKS = "works"
    OTHER = "other"


class SurveyState(StrEnum):
    """Life of a round of a household survey."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class SurveyChoice(StrEnum):
    """What a household says: 同意, 不同意, 都行. It decides nothing."""

    AGREE = "agree"
    AGAINST = "against"
    EITHER = "either"


class SurveyChannel(StrEnum):
    """How a household's answer came."""

    PAGE = "page"
    CHAT = "chat"
    DOOR = "door"
    PHONE = "phone"


class SurveyGiver(StrEnum):
    """Whose word an answer rests on: a proven owner's, that of somebody who lives there, or staff who wrote it down."""

    OWNER = "owner"
    RESIDENT = "resident"
    STAFF = "staff"


class DoorOutcome(StrEnum):
    """What came of a door at which no answer was given: 没人, 不愿意说, 空房."""

    ABSENT = "absent"
    REFUSED = "refused"
    EMPTY = "empty"
