"""Work for all cores: processes beside this one, which end with it."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import uvloop

from daybook.collector import spare_the_collector
from daybook.failure import Failure

Result = TypeVar("Result")
Work = Callable[..., Awaitable[Result]]


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def beside(work: Work[Result], shares: Sequence[tuple[Any, ...]]) -> Iterator[Callable[[], Awaitable[list[Result]]]]:
    """Do `work(*share)` for each share, in a process of its own; within, the results can be waited for.

    On leaving, those that still work are ended. Waiting raises Failure when one has died.
    """
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe(duplex=False) for _ in shares]
    processes = [
        spawn.Process(target=_do, args=(sending, work, share), daemon=True)
        for (_, sending), share in zip(pipes, shares, strict=True)
    ]
    for process, (_, sending) in zip(processes, pipes, strict=True):
        process.start()
        sending.close()

    async def results() -> list[Result]:
        try:
            return [await asyncio.to_thread(receiving.recv) for receiving, _ in pipes]
        except EOFError:
            raise Failure("a process that helped has died; what is done is kept") from None

    try:
        yield results
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _do(sending: Connection, work: Work[Any], share: tuple[Any, ...]) -> None:
    # Ctrl-C is for the process that started this one, which then ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    spare_the_collector()
    sending.send(uvloop.run(work(*share)))  # type: ignore[arg-type]  # it is a coroutine function
