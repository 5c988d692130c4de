"""All tables. Import this package, and `metadata` knows every one of them."""

from sqlmodel import SQLModel

# Set before the first table is declared: constraint names are part of the migrations.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

from storage.tables.accounts import OneTimeLink, StaffAccount, WebSession  # noqa: E402
from storage.tables.audit import AuditEvent  # noqa: E402
from storage.tables.ballots import (  # noqa: E402
    Ballot,
    BallotPaper,
    BallotSlot,
    BallotUnit,
    PaperBatch,
    UnannouncedBallot,
    UnannouncedPaper,
    VoteCase,
)
from storage.tables.blobs import Blob  # noqa: E402
from storage.tables.consultations import (  # noqa: E402
    Consultation,
    ConsultationItem,
    ConsultationPlan,
    ConsultationSeat,
)
from storage.tables.contracts import Campaign, CampaignPlace, PropertyContract, PropertyStatement  # noqa: E402
from storage.tables.cycles import AlertEpisode, CycleSettings, GroupPrompt, WeeklyCycle  # noqa: E402
from storage.tables.grid import (  # noqa: E402
    CardEntry,
    CompoundProfile,
    GridCell,
    GridPlace,
    GridUpload,
)
from storage.tables.groups import (  # noqa: E402
    ArchiveCursor,
    ArchiveTombstone,
    ChatGroup,
    GroupMember,
)
from storage.tables.hazards import HazardFinding, HazardList, HazardSettings  # noqa: E402
from storage.tables.learning import Correction, LocalPhrase, Replay, TagModel  # noqa: E402
from storage.tables.matters import Matter  # noqa: E402
from storage.tables.messages import InboxMessage, OutboxMessage, SendWindow  # noqa: E402
from storage.tables.opinions import Counter, Opinion  # noqa: E402
from storage.tables.oversight import (  # noqa: E402
    CommunityWarning,
    EarlyWarning,
    OversightSettings,
    WeekTally,
)
from storage.tables.people import ChannelIdentity, Erasure, Person, Residency, RoleGrant  # noqa: E402
from storage.tables.photos import Photo  # noqa: E402
from storage.tables.points import PointEntry, PointSettings  # noqa: E402
from storage.tables.polls import Poll, PollAnswer  # noqa: E402
from storage.tables.requests import (  # noqa: E402
    DispatchRule,
    Mediation,
    Request,
    RequestEvent,
    RequestRating,
)
from storage.tables.roll import (  # noqa: E402
    BindingAttempt,
    OwnerBinding,
    OwnerRegistration,
    RollObjection,
    RollOwner,
    RollTitle,
    RollUnit,
    RollUpload,
    UnitCode,
)
from storage.tables.scorecards import Scorecard  # noqa: E402
from storage.tables.surveys import (  # noqa: E402
    Survey,
    SurveyAnswer,
    SurveyAttempt,
    SurveyCanvasser,
    SurveyReply,
    SurveyRound,
    SurveyUnit,
)
from storage.tables.topics import (  # noqa: E402
    Topic,
    TopicDocument,
    TopicEvent,
    TopicObjection,
    TopicRepresentative,
)
from storage.tables.tree import Compound, Place, Region  # noqa: E402
from storage.tables.visits import HomeVisit, StewardVisit, VisitPlan  # noqa: E402
from storage.tables.vote_log import UnsealedLeaf, VoteCheckpoint, VoteLeaf, VoteLogEntry  # noqa: E402
from storage.tables.vote_reach import VoteNews, VoteOfficer, VoteReach  # noqa: E402
from storage.tables.votes import (  # noqa: E402
    CanvassContact,
    OfficialResult,
    Vote,
    VoteDocument,
    VoteDocumentFault,
    VoteObjection,
    VoteOwner,
    VoteQuestion,
    VoteUnit,
)
from storage.tables.work import Claim  # noqa: E402

metadata = SQLModel.metadata

__all__ = [
    "AlertEpisode",
    "ArchiveCursor",
    "ArchiveTombstone",
    "AuditEvent",
    "Ballot",
    "BallotPaper",
    "BallotSlot",
    "BallotUnit",
    "BindingAttempt",
    "Blob",
    "Campaign",
    "CampaignPlace",
    "CanvassContact",
    "CardEntry",
    "ChannelIdentity",
    "ChatGroup",
    "Claim",
    "CommunityWarning",
    "Compound",
    "CompoundProfile",
    "Consultation",
    "ConsultationItem",
    "ConsultationPlan",
    "ConsultationSeat",
    "Correction",
    "Counter",
    "CycleSettings",
    "DispatchRule",
    "EarlyWarning",
    "Erasure",
    "GridCell",
    "GridPlace",
    "GridUpload",
    "GroupMember",
    "GroupPrompt",
    "HazardFinding",
    "HazardList",
    "HazardSettings",
    "HomeVisit",
    "InboxMessage",
    "LocalPhrase",
    "Matter",
    "Mediation",
    "OfficialResult",
    "OneTimeLink",
    "Opinion",
    "OutboxMessage",
    "OversightSettings",
    "OwnerBinding",
    "OwnerRegistration",
    "PaperBatch",
    "Person",
    "Photo",
    "Place",
    "PointEntry",
    "PointSettings",
    "Poll",
    "PollAnswer",
    "PropertyContract",
    "PropertyStatement",
    "Region",
    "Replay",
    "Request",
    "RequestEvent",
    "RequestRating",
    "Residency",
    "RoleGrant",
    "RollObjection",
    "RollOwner",
    "RollTitle",
    "RollUnit",
    "RollUpload",
    "Scorecard",
    "SendWindow",
    "StaffAccount",
    "StewardVisit",
    "Survey",
    "SurveyAnswer",
    "SurveyAttempt",
    "SurveyCanvasser",
    "SurveyReply",
    "SurveyRound",
    "SurveyUnit",
    "TagModel",
    "Topic",
    "TopicDocument",
    "TopicEvent",
    "TopicObjection",
    "TopicRepresentative",
    "UnannouncedBallot",
    "UnannouncedPaper",
    "UnitCode",
    "UnsealedLeaf",
    "VisitPlan",
    "Vote",
    "VoteCase",
    "VoteCheckpoint",
    "VoteDocument",
    "VoteDocumentFault",
    "VoteLeaf",
    "VoteLogEntry",
    "VoteNews",
    "VoteObjection",
    "VoteOfficer",
    "VoteOwner",
    "VoteQuestion",
    "VoteReach",
    "VoteUnit",
    "WebSession",
    "WeekTally",
    "WeeklyCycle",
    "metadata",
]
