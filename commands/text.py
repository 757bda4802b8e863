"""Text that people write: within bounds, without control characters, with no blank around it."""

import re
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

# Postgres text cannot hold NUL, and nobody means to send the others; line breaks and tabs are fine.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Text:
    """Annotates a str: stripped, `least` to `most` characters, no control characters."""

    def __init__(self, least: int, most: int) -> None:
        self.least = least
        self.most = most

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            _without_control_characters,
            core_schema.str_schema(strip_whitespace=True, min_length=self.least, max_length=self.most, strict=True),
        )


def _without_control_characters(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("control characters are not allowed")
    return value
