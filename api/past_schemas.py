"""The shapes of answers about an order's past, for the OpenAPI document; the others are in order_schemas.py."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.schemas import Shape

Value = str | int | bool | None


class EventSummary(Shape):
    """Who did it, when and why. `id` is the CloudEvent's."""

    id: str
    type: str
    time: datetime
    recordedtime: datetime
    actor: str
    reason: str | None = None
    streamversion: int


class FieldChange(Shape):
    field: str = Field(
        description="JSON pointer into the Order, with a line's or a hold's id in the place of its index"
    )
    before: Value = Field(description="null: it was not there")
    after: Value = Field(description="null: it is not there")
    event: EventSummary = Field(description="the event that set `after`, the last one that changed the field")


class OrderDiff(Shape):
    """What changed between two versions; 0 is before the first."""

    from_: int = Field(alias="from")
    to: int
    changes: list[FieldChange]


class FieldOrigin(Shape):
    value: Value
    event: EventSummary


class OrderProvenance(Shape):
    """JSON pointer → the value and the event that set it."""

    order_id: UUID
    version: int
    fields: dict[str, FieldOrigin]
