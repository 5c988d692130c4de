"""Why something about identities of owners was not done."""

from enum import StrEnum


class Code(StrEnum):
    """Stable, for pages and scripts."""

    UNKNOWN_UNIT = "identity.unknown_unit"
    UNKNOWN_OWNER = "identity.unknown_owner"
    UNKNOWN_BINDING = "identity.unknown_binding"
    UNKNOWN_REGISTRATION = "identity.unknown_registration"
    UNKNOWN_VOTE = "identity.unknown_vote"
    UNKNOWN_HOLDER = "identity.unknown_holder"
    ENDED = "identity.ended"
    DECIDED = "identity.decided"
    ABOUT_YOURSELF = "identity.about_yourself"
    ONE_HUMAN = "identity.one_human"
    SAW_DOCUMENTS = "identity.saw_documents"
    SAME_TWICE = "identity.same_twice"
    NO_LETTER = "identity.no_letter"
    NO_HOLDER = "identity.no_holder"
    ODD_DOCUMENT = "identity.odd_document"
    OTHER_DOCUMENT = "identity.other_document"
    NOT_CO_OWNED = "identity.not_co_owned"
    BARRED = "identity.barred"
    TOO_LATE = "identity.too_late"
    HAS_PROXY = "identity.has_proxy"


class IdentityError(Exception):
    """Nothing was done. `code` is stable."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code
