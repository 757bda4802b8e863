"""The append to a log that is long already, against one that is empty: 32 waiting, *full* as in the append's bench.

Two servers of the same settings. The long log's events have owners and correlations as orders have, so that every index
is as large as such a log makes it; its table of idempotency keys holds a million, about what a shop of four orders a
second keeps for 72 hours.

Each round begins with a checkpoint, so that none falls into it, and with some appends that are not counted: after a
checkpoint every page is logged whole when it is first changed. Of the quarter of an hour between two checkpoints that
is next to nothing, and of a round of seconds it would be most of what is measured.
"""

from contextlib import ExitStack
from functools import partial
from statistics import median

import uvloop

from bench.append import CUSTOMERS, EVENT_BYTES, TENANT, measure_appender, prepare
from bench.servers import describe, durable_postgres, tell

ROUNDS = 7
SECONDS = 3.0
WARM_UP_SECONDS = 1.5
EVENTS = 5_000_000
KEYS = 1_000_000
WAITING = 32
AIM = 0.9

_FILL = f"""
INSERT INTO events
    (tenant_id, position, stream_id, stream_version, event_type, schema_version, data, metadata, recorded_at)
SELECT '{TENANT}', n, uuidv7(), 1, 'OrderPlaced', 1, convert_to(repeat('x', {EVENT_BYTES - 230}), 'UTF8'),
       jsonb_build_object('subject', owner, 'role', 'customer', 'command_id', uuidv7(), 'owner', owner,
                          'correlation_id', replace(uuidv7()::text, '-', '')),
       clock_timestamp()
FROM generate_series(1, {EVENTS}) n
CROSS JOIN LATERAL (SELECT ('{{{",".join(map(str, CUSTOMERS))}}}'::uuid[])[n % {len(CUSTOMERS)} + 1] AS owner) customer
"""
_KEYS = f"""
INSERT INTO idempotency_keys
SELECT '{TENANT}', gen_random_uuid(), gen_random_uuid()::text, gen_random_uuid(), gen_random_uuid(), 201, 1,
       '/orders/' || gen_random_uuid(), convert_to(repeat('y', 900), 'UTF8'), n, now()
FROM generate_series(1, {KEYS}) n
"""
_HEAD = f"UPDATE log_heads SET position = {EVENTS} WHERE tenant_id = '{TENANT}'"


def run(rounds: int = ROUNDS, seconds: float = SECONDS) -> None:
    """Measure and print."""
    with ExitStack() as stack:
        long, empty = (stack.enter_context(durable_postgres()) for _ in range(2))
        for server in (long, empty):
            uvloop.run(prepare(server))
        tell(long.owner_url(), _FILL, _HEAD, _KEYS)
        tell(long.owner_url(), "VACUUM ANALYZE")
        rates: dict[str, list[float]] = {"empty": [], "long": []}
        for _ in range(rounds):
            for name, server in (("empty", empty), ("long", long)):
                tell(server.owner_url(), "CHECKPOINT")
                measured = partial(measure_appender, server.url(), WAITING, full=True)
                uvloop.run(measured(seconds=WARM_UP_SECONDS))
                rates[name].append(uvloop.run(measured(seconds=seconds)))
        print(
            f"append, {WAITING} waiting, full; medians of {rounds} interleaved rounds of {seconds:.0f} s;"
            f" {describe(long.owner_url())}"
        )
    for name, label in (("empty", "an empty log"), ("long", f"{EVENTS:,} events in the log")):
        print(f"  {median(rates[name]):9,.0f}/s  {label:32} {' '.join(f'{rate:,.0f}' for rate in rates[name])}")
    ratio = median(long / empty for long, empty in zip(rates["long"], rates["empty"], strict=True))
    print(f"  {ratio:9.2f} ×  (aim: ≥ {AIM}), the median of each round's own")
