"""The mail catcher: takes every mail at SMTP_URL and keeps it as a file, DATA/mail/<message-id>.eml.

A mail that comes again, by its Message-ID, takes the place of the first, with their number in a header.
"""

import asyncio
import contextlib
import os
import re
import signal
from email.parser import BytesHeaderParser
from hashlib import sha256
from pathlib import Path

import structlog
import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

from consumers.smtp_address import BadSmtpUrl, SmtpAddress
from daybook.failure import Failure
from daybook.logs import configure_logs
from daybook.priority import give_way
from daybook.settings import Settings
from daybook.supervised import watch_supervisor

LARGEST = 1 << 20
"""Bytes of a mail; a larger one is refused (552)."""

_COUNT = b"X-Daybook-Received: "
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,180}")

log = structlog.get_logger("mail")


def run(settings: Settings) -> None:
    """Catch mails until SIGTERM or SIGINT. Raises Failure when it cannot listen."""
    configure_logs(settings)
    watch_supervisor()
    give_way()
    try:
        address = SmtpAddress.parse(settings.smtp_url)
    except BadSmtpUrl as error:
        raise Failure(f"SMTP_URL makes no sense: {error}", 2) from error
    uvloop.run(_catch(address, MailFolder(settings.data / "mail")))


async def _catch(address: SmtpAddress, folder: "MailFolder") -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    try:
        server = await loop.create_server(lambda: folder.protocol(loop), address.host, address.port)
    except OSError as error:
        where = f"{address.host} port {address.port}"
        raise Failure(f"cannot listen for mails on {where}: {error.strerror}") from error
    log.info("catching mails", port=address.port)
    await stop.wait()
    server.close()


class MailFolder:
    """A folder of mails, each a private file under its Message-ID."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder

    def protocol(self, loop: asyncio.AbstractEventLoop) -> SMTP:
        """The server's side of one connection."""
        return SMTP(
            self,
            # Else it would ask the name service what it is called, and hold everybody up meanwhile.
            hostname="localhost",
            loop=loop,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            timeout=120,
        )

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called with each mail that came in whole; answers the SMTP reply."""
        content = envelope.content
        try:
            self.keep(content if isinstance(content, bytes) else (content or "").encode())
        except OSError as error:
            log.error("cannot keep a mail", error=error.strerror)
            return "452 4.3.1 The mail cannot be kept"
        return "250 2.0.0 OK"

    def keep(self, mail: bytes) -> Path:
        """Write a mail to its file in one step: a reader finds the one of before, or this. Raises OSError."""
        path = self._folder / file_name(mail)
        draft = self._folder / f".{os.getpid()}.draft"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(b"%s%d\r\n%s" % (_COUNT, _received(path) + 1, mail))
        draft.replace(path)
        return path


def file_name(mail: bytes) -> str:
    """A name for a mail's file that is safe, whatever its Message-ID is; another one for every Message-ID."""
    message_id = str(BytesHeaderParser().parsebytes(mail).get("Message-ID", "")).strip()
    if not message_id:
        return f"without-id-{sha256(mail).hexdigest()[:32]}.eml"
    bare = message_id.removeprefix("<").removesuffix(">")
    if not _PLAIN.fullmatch(bare):
        digest = sha256(message_id.encode(errors="surrogateescape")).hexdigest()[:32]
        bare = f"{re.sub('[^A-Za-z0-9]', '_', bare)[:100]}-{digest}"
    return f"{bare}.eml"


def _received(path: Path) -> int:
    """How often the mail in a file has come, by its first line; 0 where there is none."""
    with contextlib.suppress(FileNotFoundError, ValueError), path.open("rb") as file:
        return int(file.readline(len(_COUNT) + 20).removeprefix(_COUNT))
    return 0
