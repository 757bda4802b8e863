"""An auditor who takes the whole log over HTTP: 200,000 events as NDJSON, sealed and opened, and what memory it takes.

The log is the one of `bench.catch_up`. A client that does nothing but count reads from an API process; between requests
it takes turns between the two forms. The process's memory is looked at all the while.
"""

import http.client
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from uuid import uuid4

import psutil
import uvloop

from api.tokens import Tokens
from bench.catch_up import write_log
from bench.shoppers import TENANT, make_market
from bench.stack import Api, Stack

EVENTS = 200_000
ROUNDS = 3
FORMS = {"sealed": ("/events", "(≥ 50,000)"), "opened": ("/events?personal=true&reason=bench", "(≥ 20,000)")}
MOST_MEMORY = "(≤ 150 MB)"


def run(events: int = EVENTS, rounds: int = ROUNDS) -> None:
    """Measure and print."""
    data = Path(tempfile.mkdtemp(prefix="bench-export-")).resolve()
    taken: dict[str, list[float]] = {form: [] for form in FORMS}
    memory: dict[str, int] = dict.fromkeys(FORMS, 0)
    try:
        with Stack(data) as stack:
            market = make_market(stack.settings)
            uvloop.run(write_log(stack.settings, market, events))
            stack.tell("VACUUM ANALYZE events")
            api = stack.api()
            token = Tokens(stack.settings.secret).issue(uuid4(), TENANT, ["auditor"])
            for _ in range(rounds):
                for form, (path, _) in FORMS.items():
                    lines, seconds, most = _take(api, path, token)
                    taken[form].append(lines / seconds)
                    memory[form] = max(memory[form], most)
    finally:
        shutil.rmtree(data)
    print(f"NDJSON of {events:,} events through one API process; medians of {rounds}, and its resident memory at most")
    for form, rates in taken.items():
        each = " ".join(f"{rate:,.0f}" for rate in rates)
        held = f"{memory[form] / 1e6:5.0f} MB {MOST_MEMORY}"
        print(f"  {form:8} {median(rates):9,.0f} events/s  {FORMS[form][1]:11}  {held}  {each}")


def _take(api: Api, path: str, token: str) -> tuple[int, float, int]:
    """How many lines there were, in how many seconds, and the process's memory at most, in bytes."""
    process = psutil.Process(api.pid)
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
    begin = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}", "Accept": "application/x-ndjson"})
    response = connection.getresponse()
    assert response.status == 200, response.read()
    lines, most = 0, 0
    while part := response.read(1 << 20):
        lines += part.count(b"\n")
        most = max(most, process.memory_info().rss)
    seconds = time.perf_counter() - begin
    connection.close()
    return lines, seconds, most


if __name__ == "__main__":
    run()
