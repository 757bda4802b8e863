"""Processes that may wait give way to those that may not."""

import os

_NICEST = 19


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
