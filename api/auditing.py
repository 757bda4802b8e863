"""The log over HTTP, for auditors."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from api.documentation import answers, documented
from api.door import JSON, admitted, consistent, opened_position, queried
from api.paging import Limit
from api.route import DirectRoute
from api.schemas import EventPage
from queries.read_events import read_events

router = APIRouter(tags=["audit"], route_class=DirectRoute)


class EventQuery(BaseModel):
    """Which events: after a position, of one CloudEvents type, of one stream."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = None
    limit: Limit = 50
    type: str | None = None
    stream: UUID | None = None


@router.get(
    "/events",
    **documented(
        "Read the log",
        permission="events:read",
        query=EventQuery,
        answers=answers(200, EventPage),
        headers=("Consistency-Token",),
    ),
)
async def list_events(request: Request) -> Response:
    """Every event in the order in which it was committed, as stored: personal data stays sealed (auditors)."""
    guest = admitted(request)
    wanted = queried(request, EventQuery)
    shop = guest.shop
    await consistent(request, shop)
    after = 0 if wanted.after is None else opened_position(shop.positions, wanted.after)
    events, following = await read_events(
        shop.reader, after, wanted.limit, cloud_type=wanted.type, stream_id=wanted.stream
    )
    following_text = None if following is None else shop.positions.seal(following)
    return Response(to_json({"events": events, "next": following_text}), media_type=JSON)
