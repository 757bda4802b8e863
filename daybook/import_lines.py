"""An import file, line by line and in batches, however large it is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from pydantic import ValidationError

from commands.past_order import PastOrder

LONGEST_LINE = 1 << 20
"""Bytes, without the line's end."""

_BOM = b"\xef\xbb\xbf"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class PastLine:
    """A line that makes sense; lines count from 1."""

    number: int
    past: PastOrder


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not taken, and why: in words that do not repeat it, for it may be personal."""

    number: int
    reason: str


@dataclass(slots=True)
class Batch:
    """Lines that are judged together, each reference once. `read`: bytes of the file up to here."""

    lines: list[PastLine] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    read: int = 0


def read_batches(file: BinaryIO, most_lines: int, most_parts: int) -> Iterator[Batch]:
    """The whole file in its order.

    A batch has at most so many lines, good or bad, and unless it is a single line at most so many parts:
    orders, customers and items.
    """
    batch, references, parts = Batch(), set[str](), 0
    for line, read in _lines(file):
        if isinstance(line, PastLine):
            size = 2 + len(line.past.items)
            again = line.past.reference in references
            if batch.lines and (again or parts + size > most_parts):
                yield batch
                batch, references, parts = Batch(), set(), 0
            batch.lines.append(line)
            references.add(line.past.reference)
            parts += size
        else:
            batch.bad.append(line)
        batch.read = read
        if len(batch.lines) + len(batch.bad) >= most_lines:
            yield batch
            batch, references, parts = Batch(), set(), 0
    yield batch


def _lines(file: BinaryIO) -> Iterator[tuple[PastLine | BadLine, int]]:
    """Each line that is not blank, and the bytes read with it. At most a line's limit is in memory."""
    number = read = 0
    while text := file.readline(LONGEST_LINE + 2):
        number += 1
        read += len(text)
        content = text.rstrip(b"\r\n")
        if len(content) > LONGEST_LINE:
            while text and not text.endswith(b"\n"):
                text = file.readline(LONGEST_LINE)
                read += len(text)
            yield BadLine(number, "longer than 1 MiB"), read
            continue
        if number == 1:
            content = content.removeprefix(_BOM)
        if content.strip():
            yield _parsed(number, content), read


def _parsed(number: int, content: bytes) -> PastLine | BadLine:
    try:
        return PastLine(number, PastOrder.model_validate_json(content))
    except ValidationError as error:
        return BadLine(number, _reason(error))


def _reason(error: ValidationError) -> str:
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    said = []
    for problem in problems[:_SHOWN]:
        where = ".".join(str(step) for step in problem["loc"])
        what = problem["msg"].removeprefix("Value error, ").replace("at line 1 column", "at column")
        said.append(f"{where}: {what}" if where else what)
    if len(problems) > _SHOWN:
        said.append(f"and {len(problems) - _SHOWN} more")
    return "; ".join(said)
