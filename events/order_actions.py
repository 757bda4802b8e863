"""What a caller may do with an order now: the names that `allowed_actions` lists."""

from events.caller import Caller
from events.domain.order import Order


def allowed_actions(order: Order, caller: Caller) -> list[str]:
    """Actions that would not be refused now, for their kind; amounts and quantities are checked when one is asked
    for."""
    statuses = order.statuses
    mine = order.user_id == str(caller.subject)
    staff = caller.may("orders:manage")
    total, gates = order.ledger.total, {hold["gate"] for hold in order.holds}
    coming_back = any(one.awaited(item_id) for one in order.returns.values() for item_id in order.ledger.lines)
    open_ = statuses.status in ("pending", "confirmed")
    actions: list[str] = []

    def may(action: str, allowed: bool) -> None:
        if allowed:
            actions.append(action)

    may("cancel", bool(total.open) and (staff if statuses.status != "pending" else staff or mine) and open_)
    may("change_address", open_ and not total.shipped and (staff or (mine and statuses.status == "pending")))
    may("add_note", staff or mine)
    returnable = any(order.returnable(item_id, units) for item_id, units in order.ledger.lines.items())
    may("request_return", (staff or mine) and returnable)
    if staff:
        may("confirm", statuses.status == "pending" and "confirm" not in gates and not order.missing_cents)
        may("ship", statuses.status == "confirmed" and "ship" not in gates and total.reserved > 0)
        may("deliver", total.delivered < total.shipped)
        may("receive_return", coming_back)
        may("place_hold", True)
        may("release_hold", bool(order.holds))
    if caller.may("payments:manage"):
        sums = order.money.sums
        may("record_payment", True)
        may("capture", sums.capturable > 0 and order.due_cents > sums.captured + sums.capture_pending)
        may("refund", sums.refundable > 0)
    return actions
