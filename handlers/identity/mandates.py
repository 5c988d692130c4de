"""Who holds mandates: the mark by which ballots name a proxy, and who may not be one."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import rfc8785
from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.identity.errors import Code, IdentityError
from handlers.identity.rules import read_document, read_phone
from handlers.voting.jurisdictions import load_profile
from storage.queries.people import list_grants_of, list_persons_by_phone
from storage.queries.tree import list_scopes_of
from storage.sealing import Sealer
from storage.states import Role
from storage.tables import Compound, OwnerRegistration, Person, Vote

HOLDER_CONTEXT = "owner_registrations.holder"
MARK_CONTEXT = "ballots.proxy"
NUMBER_CONTEXT = "persons.number"
BARS_PROPERTY_STAFF = "property_staff_barred_as_proxies"  # a key of a profile, where a place's rule says so
_MARK = 32
_CHECK = 4


@dataclass(frozen=True, slots=True)
class Held:
    """mark: see storage.tables.Ballot.proxy. sealed: name and phone."""

    mark: str
    sealed: bytes


async def proxy_of(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    vote: Vote,
    name: str,
    phone: str,
    document: str,
    person_id: int | None,
    standing: Iterable[OwnerRegistration],
) -> Held:
    """Who holds a mandate, with the mark that all their mandates in this vote have. Raises IdentityError.

    standing: the mandates of the vote. Who is known here by an identity has one mark: a document that is not the one
    which was written down before is somebody's slip.
    """
    assert compound.compound_id is not None
    sealer, digits = services.sealer, read_phone(phone)
    people = {
        each.person_id
        for each in await list_persons_by_phone(session, sealer.lookup(digits.encode(), "persons.phone"))
    }
    if person_id is not None:
        if await session.get(Person, person_id) is None:
            raise IdentityError(Code.UNKNOWN_HOLDER)
        people.add(person_id)
    if load_profile(vote.profile).flag(BARS_PROPERTY_STAFF):
        scopes = set(await list_scopes_of(session, compound))
        for each in people - {None}:
            assert each is not None
            for grant in await list_grants_of(session, each):
                if grant.role is Role.PROPERTY and grant.scope_code.partition("/")[0] in scopes:
                    raise IdentityError(Code.BARRED)
    mark = proxy_mark(sealer, compound.compound_id, vote.vote_number, document)
    if person_id is not None and any(each.mark != mark for each in standing if each.holder_id == person_id):
        raise IdentityError(Code.OTHER_DOCUMENT)
    sealed = sealer.seal(rfc8785.dumps({"name": name.strip(), "phone": digits}), HOLDER_CONTEXT)
    return Held(mark, sealed)


def proxy_mark(sealer: Sealer, compound_id: int, vote_number: int, document: str) -> str:
    """The mark of whoever holds mandates in a vote: a keyed hash of their document, another one in each vote.

    It is the same for mandates that are registered and for those on paper, so that a cap counts them together.
    """
    key = f"{compound_id}/{vote_number}/{read_document(document)}"
    return sealer.lookup(key.encode(), MARK_CONTEXT).hex()[:_MARK]


def holder_of(sealer: Sealer, registration: OwnerRegistration) -> tuple[str, str]:
    """Name and phone of a proxy; empty when there is none."""
    if registration.holder_sealed is None:
        return "", ""
    written = json.loads(sealer.open(registration.holder_sealed, HOLDER_CONTEXT))
    return written["name"], written["phone"]


def show_number(sealer: Sealer, person_id: int) -> str:
    """The number that somebody tells operators who are to enter them as a proxy: 1203-A81F. It opens nothing."""
    return f"{person_id}-{_check(sealer, person_id)}"


def read_number(sealer: Sealer, typed: str) -> int | None:
    """Whose number it is; None for one that was mistyped."""
    number, _, check = typed.strip().upper().partition("-")
    if not number.isascii() or not number.isdigit() or len(number) > 15:
        return None
    return int(number) if check == _check(sealer, int(number)) else None


def _check(sealer: Sealer, person_id: int) -> str:
    return sealer.lookup(str(person_id).encode(), NUMBER_CONTEXT).hex()[:_CHECK].upper()
