"""The shapes of answers, for the OpenAPI document. Answers are written ready-made; a test holds them to these."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """An answer has these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class FieldProblem(Shape):
    pointer: str = Field(description='JSON pointer into the body; "?name" for a query parameter')
    code: str
    detail: str


class ProblemDocument(BaseModel):
    """RFC 9457. Some problems have members of their own."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str = Field(description="stable, snake_case")
    errors: list[FieldProblem] | None = None


class AccessToken(Shape):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int


class Me(Shape):
    id: UUID
    email: str | None = Field(description="null where an external issuer has the account")
    tenant: str
    roles: list[str]
    permissions: list[str]


class AccountAnswer(Shape):
    id: UUID
    email: str | None
    name: str | None
    roles: list[str]
    status: Literal["invited", "active", "disabled"]
    version: int
    created_at: datetime


class AccountListPage(Shape):
    items: list[AccountAnswer]
    next: str | None


class ShippingAddress(Shape):
    recipient: str
    line1: str
    line2: str | None = None
    city: str
    region: str | None = None
    postal_code: str | None = None
    country: str


class AddressAnswer(ShippingAddress):
    id: UUID


class AddressList(Shape):
    items: list[AddressAnswer]
    next: None


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


class ListedOrder(Shape):
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


class OrderAnswer(ListedOrder):
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


class WebhookTaken(Shape):
    event_id: str
    replayed: bool


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


class OrderListPage(Shape):
    items: list[ListedOrder]
    next: str | None
    total: int
    page: int | None = None
    pages: int | None = None


class ProductAnswer(Shape):
    id: UUID
    sku: str
    name: str
    price_cents: int
    currency: str
    available: int
    backorder_limit: int
    version: int


class ProductListPage(Shape):
    items: list[ProductAnswer]
    next: str | None


class CloudEvent(BaseModel):
    """CloudEvents 1.0, with our extension attributes."""

    model_config = ConfigDict(extra="forbid")

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    recordedtime: datetime
    sequence: str | None = Field(default=None, description="the position; in auditors' envelopes only")
    streamversion: int
    actor: str
    reason: str | None = None
    correlationid: str | None = None
    causationid: str | None = None
    dataschema: str
    datacontenttype: Literal["application/json"]
    data: dict[str, Any]


class EventPage(Shape):
    events: list[CloudEvent]
    next: str | None


class History(Shape):
    events: list[CloudEvent]
