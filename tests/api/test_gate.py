"""The gate: what an exception leaves behind."""

import gc
from contextlib import nullcontext

import httpx

from api.app import create_app
from api.problems import Problem
from tests.api.running import Running


async def test_a_request_that_is_refused_leaves_nothing_to_the_cycle_collector(service: Running) -> None:
    gate = create_app(lambda: nullcontext(service.backend))
    gate._app.state.backend = service.backend
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://test") as client:
        gc.collect()
        gc.disable()
        try:
            response = await client.post("/orders", content=b"{}", headers={"Authorization": "Basic x"})
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            left = [one for one in gc.garbage if isinstance(one, Problem)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert left == []
