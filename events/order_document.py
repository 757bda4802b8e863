"""An order as JSON values: what clients read of it (order_json.py says how), and its ledgers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from events.codec import rfc3339
from events.domain.money import us_dollars
from events.domain.money_ledger import Movement, Payment
from events.domain.order import Order
from events.domain.order_parts import Address, Hold, Line, Return, Shipment, line_total
from events.domain.statuses import Statuses, allowed_after
from events.erased import ERASED_ADDRESS


def order_document(order: Order) -> dict[str, Any]:
    """What of the `Order` of the public contract does not depend on who reads it."""
    return {**fixed_part_of(order), **moving_part(order.statuses, order.holds, order.version, order.modified_on)}


def fixed_part_of(order: Order) -> dict[str, Any]:
    """What is settled, of this order."""
    return fixed_part(
        str(order.id),
        order.number,
        order.user_id,
        order.lines,
        order.shipping_cents,
        order.currency,
        order.shipping_address,
        order.payment_terms,
        order.expires_at,
        rfc3339(order.created_on),
    )


def fixed_part(
    order_id: str,
    number: str,
    user_id: str,
    lines: Sequence[Line],
    shipping_cents: int,
    currency: str,
    address: Address | None,
    payment_terms: str,
    expires_at: str | None,
    created_at: str,
) -> dict[str, Any]:
    """What is settled when the order is placed; but for the address, which may change until it is shipped.

    `address` None: the person was forgotten.
    """
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
        "shipping_address": address or ERASED_ADDRESS,
        "payment_terms": payment_terms,
        "expires_at": expires_at,
        "created_at": created_at,
    }


def moving_part(statuses: Statuses, holds: Sequence[Hold], version: int, updated_at: datetime) -> dict[str, Any]:
    """What changes while the order is under way."""
    return {
        **statuses._asdict(),
        "holds": list(holds),
        "version": version,
        "allowed_statuses": allowed_after(statuses.status, statuses.fulfillment_status),
        "updated_at": rfc3339(updated_at),
    }


def fulfillment_document(order: Order) -> dict[str, Any]:
    """The order's line ledger, and what was shipped and came back, as JSON values."""
    statuses = order.statuses
    return {
        "order_id": str(order.id),
        "version": order.version,
        "fulfillment_status": statuses.fulfillment_status,
        "return_status": statuses.return_status,
        "units": [
            {"item_id": item_id, "open": units.open, "reserved": units.reserved, **units._asdict()}
            for item_id, units in order.ledger.lines.items()
        ],
        "shipments": [_shipment(shipment_id, shipment) for shipment_id, shipment in order.shipments.items()],
        "returns": [_return(return_id, one) for return_id, one in order.returns.items()],
    }


def payments_document(order: Order) -> dict[str, Any]:
    """The order's money ledger, in minor units, as JSON values."""
    return {
        "order_id": str(order.id),
        "version": order.version,
        "payment_status": order.statuses.payment_status,
        "currency": order.currency,
        "total_cents": order.total_cents,
        "due_cents": order.due_cents,
        **{f"{name}_cents": cents for name, cents in order.money.sums._asdict().items()},
        "payments": [_payment(payment_id, one) for payment_id, one in order.money.payments.items()],
        "captures": [_movement(movement_id, one) for movement_id, one in order.money.captures.items()],
        "refunds": [_movement(movement_id, one) for movement_id, one in order.money.refunds.items()],
    }


def _payment(payment_id: str, payment: Payment) -> dict[str, Any]:
    return {
        "id": payment_id,
        "psp_reference": payment.psp_reference,
        "authorized_cents": payment.authorized_cents,
        "voided_cents": payment.voided_cents,
        "void_requested": payment.void_id is not None,
        "authorized_at": rfc3339(payment.authorized_at),
    }


def _movement(movement_id: str, movement: Movement) -> dict[str, Any]:
    return {"id": movement_id, **movement._asdict(), "at": rfc3339(movement.at)}


def _shipment(shipment_id: str, shipment: Shipment) -> dict[str, Any]:
    return {
        "id": shipment_id,
        "items": shipment.items,
        "carrier": shipment.carrier,
        "tracking": shipment.tracking,
        "shipped_at": rfc3339(shipment.shipped_at),
        "delivered_at": _moment(shipment.delivered_at),
    }


def _return(return_id: str, one: Return) -> dict[str, Any]:
    return {"id": return_id, "items": one.items, "received": one.received, "requested_at": rfc3339(one.requested_at)}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
