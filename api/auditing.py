"""The log over HTTP, for auditors, and who has read it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import to_json

from api.documentation import answers, documented
from api.door import (
    JSON,
    Guest,
    admitted,
    backend_of,
    check_permission,
    consistent,
    header_of,
    invalid_cursor,
    opened_position,
    queried,
)
from api.ndjson import NDJSON, Lines, prefers_ndjson
from api.paging import Limit, Paging
from api.route import DirectRoute
from api.schemas import EventPage, HistoryReadPage
from commands.text import Text
from events.cloud import stored_types
from events.codec import Codec, rfc3339
from events.log.reader import END, LogReader
from events.opaque import InvalidOpaque
from queries.event_lines import event_lines
from queries.history_reads import HistoryRead, list_reads, record_read
from queries.read_events import read_events
from queries.selection import Selection, bounded

_VISIBLE = r"^[!-~]{1,128}$"
router = APIRouter(tags=["audit"], route_class=DirectRoute)


class EventQuery(BaseModel):
    """Which events: between two positions, and of these only such as match all that is given.

    `recorded_from` is part of the range of recorded times, `recorded_to` is not. `limit` is of a page; lines have none.
    """

    model_config = ConfigDict(extra="forbid")

    after: str | None = None
    until: str | None = None
    limit: Limit = 50
    type: Annotated[str, Field(pattern=_VISIBLE)] | None = None
    stream: UUID | None = None
    subject: UUID | None = None
    correlation: Annotated[str, Field(pattern=_VISIBLE)] | None = None
    recorded_from: AwareDatetime | None = None
    recorded_to: AwareDatetime | None = None
    personal: bool = False
    reason: Annotated[str, Text(1, 500)] | None = None

    @model_validator(mode="after")
    def _a_range_has_a_length(self) -> Self:
        if self.recorded_from and self.recorded_to and self.recorded_from >= self.recorded_to:
            raise ValueError("recorded_from has to be before recorded_to")
        return self

    @model_validator(mode="after")
    def _who_reads_what_is_personal_says_why(self) -> Self:
        if self.personal and self.reason is None:
            raise ValueError("say the reason why you read personal data")
        return self


_LINES = {"schema": {"type": "string", "description": "a CloudEvent a line, where `Accept` asks for it"}}
_PAGE_OR_LINES = answers(200, EventPage)
_PAGE_OR_LINES[200]["content"] = {NDJSON: _LINES}


@router.get(
    "/events",
    **documented(
        "Read the log",
        permission="events:read",
        query=EventQuery,
        answers=_PAGE_OR_LINES,
        headers=("Consistency-Token",),
    ),
)
async def list_events(request: Request) -> Response:
    """Every event in the order in which it was committed, as stored: personal data stays sealed (auditors).

    With `Accept: application/x-ndjson` all of them, one CloudEvent a line. With `personal=true` and a `reason` each
    event tells its personal fields besides, as `opened`. Who reads what, and why, is recorded (`GET /audit/reads`).
    """
    guest = admitted(request)
    wanted = queried(request, EventQuery)
    shop = guest.shop
    if wanted.personal:
        check_permission(guest.caller, "personal:read")
    await consistent(request, shop)
    selection = await bounded(shop.reader, _selection(guest, wanted))
    codec = shop.codec if wanted.personal else None
    if prefers_ndjson(header_of(request, b"accept")):
        await _record(request, guest, wanted, NDJSON, selection.after + 1, selection.until)
        return Lines(_lines(shop.reader, selection, codec))
    events, following = await read_events(shop.reader, selection, wanted.limit, codec)
    until = selection.until if following is None else following
    await _record(request, guest, wanted, JSON, selection.after + 1, until)
    following_text = None if following is None else shop.positions.seal(following)
    return Response(to_json({"events": events, "next": following_text}), media_type=JSON)


def _selection(guest: Guest, wanted: EventQuery) -> Selection:
    positions = guest.shop.positions
    return Selection(
        after=0 if wanted.after is None else opened_position(positions, wanted.after),
        until=END if wanted.until is None else opened_position(positions, wanted.until),
        types=None if wanted.type is None else tuple(stored_types(wanted.type)),
        stream=wanted.stream,
        correlation=wanted.correlation,
        subject=wanted.subject,
        recorded_from=wanted.recorded_from,
        recorded_before=wanted.recorded_to,
    )


async def _lines(reader: LogReader, selection: Selection, codec: Codec | None) -> AsyncGenerator[bytes, None]:
    async with aclosing(event_lines(reader, selection, codec)) as made:
        async for lines, _, _ in made:
            if lines:
                yield lines


async def _record(request: Request, guest: Guest, wanted: EventQuery, form: str, first: int, last: int) -> None:
    """Write down who reads what, before the first byte of it leaves."""
    filters: dict[str, Any] = wanted.model_dump(include={"type", "correlation"})
    what = {
        **filters,
        **{name: _text(getattr(wanted, name)) for name in ("stream", "subject")},
        **{name: _moment(getattr(wanted, name)) for name in ("recorded_from", "recorded_to")},
        "format": form,
        "personal": wanted.personal,
        "from": first,
        "to": last,
    }
    caller = guest.caller
    read = HistoryRead(str(caller.subject), caller.role, what, wanted.reason, request.scope["correlation_id"])
    await record_read(backend_of(request).pool, caller.tenant, read)


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _moment(value: AwareDatetime | None) -> str | None:
    return None if value is None else rfc3339(value)


@router.get(
    "/audit/reads",
    **documented(
        "Who read the log",
        permission="events:read",
        query=Paging,
        answers=answers(200, HistoryReadPage),
        headers=("Consistency-Token",),
    ),
)
async def reads(request: Request) -> Response:
    """Who read the history, which part of it and why, newest first (auditors)."""
    guest = admitted(request)
    wanted = queried(request, Paging)
    shop = guest.shop
    await consistent(request, shop)
    try:
        body = await list_reads(backend_of(request).pool, shop.tenant, shop.cursors, wanted.cursor, wanted.limit)
    except InvalidOpaque:
        raise invalid_cursor() from None
    return Response(body, media_type=JSON)
