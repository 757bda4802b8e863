"""The accounts read model: who may log in, and as what. An account that is disabled loses its sessions with its row."""

import contextlib
from collections.abc import Sequence
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from events.codec import Codec
from events.erased import ERASED, mail_address_of
from events.log.database import Connection
from events.log.recorded import RecordedEvent
from projections.checkpoints import SQL

SESSIONS_CHANNEL = "daybook:sessions"
"""Where it is told that sessions have ended somewhere. Only a hint: each API process looks by itself, too."""

_STATUS = {
    "AccountActivated": "active",
    "AccountDisabled": "disabled",
    "AccountEnabled": "enabled",
    "AccountErased": "disabled",
}
_ENDS = ("AccountDisabled", "AccountErased")
_TYPES = {"AccountInvited", "AccountInvitedAgain", "AccountRolesChanged", *_STATUS}


class AccountsProjection:
    """One by one, for accounts are few. Passwords are not in the log; what is written here leaves them alone."""

    name = "accounts"
    version = 1
    tables: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    parks = True
    writes = True

    def __init__(self, tenant: str, codec: Codec, redis: Redis | None) -> None:
        """`redis` None: nobody is told of sessions that end, as where the log is only told again."""
        self._tenant = tenant
        self._codec = codec
        self._redis = redis

    def concerns(self, event: RecordedEvent) -> bool:
        """Those about accounts."""
        return event.type in _TYPES

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """A row for each account."""
        await self._codec.keyring.forget_erased(transaction)
        for event, state in zip(events, await self._codec.open_all(events), strict=True):
            if event.type == "AccountInvited":
                email = mail_address_of(state["account_id"]) if state["email"] == ERASED else state["email"]
                await transaction.execute(
                    SQL.insert_account,
                    *(self._tenant, UUID(state["account_id"]), event.stream_id),
                    *(email, state["name"]),
                    *(state["roles"], event.position, event.recorded_at),
                )
                continue
            row = await transaction.fetchrow(
                SQL.update_account,
                *(self._tenant, event.stream_id, event.version, state.get("roles"), _STATUS.get(event.type)),
            )
            if row is None:
                raise LookupError("an account changed that is not in the read model")
            if event.type == "AccountErased":
                # In turn: the address may be another account's in the very next event.
                account_id = row["account_id"]
                await transaction.execute(
                    SQL.erase_account, self._tenant, account_id, mail_address_of(account_id), ERASED
                )
            if event.type in _ENDS:
                await transaction.execute(
                    SQL.end_sessions,
                    *(self._tenant, row["account_id"], event.recorded_at, event.stream_id, event.version),
                )

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Tell the API processes to look; Redis may be down."""
        if self._redis is not None and any(event.type in _ENDS for event in events):
            with contextlib.suppress(RedisError, OSError):
                await self._redis.publish(SESSIONS_CHANNEL, b"")
