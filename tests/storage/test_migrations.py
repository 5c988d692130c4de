"""The schema goes up and down on both databases, and says what the code says."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Date, DateTime, bindparam, inspect, text
from sqlalchemy.exc import DBAPIError

from storage import migrate
from storage.database import Database, DatabaseError
from storage.tables import metadata


async def _tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def _up_down_up(database: Database) -> None:
    await migrate.upgrade(database)
    assert await migrate.current(database) == migrate.head()
    await migrate.downgrade(database, "base")
    assert await _tables(database) <= {"alembic_version"}
    await migrate.upgrade(database)
    async with database.engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    await database.close()
    assert differences == []


async def test_sqlite_goes_up_down_and_up_and_matches_the_tables(tmp_path: Path) -> None:
    await _up_down_up(Database(f"sqlite:///{tmp_path}/a.db"))


async def test_postgresql_goes_up_down_and_up_and_matches_the_tables(empty_postgres: str) -> None:
    await _up_down_up(Database(empty_postgres))


async def _upgrade_old_roles(database: Database) -> None:
    """Three people with a role each as 0002 kept it: from a file, from the staff command, from both."""
    await migrate.upgrade(database, "0002")
    async with database.write() as session:
        connection = await session.connection()
        for person, public in ((1, True), (2, False), (3, True)):
            await connection.execute(
                text(
                    "INSERT INTO persons (person_id, created_at) VALUES (:person, '2026-01-01 00:00:00+00')"
                ),
                {"person": person},
            )
            await connection.execute(
                text(
                    "INSERT INTO role_grants (person_id, role, scope_code, title, public, granted_at) "
                    "VALUES (:person, 'secretary', 'XH-1', '', :public, '2026-01-01 00:00:00+00')"
                ),
                {"person": person, "public": public},
            )
        for person, verb in ((2, "staff.added"), (3, "staff.changed")):
            await connection.execute(
                text(
                    "INSERT INTO audit_events (compound_id, event_id, at, verb, subject, details) "
                    "VALUES (0, :verb, '2026-01-01 00:00:00+00', :verb, :subject, :details)"
                ),
                {
                    "verb": verb,
                    "subject": f"person:{person}",
                    "details": '{"role": "secretary", "scope": "XH-1"}',
                },
            )
    await migrate.upgrade(database, "0003")
    roles = "SELECT person_id, source, public FROM role_grants ORDER BY person_id, source"
    async with database.engine.connect() as connection:
        rows = [(*map(str, row[:2]), bool(row[2])) for row in await connection.execute(text(roles))]
    assert rows == [
        ("1", "import", True),
        ("2", "staff", False),
        ("3", "import", True),
        ("3", "staff", False),
    ]
    async with database.write() as session:  # the file drops 3, the staff command still gives the role
        await (await session.connection()).execute(
            text(
                "UPDATE role_grants SET ended_at = '2026-02-01 00:00:00+00' WHERE person_id = 3 AND source = 'import'"
            )
        )
    await migrate.downgrade(database, "0002")
    async with database.engine.connect() as connection:
        left = await connection.execute(
            text("SELECT person_id FROM role_grants WHERE ended_at IS NULL ORDER BY person_id")
        )
        assert [row[0] for row in left] == [1, 2, 3]
        assert (await connection.execute(text("SELECT count(*) FROM role_grants"))).scalar_one() == 3
    await database.close()


async def test_roles_of_an_older_sqlite_database_learn_what_gave_them(tmp_path: Path) -> None:
    await _upgrade_old_roles(Database(f"sqlite:///{tmp_path}/a.db"))


async def test_roles_of_an_older_postgresql_database_learn_what_gave_them(empty_postgres: str) -> None:
    await _upgrade_old_roles(Database(empty_postgres))


async def test_a_role_comes_from_a_known_source_only(database: Database) -> None:
    insert = (
        "INSERT INTO role_grants (person_id, role, scope_code, title, public, source, granted_at) "
        "VALUES (1, 'duty', 'XH-1', '', FALSE, '{source}', '2026-01-01 00:00:00+00')"
    )
    async with database.write() as session:
        connection = await session.connection()
        await connection.execute(
            text("INSERT INTO persons (person_id, created_at) VALUES (1, '2026-01-01 00:00:00+00')")
        )
        for source in ("import", "staff"):  # beside each other
            await connection.execute(text(insert.format(source=source)))
    with pytest.raises(DBAPIError, match="source"):
        async with database.write() as session:
            await (await session.connection()).execute(text(insert.format(source="rumour")))


async def _followers_are_asked_for(database: Database) -> None:
    await migrate.upgrade(database, "0002")
    insert = text(
        "INSERT INTO channel_identities (account, external_id, person_id, first_seen_at, following, union_id) "
        "VALUES ('main', :who, 1, '2026-01-01 00:00:00+00', :following, :union_id)"
    )
    async with database.write() as session:
        connection = await session.connection()
        await connection.execute(
            text("INSERT INTO persons (person_id, created_at) VALUES (1, '2026-01-01 00:00:00+00')")
        )
        for who, following, union_id in (("old", True, ""), ("left", False, ""), ("known", True, "u")):
            await connection.execute(insert, {"who": who, "following": following, "union_id": union_id})
    await migrate.upgrade(database)
    async with database.read() as session:
        found = await (await session.connection()).execute(
            text("SELECT external_id FROM channel_identities WHERE ask_union_at IS NOT NULL")
        )
    await database.close()
    assert found.scalars().all() == ["old"]


async def test_followers_from_before_are_asked_for_on_sqlite(tmp_path: Path) -> None:
    await _followers_are_asked_for(Database(f"sqlite:///{tmp_path}/a.db"))


async def test_followers_from_before_are_asked_for_on_postgresql(empty_postgres: str) -> None:
    await _followers_are_asked_for(Database(empty_postgres))


async def _statements_learn_whose_they_are(database: Database) -> None:
    """One compound with a change of company on 11 February, another without contracts."""
    await migrate.upgrade(database, "0031")
    company = text("INSERT INTO property_contracts VALUES (1, :since, :company, :until)").bindparams(
        bindparam("since", type_=Date), bindparam("until", type_=Date)
    )
    statement = text(
        "INSERT INTO property_statements (compound_id, quarter, words, written_at) "
        "VALUES (:compound, :quarter, :words, :at)"
    ).bindparams(bindparam("at", type_=DateTime(timezone=True)))
    newer = text(
        "INSERT INTO property_statements (compound_id, quarter, company, words, written_at) "
        "VALUES (1, '2026Q1', '新家', :words, :at)"
    ).bindparams(bindparam("at", type_=DateTime(timezone=True)))
    rows = text("SELECT compound_id, quarter, company, words FROM property_statements ORDER BY 1, 2, 3")
    change = datetime(2026, 2, 10, 16, 0, tzinfo=UTC)  # midnight there
    async with database.write() as session:
        connection = await session.connection()
        for number in (1, 2):
            await connection.execute(
                text("INSERT INTO compounds (compound_id, code, name) VALUES (:id, :code, :code)"),
                {"id": number, "code": f"XH-{number}"},
            )
        for since, until, name in (
            (date(2025, 1, 1), date(2026, 2, 10), "旧家"),
            (date(2026, 2, 11), None, "新家"),
        ):
            await connection.execute(company, {"since": since, "until": until, "company": name})
        for compound, quarter, words, at in (
            (1, "2025Q4", "配件晚到", change),
            (1, "2026Q1", "等配件", change - timedelta(seconds=1)),
            (2, "2026Q1", "没有合同", change),
        ):
            await connection.execute(
                statement, {"compound": compound, "quarter": quarter, "words": words, "at": at}
            )
    await migrate.upgrade(database, "0032")
    async with database.write() as session:
        connection = await session.connection()
        assert [tuple(row) for row in await connection.execute(rows)] == [
            (1, "2025Q4", "新家", "配件晚到"),
            (1, "2026Q1", "旧家", "等配件"),
            (2, "2026Q1", "", "没有合同"),
        ]
        await connection.execute(newer, {"words": "刚接手", "at": change})
    await migrate.downgrade(database, "0031")
    async with database.read() as session:
        left = await (await session.connection()).execute(
            text("SELECT compound_id, quarter, words FROM property_statements ORDER BY 1, 2")
        )
        assert [tuple(row) for row in left] == [
            (1, "2025Q4", "配件晚到"),
            (1, "2026Q1", "刚接手"),
            (2, "2026Q1", "没有合同"),
        ]
    await database.close()


async def test_statements_of_an_older_sqlite_database_learn_whose_they_are(tmp_path: Path) -> None:
    await _statements_learn_whose_they_are(Database(f"sqlite:///{tmp_path}/a.db"))


async def test_statements_of_an_older_postgresql_database_learn_whose_they_are(empty_postgres: str) -> None:
    await _statements_learn_whose_they_are(Database(empty_postgres))


async def _surveys_go_on_as_they_were_told(database: Database) -> None:
    """A round that is over with two buildings, one with four answers, and one that is open, with a change of mind."""
    await migrate.upgrade(database, "0033")
    rounds = {
        1: ("closed", {"3": 6, "5": 6, "7": 2}),
        2: ("closed", {"3": 4}),
        3: ("open", {"3": 7}),
    }
    key = "compound_id, survey_number, round_number"
    async with database.write() as session:
        connection = await session.connection()

        async def run(statement: str, **values: object) -> None:
            await connection.execute(text(statement), values)

        await run("INSERT INTO persons (person_id, created_at) VALUES (1, '2026-01-01 00:00:00')")
        await run("INSERT INTO compounds (compound_id, code, name) VALUES (1, 'XH-1', 'XH-1')")
        await run(
            "INSERT INTO surveys (compound_id, survey_number, title, body, template, created_by, created_at) "
            "VALUES (1, 1001, '', '', 'plain', 1, '2026-01-01 00:00:00')"
        )
        for number, (state, buildings) in rounds.items():
            await run(
                f"INSERT INTO survey_rounds ({key}, phase, name, question, buildings, starts_on, ends_on, state, "
                "reminded_after) VALUES (1, 1001, :number, 'plan', '', '', '[]', '2026-01-01', '2026-01-09', "
                ":state, 0)",
                number=number,
                state=state,
            )
            for building, homes in buildings.items():
                for home in range(homes):
                    code = f"{building}-{home}"
                    await run(
                        f"INSERT INTO survey_units ({key}, unit_code, building, entrance, room, position) "
                        "VALUES (1, 1001, :number, :code, :building, '', '', 1)",
                        number=number,
                        code=code,
                        building=building,
                    )
                    changed = (number, home) == (3, 0)
                    for seq in (1, 2) if changed else (1,):
                        await run(
                            f"INSERT INTO survey_answers ({key}, unit_code, seq, choice, reasons, channel, "
                            "giver, answered_at, in_force) VALUES (1, 1001, :number, :code, :seq, 'agree', "
                            f"'[]', 'page', 'resident', '2026-01-0{seq} 00:00:0{home}', {not changed or seq == 2})",
                            number=number,
                            code=code,
                            seq=seq,
                        )
    await migrate.upgrade(database, "0034")
    async with database.read() as session:
        connection = await session.connection()

        async def read(statement: str) -> list[tuple[object, ...]]:
            return [tuple(row) for row in await connection.execute(text(statement))]

        assert await read(
            "SELECT round_number, told_steps, CAST(told_apart AS VARCHAR) FROM survey_rounds ORDER BY 1"
        ) == [(1, 0, '["5"]'), (2, 0, "[]"), (3, 1, "[]")]
        assert await read(
            "SELECT round_number, count(*) FROM survey_answers WHERE told GROUP BY 1 ORDER BY 1"
        ) == [(1, 14), (3, 5)]
        assert await read(
            "SELECT round_number, unit_code, seq FROM survey_answers WHERE waits ORDER BY 2"
        ) == [(3, "3-5", 1), (3, "3-6", 1)]
        assert await read(
            "SELECT seq, told FROM survey_answers WHERE round_number = 3 AND unit_code = '3-0' ORDER BY 1"
        ) == [(1, True), (2, False)]
        assert await read("SELECT unit_code FROM survey_units WHERE told_in = '1' ORDER BY 1") == [
            (f"3-{home}",) for home in range(5)
        ]
    await migrate.downgrade(database, "0033")
    await database.close()


async def test_surveys_of_an_older_sqlite_database_go_on_as_they_were_told(tmp_path: Path) -> None:
    await _surveys_go_on_as_they_were_told(Database(f"sqlite:///{tmp_path}/a.db"))


async def test_surveys_of_an_older_postgresql_database_go_on_as_they_were_told(empty_postgres: str) -> None:
    await _surveys_go_on_as_they_were_told(Database(empty_postgres))


async def test_start_creates_an_empty_database_but_never_migrates_an_old_one(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/a.db")
    await migrate.prepare(database)
    async with database.write() as session:
        await (await session.connection()).execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(DatabaseError, match="db upgrade"):
        await migrate.prepare(database)
    await database.close()


@pytest.mark.parametrize("statement", ["UPDATE audit_events SET verb = 'x'", "DELETE FROM audit_events"])
async def test_audit_log_refuses_changes(database: Database, statement: str) -> None:
    async with database.write() as session:
        await (await session.connection()).execute(
            text(
                "INSERT INTO audit_events (compound_id, event_id, at, verb, subject, details) "
                "VALUES (0, 'e', '2026-01-01 00:00:00+00', 'a.b', 's', '{}')"
            )
        )
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as session:
            await (await session.connection()).execute(text(statement))


async def test_commits_are_durable_by_configuration(database: Database) -> None:
    assert (
        "FULL" in await database.assert_durable()
        or "synchronous_commit=on" in await database.assert_durable()
    )
