"""An order as JSON for one reader: its members that never change, where it stands, and what changes with that.

Where it stands, and what may be done then, is the same for most orders and remembered as text: to write it anew each
time would be most of the work.
"""

from functools import lru_cache

from pydantic_core import to_json

from events.caller import Caller
from events.codec import rfc3339
from events.domain.order import Order
from events.domain.statuses import Statuses, allowed_after
from events.order_actions import actions_of
from events.order_document import fixed_part_of

NO_GATES: frozenset[str] = frozenset()


def order_json(order: Order, caller: Caller) -> str:
    """The `Order` of the public contract, with what this caller may do now."""
    holds, permissions = order.holds, caller.permissions
    standing = standing_members(
        order.statuses,
        order.payment_terms,
        frozenset(hold["gate"] for hold in holds) if holds else NO_GATES,
        mine=order.user_id == str(caller.subject),
        manages="orders:manage" in permissions,
        pays="payments:manage" in permissions,
    )
    fixed = to_json(fixed_part_of(order))[1:-1].decode()
    held = to_json(holds).decode() if holds else "[]"
    return order_object(fixed, standing, held, order.version, rfc3339(order.modified_on))


def order_object(fixed: str, standing: str, holds: str, version: int, updated_at: str) -> str:
    """All of it. `fixed`: the members of `fixed_part`; `standing`: those of `standing_members`; `holds`: a list."""
    return f'{{{fixed},{standing},"holds":{holds},"version":{version},"updated_at":"{updated_at}"}}'


@lru_cache(maxsize=4_096)
def standing_members(
    statuses: Statuses, payment_terms: str, gates: frozenset[str], *, mine: bool, manages: bool, pays: bool
) -> str:
    """Where an order stands, held at these gates, and what its owner (`mine`), who manages orders, or who moves money
    may do with it, as members of a JSON object."""
    actions = actions_of(statuses, payment_terms, gates, mine=mine, manages=manages, pays=pays)
    allowed = allowed_after(statuses.status, statuses.fulfillment_status)
    return to_json({**statuses._asdict(), "allowed_statuses": allowed, "allowed_actions": actions})[1:-1].decode()
