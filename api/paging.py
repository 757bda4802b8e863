"""What every list takes."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MOST = 200

Limit = Annotated[int, Field(ge=1), AfterValidator(lambda limit: min(limit, MOST))]
"""How many at most: 1 to 200; more is coerced."""


class Paging(BaseModel):
    """A page by cursor."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = 50
    cursor: str | None = None
