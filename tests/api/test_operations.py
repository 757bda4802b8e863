"""For those who run it: health, figures, and one line for each command, which tells nobody's secrets."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from daybook.embedded import ValkeyServer
from events.log.append import Append, Appended, NewEvent
from tests.api.live.subscriber import following
from tests.api.person import Json, Person
from tests.api.running import Running, running
from tests.databases import Database
from tests.projections.eventually import eventually


async def figure(service: Running, name: str, **labels: str) -> float:
    """One sample of the Prometheus text; 0 where it is not there."""
    answer = await service.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    for line in answer.text.splitlines():
        found = re.fullmatch(rf"{name}(?:{{(.*)}})? (\S+)", line)
        if found and dict(re.findall(r'(\w+)="([^"]*)"', found[1] or "")) == labels:
            return float(found[2])
    return 0.0


class TestHealth:
    async def test_is_alive_and_ready(self, service: Running) -> None:
        assert (await service.client.get("/livez")).json() == {"status": "ok"}
        ready = await service.client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"status": "ok", "redis": "ok"})

    async def test_is_ready_without_redis_and_says_so(self, database: Database) -> None:
        async with running(database.url, "unix:///nowhere/valkey.sock") as service:
            ready = await service.client.get("/readyz")
            assert (ready.status_code, ready.json()["redis"]) == (200, "away")


class TestFigures:
    async def test_count_commands_by_outcome(self, service: Running, ada: Person, staff: Person, pen: Json) -> None:
        async def counted(outcome: str) -> float:
            return await figure(service, "daybook_commands_total", command="PlaceOrder", outcome=outcome)

        before = {outcome: await counted(outcome) for outcome in ("done", "replayed", "insufficient_stock")}
        batches = await figure(service, "daybook_append_batch_commands_count")
        rare = await staff.adds_product(stock=0)
        key = uuid4().hex
        await ada.orders((pen, 1), key=key)
        await ada.orders((pen, 1), key=key)
        await ada.orders((rare, 1))
        assert {outcome: await counted(outcome) - was for outcome, was in before.items()} == dict.fromkeys(before, 1)
        assert await figure(service, "daybook_append_batch_commands_count") >= batches + 3
        assert await figure(service, "daybook_append_seconds_sum") > 0

    async def test_count_sockets_and_frames(self, service: Running, ada: Person, pen: Json) -> None:
        frames = await figure(service, "daybook_live_frames_total")
        async with following(service, ada) as stream:
            assert await figure(service, "daybook_live_sockets") == 1
            await ada.places(pen)
            await stream.event()
            assert await figure(service, "daybook_live_frames_total") == frames + 1

    async def test_tell_how_far_projections_are_and_what_is_to_be_delivered(
        self, service: Running, ada: Person, pen: Json
    ) -> None:
        await ada.places(pen)

        async def caught_up() -> bool:
            names = ("orders", "catalogue", "fanout", "confirmations")
            return not any(
                [await figure(service, "daybook_projection_lag_events", tenant="default", projection=n) for n in names]
            )

        await eventually(caught_up)
        assert await figure(service, "daybook_deliveries", tenant="default", status="pending") >= 1
        assert await figure(service, "daybook_parked_events", tenant="default", projection="orders") == 0


class TestTheLogLine:
    async def test_of_a_command_tells_who_what_and_how_long(self, ada: Person, pen: Json) -> None:
        with capture_logs() as logs:
            await ada.orders((pen, 1), headers={"Correlation-Id": "a-journey"})
        (line,) = [entry for entry in logs if entry["event"] == "command"]
        assert line.items() >= {
            "command": "PlaceOrder", "outcome": "done", "tenant": "default", "subject": str(ada.id),
            "correlation_id": "a-journey", "log_level": "info",
        }.items()  # fmt: skip
        assert line["command_id"]
        assert 0 < line["ms"] < 10_000

    async def test_of_a_refusal_tells_which(self, ada: Person, staff: Person) -> None:
        rare = await staff.adds_product(stock=0)
        with capture_logs() as logs:
            await ada.orders((rare, 1))
        assert [entry["outcome"] for entry in logs if entry["event"] == "command"] == ["insufficient_stock"]

    async def test_tells_no_token_and_nothing_personal(self, ada: Person, pen: Json) -> None:
        with capture_logs() as logs:
            await ada.adds_address(recipient="Augusta King", city="Ockham")
            await ada.cancels(await ada.places(pen), "my neighbour told me to")
            await ada.posts("/addresses", {"recipient": "Augusta King\u0000"})
            await ada.gets("/orders", headers={"Authorization": "Bearer not-a-token"})
        for secret in (ada.token, "Augusta", "Ockham", "Lovelace", "neighbour", f"{ada.id}@example.com", "not-a-token"):
            assert secret not in str(logs)


class TestAParkedEvent:
    @pytest.fixture
    async def own_service(self, database: Database, valkey: ValkeyServer) -> AsyncIterator[Running]:
        async with running(database.url, valkey.url) as started:
            yield started

    async def test_is_told_to_readers_who_name_it_and_in_the_figures(self, own_service: Running) -> None:
        ada, shop = await own_service.customer(), await own_service.shop()
        outcome = await shop.appender.append(Append(uuid4(), [NewEvent(uuid4(), 1, "OrderPlaced", 1, b"{}")], "{}"))
        assert isinstance(outcome, Appended)

        async def parked() -> float:
            labels = {"tenant": "default", "projection": "orders"}
            return await figure(own_service, "daybook_parked_events", **labels)

        await eventually(parked)
        headers = {"Consistency-Token": shop.positions.seal(outcome.position)}
        (await ada.gets("/orders", headers=headers)).refused(503, "projection_behind", projection="orders")
        assert (await ada.gets("/orders")).status == 200
