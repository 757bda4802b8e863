"""The confirmation of an order as a mail: plain text, with what was agreed when the order was placed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address as Mailbox
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from consumers.amounts import amount
from consumers.effect import Delivery, Undeliverable
from events.domain.customer import Customer
from events.domain.order import Order
from events.domain.order_parts import Address, line_total

_LONGEST_LINE = 998
"""Bytes of a line in a mail that is not encoded (RFC 5322, 2.1.1)."""
_LONGEST_HEADER = 78
"""Characters of a line that need not be folded (RFC 5322, 2.1.1)."""


class _Headers(HeaderRegistry):
    """Headers as the standard library makes them, except that it need not parse what is ready to be sent.

    Parsing and folding them was half of what a mail costs.
    """

    def __init__(self) -> None:
        super().__init__()
        self._classes: dict[str, Any] = {}

    def __call__(self, name: str, value: Any) -> Any:
        text = str(value)
        if text.isascii() and len(f"{name}: {text}") <= _LONGEST_HEADER:
            return text
        return super().__call__(name, value)

    def __getitem__(self, name: str) -> Any:
        """The class for a header, made once; the library would make another one each time."""
        if name not in self._classes:
            self._classes[name] = super().__getitem__(name)
        return self._classes[name]


_POLICY = SMTP.clone(header_factory=_Headers())

# The text is not markup: nothing in it is escaped, and nothing needs to be.
TEXTS = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=False,  # noqa: S701
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def domain_of(mail_from: str) -> str:
    """The domain of a sender like "Daybook <orders@daybook.example>". Raises ValueError."""
    address = parseaddr(mail_from)[1]
    local, at, domain = address.rpartition("@")
    if not (local and at and domain):
        raise ValueError("the sender of mails should be like: Daybook <orders@daybook.example>")
    return domain


def message_id(delivery: Delivery, mail_from: str) -> str:
    """The mail's Message-ID, the same at every attempt: by it a receiver knows a mail that came twice."""
    return f"<{delivery.id}@{domain_of(mail_from)}>"


def confirmation_mail(order: Order, customer: Customer, delivery: Delivery, mail_from: str) -> EmailMessage:
    """The mail for the order as it was placed. Raises Undeliverable when the customer's address is none, or they were
    forgotten."""
    if customer.name is None or customer.email is None or order.shipping_address is None:
        raise Undeliverable("recipient was forgotten")
    text = _text(order, customer.name)
    return mail_to(customer.name, customer.email, f"Your order {order.number}", text, delivery, mail_from)


def mail_to(name: str, email: str, subject: str, text: str, delivery: Delivery, mail_from: str) -> EmailMessage:
    """A mail of this delivery. Raises Undeliverable when the mail address is none."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = mail_from
    mail["To"] = _mailbox(name, email)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = message_id(delivery, mail_from)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office programs do not answer it
    mail["X-Daybook-Attempt"] = str(delivery.attempt)
    fits = all(len(line.encode()) <= _LONGEST_LINE for line in text.splitlines())
    mail.set_content(text, cte="8bit" if fits else "quoted-printable")
    return mail


def _mailbox(name: str, email: str) -> Mailbox:
    try:
        return Mailbox(one_line(name), addr_spec=email)
    except (MessageError, ValueError, IndexError) as error:
        raise Undeliverable("the recipient's mail address is none") from error


def _text(order: Order, name: str) -> str:
    currency = order.currency
    return TEXTS.get_template("order_confirmation.txt").render(
        customer=one_line(name),
        number=order.number,
        lines=[
            {
                "quantity": line["quantity"],
                "name": one_line(line["product_name"]),
                "price": amount(line["price_cents"], currency),
                "discount": amount(line["discount_cents"], currency) if line["discount_cents"] else None,
                "total": amount(line_total(line), currency),
            }
            for line in order.lines
        ],
        shipping=amount(order.shipping_cents, currency),
        total=amount(order.total_cents, currency),
        currency=currency,
        address=list(_address_lines(order.shipping_address)),
    )


def _address_lines(address: Address) -> Iterator[str]:
    place = " ".join(filter(None, (address.get("postal_code"), address["city"])))
    for part in (
        address["recipient"],
        address["line1"],
        address.get("line2"),
        place,
        address.get("region"),
        address["country"],
    ):
        if part:
            yield one_line(part)


def one_line(text: str) -> str:
    """Without line breaks: a name could otherwise look like other lines of the mail."""
    return " ".join(text.split())
