"""The product by itself."""

from uuid import UUID

from events.domain.product import Product, Sku
from events.repository import fold, fork

PEN = UUID(int=10)


def a_product() -> Product:
    product = Product.add(PEN, sku="PEN-F", name="Fountain pen", price_cents=6900, currency="USD")
    product.collect_events()
    return product


def test_it_is_renamed() -> None:
    product = a_product()
    product.rename("Fountain pen, fine")
    assert (product.name, product.version) == ("Fountain pen, fine", 2)
    assert [type(event) for event in product.pending_events] == [Product.Renamed]


def test_its_price_changes() -> None:
    product = a_product()
    product.change_price(0)
    assert (product.price_cents, product.version) == (0, 2)
    assert [type(event) for event in product.pending_events] == [Product.PriceChanged]


def test_the_same_name_and_price_change_nothing() -> None:
    product = a_product()
    product.rename("Fountain pen")
    product.change_price(6900)
    assert (product.version, list(product.pending_events)) == (1, [])


def test_stock_comes_in_and_is_corrected() -> None:
    product = a_product()
    product.receive_stock(40, "delivery")
    product.adjust_stock(-2, "counted")
    received, adjusted = product.pending_events
    assert isinstance(received, Product.StockReceived)
    assert isinstance(adjusted, Product.StockAdjusted)
    assert (received.quantity, adjusted.quantity) == (40, -2)
    assert product.version == 3


def test_its_events_told_again_make_the_same_product() -> None:
    product = Product.add(PEN, sku="PEN-F", name="Fountain pen", price_cents=6900, currency="USD")
    product.rename("Pen")
    product.change_price(1)
    product.receive_stock(1, "found")
    told = fold(product.pending_events)
    product.collect_events()
    assert told == product


def test_a_fork_goes_its_own_way() -> None:
    product = a_product()
    copy = fork(product)
    assert isinstance(copy, Product)
    copy.change_price(1)
    assert (product.price_cents, product.version) == (6900, 1)


def test_a_sku_has_one_claim_in_each_shop() -> None:
    claim = Sku.assign("default", "PEN-F", PEN)
    assert claim.id == Sku.id_of("default", "PEN-F")
    assert claim.product_id == str(PEN)
    assert len({Sku.id_of(tenant, sku) for tenant in ("default", "other") for sku in ("A", "B")}) == 4
