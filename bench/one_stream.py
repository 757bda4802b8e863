"""Many writers on one stream: commands a second, with 32 who write on one order, each durable before its answer.

*daybook* is our command handler: a note on an order, which is decided, sealed and answered, each time with the whole
order. *a version, an insert* is the usual way in its barest form: a pool of 32 connections, and for each command a
read of the stream's version and an insert under a unique key, once more when another was faster. It decides nothing,
and its events are as long as ours.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from uuid import UUID, uuid4

import asyncpg
import uvloop

from bench.servers import describe, durable_postgres, tell
from commands.add_address import AddAddress, AddressCreate
from commands.add_note import AddNote, NoteCreate
from commands.add_product import AddProduct, ProductCreate
from commands.command import Answer, Command, Request
from commands.place_order import OrderCreate, OrderItem, PlaceOrder
from commands.register_customer import RegisterCustomer
from daybook.shop import Shop, make_shop
from events.caller import Caller
from events.log.connect import create_pool
from events.log.ids import new_id
from events.log.migrate import migrate
from events.log.recorded import RecordedEvent
from events.log.tenants import add_tenant

ROUNDS = 5
SECONDS = 3.0
WRITERS = 32
TENANT = "default"
SECRET = "a secret of the bench, of more than thirty-two characters"
NOTE = "The customer called and would like to have it before the weekend."
OURS, THEIRS = "daybook, one process", "a version, an insert, asyncpg pool of 32"
AIM = 10

_SCHEMA = """
CREATE TABLE one_by_one (
    stream_id uuid NOT NULL,
    version integer NOT NULL,
    event_type text NOT NULL,
    data bytea NOT NULL,
    metadata jsonb NOT NULL,
    PRIMARY KEY (stream_id, version)
)
"""
_VERSION = "SELECT version FROM one_by_one WHERE stream_id = $1 ORDER BY version DESC LIMIT 1"
_INSERT = "INSERT INTO one_by_one VALUES ($1, $2, 'NoteAdded', $3, $4)"


Write = Callable[[], Awaitable[object]]


@dataclass
class Contestant:
    """One line of the table. `prepare`: what a writer does to a stream that is new in each round."""

    name: str
    prepare: Callable[[], Awaitable[Write]]
    rates: list[float] = field(default_factory=list)


def run(rounds: int = ROUNDS, seconds: float = SECONDS) -> None:
    """Measure and print."""
    with durable_postgres() as server:
        uvloop.run(migrate(server.owner_url()))
        tell(server.owner_url(), _SCHEMA, "GRANT SELECT, INSERT ON one_by_one TO daybook_app")
        contestants = uvloop.run(_measure(server.url(), server.owner_url(), rounds, seconds))
        print(f"one stream, {WRITERS} writers; medians of {rounds} interleaved rounds of {seconds:.0f} s;", end=" ")
        print(describe(server.owner_url()))
    ours, theirs = (median(contestant.rates) for contestant in contestants)
    for c in contestants:
        print(f"  {median(c.rates):9,.0f}/s  {c.name:44} {' '.join(f'{rate:,.0f}' for rate in c.rates)}")
    print(f"  {ours / theirs:9.1f} ×  (aim: ≥ {AIM})")


async def _measure(url: str, owner_url: str, rounds: int, seconds: float) -> list[Contestant]:
    owner = await asyncpg.connect(owner_url)
    await add_tenant(owner, TENANT)
    pool = await create_pool(url, "bench", max_size=WRITERS)
    shop = make_shop(
        TENANT, pool, url, "a secret of the bench, of 32 characters", bytes(range(32)), application="bench"
    )
    shopper = Shopper(shop)
    await shopper.move_in()
    note = await _an_event(shopper)
    contestants = [Contestant(OURS, shopper.writing), Contestant(THEIRS, partial(_one_by_one, pool, note))]
    for _ in range(rounds):
        for contestant in contestants:
            await owner.execute("CHECKPOINT")
            contestant.rates.append(await _rate(await contestant.prepare(), seconds))
    await shop.appender.close()
    await pool.close()
    await owner.close()
    return contestants


async def _rate(write: Write, seconds: float) -> float:
    done, begin = 0, time.perf_counter()
    end = begin + seconds

    async def writer() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await write()
            done += 1

    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return done / (time.perf_counter() - begin)


class Shopper:
    """Who orders, and then writes notes on the order."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._caller = Caller(new_id(), TENANT, ("customer",))
        self._home, self._ware = new_id(), new_id()

    async def move_in(self) -> None:
        """With an address, in a shop that has something to sell."""
        address = AddressCreate(recipient="Ada Lovelace", line1="12 St James's Square", city="London", country="GB")
        await self._ask(RegisterCustomer(self._caller.subject, "Ada Lovelace", "ada@example.com"))
        await self._ask(AddAddress(address, self._home))
        await self._ask(AddProduct(ProductCreate(sku="WARE", name="Ware", price_cents=1_495, stock=1_000), self._ware))

    async def writing(self) -> Write:
        """Notes on a new order."""
        order = OrderCreate(items=[OrderItem(product_id=self._ware, quantity=1)], shipping_address_id=self._home)
        placed = await self._ask(PlaceOrder(order, await self._shop.numbers.take()))
        note = AddNote(UUID(str(placed.location).rpartition("/")[2]), NoteCreate(text=NOTE))
        return lambda: self._ask(note)

    async def last_event(self) -> RecordedEvent:
        """What was written last."""
        [event] = await self._shop.reader.after(await self._shop.reader.head() - 1, 1)
        return event

    async def _ask(self, command: Command) -> Answer:
        return await self._shop.commands.handle(command, Request(self._caller, new_id(), "bench"))


async def _an_event(shopper: Shopper) -> RecordedEvent:
    write = await shopper.writing()
    await write()
    return await shopper.last_event()


async def _one_by_one(pool: asyncpg.Pool, like: RecordedEvent) -> Write:
    stream_id = uuid4()

    async def write() -> None:
        while True:
            async with pool.acquire() as connection:
                version = await connection.fetchval(_VERSION, stream_id) or 0
                try:
                    await connection.execute(_INSERT, stream_id, version + 1, like.data, like.metadata)
                except asyncpg.UniqueViolationError:
                    continue
                return

    return write
