"""The worker process: performs what the log asks to be done in the world.

Redis ──► Dramatiq's threads ──► this process's one event loop ──► Postgres, SMTP
  ▲                                        │
  └──────────────── sweep ─────────────────┘
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import AsyncExitStack
from threading import Thread
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import structlog
import uvloop
from dramatiq import Worker
from redis.exceptions import RedisError

from consumers.account_invitation import ACCOUNT_INVITATION, AccountInvitation
from consumers.broker import make_broker, receive
from consumers.confirmation_mail import domain_of
from consumers.deliver import Deliverer
from consumers.effect import Effect
from consumers.enqueue import Enqueuer
from consumers.http_payment_provider import HttpPaymentProvider
from consumers.mailer import Mailer
from consumers.order_confirmation import ORDER_CONFIRMATION, OrderConfirmation
from consumers.payment_provider import PaymentProvider
from consumers.payment_request import KINDS as PAYMENT_REQUESTS
from consumers.payment_request import PaymentRequest
from consumers.smtp_address import BadSmtpUrl, SmtpAddress
from consumers.sweep import Sweep
from daybook.clock import Clock
from daybook.failure import Failure
from daybook.logs import configure_logs
from daybook.priority import Pace, give_way
from daybook.settings import Settings
from daybook.supervised import watch_supervisor
from daybook.wiring import Service, open_service
from events.invitation_tokens import InvitationTokens
from events.log.lasting import CONNECTION_LOST
from events.log.tenants import all_tenants

# A thread waits for the deliveries of one message, AT_ONCE of them at most, and so for the slowest of them.
_THREADS = 4
# Of the five seconds in which it must be gone: for what is under way to end, to be cut off, and to take leave.
_FINISH_SECONDS = 2.5
_CUT_OFF_SECONDS = 0.5
_LEAVE_SECONDS = 1.0
_SAY_SECONDS = 30.0

_DATABASE_AWAY = (*CONNECTION_LOST, asyncpg.PostgresError)

log = structlog.get_logger("worker")


def run(settings: Settings) -> None:
    """Perform deliveries until SIGTERM or SIGINT; then finish what is under way, within five seconds.

    Raises Failure when a setting makes no sense. Postgres and Redis may come later, and go.
    """
    configure_logs(settings)
    watch_supervisor()
    give_way()
    try:
        address = SmtpAddress.parse(settings.smtp_url)
        mailer = Mailer(address, domain=domain_of(settings.mail_from))
    except BadSmtpUrl as error:
        raise Failure(f"SMTP_URL makes no sense: {error}", 2) from error
    except ValueError as error:
        raise Failure(f"DAYBOOK_MAIL_FROM makes no sense: {error}", 2) from error
    uvloop.run(_work(settings, mailer))


async def _work(settings: Settings, mailer: Mailer) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    stack = AsyncExitStack()
    service = await _opened(stack, settings, stop)
    if service is None:
        return
    broker = make_broker(settings.redis_url)
    provider = payment_provider(settings)
    underway = _Underway(Deliverer(service.pool, effects(service, mailer, settings.mail_from, provider)))
    receive(broker, underway.perform)
    # Nothing is ever put off in Redis: without its second queue no second thread polls for nothing.
    broker.delay_queues.clear()
    worker = Worker(broker, worker_threads=_THREADS, worker_timeout=250)
    worker.start()
    clock = asyncio.create_task(Clock(service).run())
    sweep = asyncio.create_task(Sweep(service.pool, Enqueuer(broker), lambda: all_tenants(service.pool)).run())
    log.info("working", threads=_THREADS)
    await stop.wait()
    log.info("stopping", underway=len(underway.tasks))
    sweep.cancel()
    clock.cancel()
    # A thread of its own: one that waits for a lost Redis may be left behind.
    finishing = Thread(target=_finish, args=(worker,), daemon=True)
    finishing.start()
    await asyncio.to_thread(finishing.join, _FINISH_SECONDS)
    await underway.cut_off()
    with contextlib.suppress(TimeoutError, *CONNECTION_LOST):
        async with asyncio.timeout(_LEAVE_SECONDS):
            await mailer.close()
            if provider is not None:
                await provider.close()
            await stack.aclose()


async def _opened(stack: AsyncExitStack, settings: Settings, stop: asyncio.Event) -> Service | None:
    """The service, as soon as there is a database; None when it is asked to stop before that."""
    said = False
    while not stop.is_set():
        try:
            # Neither a claim nor a mark needs to survive the machine: see consumers.deliver. What the log gets does.
            return await stack.enter_async_context(open_service(settings, "daybook worker", synchronous_commit="off"))
        except CONNECTION_LOST as error:
            if not said:
                log.warning("the worker waits for the database", error=type(error).__name__)
                said = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await stop.wait()
    return None


def payment_provider(settings: Settings) -> HttpPaymentProvider | None:
    """The payment provider, where one is named."""
    if settings.payment_url is None or settings.payment_key is None:
        return None
    return HttpPaymentProvider(settings.payment_url, settings.payment_key)


def effects(
    service: Service, mailer: Mailer, mail_from: str, provider: PaymentProvider | None = None
) -> Callable[[str, str], Awaitable[Effect]]:
    """What performs each kind of delivery, tenant by tenant. Without a provider its requests wait for one."""

    async def effect(tenant: str, kind: str) -> Effect:
        shop = await service.shop(tenant)
        if kind == ORDER_CONFIRMATION:
            return OrderConfirmation(shop.reader, shop.codec, shop.appender, mailer.send, mail_from)
        if kind == ACCOUNT_INVITATION:
            return AccountInvitation(
                *(shop.reader, shop.codec, shop.appender, mailer.send, mail_from),
                *(InvitationTokens(service.settings.secret), service.settings.invitation_page),
            )
        if kind in PAYMENT_REQUESTS and provider is not None:
            return PaymentRequest(shop.reader, shop.codec, shop.appender, provider)
        # A newer version, or one with a provider, may know it: later attempts, there, will do it.
        raise LookupError(kind)

    return effect


class _Underway:
    """Carries deliveries from Dramatiq's threads to the event loop, and knows those that are not finished."""

    def __init__(self, deliverer: Deliverer) -> None:
        self._deliverer = deliverer
        self._loop = asyncio.get_running_loop()
        self._said_at = -_SAY_SECONDS
        self._pace = Pace()
        self.tasks: set[asyncio.Task[Any]] = set()

    def perform(self, tenant: str, delivery_ids: Sequence[UUID]) -> None:
        """Called in a thread; returns when the attempts are over."""
        with contextlib.suppress(CancelledError):
            asyncio.run_coroutine_threadsafe(self._perform(tenant, delivery_ids), self._loop).result()

    async def cut_off(self) -> None:
        """End what would not end by itself. Its leases run out, and it is done again elsewhere."""
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=_CUT_OFF_SECONDS)

    async def _perform(self, tenant: str, delivery_ids: Sequence[UUID]) -> None:
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("a coroutine runs in a task")
        self.tasks.add(task)
        try:
            await self._deliverer.deliver(tenant, delivery_ids)
            await self._pace.rest()
        except _DATABASE_AWAY as error:
            # What is due stays due in Postgres: nothing is lost but this message.
            if monotonic() - self._said_at >= _SAY_SECONDS:
                log.warning("deliveries wait for the database", error=type(error).__name__)
                self._said_at = monotonic()
        finally:
            self.tasks.discard(task)


def _finish(worker: Worker) -> None:
    """Let the threads finish, and give back to the queue what they have not begun."""
    # Redis may be away; then the messages are lost, and the sweep brings others.
    with contextlib.suppress(RedisError):
        worker.stop(timeout=int(_FINISH_SECONDS * 1000))
