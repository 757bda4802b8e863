"""The catalogue: given what happened to products and orders, what is for sale, at which price, and how many."""

from events.domain.order import Order
from tests.projections.book import Book
from tests.projections.business import line, moved, placed, product


class TestAProduct:
    async def test_appears_when_it_is_added(self, book: Book) -> None:
        pen = product("PEN-1", price_cents=6900, name="Fountain pen")
        await book.given(pen)
        await book.then_product(
            pen.id, sku="PEN-1", name="Fountain pen", price_cents=6900, currency="USD", available=0, version=1
        )

    async def test_takes_its_first_stock(self, book: Book) -> None:
        pen = product(stock=12)
        await book.given(pen)
        await book.then_product(pen.id, available=12, version=2)

    async def test_takes_another_price_and_keeps_its_name(self, book: Book) -> None:
        pen = product()
        await book.given(pen)
        pen.change_price(7200)
        await book.given(pen)
        await book.then_product(pen.id, price_cents=7200, name="Fountain pen", version=2)

    async def test_takes_another_name_and_keeps_its_price(self, book: Book) -> None:
        pen = product()
        pen.rename("Fountain pen, fine")
        await book.given(pen)
        await book.then_product(pen.id, price_cents=6900, name="Fountain pen, fine", version=2)

    async def test_counts_what_comes_in_and_what_is_corrected(self, book: Book) -> None:
        pen = product(stock=12)
        pen.receive_stock(30, "a delivery")
        pen.adjust_stock(-5, "water damage")
        await book.given(pen)
        await book.then_product(pen.id, available=37, version=4)


class TestWhatIsAvailable:
    async def test_is_less_by_what_orders_hold(self, book: Book) -> None:
        pen, ink = product(stock=10), product("INK", stock=10)
        await book.given(pen, ink, placed(None, line(pen, 3), line(ink, 1)), placed(None, line(pen, 2)))
        await book.then_product(pen.id, available=5, version=2)
        await book.then_product(ink.id, available=9, version=2)

    async def test_comes_back_when_an_order_is_cancelled(self, book: Book) -> None:
        pen = product(stock=10)
        order = placed(None, line(pen, 3))
        await book.given(pen, order)
        await book.given(moved(order, "confirmed", "cancelled"))
        await book.then_product(pen.id, available=10)

    async def test_comes_back_when_an_order_expires(self, book: Book) -> None:
        pen = product(stock=10)
        order = placed(None, line(pen, 3))
        await book.given(pen, order)
        await book.given(moved(order, "expired"))
        await book.then_product(pen.id, available=10)

    async def test_is_untouched_by_an_order_that_comes_and_goes_in_one_batch(self, book: Book) -> None:
        pen = product(stock=10)
        await book.given(pen, moved(placed(None, line(pen, 3)), "cancelled"))
        await book.then_product(pen.id, available=10)

    async def test_stays_away_when_an_order_is_shipped(self, book: Book) -> None:
        pen = product(stock=10)
        await book.given(pen, moved(placed(None, line(pen, 3)), "confirmed", "shipped", "delivered", "returned"))
        await book.then_product(pen.id, available=7)

    async def test_is_not_touched_by_history_from_elsewhere(self, book: Book) -> None:
        pen = product(stock=10)
        sample = placed(None, line(pen, 300))
        imported = Order.import_from(
            sample.id,
            sample.created_on,
            number="N-1",
            user_id=sample.user_id,
            currency="USD",
            lines=sample.lines,
            shipping_cents=0,
            shipping_address=sample.shipping_address,
            reference="1",
            fingerprint="0" * 32,
        )
        await book.given(pen, imported)
        await book.given(moved(imported, "cancelled"))
        await book.then_product(pen.id, available=10)


class TestAnOrderInParts:
    async def test_gives_back_what_is_cancelled_of_it_and_then_only_the_rest(self, book: Book) -> None:
        pen = product(stock=10)
        order = placed(None, line(pen, 5))
        (item,) = order.lines
        await book.given(pen, order)
        order.cancel("less", [{"item_id": item["id"], "quantity": 2}])
        await book.given(order)
        await book.then_product(pen.id, available=7)
        order.cancel("nothing of it")
        await book.given(order)
        await book.then_product(pen.id, available=10)

    async def test_gives_nothing_back_of_what_was_shipped(self, book: Book) -> None:
        pen = product(stock=10)
        order = moved(placed(None, line(pen, 5)), "confirmed")
        (item,) = order.lines
        order.ship([{"item_id": item["id"], "quantity": 3}])
        order.cancel("the rest", [{"item_id": item["id"], "quantity": 2}])
        await book.given(pen, order)
        await book.then_product(pen.id, available=7)

    async def test_gives_back_what_returns_and_can_be_sold_again(self, book: Book) -> None:
        pen = product(stock=10)
        order = moved(placed(None, line(pen, 5)), "confirmed", "shipped", "delivered")
        (item,) = order.lines
        return_id = order.request_return([{"item_id": item["id"], "quantity": 3}], "too many")
        order.receive_return(return_id, [{"item_id": item["id"], "quantity": 2, "disposition": "restock"}])
        order.receive_return(return_id, [{"item_id": item["id"], "quantity": 1, "disposition": "discard"}])
        await book.given(pen, order)
        await book.then_product(pen.id, available=7)
