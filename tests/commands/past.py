"""A line of an import file for the specifications, of products that shop.py sells."""

import json
from typing import Any

from commands.past_order import PastOrder

ADDRESS = {"recipient": "Vins et alcools", "line1": "59 rue de l'Abbaye", "city": "Reims", "country": "France"}

LINE: dict[str, Any] = {
    "reference": "NW-1",
    "customer": {"reference": "VINET", "name": "Vins et alcools", "email": "vinet@example.com"},
    "currency": "USD",
    "items": [
        {"sku": "PEN-F", "name": "Old pen", "quantity": 130, "price_cents": 5000, "discount_cents": 650},
        {"sku": "INK-50", "name": "Old ink", "quantity": 2, "price_cents": 1000},
    ],
    "shipping_cents": 3238,
    "shipping_address": ADDRESS,
    "history": [
        {"status": "pending", "at": "1996-07-04T00:00:00Z"},
        {"status": "confirmed", "at": "1996-07-04T02:00:00+02:00"},
        {"status": "shipped", "at": "1996-07-16T08:30:00.5-04:00"},
    ],
}


def past(**changes: Any) -> PastOrder:
    """The line with these members changed, read as an import reads it."""
    return PastOrder.model_validate_json(json.dumps(LINE | changes))
