"""Tenants: each has a log of its own."""

import re

import asyncpg

from events.log.database import Database
from events.log.reader import SQL

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class BadTenantName(ValueError):
    """A tenant's name is a lower-case letter and up to 39 more lower-case letters, digits or hyphens."""


async def add_tenant(owner: asyncpg.Connection, name: str) -> bool:
    """Make a tenant, as the owner of the schema; False where it exists already. Raises BadTenantName."""
    if not NAME.fullmatch(name):
        raise BadTenantName(name)
    return bool(await owner.execute(SQL.add_tenant, name) == "INSERT 0 1")


async def all_tenants(db: Database) -> list[str]:
    """The names of all tenants, in order."""
    return [row["tenant_id"] for row in await db.fetch("SELECT tenant_id FROM tenants ORDER BY tenant_id")]
