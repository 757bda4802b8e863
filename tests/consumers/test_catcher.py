"""The mail catcher: a file for each Message-ID, and a count of how often it came."""

import stat
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtplib import SMTPException

from consumers.mailer import Mailer
from daybook.mail_catcher import LARGEST, MailFolder, file_name
from tests.consumers.mailbox import Mailbox


def mail(message_id: str | None = "<one@daybook.example>", text: str = "Hello") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "orders@daybook.example"
    mail["To"] = "ada@example.com"
    if message_id is not None:
        mail["Message-ID"] = message_id
    mail.set_content(text)
    return mail


async def test_each_mail_is_a_private_file_named_by_its_message_id(mailbox: Mailbox, mailer: Mailer) -> None:
    await mailer.send(mail("<one@daybook.example>"))
    await mailer.send(mail("<two@daybook.example>"))
    assert sorted(mailbox.mails()) == ["one@daybook.example.eml", "two@daybook.example.eml"]
    for path in mailbox.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(mailbox.folder.stat().st_mode) == 0o700


async def test_a_mail_that_comes_again_takes_the_place_of_the_first_and_is_counted(
    mailbox: Mailbox, mailer: Mailer
) -> None:
    for text in ("first", "second", "third"):
        await mailer.send(mail(text=text))
    assert mailbox.only().get_content().strip() == "third"
    assert mailbox.only()["X-Daybook-Received"] == "3"


async def test_a_mail_that_is_too_large_is_refused(mailbox: Mailbox, mailer: Mailer) -> None:
    with pytest.raises(SMTPException, match="552"):
        await mailer.send(mail(text=("x" * 70 + "\n") * (LARGEST // 71 + 1)))
    assert not mailbox.mails()


async def test_a_folder_that_takes_no_file_is_a_failure_for_now(mailbox: Mailbox, mailer: Mailer) -> None:
    (mailbox.folder / "one@daybook.example.eml").mkdir()
    with pytest.raises(SMTPException, match="452"):
        await mailer.send(mail())


@pytest.mark.parametrize(
    "message_id",
    [
        "<../../etc/passwd@x>",
        "</etc/passwd>",
        "<..>",
        "<.hidden@x>",
        "<a/b@x>",
        "<a\\b@x>",
        "<é@x>",
        f"<{'x' * 400}@y>",
    ],
)
def test_no_message_id_leads_out_of_the_folder(message_id: str, tmp_path: Path) -> None:
    folder = MailFolder(tmp_path / "mail")
    path = folder.keep(f"Message-ID: {message_id}\r\n\r\nHello".encode())
    assert path.resolve().parent == (tmp_path / "mail").resolve()
    assert not path.name.startswith(".")
    assert (
        path.name != file_name(f"Message-ID: {message_id.replace('x', 'z')}\r\n\r\nHello".encode())
        or "x" not in message_id
    )


def test_a_mail_without_one_is_kept_too(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path)
    assert folder.keep(b"Subject: a\r\n\r\nx") == folder.keep(b"Subject: a\r\n\r\nx")
    assert folder.keep(b"Subject: b\r\n\r\nx") != folder.keep(b"Subject: a\r\n\r\nx")
