"""The API process: uvicorn around the application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from api.app import create_app
from api.backend import Backend
from api.limits import Limits
from api.live.hubs import Hubs
from api.metrics import observe_append
from api.tokens import Tokens
from daybook.logs import configure_logs
from daybook.settings import Settings
from daybook.supervised import watch_supervisor
from daybook.wiring import connect_redis, open_service


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is under way, within seconds."""
    configure_logs(settings)
    watch_supervisor()

    @asynccontextmanager
    async def open_backend() -> AsyncIterator[Backend]:
        async with open_service(settings, "daybook api", observe_append) as service:
            listening = connect_redis(settings.redis_url, waiting=True)
            hubs = Hubs(service.pool, listening)
            limits = Limits(
                settings.logins_per_account,
                settings.logins_per_address,
                settings.sockets_per_account,
                settings.origins,
            )
            try:
                yield Backend(service, service.pool, service.redis, Tokens(settings.secret), hubs, limits)
            finally:
                await hubs.close()
                await listening.aclose()

    config = uvicorn.Config(
        create_app(open_backend),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=1 << 16,
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
        backlog=2048,
    )
    uvicorn.Server(config).run()
