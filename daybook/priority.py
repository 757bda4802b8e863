"""Processes that may wait give way to those that may not."""

import asyncio
import os
from pathlib import Path

_NICEST = 19
_RESTS = 19
_LONGEST_REST = 2.0


def give_way() -> None:
    """Run when nobody else wants the processor.

    A burst of orders brings a burst of mails on the same machine. Mails can wait, and the API cannot. Where the system
    knows such a class (Linux), a processor that runs only this counts as idle, so that nothing else is kept waiting for
    it; elsewhere the lowest priority has to do. On a machine of its own a worker is not slower for it.
    """
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(_NICEST)


class Pace:
    """Has work that gives way rest, so that it does not fill every moment that others leave.

    A processor that is never idle is a worse place for everybody: filled up with idle-class work it costs a busy API a
    sixth of its orders. The sign is that we wait for the processor longer than we run (Linux counts both); then we work
    a twentieth of the time. Without that count there is no rest.
    """

    def __init__(self, schedstat: Path = Path("/proc/self/schedstat"), *, longest_rest: float = _LONGEST_REST) -> None:
        """`schedstat`: where the system counts for how long the main thread ran, and was ready to but waited (ns).
        `longest_rest`: seconds."""
        self._schedstat = schedstat
        self._longest_rest = longest_rest
        self._ran, self._waited = self._counts()
        self._until = 0.0

    async def rest(self) -> None:
        """Called after a piece of work: return at once, or when it is time for the next. All who call rest together."""
        now = asyncio.get_running_loop().time()
        self._until = min(max(self._until, now) + self.earned(), now + self._longest_rest)
        await asyncio.sleep(self._until - now)

    def earned(self) -> float:
        """Seconds of rest for the work since the last call; 0 while there is room for us."""
        before_ran, before_waited = self._ran, self._waited
        self._ran, self._waited = self._counts()
        ran = self._ran - before_ran
        return ran * _RESTS if self._waited - before_waited > ran else 0.0

    def _counts(self) -> tuple[float, float]:
        try:
            ran, waited, _slices = self._schedstat.read_text().split()
        except (OSError, ValueError):
            return 0.0, 0.0
        return int(ran) / 1e9, int(waited) / 1e9
