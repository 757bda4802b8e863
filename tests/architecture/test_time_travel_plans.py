"""A page of a past list touches what it shows and no more, however long the history is and however far back it goes."""

import re
from collections.abc import AsyncIterator
from typing import NamedTuple

import asyncpg
import pytest

from events.log.reader import SQL as LOG
from projections.checkpoints import SQL as PROJECTIONS
from queries.consistency import SQL as QUERIES
from queries.list_orders_as_of import LOOK_AT
from tests.architecture.test_read_plans import UUID_OF
from tests.databases import NewDatabase
from tests.plans import MODES

ORDERS = 40_000
"""Each with three versions. The first half was imported: placed long before, and in another order than recorded."""

FILL = f"""
INSERT INTO order_versions (tenant_id, order_id, version, from_position, from_time, updated_at, user_id,
                            address_version, status, fulfillment_status, return_status, payment_status, holds)
SELECT 'default', uuid_of(n), v, 3 * n + v, placed_at(n) + v * interval '1 s', now(),
       CASE v WHEN 1 THEN uuid_of(n % 100) END, 1,
       CASE v WHEN 1 THEN 'pending' WHEN 2 THEN 'confirmed' ELSE 'shipped' END, 'unfulfilled', 'none', 'unpaid', '[]'
FROM generate_series(1, {ORDERS}) n CROSS JOIN generate_series(1, 3) v;
INSERT INTO order_list (tenant_id, order_id, user_id, placed_at, position, status, fulfillment_status, return_status,
                        payment_status, payment_terms, version, updated_at, document, total_cents)
SELECT 'default', uuid_of(n), uuid_of(n % 100), placed_at(n), 3 * n + 1, 'shipped', 'unfulfilled', 'none', 'unpaid',
       'offline', 3, now(), '"id":""', n
FROM generate_series(1, {ORDERS}) n;
INSERT INTO events
    (tenant_id, position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at)
SELECT 'default', n, uuid_of(n), 1, 'OrderPlaced', 1, '{{}}', '{{}}', '2026-01-01Z'::timestamptz + n * interval '1 s'
FROM generate_series(1, {ORDERS}) n;
ANALYZE;
"""  # noqa: S608

PLACED_AT = f"""
CREATE FUNCTION placed_at(n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT '2026-01-01Z'::timestamptz
           + CASE WHEN n > {ORDERS // 2} THEN n ELSE n * 7919 % {ORDERS} - {2 * ORDERS} END * interval '1 minute'
$$;
"""


class Read(NamedTuple):
    """A statement, the types of its parameters and values for them; the index that it takes; and how many
    blocks it may touch."""

    statement: str
    types: str
    values: str
    path: str
    blocks: int


AT_POSITION = "text, bigint, uuid, bigint, text, int, int"
AT_TIME = "text, timestamptz, uuid, timestamptz, bigint, text, int, int"
TWO_OF_THEM = "ARRAY[uuid_of(1), uuid_of(20000)]"
A_PAGE, ALL_LOOKED_AT = 51 * 10, LOOK_AT * 10
"""An order is found in a few blocks: of an index and of the table, each a step or two beneath its root."""

