"""Moments as clients name them: a version, a position, a business time (`as_of`), or a recorded time."""

import re
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request

from api.door import Guest, opened_position, queried
from api.problems import Problem, validation_failed
from queries.moments import AtPosition, AtTime, AtVersion, Moment, RecordedBy

_VERSION = re.compile(r"[0-9]{1,9}")
_POSITION = re.compile(r"[A-Za-z0-9_-]{22}")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)(Z|[+ -][0-9]{2}:[0-9]{2})")

_POINT = (
    "a version, a position (as a Consistency-Token or a stream gives it), or a business time (RFC 3339, with its zone)"
)


class AsOf(BaseModel):
    """A moment in the past, named in one way."""

    model_config = ConfigDict(extra="forbid")

    as_of: Annotated[str | None, Field(description=f"As it was then: {_POINT}. Lists have no version.")] = None
    as_of_recorded: Annotated[
        str | None, Field(description="As the log had it at this time by the clock of the database (RFC 3339).")
    ] = None

    @model_validator(mode="after")
    def _one_moment(self) -> Self:
        if self.as_of is not None and self.as_of_recorded is not None:
            raise ValueError("name one moment: as_of or as_of_recorded, not both")
        return self

    async def moment(self, guest: Guest) -> Moment | None:
        """The moment that is named; None where none is. Raises Problem (400, 422)."""
        if self.as_of_recorded is not None:
            return RecordedBy(time_of(self.as_of_recorded, "as_of_recorded"))
        return None if self.as_of is None else await moment_of(self.as_of, "as_of", guest)


class Between(BaseModel):
    """Two moments in the past."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[
        str | None, Field(alias="from", description=f"From there: {_POINT}. Without it: from before the first event.")
    ] = None
    until: Annotated[str | None, Field(alias="to", description="To there, named alike. Without it: to now.")] = None


async def asked_moment(request: Request, guest: Guest) -> Moment | None:
    """The moment that a read of one thing asks for; None: now. Raises Problem (400, 422)."""
    if not request.scope["query_string"]:
        return None
    return await queried(request, AsOf).moment(guest)


async def moment_of(text: str, name: str, guest: Guest) -> Moment:
    """A moment as a client wrote it in a query parameter. Raises Problem: 400 for a position that is none, else 422."""
    if _VERSION.fullmatch(text):
        return AtVersion(int(text))
    if _POSITION.fullmatch(text):
        position = opened_position(guest.shop.positions, text)
        if position > await guest.shop.reader.head():
            raise Problem(400, "invalid_position", "The log has not come to this position.")
        return AtPosition(position)
    return AtTime(time_of(text, name))


def time_of(text: str, name: str) -> datetime:
    """A moment in RFC 3339; a plus sign that the query string made a space is taken for what it was.

    Raises Problem (422).
    """
    found = _TIME.fullmatch(text.upper())
    if found is not None:
        try:
            return datetime.fromisoformat(found[1] + found[2].replace(" ", "+")).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    detail = "a time has a date, a time and a zone (RFC 3339), like 2026-11-24T10:15:00Z or 2026-11-24T11:15:00%2B01:00"
    raise validation_failed([{"pointer": f"?{name}", "code": "moment_parsing", "detail": detail}])
