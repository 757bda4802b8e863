"""`daybook import`: past orders from a file into the log, completely and once."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from commands.change_order_status import ChangeOrderStatus, StatusChange
from commands.command import Request
from commands.import_order import customer_id_of, order_id_of
from daybook import importer
from daybook.failure import Failure
from daybook.settings import Settings
from daybook.shop import Shop
from events.caller import Caller
from events.domain.customer import Customer
from events.domain.product import Product, Sku
from tests.acceptance.importing import (
    EXAMPLE,
    Importing,
    all_is_well,
    an_order,
    database,
    many,
    one,
    past,
    pool,
    run,
    settings,
    shop,
    written,
)

__all__ = ["database", "pool", "run", "settings", "shop"]

EXAMPLE_SUMS = {
    "lines": 13,
    "units": 541,
    "distinct customers": 4,
    "distinct products": 13,
    "last status cancelled": 1,
    "last status confirmed": 1,
    "last status delivered": 2,
    "last status expired": 1,
    "last status pending": 1,
    "last status returned": 1,
    "last status shipped": 1,
    "EUR sum of price x quantity": 359_000,
    "EUR sum of discounts": 18_800,
    "EUR sum of shipping": 10_880,
    "EUR sum of order totals": 351_080,
    "USD sum of price x quantity": 23_250,
    "USD sum of discounts": 721,
    "USD sum of shipping": 1_300,
    "USD sum of order totals": 23_829,
}


class TestTheExample:
    async def test_it_comes_to_its_sums_and_a_second_time_changes_nothing(self, run: Importing, shop: Shop) -> None:
        orders = {"orders imported": 8, "orders unchanged": 0, "orders refused": 0}
        assert await run(EXAMPLE) == orders | EXAMPLE_SUMS
        assert (run.status, run.said) == (0, [])
        head = await shop.reader.head()
        orders = {"orders imported": 0, "orders unchanged": 8, "orders refused": 0}
        assert await run(EXAMPLE) == orders | EXAMPLE_SUMS
        assert (run.status, run.said) == (0, [])
        assert await shop.reader.head() == head

    async def test_its_history_is_in_the_log(self, run: Importing, shop: Shop) -> None:
        await run(EXAMPLE)
        order = await an_order(shop, "2019-0004")
        assert (order.status, order.version, order.currency, order.total_cents) == ("returned", 5, "EUR", 53_200)
        assert order.shipping_address["city"] == "Angra do Heroísmo"
        assert order.user_id == str(customer_id_of(shop.tenant, "C-1004"))
        assert order.created_on.isoformat() == "2019-03-20T13:30:00+00:00"
        assert order.modified_on.isoformat() == "2019-04-16T10:05:00+00:00"
        types = [event.type for event in await shop.reader.streams({order.id: 0})]
        assert types == ["OrderImported", "OrderConfirmed", "OrderShipped", "OrderDelivered", "OrderReturned"]

    async def test_its_events_are_the_systems_and_its_orders_the_customers(self, run: Importing, shop: Shop) -> None:
        await run(EXAMPLE)
        for event in await shop.reader.after(0, 1_000):
            meta = event.meta()
            assert (meta["subject"], meta["role"]) == (str(UUID(int=0)), "system")
            assert ("owner" in meta) == event.type.startswith("Order")
        owned = await shop.reader.owned(customer_id_of(shop.tenant, "C-1002"), 0, 1_000, until=10**9)
        assert [event.type for event in owned] == ["OrderImported", "OrderCancelled", "OrderImported", "OrderExpired"]

    async def test_nobody_can_be_read_in_it(self, run: Importing, shop: Shop) -> None:
        await run(EXAMPLE)
        for event in await shop.reader.after(0, 1_000):
            for text in ("Magdalena", "oster.example", "Nyhavn", "Würzburg", "Sekretariat"):
                assert text.encode() not in event.data + event.metadata.encode()

    async def test_its_stock_is_nobodys(self, run: Importing, shop: Shop, pool: asyncpg.Pool) -> None:
        await run(EXAMPLE)
        rows = await pool.fetch("SELECT available FROM stock WHERE tenant_id = $1 AND available <> 0", shop.tenant)
        assert rows == []

    async def test_all_is_well_afterwards(self, run: Importing, shop: Shop, settings: Settings) -> None:
        await run(EXAMPLE)
        await all_is_well(shop, settings)


class TestBadLines:
    async def test_they_are_told_and_the_rest_goes_on(self, run: Importing, tmp_path: Path, shop: Shop) -> None:
        file = written(
            tmp_path / "orders.ndjson",
            b"\xef\xbb\xbf" + json.dumps(past("A")).encode() + b"\r",
            b"",
            b" \t ",
            b'{"reference": "B", ',
            b"[]",
            b'{"reference": "\xff"}',
            b"[" * 10_000,
            past("C", items=[]),
            past("D", colour="red"),
            past("E", history=[{"status": "pending", "at": "yesterday"}]),
            json.dumps(past("F")).encode().ljust((1 << 20) + 1),
            json.dumps(past("G")).encode().ljust(1 << 20),
            past("H"),
        )
        assert (await run(file))["orders imported"] == 3
        assert run.status == 1
        assert [line.partition(": ")[0] for line in run.said] == [f"line {n}" for n in (4, 5, 6, 7, 8, 9, 10, 11)]
        assert "Invalid JSON" in run.said[0]
        assert run.said[5] == "line 9: colour: Extra inputs are not permitted"
        assert run.said[6].startswith("line 10: history.0.at: a time is RFC 3339")
        assert run.said[7] == "line 11: longer than 1 MiB"
        for reference in "AGH":
            await an_order(shop, reference)

    async def test_they_are_told_without_repeating_what_may_be_personal(self, run: Importing, tmp_path: Path) -> None:
        secret = {"reference": "C", "name": "Ada\x07Lovelace", "email": "ada at example"}
        await run(written(tmp_path / "orders.ndjson", past("A", customer=secret)))
        assert run.status == 1
        assert "customer.email" in run.said[0]
        assert not any(text in run.said[0] for text in ("Ada", "Lovelace", "ada at"))

    async def test_a_hundred_of_them_are_enough(self, run: Importing, tmp_path: Path) -> None:
        found = await run(written(tmp_path / "orders.ndjson", *[b"{}"] * 250, past("A")))
        assert (found["orders imported"], found["orders refused"], len(run.said)) == (1, 250, 101)
        assert run.said[-1] == "and 150 more"

    async def test_an_empty_file_is_no_mistake(self, run: Importing, tmp_path: Path) -> None:
        assert (await run(written(tmp_path / "orders.ndjson")))["orders imported"] == 0
        assert run.status == 0

    async def test_the_last_line_needs_no_end(self, run: Importing, tmp_path: Path) -> None:
        file = tmp_path / "orders.ndjson"
        file.write_bytes(json.dumps(past("A")).encode())
        assert (await run(file))["orders imported"] == 1


class TestOnce:
    async def test_other_content_under_the_same_reference_is_told(
        self, run: Importing, tmp_path: Path, shop: Shop
    ) -> None:
        await run(written(tmp_path / "first.ndjson", past("A"), past("B")))
        head = await shop.reader.head()
        newcomer = {"reference": "C-9", "name": "New", "email": "new@example.com"}
        found = await run(written(tmp_path / "second.ndjson", past("A", customer=newcomer), past("B")))
        assert run.status == 1
        assert run.said == ["line 1: reference_reused: An order with this reference is in the log, with other content."]
        assert (found["orders unchanged"], found["orders refused"]) == (1, 1)
        assert await shop.reader.head() == head

    async def test_also_within_one_file(self, run: Importing, tmp_path: Path) -> None:
        file = written(tmp_path / "orders.ndjson", past("A"), past("A"), past("A", shipping_cents=1), past("A"))
        found = await run(file)
        assert (found["orders imported"], found["orders unchanged"], found["orders refused"]) == (1, 2, 1)
        assert run.said[0].startswith("line 3: reference_reused")
        # An order that stands there three times is one order in the sums.
        assert (found["lines"], found["units"], found["USD sum of order totals"]) == (1, 2, 10_200)

    async def test_an_order_that_has_moved_on_is_unchanged(self, run: Importing, tmp_path: Path, shop: Shop) -> None:
        file = written(tmp_path / "orders.ndjson", past("A"))
        await run(file)
        change = ChangeOrderStatus(order_id_of(shop.tenant, "A"), StatusChange(status="shipped"))
        staff = Caller(UUID(int=1), shop.tenant, ("staff",))
        await shop.commands.handle(change, Request(staff, uuid4(), "a test"))
        await shop.appender.close()
        assert (await run(file))["orders unchanged"] == 1
        assert run.status == 0

    async def test_two_shops_have_their_own(self, run: Importing, tmp_path: Path, shop: Shop) -> None:
        await run(written(tmp_path / "orders.ndjson", past("A")))
        assert order_id_of(shop.tenant, "A") != order_id_of("other", "A")


class TestCatalogueAndCustomers:
    async def test_a_known_sku_keeps_its_name_and_price_and_the_line_its_own(
        self, run: Importing, tmp_path: Path, shop: Shop
    ) -> None:
        old = past("B", items=[{"sku": "PEN", "name": "Old pen", "quantity": 130, "price_cents": 1}])
        await run(written(tmp_path / "orders.ndjson", past("A"), old))
        sku = await one(shop, Sku.id_of(shop.tenant, "PEN"))
        assert isinstance(sku, Sku)
        product = await one(shop, UUID(sku.product_id))
        assert isinstance(product, Product)
        assert (product.name, product.price_cents, product.version, product.id.version) == ("Pen", 5000, 1, 7)
        (line,) = (await an_order(shop, "B")).lines
        assert (line["product_id"], line["product_name"], line["price_cents"], line["quantity"]) == (
            sku.product_id,
            "Old pen",
            1,
            130,
        )

    async def test_a_known_customer_stays_as_they_are(self, run: Importing, tmp_path: Path, shop: Shop) -> None:
        other = {"reference": "C-1", "name": "Countess", "email": "countess@example.com"}
        await run(written(tmp_path / "orders.ndjson", past("A"), past("B", customer=other)))
        assert run.status == 0
        customer = await one(shop, customer_id_of(shop.tenant, "C-1"))
        assert isinstance(customer, Customer)
        assert (customer.name, customer.reference, customer.version) == ("Ada Lovelace", "C-1", 1)

    async def test_new_ones_are_added_once_however_many_neighbours_need_them(
        self, run: Importing, tmp_path: Path, shop: Shop, settings: Settings
    ) -> None:
        found = await run(written(tmp_path / "orders.ndjson", *many(700)))
        assert (found["orders imported"], found["distinct customers"]) == (700, 97)
        events = await shop.reader.after(0, 10_000)
        skus = [json.loads(event.data)["sku"] for event in events if event.type == "ProductAdded"]
        assert len(skus) == len(set(skus)) == found["distinct products"]
        assert sum(event.type == "CustomerAdded" for event in events) == 97
        await all_is_well(shop, settings)

    async def test_the_largest_order(self, run: Importing, tmp_path: Path, shop: Shop) -> None:
        items = [{"sku": f"S-{n}", "name": "Thing", "quantity": 1, "price_cents": 1} for n in range(1_000)]
        await run(written(tmp_path / "orders.ndjson", past("A", items=items), past("B")))
        assert run.status == 0
        assert len((await an_order(shop, "A")).lines) == 1_000


class TestRefusing:
    def test_a_shop_that_is_not_there(self, settings: Settings) -> None:
        with pytest.raises(Failure, match="no tenant 'nowhere'") as failure:
            importer.run(settings, EXAMPLE, "nowhere")
        assert failure.value.status == 2

    def test_a_database_that_is_not_there(self, settings: Settings) -> None:
        nowhere = settings.model_copy(update={"database_url": "postgresql://x@127.0.0.1:1/x"})
        with pytest.raises(ConnectionRefusedError):
            importer.run(nowhere, EXAMPLE, "default")