READS = {
    "at a position": Read(
        QUERIES.past_orders_at_position,
        AT_POSITION,
        f"'default', 60000, NULL, 60001, NULL, 51, {LOOK_AT}",
        "order_versions_recorded",
        A_PAGE,
    ),
    "at a position long ago": Read(
        QUERIES.past_orders_at_position,
        AT_POSITION,
        f"'default', 20, NULL, 21, NULL, 51, {LOOK_AT}",
        "order_versions_recorded",
        A_PAGE,
    ),
    "in a status that none has": Read(
        QUERIES.past_orders_at_position,
        AT_POSITION,
        f"'default', 100000, NULL, 100001, 'expired', 51, {LOOK_AT}",
        "order_versions_recorded",
        ALL_LOOKED_AT,
    ),
    "of a user": Read(
        QUERIES.past_orders_of_user_at_position,
        AT_POSITION,
        f"'default', 60000, uuid_of(7), 60001, NULL, 51, {LOOK_AT}",
        "order_versions_recorded_of_user",
        A_PAGE,
    ),
    "of a user long ago": Read(
        QUERIES.past_orders_of_user_at_position,
        AT_POSITION,
        f"'default', 20, uuid_of(7), 21, NULL, 51, {LOOK_AT}",
        "order_versions_recorded_of_user",
        A_PAGE,
    ),
    "at a time": Read(
        QUERIES.past_orders_at_time,
        AT_TIME,
        f"'default', placed_at(30000), NULL, placed_at(30000), 9e18::bigint, NULL, 51, {LOOK_AT}",
        "order_versions_placed",
        A_PAGE,
    ),
    "at a time long ago": Read(
        QUERIES.past_orders_at_time,
        AT_TIME,
        f"'default', '1996-01-01Z', NULL, '1996-01-01Z', 9e18::bigint, NULL, 51, {LOOK_AT}",
        "order_versions_placed",
        A_PAGE,
    ),
    "at a time in a status that none has": Read(
        QUERIES.past_orders_at_time,
        AT_TIME,
        f"'default', '2100-01-01Z', NULL, '2100-01-01Z', 9e18::bigint, 'expired', 51, {LOOK_AT}",
        "order_versions_placed",
        ALL_LOOKED_AT,
    ),
    "of a user at a time": Read(
        QUERIES.past_orders_of_user_at_time,
        AT_TIME,
        f"'default', placed_at(30000), uuid_of(7), placed_at(30000), 9e18::bigint, 'shipped', 51, {LOOK_AT}",
        "order_versions_placed_of_user",
        A_PAGE,
    ),
    "what they show": Read(
        QUERIES.show_order_versions,
        "text, uuid[], int[]",
        f"'default', {TWO_OF_THEM}, ARRAY[1, 2]",
        "order_versions_pkey",
        40,
    ),
    "versions that follow": Read(
        PROJECTIONS.insert_order_versions,
        "text, uuid[], int[], int[], bigint[], timestamptz[], timestamptz[], uuid[], int[], "
        "text[], text[], text[], text[], text[]",
        f"'default', {TWO_OF_THEM}, ARRAY[4, 4], ARRAY[3, 3], ARRAY[1, 1], ARRAY[now(), now()], ARRAY[now(), now()], "
        "ARRAY[NULL, NULL]::uuid[], ARRAY[NULL, NULL]::int[], " + ", ".join(["ARRAY['', '']"] * 5),
        "order_versions_pkey",
        100,
    ),
    "a recorded time": Read(
        LOG.last_recorded_by, "text, timestamptz", "'default', '2026-01-01T05:00:00Z'", "events_pkey", 300
    ),
}


@pytest.fixture(scope="module")
async def filled(new_database: NewDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A database with a long history."""
    async with new_database() as database:
        connection = await asyncpg.connect(database.owner_url)
        await connection.execute(UUID_OF)
        await connection.execute(PLACED_AT)
        await connection.execute(FILL)
        yield connection
        await connection.close()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", READS)
async def test_a_page_touches_little(filled: asyncpg.Connection, name: str, mode: str) -> None:
    read = READS[name]
    transaction = filled.transaction()
    await transaction.start()
    try:
        await filled.execute(f"SET LOCAL plan_cache_mode = {mode}")
        await filled.execute(f"PREPARE planned ({read.types}) AS {read.statement}")
        rows = await filled.fetch(f"EXPLAIN (ANALYZE, TIMING OFF) EXECUTE planned ({read.values})")
        await filled.execute("DEALLOCATE planned")
    finally:
        await transaction.rollback()
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in plan, plan
    assert f"using {read.path} on" in plan, plan
    assert "Sort" not in plan or name == "what they show", plan
    touched = re.search(r"Buffers: shared ([^\n]*)", plan)
    assert touched, plan
    blocks = sum(int(count) for count in re.findall(r"(?:hit|read)=(\d+)", touched[1]))
    assert 0 < blocks <= read.blocks, plan
