"""Rules of signing in, and accounts as an operator gives and takes them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from handlers.access import Grant, load_viewer
from handlers.people.enrol import ContactEntry
from handlers.people.passwords import NOBODY, fresh_password, hash_password, is_password
from handlers.people.sign_in import (
    FREE_FAILURES,
    IDLE,
    LONGEST,
    LONGEST_LOCK,
    Refused,
    is_live,
    lock_length,
    sign_in_member,
    sign_in_staff,
    spelled_username,
)
from handlers.people.staff import StaffEntry, StaffError, disable_staff, put_staff
from storage.queries.people import find_identity, list_public_contacts
from storage.states import Role, RoleSource, SessionKind
from storage.tables import Person, RoleGrant, StaffAccount, WebSession
from tests.handlers.talk import CONTACTS, NOW, Talk, compound

LONG = timedelta(days=400)


@given(st.integers(0, 10_000))
def test_locks_begin_with_the_fifth_failure_grow_and_end(failures: int) -> None:
    length = lock_length(failures)
    assert (length > timedelta()) == (failures > FREE_FAILURES)
    assert length <= lock_length(failures + 1) <= LONGEST_LOCK


def test_the_first_locks_by_their_length() -> None:
    assert [lock_length(failures) / timedelta(minutes=15) for failures in range(4, 9)] == [0, 1, 2, 4, 8]


@given(
    st.sampled_from(SessionKind),
    st.timedeltas(timedelta(), LONG),
    st.timedeltas(timedelta(), LONG),
    st.booleans(),
)
def test_a_session_lives_no_longer_than_either_limit(
    kind: SessionKind, seen_after: timedelta, asked_after: timedelta, revoked: bool
) -> None:
    created = datetime(2026, 1, 1, tzinfo=UTC)
    seen = created + min(seen_after, LONGEST[kind])
    row = WebSession(
        token_hash=b"",
        kind=kind,
        person_id=1,
        created_at=created,
        seen_at=seen,
        expires_at=created + LONGEST[kind],
        revoked_at=created if revoked else None,
    )
    now = seen + asked_after
    expected = not revoked and now - seen < IDLE[kind] and now - created < LONGEST[kind]
    assert is_live(row, now) == expected


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("Chen.Wei", "chen.wei"),
        (" ＣＨＥＮ ", "chen"),
        ("陈书记", "陈书记"),
        ("wei@corp", "wei@corp"),
        ("a", ""),
        ("a b", ""),
        ("a\0b", ""),
        ("a" * 41, ""),
        ("STRASSE", "strasse"),
    ],
)
def test_usernames_as_they_are_kept(typed: str, spelled: str) -> None:
    assert spelled_username(typed) == spelled
    assert spelled_username(spelled) == spelled


def test_a_password_is_known_by_its_hash_alone() -> None:
    password_hash = hash_password("Zoë 的四个词语")
    assert password_hash.startswith("$argon2id$")
    assert password_hash != hash_password("Zoë 的四个词语")
    assert is_password(password_hash, "Zoe\u0308 的四个词语")  # typed on another keyboard
    assert not is_password(password_hash, "zoë 的四个词语")


@pytest.mark.parametrize(
    "password_hash",
    ["", NOBODY, "not a hash", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"],
    ids=["none", "nobody", "text", "weak"],
)
def test_no_password_fits_what_is_no_password(password_hash: str) -> None:
    for password in ("", "x", password_hash):
        assert not is_password(password_hash, password)


def test_made_up_passwords_differ_and_can_be_read_out() -> None:
    made = {fresh_password() for _ in range(200)}
    assert len(made) == 200
    assert not set("".join(made)) & set("iIlLoO01")


ENTRY = StaffEntry("Chen", "陈为民", "13912340009", Role.SECRETARY, "XH-1", "书记", ("corp", "ChenWei"))


async def put(
    talk: Talk, entry: StaffEntry = ENTRY, password_hash: str = "h1", *, replace: bool = False
) -> bool:
    async with talk.database.write() as session:
        return await put_staff(session, talk.services.sealer, entry, password_hash, talk.now, replace=replace)


async def test_a_new_member_of_staff_may_sign_in(talk: Talk) -> None:
    assert await put(talk)
    (account,) = await talk.rows(StaffAccount)
    assert (account.username, account.password_hash) == ("chen", "h1")
    async with talk.database.write() as session:
        viewer = await load_viewer(session, account.person_id)
        assert viewer.grants == (Grant(Role.SECRETARY, "XH-1"),)
        person = await session.get_one(Person, account.person_id)
        assert person.name_sealed is not None
        assert talk.services.sealer.open(person.name_sealed, "persons.name").decode() == "陈为民"
        assert await sign_in_staff(session, talk.services.sealer, account.person_id, "password", talk.now)
        assert await sign_in_member(session, talk.services.sealer, "corp", "ChenWei", "s1", talk.now)


async def test_the_same_phone_is_the_same_person_with_one_more_role(talk: Talk) -> None:
    await put(talk)
    second = StaffEntry("chen", "陈为民", "13912340009", Role.DUTY, "440199", "值班")
    assert not await put(talk, second, "h2")
    (account,) = await talk.rows(StaffAccount)
    assert account.password_hash == "h1"
    async with talk.database.read() as session:
        viewer = await load_viewer(session, account.person_id)
    assert {grant.role for grant in viewer.grants} == {Role.SECRETARY, Role.DUTY}


async def test_an_import_ends_only_what_an_import_gave(talk: Talk) -> None:
    both = ContactEntry(Role.SECRETARY, "小区书记", "陈为民", "13912340009", public=True)
    await put(talk)  # secretary, by the staff command
    with_both = replace(compound(), contacts=(*CONTACTS, both))
    without = replace(compound(), contacts=())
    person_id = (await talk.rows(StaffAccount))[0].person_id
    for entry, roles, public in ((with_both, {Role.SECRETARY}, 2), (without, {Role.SECRETARY}, 0)):
        await talk.enrol(entry)
        async with talk.database.read() as session:
            assert {grant.role for grant in (await load_viewer(session, person_id)).grants} == roles
            assert len(await list_public_contacts(session, ["XH-1"])) == public
    (kept,) = [grant for grant in await talk.rows(RoleGrant) if grant.ended_at is None]
    assert (kept.person_id, kept.source, kept.title) == (person_id, RoleSource.STAFF, "书记")


async def test_the_staff_command_does_not_hide_a_public_contact(talk: Talk) -> None:
    name, phone = CONTACTS[0].name, CONTACTS[0].phone
    await put(talk, StaffEntry("ouyang", name, phone, Role.COMMITTEE, "XH-1", "主任"))
    async with talk.database.read() as session:
        ((grant, _person),) = await list_public_contacts(session, ["XH-1"])
        assert grant.title == "业委会主任"
        viewer = await load_viewer(session, grant.person_id)
    assert viewer.grants == (Grant(Role.COMMITTEE, "XH-1"),)  # given twice, held once


async def test_a_disabled_member_of_staff_loses_what_both_gave(talk: Talk) -> None:
    name, phone = CONTACTS[1].name, CONTACTS[1].phone
    await put(talk, StaffEntry("sima", name, phone, Role.PROPERTY, "XH-1"))
    async with talk.database.write() as session:
        assert await disable_staff(session, "sima", talk.now) == 2


async def test_a_new_password_signs_browsers_out(talk: Talk) -> None:
    await put(talk)
    (account,) = await talk.rows(StaffAccount)
    async with talk.database.write() as session:
        await sign_in_staff(session, talk.services.sealer, account.person_id, "password", talk.now)
    await put(talk, ENTRY, "h2", replace=True)
    (account,) = await talk.rows(StaffAccount)
    assert account.password_hash == "h2"
    assert [row.revoked_at for row in await talk.rows(WebSession)] == [talk.now]


async def test_whoever_wrote_in_the_corp_before_keeps_their_identity(talk: Talk) -> None:
    await talk.hear("ChenWei", "您好", account="corp")
    async with talk.database.read() as session:
        before = await find_identity(session, "corp", "ChenWei")
    assert before is not None
    await put(talk)
    (account,) = await talk.rows(StaffAccount)
    async with talk.database.read() as session:
        after = await find_identity(session, "corp", "ChenWei")
    assert after is not None
    assert (after.identity_id, after.person_id) == (before.identity_id, account.person_id)


async def test_a_disabled_account_has_neither_roles_nor_ways_in(talk: Talk) -> None:
    await put(talk)
    (account,) = await talk.rows(StaffAccount)
    async with talk.database.write() as session:
        assert await disable_staff(session, "CHEN", talk.now) == 1
    async with talk.database.write() as session:
        assert (await load_viewer(session, account.person_id)).grants == ()
        for how in ("password", "link"):
            with pytest.raises(Refused):
                await sign_in_staff(session, talk.services.sealer, account.person_id, how, talk.now)
    async with talk.database.write() as session:
        with pytest.raises(Refused):
            await sign_in_member(session, talk.services.sealer, "corp", "ChenWei", "s1", talk.now)
    assert await put(talk, ENTRY, "h2")  # back again, with a new password
    assert [(row.disabled_at, row.password_hash) for row in await talk.rows(StaffAccount)] == [(None, "h2")]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (StaffEntry("c", "陈", "13912340009", Role.DUTY, "XH-1"), "username"),
        (StaffEntry("chen", "陈", "13912340009", Role.DUTY, "XH-2"), "no region, compound or place XH-2"),
        (StaffEntry("chen", "陈", "13912340009", Role.DUTY, "XH-1/99"), "no region, compound or place"),
        (StaffEntry("CHEN", "李", "13912340077", Role.DUTY, "XH-1"), "somebody else"),
    ],
)
async def test_what_cannot_be_is_said_and_changes_nothing(talk: Talk, entry: StaffEntry, why: str) -> None:
    await put(talk)
    people = len(await talk.rows(Person))
    with pytest.raises(StaffError, match=why):
        await put(talk, entry)
    assert len(await talk.rows(Person)) == people


@pytest.mark.parametrize("scope", ["440199", "440199001", "XH-1", "XH-1/3-2"])
async def test_roles_can_be_held_on_every_level(talk: Talk, scope: str) -> None:
    assert await put(talk, StaffEntry("li", "李", "13912340077", Role.GRID_WORKER, scope))


async def test_a_wrong_state_of_nobody_stays_unused(talk: Talk) -> None:
    await put(talk)
    for _ in range(2):
        with pytest.raises(Refused):
            async with talk.database.write() as session:
                await sign_in_member(session, talk.services.sealer, "corp", "Nobody", "s1", NOW)
    async with talk.database.write() as session:
        assert await sign_in_member(session, talk.services.sealer, "corp", "ChenWei", "s1", NOW)
    with pytest.raises(Refused):
        async with talk.database.write() as session:
            await sign_in_member(session, talk.services.sealer, "corp", "ChenWei", "s1", NOW)
    async with talk.database.read() as session:
        assert len((await session.exec(select(WebSession))).all()) == 1
