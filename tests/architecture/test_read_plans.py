"""What is read while the service runs is found by an index, however long the log and its read models are."""

import re
from collections.abc import AsyncIterator
from typing import NamedTuple

import asyncpg
import pytest

from consumers.deliver import SQL as DELIVERIES
from events.log.reader import SQL as LOG
from events.personal import SQL as KEYS
from projections.checkpoints import SQL as PROJECTIONS
from queries.consistency import SQL as QUERIES
from queries.order_filter import SORTS
from queries.order_statements import BY_STATUS, LIST, SEARCH
from tests.databases import NewDatabase
from tests.plans import plans_of

MANY = 30_000
"""Rows of each table: so many that a scan is dear, and never the better plan for a page."""

FILL = f"""
INSERT INTO events
    (tenant_id, position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at)
SELECT 'default', n, uuid_of(n / 3), n % 3 + 1, 'OrderPlaced', 1, '{{}}',
       jsonb_build_object('owner', uuid_of(n % 100), 'command_id', uuid_of(n), 'correlation_id', (n % 100)::text)
       || CASE WHEN n % 3 = 0 THEN jsonb_build_object('about', uuid_of(n % 100)) ELSE '{{}}' END, now()
FROM generate_series(1, {MANY}) n;
INSERT INTO order_list (tenant_id, order_id, user_id, placed_at, position, status, fulfillment_status, return_status,
                        payment_status, payment_terms, version, updated_at, document, total_cents)
SELECT 'default', uuid_of(n), uuid_of(n % 100), now() - n * interval '1 minute', n, 'pending', 'unfulfilled', 'none',
       'unpaid', 'offline', 1, now(), '"id":""', n
FROM generate_series(1, {MANY}) n;
INSERT INTO order_counts
SELECT 'default', uuid_of(n), 'pending', 1, 'unpaid', 'unfulfilled' FROM generate_series(1, {MANY}) n;
INSERT INTO order_search
SELECT 'default', word, now() - n * interval '1 minute', n, false
FROM generate_series(1, {MANY}) n, unnest(ARRAY['n' || n, 'pen', 'ink']) AS w (word);
INSERT INTO sales
SELECT 'default', 'day', date '1990-01-01' + n, uuid_of(0), 'USD', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0
FROM generate_series(1, {MANY}) n
UNION ALL
SELECT 'default', 'product', '-infinity', uuid_of(n), 'USD', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0
FROM generate_series(1, {MANY}) n
UNION ALL
SELECT 'default', 'product', date '1990-01-01' + n, uuid_of(n), 'USD', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0
FROM generate_series(1, {MANY}) n;
INSERT INTO catalogue
SELECT 'default', uuid_of(n), 'SKU-' || n, 'Ink', 100, 'USD', 1, 1 FROM generate_series(1, {MANY}) n;
INSERT INTO stock SELECT 'default', uuid_of(n), 1 FROM generate_series(1, {MANY}) n;
INSERT INTO snapshots SELECT 'default', uuid_of(n), 1, '{{}}' FROM generate_series(1, {MANY}) n;
INSERT INTO person_keys SELECT 'default', uuid_of(n), '' FROM generate_series(1, {MANY}) n;
INSERT INTO idempotency_keys
SELECT 'default', uuid_of(n), 'key', uuid_of(n), uuid_of(n), 201, 1, NULL, '', n, now()
FROM generate_series(1, {MANY}) n;
INSERT INTO deliveries (tenant_id, delivery_id, kind, order_id, customer_id, status)
SELECT 'default', uuid_of(n), 'order_confirmation', uuid_of(n), uuid_of(n), 'done' FROM generate_series(1, {MANY}) n;
INSERT INTO seal_origins SELECT 'default', n, 'o', 'k', NULL FROM generate_series(1, 20) n;
INSERT INTO seal_tiles SELECT 'default', 20, 0, n, sha256('a') FROM generate_series(1, {MANY}) n;
INSERT INTO seal_checkpoints SELECT 'default', 20, n, sha256('a'), 'n', now(), true FROM generate_series(1, {MANY}) n;
INSERT INTO erasures SELECT 'default', n, uuid_of(n) FROM generate_series(1, {MANY}) n;
INSERT INTO history_reads SELECT 'default', uuid_of(n), 'someone', 'auditor', '{{}}' FROM generate_series(1, {MANY}) n;
ANALYZE;
"""  # noqa: S608

