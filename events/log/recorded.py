"""An event as the log holds it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json


class _Columns(NamedTuple):
    position: int
    stream_id: UUID
    version: int
    type: str
    schema_version: int
    data: bytes
    metadata: str
    recorded_at: datetime


class RecordedEvent(_Columns):
    """One row of the log, in the column order of every statement that reads it.

    `data` are the stored bytes; `metadata` is a JSON object as text; `recorded_at` is the database's clock.
    """

    @property
    def stored(self) -> Mapping[str, Any]:
        """The stored fields, as they were written; parsed once for all who look, so nobody may change them."""
        # Not a cached_property, which on Python 3.11 takes a lock for each.
        own = self.__dict__
        fields: dict[str, Any] | None = own.get("fields")
        if fields is None:
            fields = own["fields"] = from_json(self.data, cache_strings="keys")
        return fields

    def meta(self) -> dict[str, Any]:
        """The metadata as a dict."""
        meta: dict[str, Any] = from_json(self.metadata)
        return meta
