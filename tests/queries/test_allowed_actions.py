"""Lists tell what a caller may do by SQL, everything else by Python: the two never differ."""

import json
from itertools import product

from events.domain.order_parts import Hold
from events.domain.statuses import FULFILLMENT_STATUSES, NEXT_STATUSES, Statuses
from events.order_actions import actions_of
from tests.projections.book import Book

RETURNS = ("none", "requested", "partially_returned", "returned")
PAYMENTS = ("unpaid", "authorized", "partially_paid", "paid", "partially_refunded", "refunded", "voided")
GATES: tuple[tuple[str, ...], ...] = ((), ("confirm",), ("ship",), ("confirm", "ship"))


async def test_the_list_and_the_order_say_the_same_in_every_case(book: Book) -> None:
    cases = [
        (Statuses(*statuses), terms, [Hold(id="h", reason="other", gate=gate) for gate in gates], callers)
        for *statuses, terms, gates, callers in product(
            NEXT_STATUSES,
            FULFILLMENT_STATUSES,
            RETURNS,
            PAYMENTS,
            ("offline", "online"),
            GATES,
            ((True, False, False), (False, True, True), (True, True, True), (False, False, False)),
        )
    ]
    columns = [[*statuses, terms, json.dumps(holds, separators=(",", ":"))] for statuses, terms, holds, _ in cases]
    told = await book.pool.fetch(
        "SELECT allowed_actions(a, b, c, d, e, f, g, h, i) AS told FROM unnest($1::text[], $2::text[], $3::text[], "
        "$4::text[], $5::text[], $6::text[], $7::bool[], $8::bool[], $9::bool[]) AS x (a, b, c, d, e, f, g, h, i)",
        *map(list, zip(*columns, strict=True)),
        *map(list, zip(*(callers for *_, callers in cases), strict=True)),
    )
    for (statuses, terms, holds, (mine, manages, pays)), row in zip(cases, told, strict=True):
        gates = frozenset(hold["gate"] for hold in holds)
        expected = actions_of(statuses, terms, gates, mine=mine, manages=manages, pays=pays)
        assert tuple(json.loads(row["told"])) == expected, (statuses, terms, holds, mine, manages, pays)
