"""What a caller may do with an order now: the names that `allowed_actions` lists.

It follows from the order's statuses, its holds and its terms, as lists have them too; whether there is enough for what
is asked, in units or in money, is checked when it is asked.
"""

from events.domain.statuses import Statuses


def actions_of(
    statuses: Statuses, payment_terms: str, gates: frozenset[str], *, mine: bool, manages: bool, pays: bool
) -> tuple[str, ...]:
    """The actions on an order that stands there and is held at these gates, for its owner (`mine`), for who manages
    orders, and who moves money."""
    status, fulfillment, returned, payment = statuses
    concerned = mine or manages
    changeable = status == "pending" or (manages and status == "confirmed")
    paid = payment_terms == "offline" or payment not in ("unpaid", "voided", "refunded")
    arrived = fulfillment in ("partially_delivered", "delivered")
    under_way = status == "shipped" or fulfillment in ("partially_shipped", "partially_delivered")
    told = (
        ("cancel", concerned and changeable),
        ("change_address", concerned and changeable and fulfillment == "unfulfilled"),
        ("add_note", concerned),
        ("request_return", concerned and arrived and returned != "returned"),
        ("confirm", manages and status == "pending" and paid and "confirm" not in gates),
        ("ship", manages and status == "confirmed" and "ship" not in gates),
        ("deliver", manages and under_way),
        ("receive_return", manages and returned in ("requested", "partially_returned")),
        ("place_hold", manages),
        ("release_hold", manages and bool(gates)),
        ("record_payment", pays),
        ("capture", pays and payment in ("authorized", "partially_paid", "partially_refunded")),
        ("refund", pays and payment in ("partially_paid", "paid", "partially_refunded")),
    )
    return tuple(action for action, allowed in told if allowed)
