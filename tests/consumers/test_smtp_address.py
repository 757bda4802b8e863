"""SMTP URLs."""

import pytest

from consumers.smtp_address import BadSmtpUrl, SmtpAddress


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("smtp://mail.example", SmtpAddress("mail.example", 25)),
        ("smtp://127.0.0.1:1025/", SmtpAddress("127.0.0.1", 1025)),
        ("smtp://[::1]:1025", SmtpAddress("::1", 1025)),
        ("smtps://mail.example", SmtpAddress("mail.example", 465, tls=True)),
        ("smtp://mail.example?starttls", SmtpAddress("mail.example", 587, start_tls=True)),
        (
            "smtp://us%40er:p%2Fss@mail.example:26?starttls",
            SmtpAddress("mail.example", 26, start_tls=True, username="us@er", password="p/ss"),
        ),
    ],
)
def test_it_says_where_and_how(url: str, address: SmtpAddress) -> None:
    assert SmtpAddress.parse(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "mail.example:25",
        "http://mail.example",
        "smtp://",
        "smtp://:25",
        "smtp://u:secret@mail.example:99999",
        "smtp://u:secret@mail.example:port",
        "smtp://u:secret@mail.example/box",
        "smtp://u:secret@mail.example?tls=yes",
        "smtps://u:secret@mail.example?starttls",
    ],
)
def test_what_makes_no_sense_is_refused_without_telling_the_password(url: str) -> None:
    with pytest.raises(BadSmtpUrl) as refusal:
        SmtpAddress.parse(url)
    assert "secret" not in str(refusal.value)


def test_a_password_is_not_shown() -> None:
    assert "hidden" not in repr(SmtpAddress.parse("smtp://me:hidden@mail.example"))
