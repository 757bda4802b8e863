"""A `daybook up` of one's own, on a folder and a free port, and how long a fresh one takes until it is ready."""

import shutil
import signal
import tempfile
import time
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Self

from bench.stack import Child, clean_environment, free_port
from daybook.embedded.living import send, working_in

ROUNDS = 3


class Up:
    """Started on entering, with all that belongs to it gone on leaving."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = clean_environment() | {"DAYBOOK_DATA": str(data), "PORT": str(self.port)}

    def __enter__(self) -> Self:
        self._child = Child(
            "up", ["-m", "daybook", "up"], self.environment, self.data / "up.log", f"ready on {self.url}"
        )
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._child.end()
        # Only when it had to be killed is there anything left.
        for folder, program in (("postgres", "postgres"), ("valkey", "valkey-server")):
            send(working_in(self.data / folder, program), signal.SIGKILL)

    def wait_until_ready(self) -> None:
        """Wait until it says so. Raises AssertionError."""
        self._child.wait_until_ready()


def run(rounds: int = ROUNDS) -> None:
    """Measure and print."""
    taken = []
    for _ in range(rounds):
        data = Path(tempfile.mkdtemp(prefix="bench-up-")).resolve()
        try:
            begin = time.perf_counter()
            with Up(data) as up:
                up.wait_until_ready()
                taken.append(time.perf_counter() - begin)
        finally:
            shutil.rmtree(data)
    print(f"a fresh `daybook up` is ready after {median(taken):.1f} s (median of {rounds})")


if __name__ == "__main__":
    run()
