"""What an order shows to a caller, put together from its parts: what lists and the order itself are held to."""

import json
from typing import Any

from events.caller import Caller
from events.domain.order import Order
from events.order_actions import actions_of
from events.order_document import order_document


def shown_to(caller: Caller, order: Order) -> dict[str, Any]:
    """The order, as its JSON is read."""
    actions = actions_of(
        order.statuses,
        order.payment_terms,
        frozenset(hold["gate"] for hold in order.holds),
        mine=order.user_id == str(caller.subject),
        manages=caller.may("orders:manage"),
        pays=caller.may("payments:manage"),
    )
    return dict(json.loads(json.dumps({**order_document(order), "allowed_actions": actions})))
