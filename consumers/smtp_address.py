"""Where mails are handed over: an SMTP URL, taken apart."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

_PORTS = {"smtp": 25, "smtps": 465}
_SUBMISSION_PORT = 587


class BadSmtpUrl(ValueError):
    """An SMTP URL that makes no sense. The text says why, without the URL, which may hold a password."""


@dataclass(frozen=True, slots=True)
class SmtpAddress:
    """`tls`: encrypted from the start. `start_tls`: encrypted by STARTTLS, or not used. Else in the clear."""

    host: str
    port: int
    tls: bool = False
    start_tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> "SmtpAddress":
        """`smtp://[user:password@]host[:port][?starttls]` or `smtps://…`. Raises BadSmtpUrl."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS:
            raise BadSmtpUrl("a mail server's address begins with smtp:// or smtps://")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        start_tls = options.pop("starttls", None) is not None
        tls = parts.scheme == "smtps"
        if options or parts.path.strip("/") or parts.fragment:
            raise BadSmtpUrl("of options, a mail server's address takes only ?starttls")
        if tls and start_tls:
            raise BadSmtpUrl("smtps:// is encrypted from the start: it takes no ?starttls")
        try:
            port = parts.port
        except ValueError:
            raise BadSmtpUrl("the port of a mail server is a number up to 65535") from None
        if not parts.hostname:
            raise BadSmtpUrl("a mail server's address names a host")
        return cls(
            host=parts.hostname,
            port=port or (_SUBMISSION_PORT if start_tls else _PORTS[parts.scheme]),
            tls=tls,
            start_tls=start_tls,
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )
