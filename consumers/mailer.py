"""Hands mails to an SMTP server, over connections that are kept for the next mails."""

import asyncio
from email.message import EmailMessage
from time import monotonic

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from consumers.effect import Undeliverable
from consumers.smtp_address import SmtpAddress

_CLOSING = 421
_FOR_GOOD = 500
"""Replies from here on say that the same mail will be refused again (RFC 5321, 4.2.1)."""


class Mailer:
    """Sends mails, some of them at once, each over a connection of its own while it lasts."""

    def __init__(
        self,
        address: SmtpAddress,
        *,
        domain: str,
        timeout: float = 10.0,
        at_once: int = 32,
        keep_seconds: float = 30.0,
    ) -> None:
        """`domain`: how we greet the server. `timeout`: seconds a step. `at_once`: connections at most, for servers
        turn away who comes with more than some dozens. `keep_seconds`: for how long an idle one is kept."""
        self._address = address
        self._domain = domain
        self._timeout = timeout
        self._free = asyncio.Semaphore(at_once)
        self._keep_seconds = keep_seconds
        self._kept: list[tuple[SMTP, float]] = []

    async def send(self, mail: EmailMessage) -> None:
        """Hand over one mail to its one recipient; the server has it when this returns.

        Raises Undeliverable when the server refuses it for good, and SMTPException, OSError or TimeoutError
        when a later attempt may succeed.
        """
        async with self._free:
            await self._send(mail)

    async def _send(self, mail: EmailMessage) -> None:
        while True:
            kept = self._take()
            client = kept or await self._connected()
            try:
                await client.send_message(mail)
            except BaseException as error:
                client.close()
                if kept is not None and _was_closed(error):
                    # A server may end an idle connection at any time: that says nothing about the mail.
                    continue
                if (why := _refused_for_good(error)) is not None:
                    raise Undeliverable(why) from error
                raise
            self._kept.append((client, monotonic()))
            return

    async def close(self) -> None:
        """Take leave of the server."""
        while (client := self._take()) is not None:
            try:
                await client.quit(timeout=0.5)
            except (SMTPException, OSError):
                client.close()

    def _take(self) -> SMTP | None:
        while self._kept:
            client, since = self._kept.pop()
            if client.is_connected and monotonic() - since < self._keep_seconds:
                return client
            client.close()
        return None

    async def _connected(self) -> SMTP:
        address = self._address
        client = SMTP(
            hostname=address.host,
            port=address.port,
            username=address.username,
            password=address.password,
            use_tls=address.tls,
            start_tls=address.start_tls,
            # Else the library asks the name service who we are, which may take longer than all the rest.
            local_hostname=self._domain,
            timeout=self._timeout,
        )
        await client.connect()
        return client


def _was_closed(error: BaseException) -> bool:
    return isinstance(error, SMTPServerDisconnected) or (
        isinstance(error, SMTPResponseException) and error.code == _CLOSING
    )


def _refused_for_good(error: BaseException) -> str | None:
    if isinstance(error, SMTPRecipientsRefused) and all(one.code >= _FOR_GOOD for one in error.recipients):
        return f"the mail server refuses the recipient ({error.recipients[0].code})"
    if isinstance(error, SMTPDataError) and error.code >= _FOR_GOOD:
        return f"the mail server refuses the mail ({error.code})"
    if isinstance(error, SMTPNotSupported):
        return "the mail server does not take the recipient's address"
    if isinstance(error, ValueError):
        return "the recipient's mail address is none"
    return None
