"""People, their channel identities, homes and roles."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import Role, RoleSource
from storage.tables import ChannelIdentity, Compound, GridCell, Person, Place, Residency, RoleGrant
from storage.upsert import insert_for

_AT_ONCE = 5000  # people in one statement: both databases take 32,000 parameters


async def find_identity(session: AsyncSession, account: str, external_id: str) -> ChannelIdentity | None:
    """The identity of someone on a channel account."""
    statement = select(ChannelIdentity).where(
        ChannelIdentity.account == account, ChannelIdentity.external_id == external_id
    )
    return (await session.exec(statement)).one_or_none()


async def list_identities(session: AsyncSession, person_id: int) -> list[ChannelIdentity]:
    """Everywhere a person is known, the account where they were seen first in front."""
    return (await list_identities_of(session, [person_id])).get(person_id, [])


async def list_identities_of(
    session: AsyncSession, person_ids: Collection[int]
) -> dict[int, list[ChannelIdentity]]:
    """The same of several people; who is known nowhere is left out."""
    found: dict[int, list[ChannelIdentity]] = {}
    each = sorted(set(person_ids))
    for start in range(0, len(each), _AT_ONCE):
        statement = (
            select(ChannelIdentity)
            .where(col(ChannelIdentity.person_id).in_(each[start : start + _AT_ONCE]))
            .order_by(col(ChannelIdentity.first_seen_at), col(ChannelIdentity.identity_id))
        )
        for identity in (await session.exec(statement)).all():
            found.setdefault(identity.person_id, []).append(identity)
    return found


async def get_or_add_identities(
    session: AsyncSession, people: Iterable[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], ChannelIdentity]:
    """Identities by (account, external id), made with a new person on first contact."""
    wanted = list(people)
    statement = (
        select(ChannelIdentity)
        .where(tuple_(col(ChannelIdentity.account), col(ChannelIdentity.external_id)).in_(wanted))
        # Until the transaction ends nobody can be forgotten while their words are being filed.
        .with_for_update(read=True, key_share=True)
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
                "ask_union_at": now,
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


async def list_homes(
    session: AsyncSession, person_ids: Collection[int]
) -> dict[int, tuple[Compound, Place | None]]:
    """The compound (and place in it) that each of these people named last; those who named none are left out."""
    statement = (
        select(Residency.person_id, Compound, Place)
        .select_from(Residency)
        .join(Compound, col(Compound.compound_id) == Residency.compound_id)
        .outerjoin(
            Place,
            (col(Place.compound_id) == Residency.compound_id) & (col(Place.code) == Residency.place_code),
        )
        .where(col(Residency.person_id).in_(person_ids))
        .order_by(col(Residency.bound_at).desc(), col(Residency.compound_id))
        .execution_options(autoflush=False)  # residencies are written at once
    )
    homes: dict[int, tuple[Compound, Place | None]] = {}
    for person_id, compound, place in await session.exec(statement):
        homes.setdefault(person_id, (compound, place))
    return homes


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


async def list_persons_by_phone(session: AsyncSession, phone_lookup: bytes) -> list[Person]:
    """Who has this phone, by its keyed hash; an office's number may be several people's."""
    statement = select(Person).where(Person.phone_lookup == phone_lookup).order_by(col(Person.person_id))
    return list((await session.exec(statement)).all())


async def put_role(
    session: AsyncSession,
    person_id: int,
    role: Role,
    scope_code: str,
    title: str,
    public: bool,
    source: RoleSource,
    now: datetime,
) -> None:
    """Grant a role on a node, or renew its title; what another source gave stays as it is."""
    values = {
        "person_id": person_id,
        "role": role,
        "scope_code": scope_code,
        "title": title,
        "public": public,
        "source": source,
        "granted_at": now,
    }
    await session.exec(
        insert_for(session, RoleGrant)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["person_id", "role", "scope_code", "source"],
            set_={"title": title, "public": public, "ended_at": None},
        )
    )


async def end_imported_roles(
    session: AsyncSession, scope_code: str, keep: set[tuple[int, Role]], now: datetime
) -> None:
    """End the roles on a node that an import gave and that are not in `keep` (person_id, role)."""
    statement = select(RoleGrant).where(
        RoleGrant.scope_code == scope_code,
        RoleGrant.source == RoleSource.IMPORT,
        col(RoleGrant.ended_at).is_(None),
    )
    for grant in (await session.exec(statement)).all():
        if (grant.person_id, grant.role) not in keep:
            grant.ended_at = now


async def put_refusal(
    session: AsyncSession, person_id: int, union_id: str, refused_at: datetime | None
) -> None:
    """Note on all identities of a human being whether they want to be heard in groups; None when they do.

    union_id: finds identities that were not joined to the person yet; empty for none.
    """
    of_person = col(ChannelIdentity.person_id) == person_id
    if union_id:
        of_person = or_(of_person, col(ChannelIdentity.union_id) == union_id)
    await session.exec(
        update(ChannelIdentity)
        .where(of_person)
        .values(refused_at=refused_at)
        .execution_options(synchronize_session="fetch")
    )


def _unasked(accounts: Collection[str], now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (col(ChannelIdentity.account).in_(accounts), col(ChannelIdentity.ask_union_at) <= now)


async def has_unasked_followers(session: AsyncSession, accounts: Collection[str], now: datetime) -> bool:
    """Whether there is anybody on these accounts whose union id should be asked for."""
    statement = select(ChannelIdentity.identity_id).where(*_unasked(accounts, now)).limit(1)
    return (await session.exec(statement)).first() is not None


async def take_unasked_followers(
    session: AsyncSession, accounts: Collection[str], now: datetime, ask_again_at: datetime, limit: int
) -> list[tuple[str, str]]:
    """Those (account, external id) whose union id it is time to ask for, the latest first.

    Nobody asks for them again before `ask_again_at`.
    """
    statement = (
        select(ChannelIdentity)
        .where(*_unasked(accounts, now))
        .order_by(col(ChannelIdentity.ask_union_at).desc(), col(ChannelIdentity.identity_id).desc())
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    identities = (await session.exec(statement)).all()
    for identity in identities:
        identity.ask_union_at = ask_again_at
    return [(identity.account, identity.external_id) for identity in identities]


async def put_union_id(
    session: AsyncSession, account: str, external_id: str, union_id: str, ask_union_at: datetime | None
) -> None:
    """Note somebody's union id, empty for none, and when to ask again; nothing happens for who was forgotten."""
    await session.exec(
        update(ChannelIdentity)
        .where(col(ChannelIdentity.account) == account, col(ChannelIdentity.external_id) == external_id)
        .values(union_id=union_id, ask_union_at=ask_union_at)
    )


