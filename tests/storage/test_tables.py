"""Invariants of the schema: whose every row is, and what may stand in it in clear."""

from pathlib import Path

from sqlalchemy import UniqueConstraint

from handlers.people.enrol import CompoundEntry, ContactEntry, enrol_compound
from storage.database import Database
from storage.migrate import upgrade
from storage.sealing import Sealer
from storage.states import Role
from storage.tables import metadata
from tests.storage.rows import NOW

# Without a tenant, each for a reason: keyed by channel account, by person, or above all compounds.
PLATFORM_TABLES = {
    "inbox",  # keyed by channel account: who a sender is and where they live is known only after it was read
    "outbox",
    "send_windows",
    "claims",
    "erasures",
    "persons",  # a person may live in two compounds
    "channel_identities",
    "role_grants",  # on any node of the tree
    "regions",
    "compounds",  # the tenants themselves
    "chat_groups",  # found by what the platform calls them, before the tenant is known
    "group_members",
    "archive_cursors",  # keyed by channel account
    "archive_tombstones",
    "staff_accounts",  # of persons
    "web_sessions",
    "one_time_links",
    "tag_models",  # one second stage for the installation
    "replays",  # over all compounds
    "community_warnings",  # of a community, over its compounds
}


def test_every_table_is_a_tenants_or_listed_here() -> None:
    tenants = {table.name for table in metadata.sorted_tables if "compound_id" in table.columns}
    assert {table.name for table in metadata.sorted_tables} == tenants | PLATFORM_TABLES
    assert tenants & PLATFORM_TABLES == {"compounds", "chat_groups"}


def test_compound_id_comes_first_in_every_key_of_a_tenant_table() -> None:
    for table in metadata.sorted_tables:
        if table.name in PLATFORM_TABLES:
            continue
        assert next(iter(table.primary_key.columns)).name == "compound_id", table.name
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint):
                assert next(iter(constraint.columns)).name == "compound_id", (table.name, constraint.name)
        for index in table.indexes:
            if index.unique:
                assert next(iter(index.columns)).name == "compound_id", (table.name, index.name)


async def test_names_and_phones_are_nowhere_in_clear_in_the_file(tmp_path: Path, sealer: Sealer) -> None:
    database = Database(f"sqlite:///{tmp_path}/yishi.db")
    await upgrade(database)
    contacts = (
        ContactEntry(Role.COMMITTEE, "业委会主任", "欧阳秋实", "13912340001", public=True),
        ContactEntry(Role.PROPERTY, "项目经理", "司马春野", "020-81234567", public=False),
    )
    entry = CompoundEntry("XH-1", "新禾苑", (), (), contacts)
    async with database.write() as session:
        await enrol_compound(session, sealer, entry, NOW)
    await database.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("yishi.db*"))
    assert "新禾苑".encode() in stored
    assert "业委会主任".encode() in stored
    for contact in contacts:
        for secret in (contact.name, contact.phone):
            for encoding in ("utf-8", "utf-16-le", "gb18030"):
                assert secret.encode(encoding) not in stored
