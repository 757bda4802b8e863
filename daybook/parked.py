"""What an operator does about events that a projection has set aside."""

import asyncio
from collections.abc import Sequence

import asyncpg

from daybook.read_models import make_read_models
from daybook.settings import Settings
from events.codec import Codec
from events.log.connect import create_pool
from events.log.tenants import all_tenants
from events.master_key import MasterKey
from events.personal import Keyring
from projections.checkpoints import SQL
from projections.confirmations import ConfirmationsProjection
from projections.parking import retry_parked
from projections.projection import Projection


def list_all(settings: Settings) -> None:
    """Print what is parked, and why."""
    asyncio.run(_list(settings))


def retry(settings: Settings) -> int:
    """Apply what is parked as far as it can be applied now; status 1 when some still waits."""
    return asyncio.run(_retry(settings))


async def _list(settings: Settings) -> None:
    async with await create_pool(settings.database_url, "daybook parked", max_size=2) as pool:
        for tenant in await all_tenants(pool):
            for projection in _projections(pool, tenant, settings.master_keys):
                for row in await pool.fetch(SQL.read_parked, tenant, projection.name):
                    print(tenant, projection.name, row["stream_id"], row["parked_at"].isoformat(), row["error"])


async def _retry(settings: Settings) -> int:
    left = 0
    async with await create_pool(settings.database_url, "daybook parked", max_size=2) as pool:
        for tenant in await all_tenants(pool):
            for projection in _projections(pool, tenant, settings.master_keys):
                applied, waiting = await retry_parked(pool, tenant, projection)
                left += waiting
                if applied or waiting:
                    print(f"{tenant} {projection.name}: {applied} applied, {waiting} still waiting")
    return 1 if left else 0


def _projections(pool: asyncpg.Pool, tenant: str, master_key: MasterKey) -> Sequence[Projection]:
    """Those that park. Deliveries of a retried confirmation are found by the sweep."""

    async def leave_to_the_sweep(_tenant: str, _deliveries: object) -> None:
        return None

    codec = Codec(Keyring(pool, tenant, master_key))
    return [
        *make_read_models(tenant, codec),
        ConfirmationsProjection(tenant, leave_to_the_sweep),
    ]
