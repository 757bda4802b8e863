"""Where an order stands: what its statuses are, which may follow, and how they follow from the line ledger."""

from typing import NamedTuple

from events.domain.line_ledger import Units

NEXT_STATUSES: dict[str, tuple[str, ...]] = {
    "pending": ("confirmed", "cancelled", "expired"),
    "confirmed": ("shipped", "cancelled"),
    "shipped": ("delivered",),
    "delivered": ("returned",),
    "cancelled": (),
    "expired": (),
    "returned": (),
}
"""Status → the statuses that may follow it."""


def allowed_after(status: str, fulfillment_status: str) -> tuple[str, ...]:
    """The statuses that may follow: of what was shipped in part, the whole can no longer be cancelled."""
    following = NEXT_STATUSES[status]
    return following if fulfillment_status == "unfulfilled" else tuple(one for one in following if one != "cancelled")


class Statuses(NamedTuple):
    """Where an order stands: in its life, in its fulfilment, with what comes back, and with its payment."""

    status: str
    fulfillment_status: str
    return_status: str
    payment_status: str


NEW = Statuses("pending", "unfulfilled", "none", "unpaid")
"""Where every order begins."""


def is_under_way(statuses: Statuses) -> bool:
    """Whether something is still to be sent, on its way, or announced to come back."""
    return statuses.status in ("pending", "confirmed", "shipped") or statuses.return_status == "requested"


def statuses_of(total: Units, payment_status: str, *, confirmed: bool, expired: bool, returning: bool) -> Statuses:
    """The statuses that follow from all units together, from the money, and from what was decided.

    `returning`: a return was announced, whether or not it has come.
    """
    status = "delivered"
    if expired:
        status = "expired"
    elif total.cancelled == total.ordered:
        status = "cancelled"
    elif total.open:
        status = "confirmed" if confirmed else "pending"
    elif total.delivered < total.shipped:
        status = "shipped"
    elif total.returned == total.shipped:
        status = "returned"
    return_status = "requested" if returning else "none"
    if total.returned:
        return_status = "returned" if status == "returned" else "partially_returned"
    return Statuses(status, _fulfillment(total), return_status, payment_status)


def _fulfillment(total: Units) -> str:
    if not total.shipped:
        return "unfulfilled"
    if total.delivered:
        return "delivered" if total.delivered == total.shipped and not total.open else "partially_delivered"
    return "partially_shipped" if total.open else "shipped"
