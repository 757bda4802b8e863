"""Customers who order, and others who read, without pause: what they asked, what they were told, what is open."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import uuid4

from bench.client import Answer, Client, Unanswered
from bench.shoppers import Market, Shopper

PATIENCE = 40.0
"""Seconds for an answer. The service gives up sooner, and says so: silence is a defect."""

NOBODY_KNOWS = {"unanswered", "503 outcome_unknown"}
"""Failures after which the order may be in the log. All others promise that it is not."""


class Attempt(NamedTuple):
    """One order, as it was asked for. `port` names the process that was asked; `keyed`: with its name as the key."""

    name: str
    keyed: bool
    port: int
    shopper: Shopper
    content: dict[str, Any]


class Load:
    """`async with` keeps the customers busy; on leaving, what is open is waited for."""

    def __init__(
        self,
        ports: Callable[[], list[int]],
        market: Market,
        *,
        clients: int,
        pause: float,
        stubborn: bool = False,
    ) -> None:
        """`pause`: seconds between the requests of one customer; it may be changed at any time.

        `stubborn`: who has a key asks again under it, until the order is acknowledged.
        """
        self.in_flight: dict[str, Attempt] = {}
        self.acknowledged: dict[str, str] = {}
        """Attempt → the id of the order that was answered with 201."""
        self.answers: dict[str, bytes] = {}
        """Attempt with a key → the body of that answer."""
        self.failed: dict[str, str] = {}
        """Attempt → why: "unanswered", or the problem's status and code."""
        self.unknown = 0
        """Attempts without a key of which nobody can say any more whether they became orders."""
        self.failed_reads: list[str] = []
        self.begun_at = 0
        self._ports = ports
        self._market = market
        self._count = clients
        self.pause = pause
        self._stubborn = stubborn
        self.put_off: Counter[str] = Counter()
        """Why stubborn customers had to ask again."""
        self._attempts: dict[str, Attempt] = {}
        self._clients: dict[int, Client] = {}
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        # Some only read: who waits for the answer to an order does not ask for anything else meanwhile.
        shops = [self._shop if number % 4 else self._browse for number in range(self._count)]
        self._tasks = [asyncio.create_task(shop(number)) for number, shop in enumerate(shops)]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stopping = True
        try:
            await asyncio.gather(*self._tasks)
        finally:
            self._close()

    async def until(self, holds: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until something holds. Raises what a customer raised, and TimeoutError."""
        async with asyncio.timeout(seconds):
            while not holds():
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.005)

    async def until_more(self, orders: int) -> None:
        """Wait until so many more orders are acknowledged."""
        enough = len(self.acknowledged) + orders
        await self.until(lambda: len(self.acknowledged) >= enough)

    def in_flight_at(self, port: int) -> set[str]:
        """The orders that this process has been asked for and not yet answered."""
        return {name for name, attempt in self.in_flight.items() if attempt.port == port}

    async def ask_again(self) -> set[str]:
        """Ask once more for everything that failed and had a key; answers what turns out to have been carried out."""
        carried_out = set()
        for name, why in list(self.failed.items()):
            attempt = self._attempts[name]
            del self.failed[name]
            if attempt.keyed:
                answer = await self._ask(attempt._replace(port=self._ports()[0]))
                self._acknowledge(attempt, answer)
                if answer.headers.get("idempotent-replayed") == "true":
                    carried_out.add(name)
            elif why in NOBODY_KNOWS:
                self.unknown += 1
        self._close()
        return carried_out

    async def repeat_all(self) -> None:
        """Ask again for everything that was acknowledged and had a key. Raises AssertionError unless each gets its
        answer once more, byte for byte."""
        turns = asyncio.Semaphore(len(self._tasks))

        async def repeat(number: int, name: str) -> None:
            async with turns:
                answer = await self._ask(self._attempts[name]._replace(port=self._port(number)))
            assert (answer.status, answer.body) == (201, self.answers[name])
            assert answer.headers["idempotent-replayed"] == "true"

        await asyncio.gather(*(repeat(number, name) for number, name in enumerate(self.answers)))
        self._close()

    def _acknowledge(self, attempt: Attempt, answer: Answer) -> None:
        assert answer.status == 201, answer
        self.acknowledged[attempt.name] = answer.json()["id"]
        if attempt.keyed:
            self.answers[attempt.name] = answer.body

    async def _shop(self, number: int) -> None:
        shopper = self._shopper(number)
        # Not all at once: they would ask and wait in step.
        await asyncio.sleep(random.uniform(0, self.pause))
        while not self._stopping:
            keyed = number % 4 != 1
            await self._order(Attempt(uuid4().hex, keyed, self._port(number), shopper, self._content(shopper)))
            await asyncio.sleep(self.pause)

    async def _browse(self, number: int) -> None:
        while not self._stopping:
            await self._read(self._port(number), self._shopper(number))
            await asyncio.sleep(self.pause)

    def _shopper(self, number: int) -> Shopper:
        return self._market.shoppers[number % len(self._market.shoppers)]

    def _port(self, number: int) -> int:
        ports = self._ports()
        # Both those who order and those who read are at every process.
        return ports[number // 4 % len(ports)] if number % 4 == 0 else ports[number % len(ports)]

    async def _order(self, attempt: Attempt) -> None:
        name = attempt.name
        self._attempts[name] = self.in_flight[name] = attempt
        try:
            answer = await self._ask(attempt)
            while answer.status != 201 and attempt.keyed and self._stubborn:
                self.put_off[_why(answer)] += 1
                await asyncio.sleep(self.pause)
                answer = await self._ask(attempt)
        except Unanswered:
            self.failed[name] = "unanswered"
        else:
            if answer.status == 201:
                self._acknowledge(attempt, answer)
            else:
                self.failed[name] = _why(answer)
        finally:
            del self.in_flight[name]

    async def _ask(self, attempt: Attempt) -> Answer:
        client = self._client(attempt.port)
        async with asyncio.timeout(PATIENCE):
            return await client.post(
                "/orders",
                attempt.content,
                token=attempt.shopper.token,
                headers={"Idempotency-Key": attempt.name} if attempt.keyed else {},
            )

    async def _read(self, port: int, shopper: Shopper) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._client(port).get("/orders?limit=1", token=shopper.token)
        except Unanswered:
            self.failed_reads.append("unanswered")
        else:
            if answer.status != 200:
                self.failed_reads.append(_why(answer))

    def _close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _client(self, port: int) -> Client:
        return self._clients.setdefault(port, Client(port))

    def _content(self, shopper: Shopper) -> dict[str, Any]:
        items = [
            {"product_id": str(product), "quantity": random.randint(1, 3)}
            for product in random.sample(self._market.products, 2)
        ]
        return {"items": items, "shipping_address_id": str(shopper.address_id)}


def _why(failure: Answer) -> str:
    """Status and code of a problem. Raises AssertionError when it does not say that one may try again."""
    assert (failure.status, failure.headers.get("retry-after")) == (503, "1"), failure
    return f"503 {failure.json()['code']}"