async def lock_identities_of_union(session: AsyncSession, union_id: str) -> list[ChannelIdentity]:
    """All identities with this union id, the one known longest first; nobody else works on them meanwhile."""
    statement = (
        select(ChannelIdentity)
        .where(ChannelIdentity.union_id == union_id)
        .order_by(col(ChannelIdentity.identity_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await session.exec(statement)).all())


async def follows_one_of(session: AsyncSession, person_id: int, accounts: Collection[str]) -> bool:
    """Whether a person follows one of these accounts and wants to be written to there."""
    statement = (
        select(ChannelIdentity.identity_id)
        .where(
            ChannelIdentity.person_id == person_id,
            col(ChannelIdentity.account).in_(accounts),
            ChannelIdentity.following,
            col(ChannelIdentity.opted_out_at).is_(None),
        )
        .limit(1)
    )
    return (await session.exec(statement)).first() is not None


async def list_grants_of(session: AsyncSession, person_id: int) -> list[RoleGrant]:
    """The roles a person holds now, in the order they were granted."""
    statement = (
        select(RoleGrant)
        .where(RoleGrant.person_id == person_id, col(RoleGrant.ended_at).is_(None))
        .order_by(col(RoleGrant.grant_id))
    )
    return list((await session.exec(statement)).all())


async def list_people_in_office(
    session: AsyncSession, scope_codes: Collection[str], roles: Collection[Role]
) -> list[tuple[RoleGrant, Person]]:
    """Who holds one of these roles on one of these nodes now, in the order they were granted."""
    statement = (
        select(RoleGrant, Person)
        .join(Person, col(Person.person_id) == RoleGrant.person_id)
        .where(
            col(RoleGrant.scope_code).in_(scope_codes),
            col(RoleGrant.role).in_(roles),
            col(RoleGrant.ended_at).is_(None),
        )
        .order_by(col(RoleGrant.grant_id))
    )
    return list((await session.exec(statement)).all())


async def list_people_in_office_inside(
    session: AsyncSession, compound_code: str, roles: Collection[Role]
) -> list[tuple[RoleGrant, Person]]:
    """Who holds one of these roles on a place of a compound now, by place."""
    inside = f"{compound_code}/"
    statement = (
        select(RoleGrant, Person)
        .join(Person, col(Person.person_id) == RoleGrant.person_id)
        .where(
            func.substr(RoleGrant.scope_code, 1, len(inside)) == inside,
            col(RoleGrant.role).in_(roles),
            col(RoleGrant.ended_at).is_(None),
        )
        .order_by(col(RoleGrant.scope_code), col(RoleGrant.grant_id))
    )
    return list((await session.exec(statement)).all())


async def forget_person(session: AsyncSession, person_id: int) -> None:
    """Take away everything that says who a person is."""
    await session.exec(
        update(Person)
        .where(col(Person.person_id) == person_id)
        .values(name_sealed=None, phone_sealed=None, phone_lookup=None)
    )
    await session.exec(update(GridCell).where(col(GridCell.worker_id) == person_id).values(worker_id=None))
    for table in (Residency, RoleGrant, ChannelIdentity):
        for row in (await session.exec(select(table).where(table.person_id == person_id))).all():
            await session.delete(row)
