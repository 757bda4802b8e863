"""`daybook import`: past orders from a file into the log, through the same append as every other command.

    file ──read a batch──► known? ──► new customers and products ──► orders, each one append
             ▲ (in a thread, one batch ahead)                            │
             └───────────────────────────────────────────────────────────┘

Nothing is remembered between runs: the log itself knows what is in it. A run that was cut off is run again.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from eventsourcing.domain import Aggregate
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from uuid_utils.compat import uuid7

from commands.add_product import AddProduct, ProductCreate, SkuTaken
from commands.command import Answer, Command, Request
from commands.handle import CommandHandler
from commands.import_order import ImportOrder, PastOrder, customer_id_of
from commands.register_customer import RegisterCustomer
from daybook.failure import Failure
from daybook.import_lines import BadLine, Batch, PastLine, read_batches
from daybook.import_summary import Summary
from daybook.settings import Settings
from daybook.shop import Shop
from daybook.wiring import UnknownTenant, open_service
from events.caller import Caller
from events.domain.product import Sku
from events.domain.refusal import Refusal
from events.log.append import AppendError
from events.repository import Repository

NOBODY = UUID(int=0)
MOST_LINES = 256
MOST_PARTS = 4_000
"""Of a batch. What it knows of streams must fit into REMEMBERED several times."""
REMEMBERED = 16_000
MOST_SHOWN = 100
INTERRUPTED = 130


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

            asyncio.run(_import(settings, file, tenant, summary, console, done))
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
        self._correlation = f"import-{uuid7()}"
        # Of its own: what is imported is rarely asked for again, and must not fill the memory.
        self._repository = Repository(shop.reader, shop.codec, remember=REMEMBERED)
        self._commands = CommandHandler(shop.appender, shop.reader, shop.codec, self._repository)

    async def take(self, batch: Batch, summary: Summary) -> list[BadLine]:
        """Import a batch and count it; answers its bad lines. Raises Failure when the log does not answer."""
        bad = list(batch.bad)
        for line, outcome in zip(batch.lines, await self._outcomes(batch.lines), strict=True):
            if isinstance(outcome, Answer):
                summary.count(line.past, new=outcome.status == 201)
            elif isinstance(outcome, Refusal):
                bad.append(BadLine(line.number, f"{outcome.code}: {outcome.detail}"))
            elif isinstance(outcome, AppendError):
                raise Failure(
                    f"the log does not answer ({type(outcome).__name__}): run it again, and it goes on"
                ) from outcome
            else:
                raise outcome
        return sorted(bad, key=lambda line: line.number)

    async def _outcomes(self, lines: Sequence[PastLine]) -> list[Answer | BaseException]:
        await self._shop.numbers.reserve(2 * MOST_LINES)
        commands = [(self._request(), ImportOrder(line.past, self._shop.numbers.next)) for line in lines]
        wanted = [list(command.streams(request)) for request, command in commands]
        read = await self._repository.refresh({stream_id for streams in wanted for stream_id in streams})
        new = [
            line.past for line, (order_id, *_) in zip(lines, wanted, strict=True) if read[order_id] is None
        ]
        read |= await self._introduce(new, read)
        return await asyncio.gather(
            *(
                self._commands.handle(command, request, {stream_id: read[stream_id] for stream_id in streams})
                for (request, command), streams in zip(commands, wanted, strict=True)
            ),
            return_exceptions=True,
        )

    async def _introduce(
        self, orders: Sequence[PastOrder], known: Mapping[UUID, Aggregate | None]
    ) -> dict[UUID, Aggregate | None]:
        """Add the customers and products that these orders are the first to name; answers them as they are now.

        Before the orders, and in appends of their own: two orders of one batch may need the same one.
        """
        new: dict[UUID, Command] = {}
        for past in orders:
            customer, who = customer_id_of(self._tenant, past.customer.reference), past.customer
            new.setdefault(customer, RegisterCustomer(customer, who.name, who.email, who.reference))
            for item in past.items:
                product = ProductCreate(
                    sku=item.sku, name=item.name, price_cents=item.price_cents, currency=past.currency
                )
                new.setdefault(Sku.id_of(self._tenant, item.sku), AddProduct(product))
        await self._shop.codec.keyring.ensure(
            stream_id for stream_id, command in new.items() if isinstance(command, RegisterCustomer)
        )
        new = {stream_id: command for stream_id, command in new.items() if known[stream_id] is None}
        adding = (
            self._commands.handle(command, self._request(), {stream_id: None})
            for stream_id, command in new.items()
        )
        for added in await asyncio.gather(*adding, return_exceptions=True):
            # Taken: another process was first with this product, and it is known now.
            if isinstance(added, BaseException) and not isinstance(added, SkuTaken):
                raise added
        return await self._repository.get(new)

    def _request(self) -> Request:
        return Request(self._caller, uuid7(), self._correlation)
