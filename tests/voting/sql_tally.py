"""A second count of votes, in PostgreSQL, areas as NUMERIC square metres: written from the rules, not from the code.

It shares nothing with handlers/voting but the names of choices, so that a mistake would have to be made twice. Many
votes are counted at once, each with one question; they are in temporary tables, told apart by the number `v`.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import asyncpg

TABLES = """
CREATE TEMP TABLE vote (
    v int PRIMARY KEY, old_law bool, item int, options text[], seats int, scope text[], parking bool,
    spoiled_takes_part bool, blank_is_spoiled bool, revote text, paper_first bool, proxy_cap int, deemed bool,
    rank text, opens_at timestamptz, closes_at timestamptz);
CREATE TEMP TABLE unit (
    v int, unit_id text, owner text, kind text, area numeric, building text, co_owned bool, minor bool,
    delivered bool, representative text, PRIMARY KEY (v, unit_id));
CREATE TEMP TABLE ballot (
    v int, place int, unit_id text, channel text, choices text[], cast_at timestamptz, recorded_at timestamptz,
    seq int, voter text, proxy text, PRIMARY KEY (v, place));
CREATE TEMP TABLE ruling (v int, person text, choices text[], PRIMARY KEY (v, person));
-- What judging finds. fate: taken (in its slot), replaced (changed by its voter), case, or why it was refused.
CREATE TEMP TABLE judged (v int, place int, unit_id text, person text, proxy text, fate text, nth serial,
    PRIMARY KEY (v, place));
CREATE INDEX ON judged (v, unit_id);
CREATE INDEX ON judged (v, proxy);
-- All that the developer still holds is one person's (司法解释 art. 9).
CREATE TEMP VIEW named AS SELECT unit.*,
    CASE WHEN kind IN ('developer_unsold', 'sold_undelivered') THEN 'DEVELOPER' ELSE owner END AS person FROM unit;
CREATE TEMP VIEW in_scope AS SELECT named.* FROM named JOIN vote USING (v)
    WHERE (kind <> 'parking' OR parking) AND (scope = '{}' OR building = ANY(scope));
"""

# One ballot after the other, in the order of arrival; each is asked the same questions in the same order.
JUDGE = """
CREATE FUNCTION pg_temp.judge() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    b record; held record; why text; changed int;
BEGIN
    FOR b IN
        SELECT ballot.*, u.unit_id IS NOT NULL AS known, u.person, u.owner, u.co_owned, u.minor, u.representative,
            vote.opens_at, vote.closes_at, vote.proxy_cap, vote.revote, vote.paper_first
        FROM ballot JOIN vote USING (v) LEFT JOIN in_scope u USING (v, unit_id)
        ORDER BY v, coalesce(recorded_at, cast_at) NULLS FIRST, seq NULLS FIRST, place
    LOOP
        why := CASE
            WHEN NOT b.known THEN 'unknown_unit'
            WHEN b.cast_at < b.opens_at THEN 'early'
            WHEN b.cast_at > b.closes_at THEN 'late'
            WHEN b.voter <> b.representative THEN 'not_representative'
            WHEN b.minor AND b.voter = b.owner THEN 'minor_needs_guardian'
            WHEN b.proxy IS NOT NULL AND b.proxy_cap IS NOT NULL AND b.proxy_cap < (
                SELECT count(DISTINCT person) FROM (
                    SELECT person FROM judged
                    WHERE v = b.v AND proxy = b.proxy AND fate IN ('taken', 'replaced', 'case')
                    UNION ALL SELECT b.person) AS mandates)
            THEN 'proxy_cap' END;
        IF why IS NULL THEN
            SELECT j.place, j.fate, t.channel, t.voter INTO held
            FROM judged j JOIN ballot t USING (v, place)
            WHERE j.v = b.v AND j.unit_id = b.unit_id AND j.fate IN ('taken', 'case') LIMIT 1;
            IF NOT FOUND THEN
                why := 'taken';
            ELSIF held.fate = 'case' THEN
                why := 'case';
            ELSIF b.co_owned AND b.representative IS NULL AND held.voter <> b.voter THEN
                why := 'case';
                UPDATE judged SET fate = 'case' WHERE v = b.v AND place = held.place;
            ELSIF held.channel <> b.channel THEN
                IF b.paper_first AND held.channel = 'online' AND b.channel = 'paper' THEN
                    why := 'taken';
                    UPDATE judged SET fate = 'duplicate_other_channel' WHERE v = b.v AND place = held.place;
                ELSE
                    why := 'duplicate_other_channel';
                END IF;
            ELSE
                SELECT count(*) INTO changed FROM judged
                WHERE v = b.v AND unit_id = b.unit_id AND fate = 'replaced';
                IF b.revote = 'last' OR (b.revote = 'once' AND changed = 0) THEN
                    why := 'taken';
                    UPDATE judged SET fate = 'replaced' WHERE v = b.v AND place = held.place;
                ELSE
                    why := 'revote_refused';
                END IF;
            END IF;
        END IF;
        INSERT INTO judged (v, place, unit_id, person, proxy, fate)
        VALUES (b.v, b.place, b.unit_id, b.person, b.proxy, why);
    END LOOP;
