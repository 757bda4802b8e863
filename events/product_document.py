"""A product as clients read it."""

from typing import Any

from events.domain.product import Product


def product_document(product: Product, available: int) -> dict[str, Any]:
    """The product of the public contract, as JSON values. `available`: units that can be ordered."""
    return {
        "id": str(product.id),
        "sku": product.sku,
        "name": product.name,
        "price_cents": product.price_cents,
        "currency": product.currency,
        "available": available,
        "backorder_limit": product.backorder_limit,
        "version": product.version,
    }
