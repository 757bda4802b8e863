"""Postgres away: who would open a stream is told to try again; those that are open wait, and lose nothing."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed

from daybook.embedded import PostgresServer, ValkeyServer
from tests.api.live.subscriber import dialled, following
from tests.api.live.test_authentication import bearer, turned_away
from tests.api.running import Running, running
from tests.projections.eventually import eventually


async def is_ready(service: Running) -> bool:
    return (await service.client.get("/readyz")).status_code == 200


async def test_streams_outlive_it(own_postgres: PostgresServer, valkey: ValkeyServer) -> None:
    async with running(own_postgres.url(), valkey.url) as service:
        ada, staff = await service.customer(), await service.person("staff")
        pen = await staff.adds_product()
        async with following(service, ada) as stream:
            before = stream.position
            first = await ada.places(pen)
            assert await stream.subjects(1) == [first["id"]]
            await asyncio.to_thread(own_postgres.kill)

            problem = await turned_away(service, bearer(ada.token), order_id=first["id"])
            assert (problem["status"], problem["code"]) == (503, "unavailable")
            async with dialled(service, order_id=first["id"]) as by_first_frame:
                await by_first_frame.says({"type": "auth", "token": ada.token})
                assert await by_first_frame.is_closed() == (1013, "unavailable")
            async with dialled(service, bearer(ada.token), after=before) as resuming:
                with pytest.raises(ConnectionClosed) as closed:
                    await (await resuming.is_ready()).hears()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1013

            await asyncio.to_thread(own_postgres.start)
            await eventually(lambda: is_ready(service), 15)
            second = await ada.places(pen)
            assert await stream.subjects(1) == [second["id"]]
            async with following(service, ada, after=before) as again:
                assert await again.subjects(2) == [first["id"], second["id"]]
