"""The list of orders as it was: at every moment it is what the log up to there makes of it."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from api.order_schemas import OrderListPage
from events.domain.order import Order
from events.erased import ERASED_ADDRESS
from events.log.append import NewEvent
from events.opaque import InvalidOpaque
from queries.consistency import ProjectionBehind
from queries.list_orders_as_of import LOOK_AT, PastOrderList
from queries.moments import AtPosition, AtTime, RecordedBy
from queries.past_order import order_as_of
from tests.projections.book import Book
from tests.projections.business import moved, placed
from tests.projections.conftest import own_book
from tests.queries.chequered import LONG_AGO, a_chequered_past, address, from_elsewhere

__all__ = ["own_book"]

ListMoment = AtPosition | AtTime | RecordedBy
Json = dict[str, Any]


def past_list(book: Book, patience: float = 5.0) -> PastOrderList:
    return PastOrderList(book.pool, book.shop.reader, book.shop.codec, book.shop.cursors, patience=patience)


async def page(
    book: Book,
    moment: ListMoment,
    user_id: UUID | None = None,
    status: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
    look_at: int = LOOK_AT,
) -> Json:
    """A page, which has the shape that is promised."""
    body = await past_list(book).page(moment, user_id, status, cursor, limit, look_at=look_at)
    OrderListPage.model_validate_json(body)
    return dict(json.loads(body))


async def listed(book: Book, moment: ListMoment, *of: Any, limit: int = 50, look_at: int = LOOK_AT) -> list[Json]:
    """All of a list, page after page. `of`: user and status."""
    user_id, status = [*of, None, None][:2]
    items: list[Json] = []
    cursor: str | None = None
    while True:
        one = await page(book, moment, user_id, status, cursor, limit, look_at)
        assert len(one["items"]) <= limit
        assert one["total"] is None
        items += one["items"]
        if (cursor := one["next"]) is None:
            return items


def shown(*orders: Order) -> list[Json]:
    """These orders as a past list shows them."""
    documents = [json.loads(json.dumps(order_as_of(order), default=list)) for order in orders]
    return [dict(document) for document in documents]


@pytest.mark.parametrize("seed", range(3))
class TestAChequeredPast:
    async def test_is_at_every_position_what_the_log_up_to_there_says(self, book: Book, seed: int) -> None:
        chance = random.Random(seed)
        told = await a_chequered_past(book, chance)
        for position in range(told.head + 1):
            expected = told.at_position(position)
            assert await listed(book, AtPosition(position), limit=chance.randint(1, 9)) == shown(*expected)

    async def test_is_at_every_business_time_what_had_happened_by_then(self, book: Book, seed: int) -> None:
        chance = random.Random(seed)
        told = await a_chequered_past(book, chance)
        for time in told.times:
            for moment in (time - timedelta(microseconds=1), time):
                expected = told.at_time(moment)
                assert await listed(book, AtTime(moment), limit=chance.randint(1, 9)) == shown(*expected)

    async def test_is_filtered_by_what_held_then(self, book: Book, seed: int) -> None:
        chance = random.Random(seed)
        told = await a_chequered_past(book, chance)
        users = [UUID(order.user_id) for order in told.at_position(told.head)]
        for _ in range(25):
            user = chance.choice([None, *users])
            status = chance.choice([None, "pending", "confirmed", "shipped", "cancelled"])
            position, time = chance.randint(0, told.head), chance.choice(told.times)
            sizes = {"limit": chance.randint(1, 4), "look_at": chance.randint(5, 9)}
            for moment, there in (
                (AtPosition(position), told.at_position(position)),
                (AtTime(time), told.at_time(time)),
            ):
                expected = [
                    order for order in there if user in (None, UUID(order.user_id)) and status in (None, order.status)
                ]
                assert await listed(book, moment, user, status, **sizes) == shown(*expected)


class TestARecordedTime:
    async def test_is_the_position_that_the_log_ended_with_then(self, book: Book) -> None:
        told = await a_chequered_past(book, random.Random(9), steps=20)
        for one in told.recorded:
            last = max(other.position for other in told.recorded if other.recorded_at <= one.recorded_at)
            assert await listed(book, RecordedBy(one.recorded_at)) == shown(*told.at_position(last))

    async def test_before_the_first_event_there_is_nothing_and_after_the_last_there_is_now(self, book: Book) -> None:
        told = await a_chequered_past(book, random.Random(9), steps=20)
        assert await listed(book, RecordedBy(datetime.min.replace(tzinfo=UTC))) == []
        assert await listed(book, RecordedBy(datetime.max.replace(tzinfo=UTC))) == shown(*told.at_position(told.head))

    async def test_of_a_clock_that_stepped_back_is_a_place_where_it_told_that(
        self, own_book: Book, owner: asyncpg.Connection
    ) -> None:
        """Also then the answer is a state that the log once had, and on each page the same."""
        minutes = [1, 2, 3, 9, 8, 4, 5, 6, 7, 10]
        base = datetime(2026, 1, 1, tzinfo=UTC)
        for position, minute in enumerate(minutes, start=1):
            await owner.execute(
                "INSERT INTO events VALUES ('default', $1, gen_random_uuid(), 1, 'OrderTeleported', 1, '{}', '{}', $2)",
                position,
                base + timedelta(minutes=minute),
            )
        for minute in range(12):
            moment = base + timedelta(minutes=minute)
            position = await own_book.shop.reader.last_recorded_by(moment)
            assert position == 0 or minutes[position - 1] <= minute
            assert position == len(minutes) or minutes[position] > minute

    async def test_stays_the_same_on_every_page(self, book: Book) -> None:
        first, second = placed(), placed()
        await book.given(first, second)
        now = RecordedBy(datetime.max.replace(tzinfo=UTC))
        one = await page(book, now, limit=1)
        await book.given(placed(), moved(first, "confirmed"))
        two = await page(book, now, cursor=one["next"], limit=1)
        assert [one["items"][0]["id"], two["items"][0]["id"]] == [str(second.id), str(first.id)]
        assert (two["items"][0]["status"], two["next"]) == ("pending", None)


class TestABusinessTime:
    async def test_on_a_clock_that_stepped_back_waits_for_what_came_before(self, book: Book) -> None:
        """It was confirmed on the 10th, and shipped, says another clock, on the 5th: on the 7th it was neither."""
        order = from_elsewhere(placed(), LONG_AGO)
        order.change_status("confirmed", at=LONG_AGO + timedelta(days=10))
        order.change_status("shipped", at=LONG_AGO + timedelta(days=5))
        order.change_status("delivered", at=LONG_AGO + timedelta(days=12))
        await book.given(order)
        statuses = []
        for day in (7, 10, 11, 12):
            (item,) = await listed(book, AtTime(LONG_AGO + timedelta(days=day)))
            statuses.append((item["status"], item["updated_at"][8:10]))
        assert statuses == [("pending", "01"), ("shipped", "06"), ("shipped", "06"), ("delivered", "13")]

    async def test_shows_what_was_imported_later_where_it_happened(self, book: Book) -> None:
        live = placed()
        await book.given(live)
        old = from_elsewhere(placed(), LONG_AGO)
        await book.given(old)
        assert await listed(book, AtTime(LONG_AGO + timedelta(days=1))) == shown(old)
        assert await listed(book, AtTime(live.created_on)) == shown(live, old)


class TestAnAddress:
    async def test_is_that_of_then(self, book: Book) -> None:
        order = placed()
        first = await book.given(order)
        order.readdress(address("Paris"))
        second = await book.given(order)
        order.readdress(address("Lyon"))
        await book.given(moved(order, "confirmed"))
        cities = [(await listed(book, AtPosition(at)))[0]["shipping_address"]["city"] for at in range(first, first + 4)]
        assert cities == ["London", "Paris", "Lyon", "Lyon"]
        assert second == first + 1

    async def test_is_that_of_then_when_only_the_list_knows_the_next_one(self, book: Book) -> None:
        order = placed()
        then = await book.given(order)
        order.readdress(address("Paris"))
        await book.append(order)
        await book.runners["orders"].catch_up()
        (item,) = await listed(book, AtPosition(then))
        assert (item["version"], item["shipping_address"]["city"]) == (1, "London")

    async def test_of_who_was_forgotten_is_gone(self, own_book: Book, owner: asyncpg.Connection) -> None:
        order = placed()
        then = await own_book.given(order)
        order.readdress(address("Paris"))
        await own_book.given(order)
        await owner.execute("UPDATE person_keys SET wrapped = NULL")
        own_book.shop.codec.keyring._keys.clear()
        (item,) = await listed(own_book, AtPosition(then))
        assert item["shipping_address"] == ERASED_ADDRESS

    async def test_is_kept_nowhere_beside_the_list(self, book: Book) -> None:
        order = placed()
        await book.given(order)
        order.readdress(address("Paris"))
        await book.given(order)
        kept = await book.rows("SELECT order_versions::text FROM order_versions WHERE tenant_id = $1")
        assert not [row for row in kept if "Ada" in row[0] or "Paris" in row[0]]


class TestAReadModelThatIsBehind:
    @pytest.mark.parametrize("projection", ["order_history", "orders"])
    async def test_is_not_shown_for_what_it_has_not_seen(self, book: Book, projection: str) -> None:
        then = await book.given(placed())
        position = await book.append(placed())
        for name in {"order_history", "orders"} - {projection}:
            await book.runners[name].catch_up()
        for moment in (AtPosition(position), AtTime(datetime.max.replace(tzinfo=UTC))):
            with pytest.raises(ProjectionBehind, match=projection):
                await past_list(book, patience=0.05).page(moment, None, None, None, 50)
        assert len(await listed(book, AtPosition(then))) == 1, "what it has seen it shows"

    async def test_is_not_shown_past_an_event_that_it_could_not_apply(self, book: Book) -> None:
        then = await book.given(placed())
        await book.append_events(NewEvent(uuid4(), 1, "OrderPlaced", 1, b'{"not": "what it should be"}'))
        position = await book.given(placed())
        with pytest.raises(ProjectionBehind):
            await page(book, AtPosition(position))
        assert len(await listed(book, AtPosition(then))) == 1


class TestACursor:
    async def test_is_bound_to_the_moment_and_the_filters(self, book: Book) -> None:
        ada = uuid4()
        position = await book.given(*[placed(ada) for _ in range(4)])
        cursor = (await page(book, AtPosition(position), ada, "pending", limit=2))["next"]
        await page(book, AtPosition(position), ada, "pending", cursor)
        now = datetime.now(UTC)
        for moment, user, status in (
            (AtPosition(position - 1), ada, "pending"),
            (AtTime(now), ada, "pending"),
            (RecordedBy(now), ada, "pending"),
            (AtPosition(position), None, "pending"),
            (AtPosition(position), ada, "shipped"),
        ):
            with pytest.raises(InvalidOpaque):
                await page(book, moment, user, status, cursor)

    @pytest.mark.parametrize("text", ["", "x", "AAAA", "\x00", "A" * 10_000])
    async def test_that_was_made_up_is_refused(self, book: Book, text: str) -> None:
        with pytest.raises(InvalidOpaque):
            await page(book, AtPosition(0), cursor=text)

    async def test_goes_on_where_a_page_found_none_in_the_status(self, book: Book) -> None:
        ada = uuid4()
        rare = moved(placed(ada), "confirmed")
        position = await book.given(rare, *[placed(ada) for _ in range(6)])
        one = await page(book, AtPosition(position), ada, "confirmed", look_at=3)
        assert one["items"] == []
        assert one["next"] is not None
        assert await listed(book, AtPosition(position), ada, "confirmed", look_at=3) == shown(rare)


class TestTheShopsOwn:
    async def test_orders_are_all_there_is(self, book: Book, own_book: Book) -> None:
        position = await book.given(placed())
        await own_book.given(*[placed() for _ in range(position)])
        assert len(await listed(book, AtPosition(position))) == 1