END $$;
"""

COUNT = """
-- Each paper that is heard, with what it says when blanks and what cannot be read are settled.
CREATE TEMP TABLE heard AS
    SELECT v, unit_id, person, building, channel, area, fate, nth, CASE
        WHEN choices IN ('{}', '{blank}') AND blank_is_spoiled THEN '{spoiled}'
        WHEN choices IN ('{}', '{blank}') THEN '{abstain}'
        WHEN seats IS NULL OR choices <@ '{abstain,spoiled,follow}' THEN choices
        WHEN cardinality(choices) > seats OR NOT choices <@ options THEN '{spoiled}'
        ELSE choices END AS says
    FROM judged JOIN ballot USING (v, place, unit_id) JOIN in_scope USING (v, unit_id, person) JOIN vote USING (v)
    WHERE fate IN ('taken', 'case');
ANALYZE heard;
CREATE TEMP TABLE disputed AS
    SELECT v, person, bool_or(fate = 'case') AS by_co_owners FROM heard GROUP BY v, person
    HAVING bool_or(fate = 'case') OR count(DISTINCT says) FILTER (WHERE says <> '{spoiled}') > 1;
ANALYZE disputed;
CREATE TEMP VIEW open_case AS SELECT disputed.* FROM disputed LEFT JOIN ruling USING (v, person)
    WHERE ruling.v IS NULL;
CREATE TEMP VIEW silent AS SELECT in_scope.* FROM in_scope JOIN vote USING (v)
    WHERE vote.deemed AND delivered
    AND NOT EXISTS (SELECT FROM ballot JOIN named n USING (v, unit_id)
        WHERE ballot.v = in_scope.v AND n.person = in_scope.person);

-- What each unit adds: undisputed, as ruled, or deemed.
CREATE TEMP TABLE part AS
    WITH every AS (
        SELECT v, unit_id, person, building, channel, area, says FROM heard LEFT JOIN disputed USING (v, person)
        WHERE disputed.v IS NULL
        UNION ALL
        (SELECT DISTINCT ON (v, unit_id) v, unit_id, person, building, channel, area, ruling.choices
        FROM heard JOIN disputed USING (v, person) JOIN ruling USING (v, person) WHERE ruling.choices IS NOT NULL
        ORDER BY v, unit_id, nth DESC)
        UNION ALL
        SELECT v, unit_id, person, building, 'deemed_follow', area, '{deemed_follow}' FROM silent)
    SELECT every.* FROM every JOIN vote USING (v) WHERE says <> '{spoiled}' OR spoiled_takes_part;

-- For the whole vote, each building and each channel: who takes part, and what each choice gets. Somebody with a
-- readable paper is not counted by a spoiled one; the area of either takes part.
CREATE TEMP VIEW grouped AS SELECT part.*, kind, name,
    bool_or(says <> '{spoiled}') OVER (PARTITION BY v, kind, name, person) AS readable
    FROM part, LATERAL (VALUES ('all', ''), ('building', building), ('channel', channel)) AS g (kind, name);
CREATE TEMP TABLE takes_part AS SELECT v, kind, name, count(DISTINCT person) AS n, sum(area) AS a
    FROM grouped GROUP BY v, kind, name;
CREATE TEMP TABLE got AS SELECT v, kind, name, choice,
    count(DISTINCT person) FILTER (WHERE choice <> 'spoiled' OR NOT readable) AS n, sum(area) AS a
    FROM grouped, unnest(says) AS choice GROUP BY v, kind, name, choice;

-- Those who follow go where persons and area lead alike, else they abstain.
CREATE TEMP VIEW expressed AS SELECT * FROM got
    WHERE kind = 'all' AND choice NOT IN ('abstain', 'spoiled', 'follow', 'deemed_follow');
CREATE TEMP VIEW leader AS SELECT e.v, e.choice FROM expressed e JOIN vote USING (v) WHERE seats IS NULL
    AND NOT EXISTS (SELECT FROM expressed o
        WHERE o.v = e.v AND o.choice <> e.choice AND (o.n >= e.n OR o.a >= e.a));
CREATE TEMP TABLE settled AS
    SELECT got.v, CASE WHEN got.choice IN ('follow', 'deemed_follow') THEN coalesce(leader.choice, 'abstain')
        ELSE got.choice END AS choice, sum(n) AS n, sum(a) AS a
    FROM got LEFT JOIN leader USING (v) WHERE kind = 'all' GROUP BY 1, 2;

