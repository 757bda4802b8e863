"""The service, running: a real server on a loopback port, and the projector beside it, in the loop of the tests."""

import asyncio
import contextlib
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import uvicorn
from uuid_utils.compat import uuid7

from api.app import create_app
from api.backend import Backend
from api.gate import Gate
from api.issuer import Issuer
from api.limits import Limits
from api.live.hubs import Hubs
from api.metrics import observe_append
from api.revocations import Revocations
from api.tokens import Tokens
from commands.command import Request
from commands.register_customer import RegisterCustomer
from consumers.broker import make_broker
from consumers.enqueue import Enqueuer
from daybook.api_process import UVICORN, make_sessions
from daybook.archive_process import make_archive_runners
from daybook.projector_process import make_runners
from daybook.settings import Settings
from daybook.shop import Shop
from daybook.wiring import Service, connect_redis, open_service
from events.caller import Caller
from events.codec import Codec
from events.invitation_tokens import InvitationTokens
from events.log.connect import connect
from events.log.tenants import all_tenants
from events.personal import Keyring
from projections.leadership import AdvisoryLeadership
from projections.projector import Projector
from projections.runner import Runner
from projections.sealing import Sealer
from tests.api.person import Person
from tests.projections.eventually import eventually

SECRET = "a secret of the tests, of more than thirty-two characters"
MASTER_KEY = bytes(range(32))
SEAL_KEY = bytes(range(32, 64))
WEBHOOK_SECRET = "whsec_" + b64encode(b"the payment provider and we share it").decode()


class Running:
    """A service that runs, and the people who use it."""

    def __init__(self, service: Service, backend: Backend, port: int, client: httpx.AsyncClient) -> None:
        self.service = service
        self.backend = backend
        self.pool = service.pool
        self.port = port
        self.client = client
        self.tokens = backend.tokens

    async def shop(self, tenant: str = "default") -> Shop:
        """A tenant's parts, as the server has them."""
        return await self.service.shop(tenant)

    async def person(self, *roles: str, tenant: str = "default", account_id: UUID | None = None) -> Person:
        """Somebody with a token of these roles."""
        account_id = account_id or uuid4()
        token = self.tokens.issue(account_id, tenant, list(roles))
        return Person(self.client, await self.shop(tenant), account_id, token)

    async def customer(self, name: str = "Ada Lovelace", tenant: str = "default") -> Person:
        """A customer, with one address."""
        person = await self.person("customer", tenant=tenant)
        shop = await self.shop(tenant)
        command_id = uuid7()
        await shop.commands.handle(
            RegisterCustomer(person.id, name, f"{person.id}@example.com"),
            Request(Caller(UUID(int=0), tenant, ("system",)), command_id, correlation_id=command_id.hex),
        )
        await person.adds_address(recipient=name)
        return person


class _Server(uvicorn.Server):
    """Signals are pytest's here."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def has_started(self) -> bool:
        return self.started


@asynccontextmanager
async def running(
    database_url: str,
    redis_url: str,
    *,
    limits: Limits | None = None,
    issuer: Issuer | None = None,
    projecting: bool = True,
) -> AsyncIterator[Running]:
    """Start all of it, and end it afterwards. Without `projecting` nothing is posted."""
    settings = Settings(
        database_url=database_url,
        database_owner_url=database_url,
        redis_url=redis_url,
        secret=SECRET,
        master_key=MASTER_KEY,
    )
    async with contextlib.AsyncExitStack() as stack:
        service = await stack.enter_async_context(open_service(settings, "test api", observe_append))
        listening = connect_redis(redis_url, waiting=True)
        stack.push_async_callback(listening.aclose)
        hubs = Hubs(service.pool, listening)
        stack.push_async_callback(hubs.close)
        revocations = Revocations(service.pool, listening, service.served)
        revocations.start()
        stack.push_async_callback(revocations.close)
        backend = Backend(
            *(service, service.pool, service.redis, Tokens(SECRET), hubs, limits or Limits()),
            *(make_sessions(service, settings), revocations, InvitationTokens(SECRET), issuer, (WEBHOOK_SECRET,)),
        )
        if projecting:
            await stack.enter_async_context(_projecting(database_url, redis_url))
        port = await stack.enter_async_context(_serving(create_app(lambda: nullcontext(backend))))
        client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=30, limits=httpx.Limits(max_connections=200)
        )
        await stack.enter_async_context(client)
        yield Running(service, backend, port, client)


@asynccontextmanager
async def _serving(gate: Gate) -> AsyncIterator[int]:
    # With its protocol named: of others asyncio does not turn Nagle's delay off, and each answer would take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = _Server(uvicorn.Config(gate, **UVICORN))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await eventually(server.has_started)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        listener.close()


@asynccontextmanager
async def _projecting(database_url: str, redis_url: str) -> AsyncIterator[None]:
    """As daybook.projector_process and daybook.archive_process wire it."""
    redis = connect_redis(redis_url, waiting=True)
    leadership = AdvisoryLeadership(lambda: connect(database_url, "test projector leader"))
    enqueue = Enqueuer(make_broker(redis_url))
    pool: asyncpg.Pool[Any]
    async with asyncpg.create_pool(database_url, min_size=1, max_size=6) as pool:
        with TemporaryDirectory(prefix="seals-") as folder:
            sealer = Sealer(SEAL_KEY, "shop.example", Path(folder))

            def build(tenant: str) -> Sequence[Runner]:
                codec = Codec(Keyring(pool, tenant, MASTER_KEY))
                archive = make_archive_runners(pool, tenant, codec, sealer, leadership, gather=0.0, seal_every=0.02)
                return [*make_runners(pool, tenant, codec, redis, enqueue, leadership), *archive]

            projector = asyncio.create_task(Projector(redis, lambda: all_tenants(pool), build, look_every=0.2).run())
            try:
                yield
            finally:
                projector.cancel()
                await asyncio.wait((projector,))
                await leadership.close()
                await redis.aclose()
