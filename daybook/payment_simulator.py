"""The payment simulator, as a process: at PAYMENT_URL, with its book in DATA/payments.sqlite.

A simulator: no money moves. `daybook up` starts it in demo mode when no provider is named, and so do tests.
"""

import socket
import sqlite3
from urllib.parse import urlsplit

import structlog
import uvicorn
from pydantic import ValidationError

from daybook.failure import Failure
from daybook.logs import configure_logs
from daybook.priority import give_way
from daybook.settings import PaymentSettings
from daybook.simulator.book import Book
from daybook.simulator.control import Control
from daybook.simulator.endpoints import create_simulator
from daybook.supervised import watch_supervisor

log = structlog.get_logger("payments")


def run(settings: PaymentSettings, webhook_url: str | None, control: str) -> None:
    """Simulate until SIGTERM or SIGINT. Raises Failure when it cannot.

    `webhook_url`: with `{tenant}` in it; None: the API of these settings. `control`: JSON of a Control.
    """
    configure_logs(settings)
    watch_supervisor()
    give_way()
    if settings.payment_url is None or settings.payment_key is None:
        raise Failure("PAYMENT_URL is not set: it says where to simulate a payment provider", 2)
    try:
        misbehaving = Control.model_validate_json(control)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, each["loc"])) or "JSON" for each in error.errors())
        raise Failure(f"--control makes no sense: {places}", 2) from error
    try:
        book = Book(settings.data / "payments.sqlite")
    except sqlite3.Error as error:
        raise Failure(f"cannot keep payments in {settings.data}: {error}") from error
    listener = _listen(settings.payment_url)
    simulator = create_simulator(
        book,
        settings.payment_key,
        webhook_url or f"http://{_reachable(settings.host)}:{settings.port}/webhooks/payments/{{tenant}}",
        settings.payment_webhook_secrets[0],
        misbehaving,
    )
    log.info("simulating payments", port=listener.getsockname()[1])
    uvicorn.Server(
        uvicorn.Config(
            simulator,
            loop="uvloop",
            http="httptools",
            ws="none",
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
    ).run(sockets=[listener])


def _listen(url: str) -> socket.socket:
    """Before uvicorn would: who is told that it is there finds it, and a failure is one line."""
    parts = urlsplit(url)
    try:
        if parts.scheme != "http" or parts.path.strip("/"):
            raise Failure("a simulated payment provider is at http://host:port", 2)
        family, kind, protocol, _, address = socket.getaddrinfo(
            parts.hostname, parts.port or 80, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )[0]
        # With its protocol named: of others asyncio does not turn Nagle's delay off.
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(512)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Failure(f"cannot listen for payments on {parts.netloc}: {why}") from error
    return listener


def _reachable(host: str) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{shown}]" if ":" in shown else shown
