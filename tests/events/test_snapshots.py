"""Snapshots: a long stream is read once, and then from its snapshot."""

from uuid import uuid4

from events.domain.product import Product
from events.repository import fold, fork
from events.snapshots import restore, take


def a_product() -> Product:
    product = Product.add(uuid4(), sku="INK", name="Ink", price_cents=100, currency="USD")
    product.change_price(250)
    product.rename("Black ink")
    return product


class TestAProductsSnapshot:
    def test_gives_back_the_same_product(self) -> None:
        product = a_product()
        assert restore(product.id, product.version, take(product)) == fork(product)

    def test_can_be_built_upon(self) -> None:
        product = a_product()
        restored = restore(product.id, product.version, take(product))
        product.collect_events()
        product.change_price(300)
        after = fold(product.collect_events(), restored)
        assert (after.version, after.price_cents, after.name) == (4, 300, "Black ink")
