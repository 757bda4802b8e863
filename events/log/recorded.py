"""An event as the log holds it."""

import json
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


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
        meta: dict[str, Any] = json.loads(self.metadata)
        return meta
