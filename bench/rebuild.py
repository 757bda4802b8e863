"""`daybook rebuild orders`: the orders read model made anew from a log of 1,000,000 events, on all cores.

Measured is the command as an operator gives it, less the start of its process, until the rebuilt tables serve; and,
apart from that, how long it compares them with a replay of the log.
"""

import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import uvloop

from bench.history import write_history
from bench.shoppers import TENANT, make_market
from bench.stack import Stack
from daybook.rebuilding.progress import Reporter
from daybook.rebuilding.rebuild import rebuild
from daybook.settings import Settings, load

EVENTS = 1_000_000
ROUNDS = 3


class _Stopwatch(Reporter):
    """Notes when the comparison begins, and when it is over."""

    def __init__(self) -> None:
        super().__init__()
        self.compared = 0.0
        self._began = 0.0

    def say(self, line: str) -> None:
        if "comparing" in line:
            self._began = time.perf_counter()
        elif "are what the log says" in line:
            self.compared += time.perf_counter() - self._began


def run(events: int = EVENTS, rounds: int = ROUNDS) -> None:
    """Measure and print."""
    data = Path(tempfile.mkdtemp(prefix="bench-rebuild-")).resolve()
    made: list[float] = []
    compared: list[float] = []
    try:
        with Stack(data) as stack:
            head = uvloop.run(write_history(stack.settings, make_market(stack.settings), events))
            stack.tell("VACUUM ANALYZE events")
            for _ in range(rounds):
                stack.tell("CHECKPOINT")
                child = stack.child("rebuild", ["-m", "bench.rebuild", "child"])
                assert child.process.wait(900) == 0, child.output()
                found = re.search(r"(\S+) s made, (\S+) s compared", child.output())
                assert found, child.output()
                made.append(head / float(found[1]))
                compared.append(head / float(found[2]))
            (orders,) = stack.ask("SELECT count(*) FROM order_list WHERE tenant_id = %s", TENANT)[0]
    finally:
        shutil.rmtree(data)
    print(f"rebuild of the orders read model, {head:,} events, {orders:,} orders; medians of {rounds}")
    for what, rates, aim in (("made and swapped", made, "(≥ 30,000)"), ("compared with a replay", compared, "")):
        print(f"  {what:24} {median(rates):9,.0f} events/s  {aim:10}  {' '.join(f'{rate:,.0f}' for rate in rates)}")


async def _rebuild(settings: Settings) -> None:
    watch = _Stopwatch()
    begin = time.perf_counter()
    await rebuild(settings, "orders", watch)
    print(f"{time.perf_counter() - begin - watch.compared} s made, {watch.compared} s compared")


if __name__ == "__main__":
    if "child" in sys.argv:
        uvloop.run(_rebuild(load(Settings)))
    else:
        run(*map(int, sys.argv[1:]))
