"""A real PostgreSQL 18 and a real Valkey from wheels, for one data folder, on Unix sockets only."""

from daybook.embedded.postgres import PostgresServer
from daybook.embedded.valkey import ValkeyServer

__all__ = ["PostgresServer", "ValkeyServer"]
