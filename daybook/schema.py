"""What only the owner of the schema does: migrating it, and opening shops."""

import asyncpg

from daybook.failure import Failure
from daybook.settings import Settings
from events.log.migrate import migrate
from events.log.tenants import BadTenantName, add_tenant, all_tenants
from events.mail_claims import claim_key

DEFAULT_TENANT = "default"


async def prepare(settings: Settings) -> None:
    """Migrate, and open the shop that exists out of the box."""
    await migrate(settings.database_owner_url)
    connection = await asyncpg.connect(settings.database_owner_url)
    try:
        await add_tenant(connection, DEFAULT_TENANT)
        for tenant in await all_tenants(connection):
            # Before the master key can change: claims from before it was kept were made under it.
            await claim_key(connection, tenant, settings.master_keys)
    finally:
        await connection.close()


async def open_shop(settings: Settings, name: str) -> None:
    """Open a shop, with a log of its own. Raises Failure."""
    connection = await asyncpg.connect(settings.database_owner_url)
    try:
        added = await add_tenant(connection, name)
    except BadTenantName:
        raise Failure(
            "a tenant's name is a lower-case letter and up to 39 more lower-case letters, digits or hyphens"
        ) from None
    finally:
        await connection.close()
    if not added:
        raise Failure(f"there is a tenant {name} already")
    print(f"tenant {name} is open")
