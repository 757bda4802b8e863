"""Sums over many orders, over HTTP."""

from datetime import date
from typing import Annotated, Self

from fastapi import APIRouter, Request, Response
from pydantic import Field, model_validator

from api.documentation import answers, documented
from api.door import JSON, admitted, backend_of, consistent, invalid_cursor, queried
from api.paging import Paging
from api.route import DirectRoute
from api.schemas import SalesPage
from events.opaque import InvalidOpaque
from queries.sales import LONGEST_RANGE, By, SalesFilter, sales

router = APIRouter(tags=["statistics"], route_class=DirectRoute)


class SalesQuery(Paging):
    """Which sales: by what, and of which days (UTC, half-open)."""

    by: By
    begin: Annotated[date | None, Field(alias="from", description="this day or later, like 2026-11-24")] = None
    end: Annotated[date | None, Field(alias="to", description="before this day")] = None

    @model_validator(mode="after")
    def _a_range(self) -> Self:
        begin, end = self.begin, self.end
        if begin and end and end < begin:
            raise ValueError("the end of a range is not before its beginning")
        if self.by == "day" or (begin is None and end is None):
            return self
        if begin is None or end is None or end - begin > LONGEST_RANGE:
            raise ValueError(f"products and customers are summed over {LONGEST_RANGE.days} days at most, or over all")
        return self


@router.get(
    "/stats/sales",
    **documented(
        "Sum up what was sold",
        permission="orders:read_any",
        query=SalesQuery,
        answers=answers(200, SalesPage),
        headers=("Consistency-Token",),
    ),
)
async def read_sales(request: Request) -> Response:
    """By day, by product or by customer, and currency. All of an order counts on the day it was placed."""
    shop = admitted(request).shop
    wanted = queried(request, SalesQuery)
    await consistent(request, shop, "sales")
    asked = SalesFilter(wanted.by, wanted.begin, wanted.end)
    try:
        page = await sales(backend_of(request).pool, shop.tenant, shop.cursors, asked, wanted.cursor, wanted.limit)
    except InvalidOpaque:
        raise invalid_cursor() from None
    return Response(page, media_type=JSON)
