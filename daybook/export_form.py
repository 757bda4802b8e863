"""How the events of an export are written."""

from enum import StrEnum


class Form(StrEnum):
    """One file suffix each. Of CSV nothing can be replayed: its cells are not what was stored."""

    ndjson = "ndjson"
    parquet = "parquet"
    csv = "csv"