UUID_OF = """
CREATE FUNCTION uuid_of(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT lpad(to_hex(n), 32, '0')::uuid $$;
"""


class Read(NamedTuple):
    """A statement, the types of its parameters, and values for them. `page`: the index in whose order it reads."""

    statement: str
    types: str
    values: str
    page: str = ""


A_FEW = "ARRAY[uuid_of(1), uuid_of(77), uuid_of(20000)]"
SHIPPED = "ARRAY['shipped', 'shipped', 'shipped']"
PLACE = "now() - interval '100 minutes', 100"

READS = {
    "log": Read(LOG.read_log, "text, bigint, bigint, int", "'default', 15000, 9e18::bigint, 100", page="events_pkey"),
    "log of a type": Read(
        LOG.read_log_filtered,
        "text, bigint, bigint, int, text[], timestamptz, timestamptz",
        "'default', 15000, 16000, 100, ARRAY['OrderPlaced'], NULL, NULL",
        page="events_pkey",
    ),
    "log as lines": Read(
        LOG.read_lines,
        "text, bigint, bigint, text[], timestamptz, timestamptz, text, jsonb, bool, text[]",
        "'default', 15000, 16000, ARRAY['OrderPlaced'], NULL, NULL, '\"/\"', '{}', true, ARRAY['OrderPlaced']",
    ),
    "log of a stream": Read(
        LOG.read_stream,
        "text, uuid, bigint, bigint, int",
        "'default', uuid_of(77), 15, 9e18::bigint, 100",
        page="events_one_version_per_stream",
    ),
    "log under a correlation id": Read(
        LOG.read_correlated,
        "text, text, bigint, bigint, int",
        "'default', '77', 15000, 9e18::bigint, 100",
        page="events_by_correlation",
    ),
    "log about a stream": Read(
        LOG.read_about,
        "text, text, bigint, bigint, int",
        "'default', uuid_of(77)::text, 15000, 9e18::bigint, 100",
        page="events_by_subject",
    ),
    "a time of recording": Read(LOG.read_recorded_at, "text, bigint", "'default', 15000"),
    "reads of the log": Read(
        QUERIES.list_reads, "text, uuid, int", "'default', uuid_of(15000), 50", page="history_reads_pkey"
    ),
    "log of a person": Read(
        LOG.read_owned,
        "text, text, bigint, bigint, int",
        "'default', uuid_of(7)::text, 15000, 9e18::bigint, 100",
        page="events_by_owner",
    ),
    "streams": Read(LOG.read_streams, "text, uuid[], int[]", f"'default', {A_FEW}, ARRAY[0, 0, 1]"),
    "since snapshots": Read(LOG.read_since_snapshots, "text, uuid[], int[]", f"'default', {A_FEW}, ARRAY[0, 0, 1]"),
    "stock": Read(LOG.read_stock, "text, uuid[]", f"'default', {A_FEW}"),
    "stored answers": Read(
        LOG.find_stored_answers, "text, uuid[], text[]", f"'default', {A_FEW}, ARRAY['key', 'key', 'other']"
    ),
    "lost commits": Read(
        LOG.find_appended_commands,
        "text, uuid[], uuid[], int[], uuid[], text[]",
        f"'default', {A_FEW}, {A_FEW}, ARRAY[1, 1, 2], {A_FEW}, ARRAY['key', NULL, 'key']",
    ),
    "counts": Read(QUERIES.order_counts, "text, uuid", "'default', uuid_of(7)"),
    "orders of words": Read(QUERIES.count_word_orders, "text, text[], int", "'default', ARRAY['pen', 'n77'], 500"),
    "words that begin": Read(
        QUERIES.words_from, "text, text, text, int", "'default', 'n7', 'n7\uffff', 30", page="order_search_pkey"
    ),
    "sales by day": Read(
        QUERIES.sales_by_day, "text, date, text, date, int", "'default', '2026-01-01', '', '2027-01-01', 50"
    ),
    "sales ever": Read(
        QUERIES.sales_ever,
        "text, text, uuid, text, int",
        "'default', 'product', uuid_of(77), '', 50",
        page="sales_pkey",
    ),
    "beginnings": Read(PROJECTIONS.read_beginnings, "text, uuid[]", f"'default', {A_FEW}"),
    "orders of an owner": Read(PROJECTIONS.orders_of_owner, "text, text", "'default', uuid_of(7)::text"),
    "words to forget": Read(PROJECTIONS.delete_personal_search, "text, bigint[]", "'default', ARRAY[7, 77]"),
    "products": Read(QUERIES.list_products, "text, text, int", "'default', 'SKU-2', 50", page="catalogue_by_sku"),
    "orders that move": Read(
        PROJECTIONS.update_orders,
        "text, uuid[], text[], text[], text[], text[], int[], timestamptz[], text[]",
        f"'default', {A_FEW}, {SHIPPED}, {SHIPPED}, {SHIPPED}, {SHIPPED}, ARRAY[2, 2, 2], ARRAY[now(), now(), now()], "
        "ARRAY[NULL, NULL, NULL]",
    ),
    "the last seal": Read(QUERIES.read_published_seal, "text", "'default'", page="seal_checkpoints_pkey"),
    "a tile": Read(QUERIES.read_tile, "text, int, int, bigint, int", "'default', 20, 0, 77, 32"),
    "some tiles": Read(
        QUERIES.read_tiles,
        "text, int, smallint[], bigint[]",
        "'default', 20, ARRAY[0, 0]::smallint[], ARRAY[77, 20000]::bigint[]",
    ),
    "an event of a stream": Read(QUERIES.read_event_of_stream, "text, uuid, int", "'default', uuid_of(77), 1"),
    "what is sealed": Read(PROJECTIONS.read_last_seal, "text, int", "'default', 20", page="seal_checkpoints_pkey"),
    "tiles to go on from": Read(
        PROJECTIONS.read_seal_tiles,
        "text, int, smallint[], bigint[]",
        "'default', 20, ARRAY[0, 0]::smallint[], ARRAY[77, 20000]::bigint[]",
    ),
    "seals that are kept": Read(PROJECTIONS.mark_seals_kept, "text, int, bigint", f"'default', 20, {MANY}"),
    "claims": Read(DELIVERIES.claim_deliveries, "text, uuid[], float8, int", f"'default', {A_FEW}, 12, 8"),
    "erasures": Read(KEYS.find_erasures, "text, bigint", "'default', 29990", page="erasures_pkey"),
    "last erasure": Read(KEYS.last_erasure, "text", "'default'"),
    "unfinished erasures": Read(PROJECTIONS.unfinished_erasures, "text", "'default'"),
    "whether someone was forgotten": Read(QUERIES.read_erasure, "text, uuid", "'default', uuid_of(77)"),
    "orders of a person, by the log": Read(PROJECTIONS.find_orders_of, "text, text", "'default', uuid_of(7)::text"),
    "where they stand": Read(QUERIES.last_events_of_orders, "text, text", "'default', uuid_of(7)::text"),
    "mails that are ended": Read(PROJECTIONS.end_deliveries, "text, uuid[], text", f"'default', {A_FEW}, 'why'"),
    "marks": Read(DELIVERIES.finish_deliveries, "text, uuid[]", f"'default', {A_FEW}"),
}


