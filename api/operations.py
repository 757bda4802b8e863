"""For those who run it: is it alive, is it ready, and what does it measure."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic_core import to_json
from redis.exceptions import RedisError
from starlette.responses import PlainTextResponse

from api.documentation import PERMISSION
from api.door import JSON, backend_of
from api.metrics import DELIVERIES, PARKED, PROJECTION_LAG, REGISTRY
from api.permission import PUBLIC
from api.problems import Problem
from api.route import DirectRoute
from api.sessions import SQL
from consumers.deliver import SQL as DELIVERY_SQL
from events.log.tenants import all_tenants

router = APIRouter(tags=["operations"], route_class=DirectRoute)


@router.get("/livez", response_model=None, openapi_extra={PERMISSION: PUBLIC})
async def livez(_request: Request) -> Response:
    """The process answers. It asks nobody else."""
    return Response(b'{"status":"ok"}', media_type=JSON)


@router.get("/readyz", response_model=None, openapi_extra={PERMISSION: PUBLIC})
async def readyz(request: Request) -> Response:
    """Commands can be taken: the database answers. Redis is only a hint; its absence is told, and no reason to stop."""
    backend = backend_of(request)
    try:
        async with asyncio.timeout(3.0):
            await all_tenants(backend.pool)
    except Exception:
        detail = "The database does not answer."
        raise Problem(503, "not_ready", detail, headers={"Retry-After": "1"}) from None
    return Response(to_json({"status": "ok", "redis": await _redis_state(backend.redis)}), media_type=JSON)


@router.get("/metrics", response_model=None, response_class=PlainTextResponse, openapi_extra={PERMISSION: PUBLIC})
async def metrics(request: Request) -> Response:
    """This process's figures, and what the database says of projections and deliveries, for Prometheus."""
    pool = backend_of(request).pool
    for row in await pool.fetch(SQL.read_lag):
        labels = (row["tenant_id"], row["projection"])
        PROJECTION_LAG.labels(*labels).set(row["lag"])
        PARKED.labels(*labels).set(row["parked"])
    for tenant in await all_tenants(pool):
        counts = {"pending": 0, "leased": 0, "dead": 0}
        counts |= {row["status"]: row["deliveries"] for row in await pool.fetch(DELIVERY_SQL.count_deliveries, tenant)}
        for status, count in counts.items():
            DELIVERIES.labels(tenant, status).set(count)
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


async def _redis_state(redis: Any) -> str:
    try:
        await redis.ping()
    except (RedisError, OSError):
        return "away"
    return "ok"
