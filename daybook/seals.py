"""`daybook seals`: how far the logs are sealed, with which keys, and what to do when they cannot be sealed on."""

import asyncio

from daybook.archive_process import make_sealer
from daybook.failure import Failure
from daybook.settings import Settings
from events.log.connect import create_pool
from events.log.reader import LogReader
from events.log.tenants import all_tenants
from projections.checkpoints import SQL, CheckpointMoved
from projections.sealed_tree import SealsRefused
from projections.sealing import SealingProjection, begin_anew


def print_status(settings: Settings) -> int:
    """Print how far each shop's log is sealed. Answers 1 when one of them cannot be sealed on."""
    return asyncio.run(_print_status(settings))


def print_keys(settings: Settings, tenant: str | None) -> None:
    """Print the keys with which everybody can verify, a line for each shop, or that of one. Raises Failure."""
    asyncio.run(_print_keys(settings, tenant))


def begin(settings: Settings, tenant: str, reason: str) -> None:
    """Begin a new tree. Raises Failure."""
    asyncio.run(_begin(settings, tenant, reason))


async def _print_status(settings: Settings) -> int:
    sealer = make_sealer(settings)
    status = 0
    async with await create_pool(settings.database_url, "daybook seals", max_size=2) as pool:
        for tenant in await all_tenants(pool):
            head = await LogReader(pool, tenant).head()
            try:
                sealed = await SealingProjection(tenant, sealer, pool).examine()
            except SealsRefused as error:
                print(f"{tenant}  REFUSED  {error}")
                status = 1
                continue
            name = sealed.origin or sealer.origin(tenant)
            print(f"{tenant}  ok       {name}: {sealed.size} of {head} events sealed, {sealed.kept_size} published")
    return status


async def _print_keys(settings: Settings, only: str | None) -> None:
    sealer = make_sealer(settings)
    async with await create_pool(settings.database_url, "daybook seals", max_size=1) as pool:
        tenants = await all_tenants(pool)
        if only is not None and only not in tenants:
            raise Failure(f"there is no tenant {only}")
        for tenant in tenants if only is None else [only]:
            tree = await pool.fetchrow(SQL.read_origin, tenant)
            print(sealer.key(sealer.origin(tenant) if tree is None else tree["origin"]).verifier)


async def _begin(settings: Settings, tenant: str, reason: str) -> None:
    sealer = make_sealer(settings)
    async with await create_pool(settings.database_url, "daybook seals", max_size=1) as pool:
        if tenant not in await all_tenants(pool):
            raise Failure(f"there is no tenant {tenant}")
        try:
            begun = await begin_anew(pool, tenant, sealer, reason)
        except LookupError:
            raise Failure(f"nothing of {tenant} was sealed yet: the first tree begins by itself") from None
        except CheckpointMoved:
            raise Failure("a checkpoint was being signed just now: try again") from None
    print(f"{tenant}: {begun.origin} begins; tell those who verify its key:\n{begun.verifier_key}")
