"""Erasure: what it means that a person is forgotten. The key goes in one transaction with all that was opened with it.

    CustomerErased ──► the others stand still ──► key taken, rows cleared, mails ended ──► `erasures` says so ──► commit

The fact comes first, and this acts upon it: after a crash in between it is done, or done again, which changes nothing.
While the other projections stand still here, none of them is writing down what it opened; when they go on, they first
read in `erasures` whose keys to drop. Whatever they post afterwards, however late they are, comes out `erased`.
"""

import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

import structlog
from pydantic_core import from_json, to_json
from redis.asyncio import Redis
from redis.exceptions import RedisError

from events.domain.account import Account, invitation_id
from events.domain.delivery import confirmation_id
from events.erased import ERASED, ERASED_ADDRESS, mail_address_of
from events.log.database import Connection, Database
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from projections.accounts import SESSIONS_CHANNEL
from projections.beside import every_place
from projections.checkpoints import SQL
from projections.search import forget_search

log = structlog.get_logger("projector")

ERASURES_CHANNEL = "daybook:erasures"
"""Where it is told that somebody was forgotten somewhere. Only a hint: each process looks by itself, too."""

_FORGOTTEN = "recipient was forgotten"
_AT_ONCE = 1_000

RemoveMails = Callable[[Collection[UUID]], Awaitable[None]]
"""Removes the mails of these deliveries from wherever they are kept here; done again, it finds none."""


async def keeps_no_mails(_deliveries: Collection[UUID]) -> None:
    """Where mails only pass through."""


class ErasureProjection:
    """Payments go on: a refund that was asked for is still owed, and names nobody."""

    name = "erasure"
    version = 1
    tables: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    parks = False
    writes = True

    def __init__(self, tenant: str, redis: Redis, remove_mails: RemoveMails = keeps_no_mails) -> None:
        self._tenant = tenant
        self._redis = redis
        self._remove_mails = remove_mails

    def concerns(self, event: RecordedEvent) -> bool:
        """That somebody is forgotten."""
        return event.type == "CustomerErased"

    async def apply(self, transaction: Connection, events: Sequence[RecordedEvent]) -> None:
        """Clear what there is of each person who is forgotten in this batch."""
        # First of all, as everyone's checkpoint is: nobody waits for us with a row in hand.
        await transaction.fetch(SQL.hold_other_checkpoints, self._tenant, self.name)
        for event in events:
            await self._erase(transaction, event.stream_id, event.position)

    async def applied(self, events: Sequence[RecordedEvent]) -> None:
        """Tell the other processes to look; Redis may be down."""
        for event in events:
            log.info("forgotten", tenant=self._tenant, person=str(event.stream_id))
        with contextlib.suppress(RedisError, OSError):
            await self._redis.publish(ERASURES_CHANNEL, b"")
            await self._redis.publish(SESSIONS_CHANNEL, b"")

    async def _erase(self, transaction: Connection, person: UUID, position: int) -> None:
        await transaction.execute(SQL.take_key, self._tenant, person)
        orders = await _orders_of(transaction, self._tenant, person)
        async for _ in every_place(transaction, "order_list"):
            for first in range(0, len(orders), _AT_ONCE):
                await self._clear_orders(transaction, orders[first : first + _AT_ONCE])
        async for _ in every_place(transaction, "order_search"):
            await forget_search(transaction, self._tenant, person)
        await transaction.execute(SQL.erase_account, self._tenant, person, mail_address_of(person), ERASED)
        await transaction.execute(SQL.end_all_sessions, self._tenant, person)
        mails = await _mails_to(transaction, self._tenant, person, orders)
        until = await transaction.fetchval(SQL.end_deliveries, self._tenant, mails, _FORGOTTEN)
        await self._remove_mails(mails)
        await transaction.execute(SQL.add_erasure, self._tenant, position, person, until)

    async def _clear_orders(self, transaction: Connection, orders: Sequence[UUID]) -> None:
        rows = await transaction.fetch(SQL.read_order_documents, self._tenant, orders)
        await transaction.execute(
            SQL.write_order_documents,
            self._tenant,
            [row["order_id"] for row in rows],
            [_without_address(row["document"]) for row in rows],
        )


async def remove_late_mails(db: Database, tenant: str, remove_mails: RemoveMails) -> None:
    """Look once more for mails that were under way when their recipients were forgotten."""
    for row in await db.fetch(SQL.unfinished_erasures, tenant):
        person = row["person_id"]
        orders = await _orders_of(db, tenant, person)
        await remove_mails(await _mails_to(db, tenant, person, orders))
        await db.execute(SQL.finish_erasure, tenant, row["position"])


async def _orders_of(db: Database, tenant: str, person: UUID) -> list[UUID]:
    return [row["order_id"] for row in await db.fetch(SQL.find_orders_of, tenant, str(person))]


async def _mails_to(db: Database, tenant: str, person: UUID, orders: Sequence[UUID]) -> list[UUID]:
    """The deliveries that were, or would be, mails to this person."""
    account = Account.id_of(person)
    invited = [event.type for event in await LogReader(db, tenant).streams({account: 0})].count("AccountInvitedAgain")
    return [*(invitation_id(account, number) for number in range(1, invited + 2)), *map(confirmation_id, orders)]


def _without_address(document: str) -> str:
    return to_json({**from_json(f"{{{document}}}"), "shipping_address": ERASED_ADDRESS})[1:-1].decode()