LISTED = "text, uuid, int, int"
ASKED = "'default', {user}, 51, 200"
PLACES = {
    "placed_at": ("timestamptz, bigint, timestamptz, bigint", "'-infinity', 0, now() - interval '100 minutes', 100"),
    "total_cents": ("bigint, bigint, bigint, bigint", "-1, 0, 20000, 5"),
}
STANDING = (
    "text[], text[], text[]",
    "ARRAY['pending', 'shipped'], ARRAY['unpaid', 'paid'], ARRAY['unfulfilled', 'shipped']",
)
FOUND = (
    "text[], text[], text[], text[], text[], text[]",
    "ARRAY['n77', 'pen'], ARRAY['n77', 'pen'], NULL, ARRAY['paid'], NULL",
)
ALONG = {"words": "ARRAY['n77']", "user": "NULL"}
USERS = {"everyone": "NULL", "user": "uuid_of(7)"}
INDEXES = {
    ("everyone", "placed_at"): "order_list_newest",
    ("user", "placed_at"): "order_list_newest_of_user",
    ("everyone", "total_cents"): "order_list_largest",
    ("user", "total_cents"): "order_list_largest_of_user",
}


def listing(whose: str, key: str, types: str = "", values: str = "") -> tuple[str, str]:
    """Types and values of the parameters that lists have in common, and these."""
    asked = ASKED.format(user=USERS[whose])
    return ", ".join(filter(None, (LISTED, PLACES[key][0], types))), ", ".join(
        filter(None, (asked, PLACES[key][1], values))
    )


