"""Parts of an order, as clients name them: so many units of these lines."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from events.domain.line_ledger import Part

MOST_UNITS = 2**53


class OrderPart(BaseModel):
    """Some units of one line."""

    model_config = ConfigDict(extra="forbid")

    item_id: UUID
    quantity: Annotated[int, Field(ge=1, le=MOST_UNITS, strict=True)]

    def part(self) -> Part:
        """As the ledger has it."""
        return Part(item_id=str(self.item_id), quantity=self.quantity)


def each_once(parts: Sequence[OrderPart]) -> Sequence[OrderPart]:
    """Raises ValueError where a line is named twice."""
    if len({part.item_id for part in parts}) < len(parts):
        raise ValueError("a line is named at most once")
    return parts


OrderParts = Annotated[list[OrderPart], Field(min_length=1, max_length=1_000), AfterValidator(each_once)]


def parts_of(parts: Sequence[OrderPart]) -> list[Part]:
    """As the ledger has them."""
    return [part.part() for part in parts]