CREATE TEMP TABLE base AS
    SELECT v, t.n AS all_n, t.a AS all_a, coalesce(p.n, 0) AS n, coalesce(p.a, 0) AS a,
        EXISTS (SELECT FROM open_case c WHERE c.v = vote.v) AS review,
        EXISTS (SELECT FROM got WHERE got.v = vote.v AND got.choice IN ('follow', 'deemed_follow'))
            AND NOT EXISTS (SELECT FROM leader WHERE leader.v = vote.v) AS follow_undefined
    FROM vote LEFT JOIN takes_part p USING (v),
    LATERAL (SELECT count(DISTINCT person) AS n, coalesce(sum(area), 0) AS a FROM in_scope s WHERE s.v = vote.v) t
    WHERE p.kind IS NULL OR p.kind = 'all';
CREATE TEMP VIEW quorum AS SELECT v, n > 0 AND CASE
    WHEN old_law THEN 2 * n > all_n AND 2 * a > all_a
    ELSE 3 * n >= 2 * all_n AND 3 * a >= 2 * all_a END AS there FROM base JOIN vote USING (v);
CREATE TEMP TABLE standing AS
    SELECT vote.v, option, place, coalesce(s.n, 0) AS n, coalesce(s.a, 0) AS a, base.n > 0 AND CASE
        WHEN old_law AND item IN (5, 6, 7) THEN
            3 * coalesce(s.n, 0) >= 2 * all_n AND 3 * coalesce(s.a, 0) >= 2 * all_a
        WHEN old_law THEN 2 * coalesce(s.n, 0) > all_n AND 2 * coalesce(s.a, 0) > all_a
        WHEN item IN (6, 7, 8) THEN
            4 * coalesce(s.n, 0) >= 3 * base.n AND 4 * coalesce(s.a, 0) >= 3 * base.a
        ELSE 2 * coalesce(s.n, 0) > base.n AND 2 * coalesce(s.a, 0) > base.a END AS enough
    FROM vote JOIN base USING (v) CROSS JOIN unnest(options) WITH ORDINALITY AS o (option, place)
    LEFT JOIN settled s ON s.v = vote.v AND s.choice = o.option;

CREATE TEMP VIEW keyed AS SELECT v, option, place, CASE rank
        WHEN 'count_then_area' THEN standing.n WHEN 'area_then_count' THEN standing.a
        ELSE standing.n * base.a + standing.a * base.n END AS k1,
    CASE rank WHEN 'count_then_area' THEN standing.a WHEN 'area_then_count' THEN standing.n ELSE 0 END AS k2
    FROM standing JOIN base USING (v) JOIN vote USING (v) WHERE enough AND seats IS NOT NULL;
-- A seat is had by who would have it however equals were put in order; who would have one only by luck runs again.
CREATE TEMP TABLE ranked AS SELECT v, option, place, seats, above, above + equal AS behind_last_equal FROM (
    SELECT c.*, vote.seats, count(*) FILTER (WHERE (o.k1, o.k2) > (c.k1, c.k2)) AS above,
        count(*) FILTER (WHERE (o.k1, o.k2) = (c.k1, c.k2)) AS equal
    FROM keyed c JOIN keyed o USING (v) JOIN vote USING (v) GROUP BY c.v, c.option, c.place, c.k1, c.k2, vote.seats
    ) AS counted;
CREATE INDEX ON standing (v);
CREATE INDEX ON ranked (v);
"""
RESULT = """
SELECT seats, base.*, CASE
        WHEN review THEN 'REVIEW_REQUIRED'
        WHEN NOT quorum.there THEN 'NO_QUORUM'
        WHEN seats IS NULL THEN CASE WHEN EXISTS (SELECT FROM standing s WHERE s.v = vote.v AND enough)
            THEN 'PASSED' ELSE 'NOT_PASSED' END
        WHEN EXISTS (SELECT FROM ranked r WHERE r.v = vote.v AND above < seats AND behind_last_equal > seats)
            THEN 'RUNOFF_REQUIRED'
        WHEN (SELECT count(*) FROM ranked r WHERE r.v = vote.v) >= seats THEN 'PASSED'
        ELSE 'SEATS_UNFILLED' END AS status,
    (SELECT option FROM standing s WHERE s.v = vote.v AND enough ORDER BY place LIMIT 1) AS first_enough,
    (SELECT ARRAY[n::numeric, a] FROM standing s WHERE s.v = vote.v ORDER BY n DESC, a DESC LIMIT 1) AS agreed,
    (SELECT array_agg(option ORDER BY above, place) FROM ranked r
        WHERE r.v = vote.v AND behind_last_equal <= seats) AS elected,
    (SELECT array_agg(option ORDER BY above, place) FROM ranked r
        WHERE r.v = vote.v AND above < seats AND behind_last_equal > seats) AS tie,
    (SELECT array_agg(option ORDER BY above, place) FROM ranked r WHERE r.v = vote.v AND above >= seats) AS alternates
