"""The plans of a statement, as the service's connections may come to use either of them."""

import asyncpg
import asyncpg.pool

MODES = ("force_custom_plan", "force_generic_plan")


async def plans_of(
    connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy, statement: str, types: str, values: str
) -> dict[str, str]:
    """Mode → plan: made for these values, and made for any."""
    plans = {}
    for mode in MODES:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
            await connection.execute(f"PREPARE planned ({types}) AS {statement}")
            plans[mode] = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE planned ({values})"))
            await connection.execute("DEALLOCATE planned")
    return plans
