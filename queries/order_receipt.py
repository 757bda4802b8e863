"""A receipt for an order: that one of its events is in the log, in a form that anybody can verify alone."""

from uuid import UUID

import asyncpg

from events.caller import Caller
from events.domain.refusal import NotFound
from events.leaf import entry_of
from events.log.recorded import RecordedEvent
from events.repository import Repository
from events.tlog.merkle import leaf_hash, verify_inclusion
from events.tlog.receipt import Receipt
from queries.consistency import SQL
from queries.get_order import visible_order
from queries.seals import inclusion_proof, published_seal


async def order_receipt(
    db: asyncpg.Pool, tenant: str, repository: Repository, order_id: UUID, version: int, caller: Caller
) -> Receipt:
    """The receipt for the event that brought the order to `version`, if the caller may see the order.

    Raises NotFound; NotYetSealed when it is not sealed soon; InvalidProof when the log is not what was sealed.
    """
    await visible_order(repository, order_id, caller)
    row = await db.fetchrow(SQL.read_event_of_stream, tenant, order_id, version)
    if row is None:
        raise NotFound("The order has not come to that version.")
    recorded = RecordedEvent(*row)
    seal = await published_seal(db, tenant, covering=recorded.position)
    index, entry = recorded.position - 1, entry_of(tenant, recorded)
    proof = await inclusion_proof(db, tenant, seal, index, seal.size)
    # Nobody is given a receipt that does not hold.
    verify_inclusion(leaf_hash(entry), index, seal.size, proof, seal.root)
    return Receipt(entry, index, tuple(proof), seal.note)
