"""Ids: UUIDs of the database driver's class, which is the standard library's too, and hashed, compared and written as
text at a third of the cost or less. On its way through a command an id is that a dozen times.
"""

from uuid import UUID

import uuid_utils
from asyncpg.pgproto import pgproto


def new_id() -> UUID:
    """An id that nothing else has. Version 7 (RFC 9562): later ones sort after it."""
    return pgproto.UUID(uuid_utils.uuid7().bytes)


def id_of(given: str | UUID) -> UUID:
    """The id with this text, or this id as ours are. Raises ValueError, TypeError."""
    return pgproto.UUID(given.bytes) if isinstance(given, UUID) else pgproto.UUID(given)
