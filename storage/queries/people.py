"""People, their channel identities, homes and roles."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import Role
from storage.tables import ChannelIdentity, Compound, Person, Place, Residency, RoleGrant
from storage.upsert import insert_for


async def find_identity(session: AsyncSession, account: str, external_id: str) -> ChannelIdentity | None:
    """The identity of someone on a channel account."""
    statement = select(ChannelIdentity).where(
        ChannelIdentity.account == account, ChannelIdentity.external_id == external_id
    )
    return (await session.exec(statement)).one_or_none()


async def get_or_add_identities(
    session: AsyncSession, people: Iterable[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], ChannelIdentity]:
    """Identities by (account, external id), made with a new person on first contact."""
    wanted = list(people)
    statement = select(ChannelIdentity).where(
        tuple_(col(ChannelIdentity.account), col(ChannelIdentity.external_id)).in_(wanted)
    )
    found = {
        (identity.account, identity.external_id): identity
        for identity in (await session.exec(statement)).all()
    }
    # In one order everywhere: two replicas must not wait for each other's rows.
    if missing := sorted(set(wanted) - found.keys()):
        await _add_identities(session, missing, now)
        added = (await session.exec(statement)).all()
        found = {(identity.account, identity.external_id): identity for identity in added}
    return found


async def _add_identities(session: AsyncSession, people: list[tuple[str, str]], now: datetime) -> None:
    """Two replicas that meet the same person at once make one: the later one's row is in conflict and left out."""
    persons = [Person(created_at=now) for _ in people]
    session.add_all(persons)
    await session.flush()
    await session.exec(
        insert_for(session, ChannelIdentity).on_conflict_do_nothing(),
        params=[
            {
                "account": account,
                "external_id": external_id,
                "person_id": person.person_id,
                "first_seen_at": now,
                "following": True,
            }
            for (account, external_id), person in zip(people, persons, strict=True)
        ],
    )
    ids = [person.person_id for person in persons]
    used = set(
        await session.exec(select(ChannelIdentity.person_id).where(col(ChannelIdentity.person_id).in_(ids)))
    )
    for person in persons:
        if person.person_id not in used:
            await session.delete(person)


async def put_residency(
    session: AsyncSession, compound_id: int, person_id: int, place_code: str | None, now: datetime
) -> None:
    """Note where a person lives; a later word replaces an earlier one for the same compound."""
    values = {
        "compound_id": compound_id,
        "person_id": person_id,
        "place_code": place_code,
        "bound_at": now,
    }
    await session.exec(
        insert_for(session, Residency)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["compound_id", "person_id"], set_={"place_code": place_code, "bound_at": now}
        )
    )


async def find_home(session: AsyncSession, person_id: int) -> tuple[Compound, Place | None] | None:
    """The compound (and place in it) a person named last."""
    statement = (
        select(Compound, Place)
        .select_from(Residency)
        .join(Compound, col(Compound.compound_id) == Residency.compound_id)
        .outerjoin(
            Place,
            (col(Place.compound_id) == Residency.compound_id) & (col(Place.code) == Residency.place_code),
        )
        .where(Residency.person_id == person_id)
        .order_by(col(Residency.bound_at).desc(), col(Residency.compound_id))
        .limit(1)
        .execution_options(autoflush=False)  # residencies are written at once
    )
    return (await session.exec(statement)).first()


async def list_public_contacts(
    session: AsyncSession, scope_codes: Sequence[str]
) -> list[tuple[RoleGrant, Person]]:
    """People in office whose name and phone are meant for residents, in the order they were named."""
    statement = (
        select(RoleGrant, Person)
        .join(Person, col(Person.person_id) == RoleGrant.person_id)
        .where(
            col(RoleGrant.scope_code).in_(scope_codes),
            col(RoleGrant.public),
            col(RoleGrant.ended_at).is_(None),
        )
        .order_by(col(RoleGrant.grant_id))
    )
    return list((await session.exec(statement)).all())


async def find_person_by_phone(session: AsyncSession, phone_lookup: bytes) -> Person | None:
    """The person with this phone, by its keyed hash."""
    statement = (
        select(Person).where(Person.phone_lookup == phone_lookup).order_by(col(Person.person_id)).limit(1)
    )
    return (await session.exec(statement)).first()


async def put_role(
    session: AsyncSession,
    person_id: int,
    role: Role,
    scope_code: str,
    title: str,
    public: bool,
    now: datetime,
) -> None:
    """Grant a role on a node, or renew its title."""
    values = {
        "person_id": person_id,
        "role": role,
        "scope_code": scope_code,
        "title": title,
        "public": public,
        "granted_at": now,
    }
    await session.exec(
        insert_for(session, RoleGrant)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["person_id", "role", "scope_code"],
            set_={"title": title, "public": public, "ended_at": None},
        )
    )


async def end_roles(
    session: AsyncSession, scope_code: str, keep: set[tuple[int, Role]], now: datetime
) -> None:
    """End the roles on a node that are not in `keep` (person_id, role)."""
    statement = select(RoleGrant).where(RoleGrant.scope_code == scope_code, col(RoleGrant.ended_at).is_(None))
    for grant in (await session.exec(statement)).all():
        if (grant.person_id, grant.role) not in keep:
            grant.ended_at = now


async def forget_person(session: AsyncSession, person_id: int) -> None:
    """Take away everything that says who a person is."""
    await session.exec(
        update(Person)
        .where(col(Person.person_id) == person_id)
        .values(name_sealed=None, phone_sealed=None, phone_lookup=None)
    )
    for table in (Residency, RoleGrant, ChannelIdentity):
        for row in (await session.exec(select(table).where(table.person_id == person_id))).all():
            await session.delete(row)
