"""Coming back: everything after the last position, in order, once, whatever happens meanwhile."""

import asyncio
import json
import random
from uuid import uuid4

import pytest

from api.live import hubs, socket
from commands.append_of import encode_changes
from events.log.append import Append, Appended
from tests.api.live.subscriber import Subscriber, dialled, following
from tests.api.live.test_authentication import bearer
from tests.api.person import Json, Person
from tests.api.running import Running
from tests.projections.business import placed


async def a_past(person: Person, orders: int) -> list[str]:
    """So many orders, placed in one go; answers their ids."""
    past = [placed(person.id) for _ in range(orders)]
    events = encode_changes(person.shop.codec, past, person.id)
    meta = {"subject": str(person.id), "role": "customer", "owner": str(person.id)}
    outcome = await person.shop.appender.append(Append(uuid4(), events, json.dumps(meta)))
    assert isinstance(outcome, Appended)
    await person.gets("/orders", headers={"Consistency-Token": person.shop.positions.seal(outcome.position)})
    return [str(order.id) for order in past]


async def events_of(person: Person) -> list[str]:
    """What the log holds about this customer's orders, in order."""
    recorded = await person.shop.reader.owned(person.id, 0, 10_000, until=2**62)
    return [f"{event.stream_id}.{event.version}" for event in recorded]


class TestAfterAPosition:
    async def test_comes_all_that_came_after_it(self, service: Running, ada: Person, staff: Person, pen: Json) -> None:
        async with following(service, ada) as stream:
            first = await ada.places(pen)
            await stream.events(1)
        second = await ada.places(pen)
        await staff.moves(first, "confirmed")
        async with following(service, ada, after=stream.position) as again:
            third = await ada.places(pen)
            assert await again.subjects(3) == [second["id"], first["id"], third["id"]]

    async def test_of_the_start_comes_nothing_twice(self, service: Running, ada: Person, pen: Json) -> None:
        async with following(service, ada) as stream:
            ready = stream.position
            orders = [(await ada.places(pen))["id"] for _ in range(3)]
            assert await stream.subjects(3) == orders
        async with following(service, ada, after=ready) as again:
            assert again.position == ready
            assert await again.subjects(3) == orders
        async with following(service, ada, after=stream.position) as again:
            last = await ada.places(pen)
            assert await again.subjects(1) == [last["id"]]

    async def test_that_a_filter_hid_comes_all_that_came_after_it(
        self, service: Running, ada: Person, ben: Person, pen: Json
    ) -> None:
        await ada.places(pen)
        hidden = (await ben.orders((pen, 1))).token
        order = await ada.places(pen)
        async with following(service, ada, after=hidden) as stream:
            assert await stream.subjects(1) == [order["id"]]

    async def test_of_a_write_that_the_stream_has_not_come_to_waits_for_it(
        self, service: Running, ada: Person, pen: Json
    ) -> None:
        for _ in range(5):
            just_written = (await ada.orders((pen, 1))).token
            async with following(service, ada, after=just_written) as stream:
                order = await ada.places(pen)
                assert await stream.subjects(1) == [order["id"]]

    async def test_of_one_order_comes_what_happened_to_it(
        self, service: Running, ada: Person, staff: Person, pen: Json
    ) -> None:
        placed_at = await ada.orders((pen, 1))
        await ada.places(pen)
        await staff.moves(placed_at.body, "confirmed", "shipped")
        async with following(service, ada, after=placed_at.token, order_id=placed_at.body["id"]) as stream:
            assert [event["streamversion"] for event in await stream.events(2)] == [2, 3]


class TestWithoutAPosition:
    async def test_a_stream_starts_now(self, service: Running, ada: Person, pen: Json) -> None:
        async with following(service, ada) as stream:
            past = await ada.places(pen)
            assert await stream.subjects(1) == [past["id"]]
        async with dialled(service, bearer(ada.token)) as anew:
            await anew.is_ready()
            order = await ada.places(pen)
            assert await anew.subjects(1) == [order["id"]]


class TestALongPast:
    @pytest.mark.parametrize("orders", [1, 4, 5, 6, 23])
    async def test_comes_page_by_page(self, service: Running, monkeypatch: pytest.MonkeyPatch, orders: int) -> None:
        monkeypatch.setattr(socket, "PAGE", 5)
        ada, staff = await service.customer(), await service.person("staff")
        before = await ada.shop.reader.head()
        past = await a_past(ada, orders)
        for someone in (ada, staff):
            async with following(service, someone, after=ada.shop.positions.seal(before)) as stream:
                assert await stream.subjects(orders) == past

    async def test_of_more_than_one_page_comes_whole_while_more_arrives(
        self, service: Running, ada: Person, pen: Json
    ) -> None:
        before = ada.shop.positions.seal(await ada.shop.reader.head())
        past = await a_past(ada, 1_200)
        placing = asyncio.gather(*(ada.places(pen) for _ in range(20)))
        async with following(service, ada, after=before) as stream:
            seen = await stream.subjects(1_220)
        new = {order["id"] for order in await placing}
        assert (seen[:1_200], set(seen[1_200:])) == (past, new)

    async def test_reaches_streams_that_are_open_page_by_page_too(
        self, service: Running, ada: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hubs, "PAGE", 7)
        async with following(service, ada) as stream:
            past = await a_past(ada, 50)
            assert await stream.subjects(50) == past


class Follower:
    """Follows with one position, through any number of sockets that break at any moment."""

    def __init__(self, service: Running, person: Person, chance: random.Random) -> None:
        self.service = service
        self.person = person
        self.chance = chance
        self.seen: list[str] = []
        self.positions: list[int] = []
        self.breaks = 0
        self.after = ""

    async def follow(self, until: asyncio.Event) -> None:
        """Go on until the event is set and all that is in the log was seen."""
        async with following(self.service, self.person) as stream:
            self.after = stream.position
        while not (until.is_set() and self.seen == await events_of(self.person)):
            headers = bearer(self.person.token)
            async with dialled(self.service, headers, after=self.after) as stream:
                for _ in range(self.chance.randrange(12)):
                    try:
                        async with asyncio.timeout(0.05 if until.is_set() else self.chance.random() / 20):
                            await self._take(stream)
                    except TimeoutError:
                        break
                self.breaks += 1
                if self.chance.random() < 0.5:
                    stream.socket.transport.abort()

    async def _take(self, stream: Subscriber) -> None:
        frame = json.loads(await stream.socket.recv())
        if frame["type"] == "event":
            self.seen.append(frame["event"]["id"])
            self.positions.append(self.person.shop.positions.open(frame["position"]))
        self.after = frame["position"]


async def test_nothing_is_lost_or_doubled_over_reconnects_at_any_moment(
    service: Running, ada: Person, ben: Person, staff: Person, pen: Json
) -> None:
    all_placed = asyncio.Event()
    followers = [Follower(service, ada, random.Random(seed)) for seed in range(3)]

    async def buy(person: Person, seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(25):
            order = await person.places(pen)
            if chance.random() < 0.3:
                await staff.sets(order, "confirmed")
            await asyncio.sleep(chance.random() / 50)

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        following_along = [tasks.create_task(follower.follow(all_placed)) for follower in followers]
        await asyncio.sleep(0.2)
        await asyncio.gather(*(buy(person, seed) for seed, person in enumerate((ada, ada, ada, ben))))
        all_placed.set()
        await asyncio.gather(*following_along)
    expected = await events_of(ada)
    assert len(expected) >= 75
    for follower in followers:
        assert follower.seen == expected
        assert follower.positions == sorted(set(follower.positions))
        assert follower.breaks >= 20
