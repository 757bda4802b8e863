"""The service under test: two API processes, a projector, a worker and a mail catcher, on real servers."""

import asyncio
from collections import Counter
from uuid import UUID

from bench.client import Client
from bench.shoppers import TENANT, Market, make_market, token_for
from bench.stack import Api, Child, Stack
from daybook.settings import Settings
from events.domain.delivery import confirmation_id
from tests.faults.load import Load

APIS = 2
CLIENTS = 24
RUSH, CALM = 0.01, 0.25
"""Seconds between the requests of one customer: until something dies, and after, when the machine has more to do."""
MAIL_SECONDS = 45.0


class Running:
    """All of it, mended before each test: what a test killed is started again."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.market: Market = make_market(stack.settings)
        self.apis: list[Api] = []
        self._others: dict[str, Child] = {}
        self._clients: list[Client] = []

    @property
    def settings(self) -> Settings:
        return self.stack.settings

    @property
    def projector(self) -> Child:
        return self._others["project"]

    def mend(self) -> None:
        """Start what is not there."""
        if not self.stack.postgres.running():
            self.stack.postgres.start()
        if not self.stack.valkey.running():
            self.stack.valkey.start()
        begun: list[Child] = []
        for command in ("mail", "work", "project"):
            if command not in self._others or not self._others[command].alive():
                self._others[command] = self.stack.begin(command)
                begun.append(self._others[command])
        self.apis = [api for api in self.apis if api.alive()]
        while len(self.apis) < APIS:
            self.apis.append(self.stack.begin_api())
            begun.append(self.apis[-1])
        for child in begun:
            child.wait_until_ready()

    def load(self, *, pause: float = RUSH) -> Load:
        """Customers at all the API processes that run, whichever these are at the time."""
        load = Load(lambda: [api.port for api in self.apis], self.market, clients=CLIENTS, pause=pause)
        load.begun_at = self.head()
        return load

    def client(self, api: Api, role: str | None = None) -> Client:
        """A client of one API process, with a token of this role, or none."""
        token = None if role is None else token_for(self.settings, self.market.shoppers[0].id, role)
        self._clients.append(Client(api.port, token))
        return self._clients[-1]

    def close_clients(self) -> None:
        """At the end of a test."""
        while self._clients:
            self._clients.pop().close()

    def head(self) -> int:
        """The position of the last event."""
        return int(self.stack.ask("SELECT position FROM log_heads WHERE tenant_id = %s", TENANT)[0][0])

    def placed_after(self, position: int) -> list[str]:
        """The orders that the log says were placed after a position, once for each time it says so."""
        rows = self.stack.ask(
            "SELECT stream_id FROM events WHERE tenant_id = %s AND position > %s AND event_type = 'OrderPlaced'",
            TENANT,
            position,
        )
        return [str(stream_id) for (stream_id,) in rows]

    async def reckon(self, load: Load, *, mail_seconds: float = MAIL_SECONDS) -> None:
        """After the fault: everything is as if it had not been.

        What failed is asked for again under its key and answered. Then the log holds the orders that were acknowledged,
        each once, and no others, but for those of which a customer without a key could not be told; positions are
        dense and the read models are what a replay makes (`daybook verify`); and each order's confirmation is with the
        catcher, once.
        """
        await load.ask_again()
        placed = self.placed_after(load.begun_at)
        assert len(placed) == len(set(placed)) >= len(load.acknowledged)
        assert set(placed) >= set(load.acknowledged.values())
        assert len(placed) - len(load.acknowledged) <= load.unknown
        await asyncio.to_thread(self.stack.wait_until_projected)
        await self.verify()
        await self.all_mails_came(placed, mail_seconds)

    async def verify(self) -> None:
        """`daybook verify` finds nothing."""
        child = self.stack.child("verify", ["-m", "daybook", "verify"])
        assert await asyncio.to_thread(child.process.wait, 60) == 0, child.output()

    async def all_mails_came(self, orders: list[str], seconds: float = MAIL_SECONDS) -> None:
        """The catcher has one mail for each order, in files named by Message-ID, and the log says so once for each."""
        folder = self.stack.data / "mail"
        due = {f"{confirmation_id(UUID(order))}@daybook.example.eml" for order in orders}
        async with asyncio.timeout(seconds):
            while due - {file.name for file in folder.glob("*.eml")} or self._undelivered():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        rows = self.stack.ask(
            "SELECT stream_id, (convert_from(data, 'UTF8')::jsonb ->> 'attempts')::int FROM events"
            " WHERE event_type = 'ConfirmationSent' AND metadata ->> 'about' = ANY (%s)",
            orders,
        )
        assert Counter(stream_id for stream_id, _ in rows) == Counter(map(confirmation_id, map(UUID, orders)))
        assert all(attempts >= 1 for _, attempts in rows)

    def _undelivered(self) -> int:
        return int(self.stack.ask("SELECT count(*) FROM deliveries WHERE status <> 'done'")[0][0])
