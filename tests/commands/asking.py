"""Short ways to say what is asked of the order in shop.py."""

from commands.cancel_order import Cancellation, CancelOrder
from commands.change_order_status import ChangeOrderStatus, StatusChange
from commands.place_order import OrderCreate, OrderItem, PlaceOrder
from tests.commands.shop import HOME, ORDER


def change_to(status: str, reason: str | None = None) -> ChangeOrderStatus:
    """The order shall have this status."""
    return ChangeOrderStatus(ORDER, StatusChange.model_validate({"status": status, "reason": reason}))


def cancel(reason: str = "mistake") -> CancelOrder:
    """The order shall be cancelled."""
    return CancelOrder(ORDER, Cancellation(reason=reason))


def place(*items: tuple[object, int], address: object = HOME) -> PlaceOrder:
    """An order of (product, quantity) shall be placed."""
    order = OrderCreate.model_validate(
        {
            "items": [
                OrderItem.model_validate({"product_id": product, "quantity": quantity}) for product, quantity in items
            ],
            "shipping_address_id": address,
        }
    )
    return PlaceOrder(order, "0000001")
