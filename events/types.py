"""The public name of every kind of event: the one list that ties what is stored to the classes that decide.

A name is for ever: it stands in the log. A class may move or be renamed; then only this list changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventsourcing.domain import CanInitAggregate, CanMutateAggregate
from eventsourcing.utils import get_topic, register_topic

from events.domain.account import Account, Admins, Invitation, MailClaim
from events.domain.customer import Customer
from events.domain.delivery import Confirmation
from events.domain.order import Order
from events.domain.product import Product, Sku

DomainEvent = CanMutateAggregate[Any]


@dataclass(frozen=True, slots=True)
class EventType:
    """`name` as stored, `cloud` as CloudEvents type, the class, its current schema version, its personal fields."""

    name: str
    cloud: str
    cls: type[DomainEvent]
    schema_version: int
    personal: tuple[str, ...]


def _type(name: str, cloud: str, cls: type[DomainEvent]) -> EventType:
    register_topic(name, cls)
    if issubclass(cls, CanInitAggregate):
        # A stored creation does not say which aggregate it creates: its class does.
        cls.originator_topic = cls.__qualname__.partition(".")[0]
    version: int = getattr(cls, "class_version", 1)
    return EventType(name, f"daybook.{cloud}.v1", cls, version, getattr(cls, "PERSONAL", ()))


for _aggregate in (Order, Product, Sku, Customer, Confirmation, Account, MailClaim, Admins, Invitation):
    register_topic(_aggregate.__name__, _aggregate)

_ALL = [
    _type("OrderPlaced", "order.placed", Order.Placed),
    _type("OrderImported", "order.imported", Order.Imported),
    _type("OrderConfirmed", "order.confirmed", Order.Confirmed),
    _type("OrderShipped", "order.shipped", Order.Shipped),
    _type("OrderDelivered", "order.delivered", Order.Delivered),
    _type("OrderLinesCancelled", "order.lines_cancelled", Order.LinesCancelled),
    _type("OrderCancelled", "order.cancelled", Order.Cancelled),
    _type("OrderReturnRequested", "order.return_requested", Order.ReturnRequested),
    _type("OrderReturnReceived", "order.return_received", Order.ReturnReceived),
    _type("OrderReturned", "order.returned", Order.Returned),
    _type("OrderExpired", "order.expired", Order.Expired),
    _type("ProductAdded", "product.added", Product.Added),
    _type("ProductRenamed", "product.renamed", Product.Renamed),
    _type("ProductPriceChanged", "product.price_changed", Product.PriceChanged),
    _type("ProductStockReceived", "product.stock_received", Product.StockReceived),
    _type("ProductStockAdjusted", "product.stock_adjusted", Product.StockAdjusted),
    _type("SkuAssigned", "sku.assigned", Sku.Assigned),
    _type("CustomerAdded", "customer.added", Customer.Added),
    _type("CustomerAddressAdded", "customer.address_added", Customer.AddressAdded),
    _type("ConfirmationSent", "order.confirmation_sent", Confirmation.Sent),
    _type("AccountInvited", "account.invited", Account.Invited),
    _type("AccountActivated", "account.activated", Account.Activated),
    _type("AccountRolesChanged", "account.roles_changed", Account.RolesChanged),
    _type("AccountDisabled", "account.disabled", Account.Disabled),
    _type("AccountEnabled", "account.enabled", Account.Enabled),
    _type("AccountInvitationSent", "account.invitation_sent", Invitation.Sent),
    _type("MailAddressClaimed", "mail_address.claimed", MailClaim.Claimed),
    _type("AdminAppointed", "admins.appointed", Admins.Appointed),
    _type("AdminJoined", "admins.joined", Admins.Joined),
    _type("AdminLeft", "admins.left", Admins.Left),
]

BY_NAME: Mapping[str, EventType] = {type_.name: type_ for type_ in _ALL}
BY_CLASS: Mapping[type[DomainEvent], EventType] = {type_.cls: type_ for type_ in _ALL}
BY_CLOUD_TYPE: Mapping[str, EventType] = {type_.cloud: type_ for type_ in _ALL}

__all__ = ["BY_CLASS", "BY_CLOUD_TYPE", "BY_NAME", "DomainEvent", "EventType", "get_topic"]
