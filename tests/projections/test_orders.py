"""The orders read model: given what happened, the row that the list answers, and the counts."""

import json
from uuid import UUID, uuid4

from events.domain.order import Order
from events.domain.statuses import Statuses
from events.order_document import order_document
from projections.orders import EVERYONE
from tests.projections.book import Book
from tests.projections.business import line, moved, placed, product


class TestARow:
    async def test_appears_when_an_order_is_placed(self, book: Book) -> None:
        order = placed()
        position = await book.given(order)
        await book.then_order(
            order,
            status="pending",
            version=1,
            user_id=UUID(order.user_id),
            position=position,
            placed_at=order.created_on,
        )

    async def test_follows_the_order_to_its_end(self, book: Book) -> None:
        order = placed()
        await book.given(order)
        for version, status in enumerate(("confirmed", "shipped", "delivered", "returned"), start=2):
            await book.given(moved(order, status))
            await book.then_order(order, status=status, version=version, updated_at=order.modified_on)

    async def test_is_the_same_when_all_of_it_comes_in_one_batch(self, book: Book) -> None:
        order = moved(placed(), "confirmed", "cancelled")
        position = await book.given(order)
        await book.then_order(order, status="cancelled", version=3, position=position - 2, updated_at=order.modified_on)

    async def test_holds_ready_made_what_never_changes(self, book: Book) -> None:
        pen, ink = product(price_cents=6900), product("INK", price_cents=1450, name="Tinte „Schwarz“ \\ 50 ml")
        order = placed(None, line(pen, 2), line(ink, 3))
        await book.given(order)
        (document,) = (await book.rows("SELECT document FROM order_list WHERE tenant_id = $1"))[0]
        expected = json.loads(json.dumps(order_document(order)))
        for changing in (*Statuses._fields, "holds", "version", "allowed_statuses", "updated_at"):
            del expected[changing]
        assert json.loads("{" + document + "}") == expected
        assert expected["total_cents"] == 2 * 6900 + 3 * 1450
        assert expected["total_usd"] == "181.50"

    async def test_of_an_imported_order_stands_where_its_history_puts_it(self, book: Book) -> None:
        sample = placed()
        order = Order.import_from(
            uuid4(),
            sample.created_on.replace(year=1996),
            number="N-10248",
            user_id=sample.user_id,
            currency="USD",
            lines=sample.lines,
            shipping_cents=3238,
            shipping_address=sample.shipping_address,
            reference="10248",
            fingerprint="0" * 32,
        )
        order.change_status("confirmed", at=order.created_on.replace(year=1997))
        await book.given(order)
        await book.then_order(
            order, status="confirmed", version=2, placed_at=order.created_on, updated_at=order.modified_on
        )

    async def test_of_another_shop_is_not_there(self, book: Book) -> None:
        order = placed()
        await book.given(order)
        assert await book.pool.fetch("SELECT FROM order_list WHERE tenant_id = 'other'") == []


class TestCounts:
    async def test_are_kept_for_the_customer_and_for_everyone(self, book: Book) -> None:
        ada, ben = uuid4(), uuid4()
        await book.given(placed(ada), placed(ada), placed(ben))
        await book.then_counts(ada, pending=2)
        await book.then_counts(ben, pending=1)
        await book.then_counts(EVERYONE, pending=3)

    async def test_move_with_the_order(self, book: Book) -> None:
        ada = uuid4()
        order, other = placed(ada), placed(ada)
        await book.given(order, other)
        await book.given(moved(order, "confirmed"))
        await book.then_counts(ada, pending=1, confirmed=1)
        await book.given(moved(order, "shipped", "delivered"), moved(other, "cancelled"))
        await book.then_counts(ada, delivered=1, cancelled=1)
        await book.then_counts(EVERYONE, delivered=1, cancelled=1)

    async def test_count_an_order_once_that_runs_through_in_one_batch(self, book: Book) -> None:
        ada = uuid4()
        await book.given(moved(placed(ada), "confirmed", "shipped"), moved(placed(ada), "cancelled"))
        await book.then_counts(ada, shipped=1, cancelled=1)
