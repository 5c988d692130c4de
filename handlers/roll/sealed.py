"""Under which contexts the roll's personal data is sealed and looked up: the same for whoever writes or asks."""

from storage.sealing import Sealer

NAME = "roll_owners.name"
DOCUMENT = "roll_owners.document"
DOCUMENT_TAIL = "roll_owners.document_tail"
PHONE = "roll_owners.phone"
OBJECTION = "roll_objections.text"
TAIL = 6  # characters of a document that its owner is asked for


def seal_owner(
    sealer: Sealer, name: str = "", document: str = "", phone: str = "", *, is_person: bool = True
) -> dict[str, bytes]:
    """The columns of an owner for what is given; nothing for what is empty.

    A tail proves who a person is. A company votes by whoever brings its letter, so its code has none.
    """
    columns: dict[str, bytes] = {}
    if name:
        columns["name_sealed"] = sealer.seal(name.encode(), NAME)
    if document:
        columns["document_sealed"] = sealer.seal(document.encode(), DOCUMENT)
        columns["document_lookup"] = document_lookup(sealer, document)
        if is_person:
            columns["document_tail"] = sealer.lookup(document[-TAIL:].encode(), DOCUMENT_TAIL)
    if phone:
        columns["phone_sealed"] = sealer.seal(phone.encode(), PHONE)
        columns["phone_lookup"] = phone_lookup(sealer, phone)
    return columns


def document_lookup(sealer: Sealer, document: str) -> bytes:
    """The keyed hash by which one owner of several units is found."""
    return sealer.lookup(document.encode(), DOCUMENT)


def phone_lookup(sealer: Sealer, phone: str) -> bytes:
    """The keyed hash of a phone with digits only."""
    return sealer.lookup(phone.encode(), PHONE)
