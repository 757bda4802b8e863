"""The shapes of answers, for the OpenAPI document. Answers are written ready-made; a test holds them to these."""

from datetime import date, datetime
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


class ErasureAnswer(Shape):
    """`erased_at`: when it was decided."""

    customer_id: UUID
    reason: str
    erased_at: datetime


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


class WebhookTaken(Shape):
    event_id: str
    replayed: bool


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


class Sales(Shape):
    """What was sold of one currency on one day, of one product, or to one customer; in minor units.

    `net_cents` = gross − discount + shipping − cancelled − returned. Refunds are money, and apart from that.
    """

    day: date | None = None
    product_id: UUID | None = None
    customer_id: UUID | None = None
    currency: str
    orders: int
    units: int
    gross_cents: int
    discount_cents: int
    shipping_cents: int | None = Field(default=None, description="not of products")
    cancelled_units: int
    cancelled_cents: int
    returned_units: int
    returned_cents: int
    net_cents: int
    refunded_cents: int | None = Field(default=None, description="not of products")


class SalesPage(Shape):
    items: list[Sales]
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
    opened: dict[str, Any] | None = Field(
        default=None,
        description="with `personal=true`: the personal fields in the clear; of a forgotten person `erased`",
    )
    datacontenttype: Literal["application/json"]
    data: dict[str, Any]


class EventPage(Shape):
    events: list[CloudEvent]
    next: str | None


class HistoryReadAnswer(Shape):
    id: UUID
    subject: str = Field(description="an account's id, or the name of an operator")
    role: str
    what: dict[str, Any] = Field(description="filters, `format`, `from` and `to` (positions), `personal`")
    reason: str | None
    correlation_id: str | None
    read_at: datetime


class HistoryReadPage(Shape):
    items: list[HistoryReadAnswer]
    next: str | None


class History(Shape):
    events: list[CloudEvent]
