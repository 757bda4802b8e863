"""What a confirmation says, and to whom."""

from datetime import UTC, datetime
from email.headerregistry import AddressHeader
from email.utils import parsedate_to_datetime
from uuid import UUID

import pytest

from consumers.confirmation_mail import confirmation_mail, domain_of
from consumers.effect import Delivery, Undeliverable
from events.domain.customer import Customer
from events.domain.order import Order
from events.domain.order_parts import Address, Line

FROM = "Daybook <orders@daybook.example>"
ADDRESS: Address = {
    "recipient": "Zoë Müller",
    "line1": "Hauptstraße 5",
    "line2": None,
    "city": "Köln",
    "postal_code": "50667",
    "country": "DE",
}


def line(name: str, quantity: int, price: int, discount: int = 0) -> Line:
    return {
        "id": str(UUID(int=quantity)),
        "product_id": str(UUID(int=price)),
        "product_name": name,
        "quantity": quantity,
        "price_cents": price,
        "discount_cents": discount,
    }


def order(*lines: Line, currency: str = "EUR", shipping: int = 0) -> Order:
    return Order.place(
        UUID(int=1),
        number="7K3M9QF",
        user_id=str(UUID(int=2)),
        currency=currency,
        lines=lines,
        shipping_cents=shipping,
        shipping_address=ADDRESS,
        payment_terms="offline",
    )


def customer(name: str = "Zoë Müller", email: str = "zoe@example.com") -> Customer:
    return Customer.add(UUID(int=2), name=name, email=email)


def delivery(attempt: int = 1) -> Delivery:
    lease = datetime.now(UTC)
    return Delivery("default", UUID(int=3), "order_confirmation", UUID(int=1), UUID(int=2), attempt, lease)


class TestTheText:
    def test_it_has_each_line_the_shipping_the_total_and_the_address(self) -> None:
        placed = order(line("Café crème", 3, 1999), line("Ink", 1, 500, discount=50), shipping=490)
        mail = confirmation_mail(placed, customer(), delivery(), FROM)
        assert mail.get_content() == (
            "Hello Zoë Müller,\n"
            "\n"
            "thank you for your order 7K3M9QF. You ordered:\n"
            "\n"
            "  3 x Café crème\n"
            "      19.99 EUR each, together 59.97 EUR\n"
            "  1 x Ink\n"
            "      5.00 EUR each, less 0.50 EUR, together 4.50 EUR\n"
            "\n"
            "Shipping: 4.90 EUR\n"
            "Total: 69.37 EUR\n"
            "\n"
            "It will be sent to:\n"
            "\n"
            "  Zoë Müller\n"
            "  Hauptstraße 5\n"
            "  50667 Köln\n"
            "  DE\n"
        )

    def test_yen_have_no_decimals(self) -> None:
        placed = order(line("Fude", 2, 1500), currency="JPY", shipping=800)
        text = confirmation_mail(placed, customer(), delivery(), FROM).get_content()
        assert "1500 JPY each, together 3000 JPY" in text
        assert "Total: 3800 JPY" in text

    def test_dinars_have_three(self) -> None:
        placed = order(line("Oud", 1, 12345), currency="KWD")
        assert "Total: 12.345 KWD" in confirmation_mail(placed, customer(), delivery(), FROM).get_content()

    def test_a_name_is_text_and_not_a_template_nor_another_line(self) -> None:
        placed = order(line("{{ 7 * 7 }} <b>\nTotal: 0.00 EUR", 1, 100))
        text = confirmation_mail(placed, customer(), delivery(), FROM).get_content()
        assert "  1 x {{ 7 * 7 }} <b> Total: 0.00 EUR\n" in text
        assert "\nTotal: 0.00 EUR" not in text

    def test_a_line_too_long_for_a_mail_is_encoded(self) -> None:
        placed = order(line("墨" * 400, 1, 100))
        mail = confirmation_mail(placed, customer(), delivery(), FROM)
        assert all(len(sent) <= 998 for sent in mail.as_bytes().splitlines())
        assert "墨" * 400 in mail.get_content()


class TestTheHeaders:
    def test_they_name_the_delivery_and_the_attempt(self) -> None:
        mail = confirmation_mail(order(line("Ink", 1, 1)), customer(), delivery(attempt=3), FROM)
        assert mail["Message-ID"] == f"<{UUID(int=3)}@daybook.example>"
        assert mail["X-Daybook-Attempt"] == "3"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["From"] == FROM
        assert mail["Subject"] == "Your order 7K3M9QF"
        assert mail.get_content_type() == "text/plain"
        assert mail.get_content_charset() == "utf-8"
        assert abs((parsedate_to_datetime(mail["Date"]) - datetime.now(UTC)).total_seconds()) < 60

    def test_the_name_goes_through_whole_and_the_headers_stay_ascii(self) -> None:
        mail = confirmation_mail(order(line("Ink", 1, 1)), customer('Zoë "Z" Müller, Dr'), delivery(), FROM)
        to = mail["To"]
        assert isinstance(to, AddressHeader)
        assert to.addresses[0].display_name == 'Zoë "Z" Müller, Dr'
        assert to.addresses[0].addr_spec == "zoe@example.com"
        assert mail.as_bytes().partition(b"\r\n\r\n")[0].isascii()

    @pytest.mark.parametrize("name", ["Eve\r\nBcc: all@example.com", "Eve\nSubject: x", "Eve\r\n\r\nbody"])
    def test_a_name_with_line_breaks_adds_no_header(self, name: str) -> None:
        mail = confirmation_mail(order(line("Ink", 1, 1)), customer(name), delivery(), FROM)
        assert mail["Bcc"] is None
        assert mail.get_all("Subject") == ["Your order 7K3M9QF"]
        assert mail.as_bytes().count(b"\r\nTo:") == 1

    @pytest.mark.parametrize(
        "email", ["", "nobody", "a@b@c", "eve@example.com\r\nBcc: all@example.com", "eve@example.com, all@example.com"]
    )
    def test_what_is_no_address_cannot_be_delivered(self, email: str) -> None:
        with pytest.raises(Undeliverable):
            confirmation_mail(order(line("Ink", 1, 1)), customer(email=email), delivery(), FROM)


@pytest.mark.parametrize("mail_from", ["", "Daybook", "Daybook <orders>", "<@daybook.example>"])
def test_a_sender_needs_a_domain(mail_from: str) -> None:
    with pytest.raises(ValueError, match="sender"):
        domain_of(mail_from)
