"""Handing mails over: kept connections, refusals for good and for now, addresses beyond ASCII."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import SMTP as MAIL_POLICY

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from aiosmtplib import SMTPException

from bench.stack import free_port
from consumers.effect import Undeliverable
from consumers.mailer import Mailer
from consumers.smtp_address import SmtpAddress
from tests.consumers.mailbox import cut


class Office:
    """A mail server that counts connections and refuses some recipients and mails."""

    def __init__(self) -> None:
        self.port = free_port()
        self.connections = 0
        self.received: list[Envelope] = []
        self._sessions: list[SMTP] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()

        def connected() -> SMTP:
            self.connections += 1
            self._sessions.append(SMTP(self, hostname="localhost", loop=loop, enable_SMTPUTF8=True))
            return self._sessions[-1]

        self._server = await loop.create_server(connected, "127.0.0.1", self.port)

    def close(self) -> None:
        """Stop, and cut every connection."""
        if self._server is not None:
            self._server.close()
        for session in self._sessions:
            cut(session)

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later"):
            return "451 4.7.1 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        if b"viagra" in content:
            return "554 5.7.1 not here"
        self.received.append(envelope)
        return "250 OK"


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office()
    await office.open()
    yield office
    office.close()


@pytest.fixture
async def mailer(office: Office) -> AsyncIterator[Mailer]:
    mailer = Mailer(SmtpAddress("127.0.0.1", office.port), domain="daybook.example", timeout=2.0)
    yield mailer
    await mailer.close()


def mail(to: str = "ada@example.com", text: str = "Hello") -> EmailMessage:
    mail = EmailMessage(policy=MAIL_POLICY)
    mail["From"] = "Daybook <orders@daybook.example>"
    mail["To"] = to
    mail["Subject"] = "Hello"
    mail.set_content(text, cte="8bit")
    return mail


async def test_a_connection_carries_one_mail_after_another(office: Office, mailer: Mailer) -> None:
    for _ in range(5):
        await mailer.send(mail())
    assert (office.connections, len(office.received)) == (1, 5)


async def test_mails_at_once_have_connections_of_their_own(office: Office, mailer: Mailer) -> None:
    await asyncio.gather(*(mailer.send(mail(f"{n}@example.com")) for n in range(8)))
    assert {envelope.rcpt_tos[0] for envelope in office.received} == {f"{n}@example.com" for n in range(8)}


async def test_kept_connections_that_the_server_cut_are_no_failure(office: Office, mailer: Mailer) -> None:
    await asyncio.gather(*(mailer.send(mail()) for _ in range(3)))
    office.close()
    await office.open()
    await mailer.send(mail())
    assert len(office.received) == 4


async def test_old_connections_are_not_used(office: Office) -> None:
    forgetful = Mailer(SmtpAddress("127.0.0.1", office.port), domain="daybook.example", keep_seconds=0.0)
    await forgetful.send(mail())
    await forgetful.send(mail())
    assert office.connections == 2
    await forgetful.close()


async def test_a_server_that_is_not_there_is_a_failure_for_now(office: Office, mailer: Mailer) -> None:
    office.close()
    with pytest.raises((SMTPException, OSError)):
        await mailer.send(mail())


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (mail(to="nobody@example.com"), "the mail server refuses the recipient (550)"),
        (mail(text="viagra"), "the mail server refuses the mail (554)"),
    ],
)
async def test_what_is_refused_for_good_cannot_be_delivered(refused: EmailMessage, why: str, mailer: Mailer) -> None:
    with pytest.raises(Undeliverable) as refusal:
        await mailer.send(refused)
    assert str(refusal.value) == why
    await mailer.send(mail())


async def test_what_is_refused_for_now_is_not_given_up(mailer: Mailer) -> None:
    with pytest.raises(SMTPException):
        await mailer.send(mail(to="later@example.com"))


async def test_an_address_beyond_ascii_arrives(office: Office, mailer: Mailer) -> None:
    await mailer.send(mail(to="Zoë <zoë@exämple.com>", text="Grüße"))
    (envelope,) = office.received
    assert envelope.rcpt_tos == ["zoë@exämple.com"]
    content = envelope.content
    assert isinstance(content, bytes)
    assert "Grüße" in content.decode()
