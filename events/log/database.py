"""Handles on a database: a pool, or one connection, which may be lent from a pool and be in a transaction."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection = asyncpg.Connection | PoolConnectionProxy
Database = asyncpg.Pool | Connection
