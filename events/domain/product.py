"""The product: its name and price, and what came into and went out of its stock."""

from functools import lru_cache
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event


@lru_cache(maxsize=65_536)
def backorders_of(product_id: UUID) -> UUID:
    """The guarded quantity that tells how many more units of a product may be ordered which are not in the stock."""
    return uuid5(product_id, "backorders")


class Product(Aggregate):
    """One thing for sale. How much is available is a guarded quantity beside the log, not part of this state."""

    class Added(Aggregate.Created):
        sku: str
        name: str
        price_cents: int
        currency: str

    class Renamed(Aggregate.Event):
        name: str

    class PriceChanged(Aggregate.Event):
        price_cents: int

    class StockReceived(Aggregate.Event):
        quantity: int
        reason: str

    class StockAdjusted(Aggregate.Event):
        """A correction, of either sign."""

        quantity: int
        reason: str

    class BackorderLimitSet(Aggregate.Event):
        """How many units may be ordered that are not in the stock."""

        limit: int
        change: int

    # Of the class, for snapshots from before there was one.
    backorder_limit = 0

    @event(Added)
    def __init__(self, sku: str, name: str, price_cents: int, currency: str) -> None:
        self.sku = sku
        self.name = name
        self.price_cents = price_cents
        self.currency = currency

    @classmethod
    def add(cls, product_id: UUID, *, sku: str, name: str, price_cents: int, currency: str) -> "Product":
        """A new product, without stock."""
        return cls._create(cls.Added, id=product_id, sku=sku, name=name, price_cents=price_cents, currency=currency)

    def rename(self, name: str) -> None:
        """Give it another name; the same name changes nothing."""
        if name != self.name:
            self._renamed(name=name)

    def change_price(self, price_cents: int) -> None:
        """Give it another price in minor units; the same price changes nothing."""
        if price_cents != self.price_cents:
            self._price_changed(price_cents=price_cents)

    def receive_stock(self, quantity: int, reason: str) -> None:
        """Units came in."""
        self.trigger_event(Product.StockReceived, quantity=quantity, reason=reason)

    def adjust_stock(self, quantity: int, reason: str) -> None:
        """The count was wrong, or units were lost: `quantity` is the correction."""
        self.trigger_event(Product.StockAdjusted, quantity=quantity, reason=reason)

    def set_backorder_limit(self, limit: int) -> int:
        """Allow so many units to be ordered that are not in the stock; answers by how many more that is."""
        change = limit - self.backorder_limit
        if change:
            self.trigger_event(Product.BackorderLimitSet, limit=limit, change=change)
        return change

    @event(BackorderLimitSet)
    def _backorder_limit_set(self, limit: int) -> None:
        self.backorder_limit = limit

    @event(Renamed)
    def _renamed(self, name: str) -> None:
        self.name = name

    @event(PriceChanged)
    def _price_changed(self, price_cents: int) -> None:
        self.price_cents = price_cents


class Sku(Aggregate):
    """A stock keeping unit's claim: its stream has the SKU's own id, so that only one product can ever have it."""

    class Assigned(Aggregate.Created):
        sku: str
        product_id: str

    @event(Assigned)
    def __init__(self, sku: str, product_id: str) -> None:
        self.sku = sku
        self.product_id = product_id

    @staticmethod
    def id_of(tenant: str, sku: str) -> UUID:
        """The id that a SKU's claim has in a shop."""
        return uuid5(NAMESPACE_URL, f"urn:daybook:{tenant}:sku:{sku}")

    @classmethod
    def assign(cls, tenant: str, sku: str, product_id: UUID) -> "Sku":
        """Claim a SKU for a product."""
        return cls._create(cls.Assigned, id=cls.id_of(tenant, sku), sku=sku, product_id=str(product_id))