LISTS = {
    **{
        f"{whose} by {sort}": Read(statement, *listing(whose, SORTS[sort][0]), page=INDEXES[whose, SORTS[sort][0]])
        for (whose, sort), statement in LIST.items()
    },
    **{
        f"{whose} by {sort}, by status": Read(statement, *listing(whose, SORTS[sort][0], *STANDING))
        for (whose, sort), statement in BY_STATUS.items()
    },
    **{
        f"{whose}'s orders found along {along} by {sort}": Read(
            statement, *listing(whose, SORTS[sort][0], FOUND[0], f"{ALONG[along]}, {FOUND[1]}")
        )
        for (along, sort), statement in SEARCH.items()
        for whose in USERS
    },
}
"""Every list there can be: each statement is one way into the orders."""


@pytest.fixture(scope="module")
async def filled(new_database: NewDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A database with many rows in every table that grows."""
    async with new_database() as database:
        connection = await asyncpg.connect(database.owner_url)
        await connection.execute(UUID_OF)
        await connection.execute(FILL)
        yield connection
        await connection.close()


@pytest.mark.parametrize("name", READS)
async def test_no_read_scans_or_sorts_a_table(filled: asyncpg.Connection, name: str) -> None:
    read = READS[name]
    plans = await plans_of(filled, read.statement, read.types, read.values)
    for mode, plan in plans.items():
        assert re.search(r"Index (Only )?Scan|Bitmap Index Scan", plan), f"{mode}\n{plan}"
        assert "Seq Scan" not in plan, f"{mode}\n{plan}"
        if read.page:
            assert f"using {read.page} on" in plan, f"{mode}\n{plan}"
            assert "Sort" not in plan, f"{mode}\n{plan}"


@pytest.mark.parametrize("name", LISTS)
async def test_no_list_scans_a_table_and_none_sorts_more_than_a_page(filled: asyncpg.Connection, name: str) -> None:
    read = LISTS[name]
    for mode, plan in (await plans_of(filled, read.statement, read.types, read.values)).items():
        assert "Seq Scan" not in plan, f"{mode}\n{plan}"
        assert "Hash Join" not in plan, f"{mode}\n{plan}"
        if read.page:
            assert f"using {read.page} on" in plan, f"{mode}\n{plan}"
            assert "Sort" not in plan, f"{mode}\n{plan}"
        # What is sorted is what a limit has let through.
        for sorted_part in plan.split("Sort  (")[1:]:
            assert "Limit" in sorted_part, f"{mode}\n{plan}"
