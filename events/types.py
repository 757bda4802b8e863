"""The public name of every kind of event: the one list that ties what is stored to the classes that decide.

A name is for ever: it stands in the log. A class may move or be renamed; then only this list changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventsourcing.domain import CanInitAggregate, CanMutateAggregate
from eventsourcing.utils import get_topic, register_topic

from events.domain import order_events, payment_events
from events.domain.account import Account, Admins, Invitation, MailClaim
from events.domain.customer import Customer
from events.domain.delivery import Confirmation
from events.domain.order import Order
from events.domain.payment_reference import PaymentReference
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


_AGGREGATES = (
    *(Order, Product, Sku, Customer, Confirmation, PaymentReference),
    *(Account, MailClaim, Admins, Invitation),
)
for _aggregate in _AGGREGATES:
    register_topic(_aggregate.__name__, _aggregate)

_ALL = [
    _type("OrderPlaced", "order.placed", Order.Placed),
    _type("OrderImported", "order.imported", Order.Imported),
    _type("OrderConfirmed", "order.confirmed", order_events.Confirmed),
    _type("OrderShipped", "order.shipped", order_events.Shipped),
    _type("OrderDelivered", "order.delivered", order_events.Delivered),
    _type("OrderLinesCancelled", "order.lines_cancelled", order_events.LinesCancelled),
    _type("OrderCancelled", "order.cancelled", order_events.Cancelled),
    _type("OrderReturnRequested", "order.return_requested", order_events.ReturnRequested),
    _type("OrderReturnReceived", "order.return_received", order_events.ReturnReceived),
    _type("OrderReturned", "order.returned", order_events.Returned),
    _type("OrderExpired", "order.expired", order_events.Expired),
    _type("OrderBackorderFilled", "order.backorder_filled", order_events.BackorderFilled),
    _type("OrderHoldPlaced", "order.hold_placed", order_events.HoldPlaced),
    _type("OrderHoldReleased", "order.hold_released", order_events.HoldReleased),
    _type("OrderNoteAdded", "order.note_added", order_events.NoteAdded),
    _type("OrderShippingAddressChanged", "order.shipping_address_changed", order_events.ShippingAddressChanged),
    _type("PaymentAuthorized", "payment.authorized", payment_events.PaymentAuthorized),
    _type("CaptureRequested", "payment.capture_requested", payment_events.CaptureRequested),
    _type("PaymentCaptured", "payment.captured", payment_events.PaymentCaptured),
    _type("CaptureFailed", "payment.capture_failed", payment_events.CaptureFailed),
    _type("PaymentVoidRequested", "payment.void_requested", payment_events.PaymentVoidRequested),
    _type("PaymentVoided", "payment.voided", payment_events.PaymentVoided),
    _type("RefundRequested", "payment.refund_requested", payment_events.RefundRequested),
    _type("PaymentRefunded", "payment.refunded", payment_events.PaymentRefunded),
    _type("RefundFailed", "payment.refund_failed", payment_events.RefundFailed),
    _type("PaymentReferenceClaimed", "payment.reference_claimed", PaymentReference.Claimed),
    _type("ProductAdded", "product.added", Product.Added),
    _type("ProductRenamed", "product.renamed", Product.Renamed),
    _type("ProductPriceChanged", "product.price_changed", Product.PriceChanged),
    _type("ProductStockReceived", "product.stock_received", Product.StockReceived),
    _type("ProductStockAdjusted", "product.stock_adjusted", Product.StockAdjusted),
    _type("ProductBackorderLimitSet", "product.backorder_limit_set", Product.BackorderLimitSet),
    _type("SkuAssigned", "sku.assigned", Sku.Assigned),
    _type("CustomerAdded", "customer.added", Customer.Added),
    _type("CustomerAddressAdded", "customer.address_added", Customer.AddressAdded),
    _type("ConfirmationSent", "order.confirmation_sent", Confirmation.Sent),
    _type("AccountInvited", "account.invited", Account.Invited),
    _type("AccountInvitedAgain", "account.invited_again", Account.InvitedAgain),
    _type("AccountActivated", "account.activated", Account.Activated),
    _type("AccountRolesChanged", "account.roles_changed", Account.RolesChanged),
    _type("AccountDisabled", "account.disabled", Account.Disabled),
    _type("AccountEnabled", "account.enabled", Account.Enabled),
    _type("AccountInvitationSent", "account.invitation_sent", Invitation.Sent),
    _type("MailAddressClaimed", "mail_address.claimed", MailClaim.Claimed),
    _type("AdminAppointed", "admins.appointed", Admins.Appointed),
    _type("AdminJoined", "admins.joined", Admins.Joined),
    _type("AdminLeft", "admins.left", Admins.Left),
    _type("CustomerErased", "customer.erased", Customer.Erased),
    _type("AccountErased", "account.erased", Account.Erased),
    _type("MailAddressReleased", "mail_address.released", MailClaim.Released),
    _type("MailAddressReclaimed", "mail_address.reclaimed", MailClaim.Reclaimed),
]

BY_NAME: Mapping[str, EventType] = {type_.name: type_ for type_ in _ALL}
BY_CLASS: Mapping[type[DomainEvent], EventType] = {type_.cls: type_ for type_ in _ALL}
BY_CLOUD_TYPE: Mapping[str, EventType] = {type_.cloud: type_ for type_ in _ALL}

__all__ = ["BY_CLASS", "BY_CLOUD_TYPE", "BY_NAME", "DomainEvent", "EventType", "get_topic"]
