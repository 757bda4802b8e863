"""A wish to stop that comes while things are still being started."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupted(BaseException):
    """Somebody asked us to stop. Not an Exception: nothing on the way out should take it for an error."""


class _Wish:
    """Whether it has come, and how many blocks are asking it to wait."""

    come = False
    waiting_for = 0


_wish = _Wish()


def signals_that_stop() -> list[signal.Signals]:
    """Ctrl-C, a polite kill, a closed terminal; but not the last when `nohup` said to ignore it."""
    hang_up = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hang_up]


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, the first of these signals raises Interrupted; after it, none disturbs the clearing up."""
    signals = signals_that_stop()

    def ignore() -> None:
        for signal_number in signals:
            signal.signal(signal_number, signal.SIG_IGN)

    def interrupt(*_: object) -> None:
        ignore()
        _wish.come = True
        _raise_unless_told_to_wait()

    for signal_number in signals:
        signal.signal(signal_number, interrupt)
    try:
        yield
    finally:
        ignore()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Within, the wish waits: a process that is being started must be known before it can be ended."""
    _wish.waiting_for += 1
    try:
        yield
    finally:
        _wish.waiting_for -= 1
    _raise_unless_told_to_wait()


def _raise_unless_told_to_wait() -> None:
    if _wish.come and not _wish.waiting_for:
        _wish.come = False
        raise Interrupted
