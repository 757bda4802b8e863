"""The mail catcher, in the process of a test."""

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP

from bench.stack import free_port
from daybook.mail_catcher import MailFolder


class Mailbox:
    """An SMTP server that can be stopped and started again on its port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._catcher = MailFolder(folder)
        self._server: asyncio.Server | None = None
        self._sessions: list[SMTP] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def start(self) -> None:
        loop = asyncio.get_running_loop()

        def connected() -> SMTP:
            self._sessions.append(self._catcher.protocol(loop))
            return self._sessions[-1]

        self._server = await loop.create_server(connected, "127.0.0.1", self.port)

    def stop(self) -> None:
        """Stop, and cut every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        while self._sessions:
            cut(self._sessions.pop())

    def mails(self) -> dict[str, EmailMessage]:
        """File name → mail."""
        return read_mails(self.folder)

    def only(self) -> EmailMessage:
        """The one mail that came."""
        (mail,) = self.mails().values()
        return mail


def cut(session: SMTP) -> None:
    """End a connection without a word."""
    if isinstance(session.transport, asyncio.WriteTransport):
        session.transport.abort()


def read_mails(folder: Path) -> dict[str, EmailMessage]:
    """The mails in a catcher's folder, by file name."""
    mails = {}
    for path in folder.glob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=default)
        assert isinstance(mail, EmailMessage)
        mails[path.name] = mail
    return mails
