"""An event as the log holds it."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json


class RecordedEvent(NamedTuple):
    """One row of the log, in the column order of every statement that reads it.

    `data` are the stored bytes; `metadata` is a JSON object as text; `recorded_at` is the database's clock.
    """

    position: int
    stream_id: UUID
    version: int
    type: str
    schema_version: int
    data: bytes
    metadata: str
    recorded_at: datetime

    def meta(self) -> dict[str, Any]:
        """The metadata as a dict."""
        meta: dict[str, Any] = from_json(self.metadata)
        return meta
