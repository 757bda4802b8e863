"""What has to be done because time has passed: unpaid orders end, and what came back goes to the orders that wait for
it.

It looks once a second. What is due is said by the read models, by the database's clock; what is done is decided by the
orders themselves, under a command id that is the same however often it is asked for. So any number of clocks may run,
and one that was away for long, or whose machine's time jumped, does what is due when it is back.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog

from commands.command import Command, Request
from commands.expire_order import ExpireOrder, expiry_id
from commands.fill_backorders import FillBackorders
from daybook.shop import Shop
from daybook.wiring import Service
from events.caller import Caller
from events.domain.refusal import Refusal
from events.log.append import AppendError
from events.log.ids import new_id
from events.log.statements import load_statements
from events.log.tenants import all_tenants
from queries.waiting_orders import waiting_orders

SQL = load_statements(Path(__file__).parent / "sql")

CLOCK = UUID(int=1)
"""Stands for this in the log, as the subject of what it asks for."""

_AT_ONCE = 50

log = structlog.get_logger("clock")


class Clock:
    """Looks every `every` seconds, for every tenant."""

    def __init__(self, service: Service, *, every: float = 1.0) -> None:
        self._service = service
        self._every = every

    async def run(self) -> None:
        """Run until cancelled, whatever happens."""
        trouble = ""
        while True:
            try:
                for tenant in await all_tenants(self._service.pool):
                    await self.once(tenant)
                trouble = ""
            except Exception as error:
                # Mostly a lost database. Said once, and again when it becomes another trouble.
                if trouble != (trouble := type(error).__name__):
                    log.warning("the clock cannot look", error=trouble)
            await asyncio.sleep(self._every)

    async def once(self, tenant: str) -> None:
        """Do what is due for a tenant."""
        shop = await self._service.shop(tenant)
        after: tuple[datetime | None, UUID | None] = (None, None)
        # To the end, so that those that end nothing, and stay due, hold nobody up.
        while due := await self._service.pool.fetch(SQL.due_orders, tenant, _AT_ONCE, *after):
            await asyncio.gather(
                *(self._ask(shop, ExpireOrder(row["order_id"], row["now"]), expiry_id(row["order_id"])) for row in due)
            )
            after = due[-1]["due_at"], due[-1]["order_id"]
        for row in await self._service.pool.fetch(SQL.fillable_products, tenant):
            waiting = await waiting_orders(self._service.pool, tenant, row["product_id"])
            await self._ask(shop, FillBackorders(row["product_id"], waiting), new_id())

    async def _ask(self, shop: Shop, command: Command, command_id: UUID) -> None:
        caller = Caller(CLOCK, shop.tenant, ("clock",))
        try:
            await shop.commands.handle(command, Request(caller, command_id, correlation_id=command_id.hex))
        except Refusal as refusal:
            # The read model is behind, or others were quicker: the next look sees.
            log.info("nothing to do after all", command=type(command).__name__, refused=refusal.code)
        except AppendError as error:
            log.warning("cannot do what is due", command=type(command).__name__, error=type(error).__name__)
