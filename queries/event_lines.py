"""The log as lines of CloudEvents, however many: read by position in short statements, one page in memory at a time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any, NamedTuple

from events.cloud import line_parts, opened_line, sealed_line
from events.codec import Codec
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from queries.read_events import read_recorded
from queries.selection import Selection

STRETCH = 2_000
"""Positions of one statement that makes the lines itself."""

PAGE = 500
"""Events of which the lines are made or opened here: a few milliseconds, in which the process does nothing else."""


async def event_lines(
    reader: LogReader, selection: Selection, codec: Codec | None = None, *, with_metadata: bool = False
) -> AsyncGenerator[tuple[bytes, int, int], None]:
    """Lines of a bounded selection, in order: some of them, how many, and the position up to which the log was looked
    through. `codec`: each tells its personal fields `opened`."""
    if selection.keyed:
        async for made in _along_an_index(reader, selection, codec, with_metadata):
            yield made
        return
    if selection.after >= selection.until or selection.types == ():
        return
    stretches = _Stretches(reader, selection, opening=codec is not None, with_metadata=with_metadata)
    # The database makes the next lines while these are sent.
    reading: asyncio.Task[_Stretch] | None = asyncio.create_task(stretches.read(selection.after))
    try:
        while reading is not None:
            lines, sealed, end = await reading
            reading = asyncio.create_task(stretches.read(end)) if end < selection.until else None
            joined = "".join(lines).encode() if codec is None else await _opened(lines, sealed, codec)
            yield joined, len(lines), end
    finally:
        if reading is not None:
            reading.cancel()
            await asyncio.wait((reading,))


class _Stretch(NamedTuple):
    """Lines, the events beside those of them that are to be opened, and the position up to which the log was read."""

    lines: Sequence[str]
    sealed: Sequence[RecordedEvent | None]
    end: int


class _Stretches:
    """Reads one selection, a stretch at a time."""

    def __init__(self, reader: LogReader, selection: Selection, *, opening: bool, with_metadata: bool) -> None:
        self._reader = reader
        self._selection = selection
        self._opening = opening
        self._with_metadata = with_metadata
        self._parts = line_parts(reader.tenant)

    async def read(self, after: int) -> _Stretch:
        """The stretch after a position."""
        selection = self._selection
        end = min(after + (PAGE if self._opening else STRETCH), selection.until)
        lines, sealed = await self._reader.lines(
            after,
            end,
            self._parts.source,
            self._parts.public_types,
            types=selection.types,
            recorded_from=selection.recorded_from,
            recorded_before=selection.recorded_before,
            with_metadata=self._with_metadata,
            opening=self._parts.personal if self._opening else None,
        )
        return _Stretch(lines, sealed, end)


async def _opened(lines: Sequence[str], sealed: Sequence[RecordedEvent | None], codec: Codec) -> bytes:
    """The lines, and where there is an event beside one, what its personal fields are and the rest of its line."""
    opened = iter(await codec.personal_fields([event for event in sealed if event is not None]))
    return b"".join(
        line.encode() if event is None else opened_line(line.encode(), event.data, next(opened))
        for line, event in zip(lines, sealed, strict=True)
    )


async def _along_an_index(
    reader: LogReader, selection: Selection, codec: Codec | None, with_metadata: bool
) -> AsyncGenerator[tuple[bytes, int, int], None]:
    after: int | None = selection.after
    while after is not None:
        recorded, after = await read_recorded(reader, selection, after, PAGE)
        opened: Sequence[dict[str, Any] | None] = [None] * len(recorded)
        if codec is not None:
            opened = await codec.personal_fields(recorded)
        lines = b"".join(
            sealed_line(reader.tenant, event, fields, with_metadata=with_metadata)
            for event, fields in zip(recorded, opened, strict=True)
        )
        yield lines, len(recorded), selection.until if after is None else after
