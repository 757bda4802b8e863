"""What an order is to the sums of sales, as a function of the order alone.

Whatever becomes of it counts on the day it was placed: an order that is cancelled takes its value back from that day.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from events.domain.line_ledger import Units
from events.domain.order import Order
from events.domain.order_parts import Line, line_total, share_of


class Figures(NamedTuple):
    """Of one order, or of one line of it. Cents are those of its currency.

    `gross` − `discount` + `shipping` is what was ordered. A line's part of it is cancelled with its units (the shipping
    with the last of them), and is returned with those that came back. `refunded` is money that was given back, for
    whatever reason; it is no part of the rest.
    """

    orders: int = 0
    units: int = 0
    gross_cents: int = 0
    discount_cents: int = 0
    shipping_cents: int = 0
    cancelled_units: int = 0
    cancelled_cents: int = 0
    returned_units: int = 0
    returned_cents: int = 0
    refunded_cents: int = 0

    def plus(self, other: "Figures", sign: int = 1) -> "Figures":
        """Both together, or with sign −1 this without the other."""
        return Figures._make(mine + sign * its for mine, its in zip(self, other, strict=True))


def placed_figures(lines: Sequence[Line], shipping_cents: int) -> Iterator[tuple[str | None, Figures]]:
    """As `order_figures`, of an order that was just placed."""
    yield from _told([(line["product_id"], _placed(line)) for line in lines], Figures(shipping_cents=shipping_cents))


def order_figures(order: Order) -> Iterator[tuple[str | None, Figures]]:
    """Of its lines by their product, and of the whole by None."""
    units = order.ledger.total
    besides = Figures(
        shipping_cents=order.shipping_cents,
        cancelled_cents=order.shipping_cents if units.cancelled == units.ordered else 0,
        refunded_cents=order.money.sums.refunded,
    )
    yield from _told([(line["product_id"], _line(line, order.ledger.lines)) for line in order.lines], besides)


def _told(lines: Sequence[tuple[str, Figures]], besides: Figures) -> Iterator[tuple[str | None, Figures]]:
    """`besides`: what is the order's and no line's."""
    products: dict[str, Figures] = {}
    whole = besides
    for product_id, figures in lines:
        products[product_id] = products[product_id].plus(figures) if product_id in products else figures
        whole = whole.plus(figures)
    for product_id, figures in products.items():
        yield product_id, figures._replace(orders=1)
    yield None, whole._replace(orders=1)


def _placed(line: Line) -> Figures:
    return Figures(
        orders=1,
        units=line["quantity"],
        gross_cents=line["price_cents"] * line["quantity"],
        discount_cents=line["discount_cents"],
    )


def _line(line: Line, ledger: Mapping[str, Units]) -> Figures:
    units = ledger[line["id"]]
    kept = units.ordered - units.cancelled
    kept_cents = share_of(line, kept)
    return _placed(line)._replace(
        cancelled_units=units.cancelled,
        cancelled_cents=line_total(line) - kept_cents,
        returned_units=units.returned,
        returned_cents=kept_cents - share_of(line, kept - units.returned),
    )
