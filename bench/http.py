"""`POST /orders` over HTTP: one uvicorn worker, 32 connections, a durable log, projector, worker, archive and mail
catcher at work, against the floor application. Rounds take turns, so what else the machine does falls on all alike.
"""

import asyncio
import json
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from uuid import uuid4

from bench.client import Client
from bench.servers import describe
from bench.shoppers import Market, make_market
from bench.stack import Api, Child, Stack, free_port, wait_until_answers

CONNECTIONS = 32
ROUNDS = 5
SECONDS = 8
WARM_UP_SECONDS = 4
AIMS = {"with a key": "≥ 0.6"}
BATCH = 500
BATCH_CONNECTIONS = 4
LOAD = Path(__file__).with_name("load.lua")


@dataclass
class Round:
    """What one round came to. `cpu`: process → its processor time an order, in microseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    refused: int
    broken: int
    cpu: dict[str, float] = field(default_factory=dict)


@dataclass
class Batches:
    """What one round of batches came to; `cpu` as a round's."""

    per_second: float
    cpu: dict[str, float]


@dataclass
class Arena:
    """What the rounds run on."""

    stack: Stack
    api: Api
    floor_port: int
    floor: Child
    projector: Child
    mail: Child
    load: Path
    market: Market
    late: dict[str, Child] = field(default_factory=dict)
    """What gives way to the others, while it runs."""

    def ours(self, key: str, seconds: int = SECONDS) -> Round:
        """A round against the service, with all of it running."""
        if not self.late:
            self.late = {command: self.stack.run(command) for command in ("work", "archive")}
            # What they find when they start, they do before they know how busy the machine is.
            self._wrk(self.api.port, key, WARM_UP_SECONDS)
        before = self.placed()
        taken = self._measured(self._all(), self.api.port, key, seconds)
        # An order that was answered and is not in the log would be one that we lost.
        assert self.placed() - before >= taken.per_second * seconds * 0.99, "orders are missing"
        return taken

    def lowest(self, seconds: int = SECONDS) -> Round:
        """A round against the floor, when our own backlog no longer competes with it."""
        self.stack.wait_until_projected(120)
        if self.late:
            while self.late:
                self.late.popitem()[1].stop()
            self.stack.wait_until_projected(120)
        return self._measured({"floor": self.floor}, self.floor_port, "key", seconds)

    def batches(self, seconds: int = SECONDS) -> Batches:
        """A round in batches of BATCH, on a few connections, with all of it running."""
        shopper = self.market.shoppers[0]
        lines = [{"product_id": str(product), "quantity": 1} for product in self.market.products[:2]]
        order = {"items": lines, "shipping_address_id": str(shopper.address_id)}
        with self._used(self._all()) as used:
            placed, taken = asyncio.run(
                _post_batches(self.api.port, shopper.token, {"orders": [order] * BATCH}, seconds)
            )
        return Batches(placed / taken, _each(used, placed))

    def placed(self) -> int:
        """Orders in the log."""
        return int(self.stack.ask("SELECT count(*) FROM events WHERE event_type = 'OrderPlaced'")[0][0])

    def _all(self) -> dict[str, Child]:
        return {"api": self.api, "projector": self.projector, "mail": self.mail, **self.late}

    def _measured(self, processes: dict[str, Child], port: int, key: str, seconds: int) -> Round:
        with self._used(processes) as used:
            result = self._wrk(port, key, seconds)
        requests = int(result["requests"])
        return Round(
            requests / result["seconds"],
            result["p50_ms"],
            result["p99_ms"],
            int(result["refused"]),
            int(result["broken"]),
            _each(used, requests),
        )

    @contextmanager
    def _used(self, processes: dict[str, Child]) -> Iterator[dict[str, float]]:
        """Seconds of processor time that these, the database and whoever sends requests use inside the `with`."""

        def so_far() -> dict[str, float]:
            ours = {name: child.cpu_seconds() for name, child in processes.items()}
            return {**ours, "postgres": self.stack.postgres_cpu_seconds(), "load": _own_cpu()}

        before, used = so_far(), dict[str, float]()
        yield used
        used.update({name: seconds - before[name] for name, seconds in so_far().items()})

    def _wrk(self, port: int, key: str, seconds: int) -> dict[str, float]:
        options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(LOAD)]
        arguments = [uuid4().hex, key, str(self.load)]
        ended = subprocess.run(
            ["wrk", *options, f"http://127.0.0.1:{port}", "--", *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        for line in ended.stdout.splitlines():
            if line.startswith("RESULT "):
                found: dict[str, float] = json.loads(line.removeprefix("RESULT "))
                return found
        raise AssertionError(ended.stdout + ended.stderr)


@contextmanager
def arena() -> Iterator[Arena]:
    """Everything running, on a folder that is thrown away after."""
    data = Path(tempfile.mkdtemp(prefix="bench-http-")).resolve()
    try:
        with Stack(data) as stack:
            load = data / "market.lua"
            market = make_market(stack.settings)
            load.write_text(_as_lua(market))
            mail, projector, api = stack.run("mail"), stack.run("project"), stack.api()
            floor_port = free_port()
            floor = stack.child("floor", ["-m", "bench.floor", str(floor_port)])
            wait_until_answers(floor, floor_port, "/livez")
            yield Arena(stack, api, floor_port, floor, projector, mail, load, market)
    finally:
        shutil.rmtree(data)


def run(rounds: int = ROUNDS) -> None:
    """Measure and print."""
    if shutil.which("wrk") is None:
        print("http: wrk is not installed (Debian, Ubuntu: apt install wrk); this part is left out")
        return
    names = ("floor", "with a key", "without")
    taken: dict[str, list[Round]] = {name: [] for name in names}
    batches: list[Batches] = []
    with arena() as it:
        it.lowest(WARM_UP_SECONDS)
        it.ours("key", WARM_UP_SECONDS)
        print(
            f"POST /orders, one uvicorn worker, {CONNECTIONS} connections; medians of {rounds} interleaved rounds of"
            f" {SECONDS} s; {describe(it.stack.postgres.owner_url())}"
        )
        for _ in range(rounds):
            taken["floor"].append(it.lowest())
            taken["with a key"].append(it.ours("key"))
            taken["without"].append(it.ours("no-key"))
            batches.append(it.batches())
    _print(taken)
    rate = median(one.per_second for one in batches)
    with_key, without = (_ratio(batches, taken[name]) for name in names[1:])
    print(
        f"  in batches of {BATCH} on {BATCH_CONNECTIONS} connections, without a key: {without:.1f} x single requests"
        f" without one, {with_key:.1f} x those with one (aim: ≥ 3), {rate:,.0f}/s;"
        f" each round {' '.join(f'{one.per_second:,.0f}' for one in batches)}"
    )
    print("  processor time an order, in microseconds: " + _spent([one.cpu for one in batches]))


def _print(taken: dict[str, list[Round]]) -> None:
    print("  floor: the same body model and flags, every token checked anew, no database, our other processes at rest")
    print("  ours: the whole of it, two lines an order, with an Idempotency-Key and without one")
    print(f"  {'':12} {'ratio':>6} {'aim':>6} {'orders/s':>9} {'p50 ms':>7} {'p99 ms':>7} {'not 201':>8}  each round")
    for name, rounds in taken.items():
        rate = median(one.per_second for one in rounds)
        failed = sum(one.refused + one.broken for one in rounds)
        print(
            f"  {name:12} {_ratio(rounds, taken['floor']):6.2f} {AIMS.get(name, ''):>6} {rate:9,.0f}"
            f" {median(one.p50_ms for one in rounds):7.1f} {median(one.p99_ms for one in rounds):7.1f} {failed:8}"
            f"  {' '.join(f'{one.per_second:,.0f}' for one in rounds)}"
        )
    print("  processor time an order, in microseconds:")
    for name, rounds in taken.items():
        print(f"  {name:12} {_spent([one.cpu for one in rounds])}")


def _ratio(ours: Sequence[Round | Batches], theirs: Sequence[Round | Batches]) -> float:
    """The median of each round's own: what else the machine does lasts for longer than a round."""
    return median(one.per_second / other.per_second for one, other in zip(ours, theirs, strict=True))


def _spent(cpu: list[dict[str, float]]) -> str:
    spent = {part: median(one[part] for one in cpu) for part in cpu[0]}
    return ", ".join(f"{part} {micros:.0f}" for part, micros in spent.items())


def _each(used: dict[str, float], orders: int) -> dict[str, float]:
    return {name: seconds / orders * 1e6 for name, seconds in used.items()}


async def _post_batches(port: int, token: str, body: object, seconds: int) -> tuple[int, float]:
    """Orders placed, and the seconds that it took."""
    client = Client(port, token)
    begin = time.perf_counter()

    async def post() -> int:
        placed = 0
        while time.perf_counter() - begin < seconds:
            answer = await client.post("/orders/batch", body)
            assert answer.status == 207, answer.body[:500]
            placed += answer.body.count(b'{"status":201,')
        return placed

    placed = sum(await asyncio.gather(*(post() for _ in range(BATCH_CONNECTIONS))))
    client.close()
    return placed, time.perf_counter() - begin


def _as_lua(market: Market) -> str:
    shoppers = ", ".join(
        f'{{ token = "{shopper.token}", address = "{shopper.address_id}" }}' for shopper in market.shoppers
    )
    products = ", ".join(f'"{product}"' for product in market.products)
    return f"return {{ {shoppers} }}, {{ {products} }}\n"


def _own_cpu() -> float:
    """Of this process and of the children that it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    run()
