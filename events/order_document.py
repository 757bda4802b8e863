"""An order as clients read it: the one shape that commands answer, queries return and the list keeps ready-made."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from events.codec import rfc3339
from events.domain.money import us_dollars
from events.domain.order import NEXT_STATUSES, Address, Line, Order, line_total


def order_document(order: Order) -> dict[str, Any]:
    """The `Order` of the public contract, as JSON values."""
    fixed = fixed_part(
        str(order.id),
        order.number,
        order.user_id,
        order.lines,
        order.shipping_cents,
        order.currency,
        order.shipping_address,
        order.created_on,
    )
    return {**fixed, **moving_part(order.status, order.version, order.modified_on)}


def fixed_part(
    order_id: str,
    number: str,
    user_id: str,
    lines: Sequence[Line],
    shipping_cents: int,
    currency: str,
    address: Address | None,
    created_at: datetime,
) -> dict[str, Any]:
    """What is settled when the order is placed."""
    totals = [line_total(line) for line in lines]
    items = [{**line, "line_total_cents": total} for line, total in zip(lines, totals, strict=True)]
    total = sum(totals) + shipping_cents
    return {
        "id": order_id,
        "number": number,
        "user_id": user_id,
        "items": items,
        "shipping_cents": shipping_cents,
        "total_cents": total,
        "currency": currency,
        "total_usd": us_dollars(total) if currency == "USD" else None,
        "shipping_address": address,
        "created_at": rfc3339(created_at),
    }


def moving_part(status: str, version: int, updated_at: datetime) -> dict[str, Any]:
    """What changes while the order is under way."""
    return {
        "status": status,
        "version": version,
        "allowed_statuses": NEXT_STATUSES[status],
        "updated_at": rfc3339(updated_at),
    }
