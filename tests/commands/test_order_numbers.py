"""Order numbers: each once, by whomever and however they are asked for."""

import asyncio

from commands.order_numbers import BLOCK, OrderNumbers


class Counters:
    """Blocks of counters, as the database hands them out: after a moment."""

    def __init__(self) -> None:
        self.taken = 0

    async def take(self, count: int) -> int:
        first, self.taken = self.taken, self.taken + count
        await asyncio.sleep(0.001)
        return first


async def test_many_at_once_get_one_each() -> None:
    counters = Counters()
    numbers = OrderNumbers(counters.take, "default", b"s" * 32)
    taken = await asyncio.gather(*(numbers.take() for _ in range(2 * BLOCK + 1)))
    assert len(set(taken)) == 2 * BLOCK + 1
    assert all(len(number) == 7 for number in taken)
    assert counters.taken == 3 * BLOCK, "whoever waits for the next block does not ask for one more"


async def test_processes_share_none() -> None:
    counters = Counters()
    first, second = (OrderNumbers(counters.take, "default", b"s" * 32) for _ in range(2))
    taken = [await numbers.take() for _ in range(BLOCK + 1) for numbers in (first, second)]
    assert len(set(taken)) == len(taken)


async def test_shops_have_their_own_order() -> None:
    one, other = (OrderNumbers(Counters().take, tenant, b"s" * 32) for tenant in ("one", "other"))
    assert [await one.take() for _ in range(5)] != [await other.take() for _ in range(5)]
