"""Performs deliveries: claim, do, record in the log, mark. After a crash in between they are done again.

    pending ──claim──► leased ──performed and recorded──► done
       ▲                 │ └───── the lease ran out ────► (claimed again)
       ├──── backoff ────┤
       │                 └── attempts used up, or it can never succeed ──► dead
       └──────────────────────── an operator replays ──────────────────────┘

Postgres, not the broker, knows what is due and how often it was tried. An attempt is counted before it is
made, so that a delivery which kills its process is given up in the end. The end of the lease is also its
fence: whoever outlived it can no longer call the delivery failed. That it is done, anyone may say.

Those that came in one message share a claim, a read and a mark. No commit here needs to wait for the disk: if Postgres
loses a claim or a mark with its machine, the delivery is due again, and the log knows whether it was performed.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter
from uuid import UUID

import asyncpg
import structlog
from aiosmtplib import SMTPResponseException

from consumers.effect import Delivery, Effect, Recorded, Undeliverable
from events.log.statements import load_statements

SQL = load_statements(Path(__file__).parent / "sql")

ATTEMPTS = 8
ATTEMPT_SECONDS = 10.0
LEASE_SECONDS = 12.0
"""Longer than an attempt may take: while it is under way nobody else begins another."""

log = structlog.get_logger("worker")


class Deliverer:
    """Performs deliveries of any tenant and kind, any number at once and in any number of processes."""

    def __init__(
        self,
        db: asyncpg.Pool,
        effect: Callable[[str, str], Awaitable[Effect]],
        *,
        attempts: int = ATTEMPTS,
        attempt_seconds: float = ATTEMPT_SECONDS,
        lease_seconds: float = LEASE_SECONDS,
        pause: Callable[[int], float] | None = None,
    ) -> None:
        """`effect`: of a tenant and a kind. `pause`: seconds to wait after the so-many-th attempt failed."""
        self._db = db
        self._effect = effect
        self._attempts = attempts
        self._attempt_seconds = attempt_seconds
        self._lease_seconds = lease_seconds
        self._pause = pause or backoff

    async def deliver(self, tenant: str, delivery_ids: Sequence[UUID]) -> None:
        """Make one attempt at each that is due, and neither under way elsewhere nor finished, all of them at once.

        Raises what a lost database raises; what is not marked then is due again when its lease has run out.
        """
        kinds: defaultdict[str, list[Delivery]] = defaultdict(list)
        for delivery in await self._claim(tenant, delivery_ids):
            kinds[delivery.kind].append(delivery)
        until = asyncio.get_running_loop().time() + self._attempt_seconds
        await _all(self._attempts_at(tenant, kind, deliveries, until) for kind, deliveries in kinds.items())

    async def _claim(self, tenant: str, delivery_ids: Sequence[UUID]) -> list[Delivery]:
        rows = await self._db.fetch(SQL.claim_deliveries, tenant, delivery_ids, self._lease_seconds, self._attempts)
        claimed = []
        for row in rows:
            delivery = Delivery(
                tenant,
                row["delivery_id"],
                kind=row["kind"],
                order_id=row["order_id"],
                customer_id=row["customer_id"],
                attempt=row["attempts"],
                lease=row["due_at"],
            )
            if row["status"] == "dead":
                log.error("gave a delivery up: its attempts never ended", **_named(delivery))
            else:
                claimed.append(delivery)
        return claimed

    async def _attempts_at(self, tenant: str, kind: str, deliveries: Sequence[Delivery], until: float) -> None:
        try:
            async with asyncio.timeout_at(until):
                effect = await self._effect(tenant, kind)
                recorded = await effect.read(deliveries)
        except Exception as error:
            await _all(self._failed(delivery, error) for delivery in deliveries)
            return
        attempts = [self._attempt(effect, delivery, recorded, until) for delivery in deliveries]
        ended = await asyncio.gather(*attempts, return_exceptions=True)
        done = [delivery.id for delivery, end in zip(deliveries, ended, strict=True) if end is True]
        if done:
            await self._db.execute(SQL.finish_deliveries, tenant, done)
        _raise_first(ended)

    async def _attempt(self, effect: Effect, delivery: Delivery, recorded: Recorded, until: float) -> bool:
        """Whether it was performed. Raises what a lost database raises."""
        started = perf_counter()
        try:
            async with asyncio.timeout_at(until):
                await effect.perform(delivery, recorded)
        except Exception as error:
            await self._failed(delivery, error)
            return False
        log.info("delivered", **_named(delivery), ms=round((perf_counter() - started) * 1000, 1))
        return True

    async def _failed(self, delivery: Delivery, error: Exception) -> None:
        if isinstance(error, Undeliverable):
            await self._give_up(delivery, str(error))
            return
        kind = kind_of(error)
        if delivery.attempt >= self._attempts:
            await self._give_up(delivery, kind)
            return
        seconds = self._pause(delivery.attempt)
        await self._db.execute(SQL.put_off_delivery, delivery.tenant, delivery.id, delivery.lease, kind, seconds)
        log.warning("a delivery failed", **_named(delivery), error=kind, again_in=round(seconds, 1))

    async def _give_up(self, delivery: Delivery, error: str) -> None:
        await self._db.execute(SQL.give_up_delivery, delivery.tenant, delivery.id, delivery.lease, error)
        log.error("gave a delivery up", **_named(delivery), error=error)


async def _all(works: Iterable[Awaitable[None]]) -> None:
    """All of them, to their end; then raises what the first that failed raised."""
    _raise_first(await asyncio.gather(*works, return_exceptions=True))


def _raise_first(ended: Iterable[object]) -> None:
    for end in ended:
        if isinstance(end, BaseException):
            raise end


def backoff(attempt: int) -> float:
    """Seconds until the next attempt: about 2, 8, 32 … 8192, three hours in all. The jitter parts a herd."""
    return 2.0 * 4.0 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311


def kind_of(error: Exception) -> str:
    """An error as it may be stored and logged: its text could hold an address, its kind and code do not."""
    kind = type(error).__name__
    return f"{kind} {error.code}" if isinstance(error, SMTPResponseException) else kind


def _named(delivery: Delivery) -> dict[str, str | int]:
    return {
        "tenant": delivery.tenant,
        "delivery": str(delivery.id),
        "kind": delivery.kind,
        "order": str(delivery.order_id),
        "attempt": delivery.attempt,
    }
