"""The API process: uvicorn around the application."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import uvicorn

from api.app import create_app
from api.backend import Backend
from api.issuer import Issuer
from api.limits import Limits
from api.live.hubs import Hubs
from api.metrics import observe_append
from api.refresh_tokens import RefreshTokens
from api.revocations import Revocations
from api.sessions import Sessions
from api.tokens import ISSUER, Tokens
from daybook.collector import spare_the_collector
from daybook.failure import Failure
from daybook.logs import configure_logs
from daybook.settings import Settings
from daybook.supervised import watch_supervisor
from daybook.wiring import Service, connect_redis, open_service
from events.invitation_tokens import InvitationTokens

UVICORN: dict[str, Any] = {
    "loop": "uvloop",
    "http": "httptools",
    "ws": "websockets-sansio",
    "ws_max_size": 1 << 16,
    # Frames are small and many: compressing them costs more memory than it saves bytes.
    "ws_per_message_deflate": False,
    "access_log": False,
    "log_level": "warning",
    "server_header": False,
    "proxy_headers": False,
    "timeout_graceful_shutdown": 5,
    # Longer than those in front of us keep one: else we would close it just as a request comes along.
    "timeout_keep_alive": 75,
    "backlog": 2048,
}
"""uvicorn, as it is run here."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is under way, within seconds."""
    configure_logs(settings)
    logging.getLogger("uvicorn.error").addFilter(_is_news)
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
                settings.commands_per_minute,
            )
            tokens, sessions = Tokens(settings.secret), make_sessions(service, settings)
            revocations = Revocations(service.pool, listening, service.served)
            revocations.start()
            issuer = make_issuer(settings)
            spare_the_collector()
            try:
                invitations = InvitationTokens(settings.secret)
                yield Backend(
                    *(service, service.pool, service.redis, tokens, hubs, limits),
                    *(sessions, revocations, invitations, issuer),
                    settings.payment_webhook_secrets,
                    timedelta(minutes=settings.pay_within_minutes),
                )
            finally:
                await revocations.close()
                if issuer is not None:
                    await issuer.close()
                await hubs.close()
                await listening.aclose()

    uvicorn.Server(uvicorn.Config(create_app(open_backend), host=settings.host, port=settings.port, **UVICORN)).run()


def make_issuer(settings: Settings) -> Issuer | None:
    """The external issuer, where there is one. Raises Failure when it is named in part."""
    named = (settings.jwks_url, settings.issuer, settings.audience)
    if not any(named):
        return None
    if settings.jwks_url is None or settings.issuer is None or settings.audience is None:
        raise Failure("DAYBOOK_JWKS_URL, DAYBOOK_ISSUER and DAYBOOK_AUDIENCE are set together or not at all", 2)
    if settings.issuer == ISSUER:
        raise Failure("DAYBOOK_ISSUER is our own name: an external issuer has another", 2)
    return Issuer(
        *(settings.jwks_url, settings.issuer, settings.audience),
        tenant_claim=settings.tenant_claim,
        roles_claim=settings.roles_claim,
    )


def make_sessions(service: Service, settings: Settings) -> Sessions:
    """The sessions, as settings have them."""
    return Sessions(service.pool, RefreshTokens(settings.secret), timedelta(days=settings.session_idle_days))


def _is_news(record: logging.LogRecord) -> bool:
    """A handshake that we refuse with a proper answer is no error, though uvicorn takes it for one."""
    return "without completing handshake" not in record.msg
