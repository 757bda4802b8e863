"""What happens in a shop, ready to be told: products, and orders in any state."""

from uuid import UUID, uuid4

from events.domain.order import Order
from events.domain.order_parts import Line
from events.domain.product import Product


def product(sku: str = "PEN", *, stock: int = 0, price_cents: int = 6900, name: str = "Fountain pen") -> Product:
    """A product, with its first stock."""
    added = Product.add(uuid4(), sku=sku, name=name, price_cents=price_cents, currency="USD")
    if stock:
        added.receive_stock(stock, "first stock")
    return added


def line(ordered: Product, quantity: int = 1) -> Line:
    """A line of an order of this product."""
    return {
        "id": str(uuid4()),
        "product_id": str(ordered.id),
        "product_name": ordered.name,
        "quantity": quantity,
        "price_cents": ordered.price_cents,
        "discount_cents": 0,
    }


def placed(user_id: UUID | None = None, *lines: Line, number: str | None = None) -> Order:
    """An order that was just placed; without lines it is of one product that the catalogue does not have."""
    order_id = uuid4()
    return Order.place(
        order_id,
        number=number or order_id.hex[:7].upper(),
        user_id=str(user_id or uuid4()),
        currency="USD",
        lines=list(lines) or [line(product())],
        shipping_cents=0,
        shipping_address={
            "recipient": "Ada Lovelace",
            "line1": "12 St James's Square",
            "city": "London",
            "country": "GB",
        },
        payment_terms="offline",
    )


def moved(order: Order, *statuses: str) -> Order:
    """The order, moved along these statuses."""
    for status in statuses:
        order.change_status(status, "as it goes" if status == "cancelled" else None)
    return order
