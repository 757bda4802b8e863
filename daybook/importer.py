"""`daybook import`: past orders from a file into the log, through the same append as every other command.

    file ──read a batch──► known? ──► new customers and products ──► orders, each one append
             ▲ (in a thread, one batch ahead)                            │
             └───────────────────────────────────────────────────────────┘

Nothing is remembered between runs: the log itself knows what is in it. A run that was cut off is run again.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import uvloop
from eventsourcing.domain import Aggregate
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from commands.add_product import AddProduct, ProductCreate
from commands.command import Answer, Command, Request
from commands.handle import CommandHandler
from commands.import_order import ImportOrder
from commands.past_order import PastItem, PastOrder
from commands.register_customer import RegisterCustomer
from daybook.failure import Failure
from daybook.import_lines import BadLine, Batch, read_batches
from daybook.import_summary import Summary
from daybook.settings import Settings
from daybook.shop import Shop
from daybook.wiring import UnknownTenant, open_service
from events.caller import Caller
from events.domain.refusal import Refusal
from events.log.append import AppendError, NotStorable
from events.log.ids import new_id
from events.repository import Repository

NOBODY = UUID(int=0)
MOST_LINES = 256
MOST_PARTS = 4_000
"""Of a batch. What it knows of streams must fit into REMEMBERED several times."""
REMEMBERED = 16_000
MOST_SHOWN = 100
INTERRUPTED = 130

Outcome = Answer | Refusal | NotStorable
"""What can become of one line without stopping the others."""


def run(settings: Settings, path: Path, tenant: str) -> int:
    """Import a file. 0: every line is in the log; 1: some are not; 130: interrupted.

    Bad lines are told on stderr, sums on stdout. Raises Failure and OSError.
    """
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    summary = Summary()
    try:
        with path.open("rb") as file, _progress(console) as progress:
            bar = progress.add_task("importing", total=os.fstat(file.fileno()).st_size or None, orders=0)

            def done(batch: Batch) -> None:
                progress.update(bar, completed=batch.read, orders=len(summary.orders))

            uvloop.run(_import(settings, file, tenant, summary, console, done))
    except KeyboardInterrupt:
        console.print("interrupted: what is in the log stays; run it again and it goes on from there")
        return INTERRUPTED
    if summary.refused > MOST_SHOWN:
        console.print(f"and {summary.refused - MOST_SHOWN} more")
    print(summary.text())
    return 1 if summary.refused else 0


async def _import(
    settings: Settings,
    file: BinaryIO,
    tenant: str,
    summary: Summary,
    console: Console,
    done: Callable[[Batch], None],
) -> None:
    async with open_service(settings, "daybook import") as service:
        try:
            importer = Importer(await service.shop(tenant))
        except UnknownTenant:
            raise Failure(f"there is no tenant {tenant!r}", 2) from None
        batches = read_batches(file, MOST_LINES, MOST_PARTS)
        reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
        while (batch := await reading) is not None:
            reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
            for bad in await importer.take(batch, summary):
                summary.refused += 1
                if summary.refused <= MOST_SHOWN:
                    console.print(f"line {bad.number}: {bad.reason}")
            done(batch)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[orders]} orders"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


class Importer:
    """Imports into one tenant's log, batch by batch."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._tenant = shop.tenant
        self._caller = Caller(NOBODY, shop.tenant, ("system",))
        self._correlation = f"import-{new_id()}"
        # Of its own: what is imported is rarely asked for again, and must not fill the memory.
        self._repository = Repository(shop.reader, shop.codec, remember=REMEMBERED)
        self._commands = CommandHandler(shop.appender, shop.reader, shop.codec, self._repository)

    async def take(self, batch: Batch, summary: Summary) -> list[BadLine]:
        """Import a batch and count it; answers its bad lines. Raises Failure when the log does not answer."""
        bad = list(batch.bad)
        try:
            outcomes = await self._outcomes([line.past for line in batch.lines])
        except AppendError as error:
            raise Failure(
                f"the log does not answer ({type(error).__name__}): run it again, and it goes on from there"
            ) from error
        for line, outcome in zip(batch.lines, outcomes, strict=True):
            match outcome:
                case Answer():
                    summary.count(line.past, new=outcome.status == 201)
                case Refusal():
                    bad.append(BadLine(line.number, f"{outcome.code}: {outcome.detail}"))
                case NotStorable():
                    bad.append(BadLine(line.number, "the database cannot store it"))
        return sorted(bad, key=lambda line: line.number)

    async def _outcomes(self, orders: Sequence[PastOrder]) -> list[Outcome]:
        """What became of each. All that they look at is read at once, then they are handled together."""
        numbers = self._shop.numbers
        # Twice: one that meets a conflict is decided again, and takes another.
        commands = [ImportOrder.into(self._tenant, past, await numbers.take()) for past in orders]
        read = await self._repository.refresh({stream_id for command in commands for stream_id in command.looked_at})
        new = [command for command in commands if read[command.order_id] is None]
        read |= await self._introduce(new, read)
        return await self._handled(
            (command, {stream_id: read[stream_id] for stream_id in command.looked_at}) for command in commands
        )

    async def _handled(self, commands: Iterable[tuple[Command, Mapping[UUID, Aggregate | None]]]) -> list[Outcome]:
        """Handle commands together, each with the streams as they were read for it. Raises AppendError."""
        handling = (
            self._commands.handle(command, Request(self._caller, new_id(), self._correlation), read)
            for command, read in commands
        )
        outcomes: list[Outcome] = []
        for outcome in await asyncio.gather(*handling, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal | NotStorable):
                raise outcome
            outcomes.append(outcome)
        return outcomes

    async def _introduce(
        self, orders: Sequence[ImportOrder], known: Mapping[UUID, Aggregate | None]
    ) -> dict[UUID, Aggregate | None]:
        """Add the customers and products that these orders are the first to name; answers how they are then.

        Before the orders, and in appends of their own: two orders of a batch may need the same one.
        """
        await self._shop.codec.keyring.ensure(order.customer_id for order in orders)
        new: dict[UUID, Command] = {}
        for order in orders:
            if known[order.customer_id] is None:
                who = order.past.customer
                register = RegisterCustomer(order.customer_id, who.name, who.email, who.reference)
                new.setdefault(order.customer_id, register)
            for item in order.past.items:
                if known[order.skus[item.sku]] is None:
                    new.setdefault(order.skus[item.sku], _product(item, order.past.currency))
        # A SKU that is taken was added by somebody else in the meantime, and is known now.
        await self._handled((command, {stream_id: None}) for stream_id, command in new.items())
        return await self._repository.get(new)


def _product(item: PastItem, currency: str) -> AddProduct:
    return AddProduct(ProductCreate(sku=item.sku, name=item.name, price_cents=item.price_cents, currency=currency))
