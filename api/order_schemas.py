"""The shapes of answers about orders, for the OpenAPI document; the others are in schemas.py."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.schemas import ProblemDocument, Shape, ShippingAddress

FulfillmentStatus = Literal["unfulfilled", "partially_shipped", "shipped", "partially_delivered", "delivered"]


ReturnStatus = Literal["none", "requested", "partially_returned", "returned"]


PaymentStatus = Literal["unpaid", "authorized", "partially_paid", "paid", "partially_refunded", "refunded", "voided"]


class LineUnits(Shape):
    """What became of a line's units. `cancelled + shipped + open` is its quantity, `reserved + backordered` what is
    open; returned ≤ delivered ≤ shipped."""

    item_id: UUID
    ordered: int
    open: int
    reserved: int
    backordered: int
    cancelled: int
    shipped: int
    delivered: int
    returned: int


class Part(Shape):
    item_id: UUID
    quantity: int


class ReceivedPart(Part):
    disposition: Literal["restock", "discard"]


class ShipmentAnswer(Shape):
    id: UUID
    items: list[Part]
    carrier: str | None
    tracking: str | None
    shipped_at: datetime
    delivered_at: datetime | None


class ReturnAnswer(Shape):
    id: UUID
    items: list[Part]
    received: list[ReceivedPart]
    requested_at: datetime


class OrderLine(Shape):
    id: UUID
    product_id: UUID
    product_name: str
    quantity: int
    price_cents: int
    discount_cents: int
    line_total_cents: int


class HoldAnswer(Shape):
    id: UUID
    reason: str
    gate: Literal["confirm", "ship"]


class OrderAnswer(Shape):
    id: UUID
    number: str
    user_id: UUID
    status: Literal["pending", "confirmed", "shipped", "delivered", "cancelled", "returned", "expired"]
    fulfillment_status: FulfillmentStatus
    return_status: ReturnStatus
    payment_status: PaymentStatus
    holds: list[HoldAnswer]
    items: list[OrderLine]
    shipping_cents: int
    total_cents: int
    currency: str
    total_usd: str | None
    shipping_address: ShippingAddress | None
    payment_terms: Literal["offline", "online"]
    expires_at: datetime | None
    version: int
    allowed_statuses: list[str]
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[str] = Field(description="what this caller may do with it now")


class Fulfillment(Shape):
    """An order's line ledger, and what was shipped and came back."""

    order_id: UUID
    version: int
    fulfillment_status: FulfillmentStatus
    return_status: ReturnStatus
    units: list[LineUnits]
    shipments: list[ShipmentAnswer]
    returns: list[ReturnAnswer]


class ShipmentMade(Shape):
    shipment_id: UUID
    order: OrderAnswer


class ReturnMade(Shape):
    return_id: UUID
    order: OrderAnswer


class PaymentMade(Shape):
    payment_id: UUID
    order: OrderAnswer


class CaptureMade(Shape):
    capture_id: UUID
    order: OrderAnswer


class RefundMade(Shape):
    refund_id: UUID
    order: OrderAnswer


class HoldMade(Shape):
    hold_id: UUID
    order: OrderAnswer


class NoteMade(Shape):
    note_id: UUID
    order: OrderAnswer


class PaymentAnswer(Shape):
    id: UUID
    psp_reference: str
    authorized_cents: int
    voided_cents: int
    void_requested: bool
    authorized_at: datetime


class MovementAnswer(Shape):
    """A capture or a refund. `failure`: the provider's code, where it failed."""

    id: UUID
    payment_id: UUID
    amount_cents: int
    status: Literal["requested", "done", "failed"]
    failure: str | None
    at: datetime


class PaymentsAnswer(Shape):
    """An order's money ledger, in minor units."""

    order_id: UUID
    version: int
    payment_status: PaymentStatus
    currency: str
    total_cents: int
    due_cents: int
    authorized_cents: int
    voided_cents: int
    capture_pending_cents: int
    captured_cents: int
    refund_pending_cents: int
    refunded_cents: int
    payments: list[PaymentAnswer]
    captures: list[MovementAnswer]
    refunds: list[MovementAnswer]


class BulkStatusResult(Shape):
    """What became of one order, or would: the order where the status is 200, else the problem."""

    order_id: UUID
    status: int
    order: OrderAnswer | None = None
    problem: ProblemDocument | None = None


class BulkStatusAnswer(Shape):
    dry_run: bool
    results: list[BulkStatusResult]


class BatchResult(Shape):
    """What became of one order: the order where the status is 201, else the problem."""

    status: int
    order: OrderAnswer | None = None
    problem: ProblemDocument | None = None


class BatchAnswer(Shape):
    results: list[BatchResult]


class OrderFacets(Shape):
    """Of each kind of status, how many orders would be listed, were it the one asked for."""

    status: dict[str, int]
    payment_status: dict[str, int]
    fulfillment_status: dict[str, int]


class OrderListPage(Shape):
    """Of a search a page may be short of its limit, even empty, with more to come after `next`."""

    items: list[OrderAnswer]
    next: str | None
    total: int | None = Field(description="null where it would have to be counted: in a search, and between two times")
    facets: OrderFacets | None = Field(default=None, description="null as `total`; there only where they are asked for")
    page: int | None = None
    pages: int | None = None