FROM vote JOIN base USING (v) JOIN quorum USING (v) ORDER BY vote.v
"""


class Row(NamedTuple):
    """One vote as rows of the tables above, without `v`."""

    vote: tuple[Any, ...]
    units: Sequence[tuple[Any, ...]]
    ballots: Sequence[tuple[Any, ...]]
    rulings: Sequence[tuple[Any, ...]]


Sum = tuple[int, Decimal]


class Counted(NamedTuple):
    """What the second count found; areas in square metres. groups: by (kind, name), as cast."""

    status: str
    total: Sum
    participants: Sum
    agreed: Sum | None
    passed: str | None
    elected: tuple[str, ...]
    tie: tuple[str, ...]
    alternates: tuple[str, ...]
    follow_undefined: bool
    choices: Mapping[str, Sum]
    cases: Mapping[str, str]
    rejected: Mapping[int, str]
    groups: Mapping[tuple[str, str], tuple[Sum, Mapping[str, Sum]]]


async def count(connection: asyncpg.Connection, votes: Iterable[Row]) -> list[Counted]:
    """Count votes, on a connection that nobody has counted on."""
    await connection.execute(TABLES)
    numbered = list(enumerate(votes))
    for table, rows in (
        ("vote", [(v, *row.vote) for v, row in numbered]),
        ("unit", [(v, *unit) for v, row in numbered for unit in row.units]),
        ("ballot", [(v, *each) for v, row in numbered for each in row.ballots]),
        ("ruling", [(v, *each) for v, row in numbered for each in row.rulings]),
    ):
        await connection.copy_records_to_table(table, records=rows)
    await connection.execute("ANALYZE vote; ANALYZE unit; ANALYZE ballot; ANALYZE ruling")
    await connection.execute(JUDGE)
    await connection.execute("SELECT pg_temp.judge(); ANALYZE judged")
    await connection.execute(COUNT)
    found = await _nested(connection)
    return [_counted(row, found) for row in await connection.fetch(RESULT)]


async def _nested(connection: asyncpg.Connection) -> dict[str, dict[int, dict[Any, Any]]]:
    """What a vote has several of, by name, vote and key."""
    found: dict[str, dict[int, dict[Any, Any]]] = {}
    for name, query in (
        ("choices", "SELECT v, choice AS key, n, a FROM settled"),
        ("cases", "SELECT v, person AS key, by_co_owners FROM open_case"),
        (
            "rejected",
            "SELECT v, place AS key, fate FROM judged WHERE fate NOT IN ('taken', 'replaced', 'case')",
        ),
        ("groups", "SELECT v, ARRAY[kind, name] AS key, n, a FROM takes_part WHERE kind <> 'all'"),
        ("group_choices", "SELECT v, ARRAY[kind, name, choice] AS key, n, a FROM got WHERE kind <> 'all'"),
    ):
        for v, key, *values in await connection.fetch(query):
            of_vote = found.setdefault(name, {}).setdefault(v, {})
            of_vote[tuple(key) if isinstance(key, list) else key] = values
    return found


def _counted(row: asyncpg.Record, found: Mapping[str, Mapping[int, Mapping[Any, Any]]]) -> Counted:
    def of(name: str) -> Mapping[Any, Any]:
        return found.get(name, {}).get(row["v"], {})

    open_ended = row["status"] in ("REVIEW_REQUIRED", "NO_QUORUM")
    in_groups: dict[tuple[str, str], dict[str, Sum]] = {}
    for (kind, name, choice), (n, a) in of("group_choices").items():
        in_groups.setdefault((kind, name), {})[choice] = (n, a)
    return Counted(
        status=row["status"],
        total=(row["all_n"], row["all_a"]),
        participants=(row["n"], row["a"]),
        agreed=None if row["seats"] else (int(row["agreed"][0]), row["agreed"][1]),
        passed=row["first_enough"] if row["status"] == "PASSED" and not row["seats"] else None,
        elected=() if open_ended else tuple(row["elected"] or ()),
        tie=() if open_ended else tuple(row["tie"] or ()),
        alternates=() if open_ended else tuple(row["alternates"] or ()),
        follow_undefined=row["follow_undefined"],
        choices={choice: (int(n), a) for choice, (n, a) in of("choices").items()},
        cases={
            person: "co_owner_conflict" if by_co_owners else "same_owner_conflict"
            for person, (by_co_owners,) in of("cases").items()
        },
        rejected={place: why for place, (why,) in of("rejected").items()},
        groups={key: ((n, a), in_groups[key]) for key, (n, a) in of("groups").items()},
    )
